//! Takes secrets out of text that is shown: what stands before the `@` of an address, and values whose name says so.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::facts::pattern::caseless;

/// Put in a secret's place.
const STARS: &[u8] = b"${1}*****${2}";

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let sources = [
        // scheme://user:secret@host, and everything up to the last @ before a blank
        r#"([a-z][a-z0-9+.-]*://)[^\s'"/]*(@)"#,
        // The same for stores, whose passwords may hold a slash.
        r#"((?:rediss?|postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|amqps?)://)[^\s'"]*(@)"#,
        // NAME_TOKEN=secret, "password": "secret"
        r#"((?:token|secret|passw(?:or)?d|passwd|api_?key|private_?key|credential|role_key)[a-z0-9_]*["']?\s*[=:]\s*["']?)[^\s"',;}]{4,}()"#,
        r"(requirepass )\S+()",
        r"(bearer )[a-z0-9._~+/-]{8,}()",
        // Forms that providers give their keys.
        r"()\b(?:sk-[a-z0-9_-]{16,}|gh[pousr]_[a-z0-9]{16,}|eyJ[a-z0-9_-]{8,}\.[a-z0-9_.-]{8,}|xox[abp]-[a-z0-9-]{10,}|AKIA[0-9A-Z]{12,})()",
    ];
    sources.into_iter().filter_map(caseless).collect()
});

/// `text` with every secret that can be told replaced by stars.
pub fn masked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for pattern in PATTERNS.iter() {
        bytes = pattern.replace_all(&bytes, STARS).into_owned();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_goes_and_the_rest_stays() {
        for (text, shown) in [
            ("redis://default:p@ss@host:6379/0 down", "redis://*****@host:6379/0 down"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("postgresql://u:p/a@ss@host/db", "postgresql://*****@host/db"),
            ("GET https://registry.npmjs.org/@scope/a", "GET https://registry.npmjs.org/@scope/a"),
            ("API_KEY=abcdefgh next", "API_KEY=***** next"),
            ("{\"password\": \"abcdefgh\"}", "{\"password\": \"*****\"}"),
            ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer *****"),
            ("key sk-abcdefghijklmnopqrst", "key *****"),
        ] {
            assert_eq!(masked(text), shown);
        }
        assert_eq!(PATTERNS.len(), 6);
    }

    #[test]
    fn words_about_secrets_are_not_secrets() {
        for text in [
            "password authentication failed",
            "HELLO AUTH <user> <pass>",
            "Error 111 connecting to redis.railway.internal:6379",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
