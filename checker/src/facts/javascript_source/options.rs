//! Adding an option to a call that makes a client.

/// Where and what to insert into the text of a call such as `new Redis(url)` so that its options hold `option`; `None`
/// when the call is not of a form that is certain.
pub fn with_option(call: &str, option: &str) -> Option<(usize, String)> {
    let open = call.find('(').filter(|_| call.starts_with("new "))?;
    let inside = call.strip_suffix(')')?.get(open + 1..)?;
    if inside.trim().is_empty() {
        return Some((open + 1, format!("{{ {option} }}")));
    }
    if let Some(brace) = inside.find('{') {
        let before = inside[..brace].trim_end();
        let whole = inside.trim_end().ends_with('}') && !inside[..brace].contains(['(', '`', '$']);
        let empty = inside[brace + 1..].trim_start().starts_with('}');
        let separator = if empty { " " } else { "," };
        let placed = before.is_empty() || before.ends_with(',');
        return (whole && placed).then(|| (open + 1 + brace + 1, format!(" {option}{separator}")));
    }
    let simple = !inside.contains([',', '(', '`', '[', '=']);
    simple.then(|| (open + 1 + inside.len(), format!(", {{ {option} }}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(call: &str) -> Option<String> {
        let (at, text) = with_option(call, "family: 0")?;
        Some(format!("{}{text}{}", &call[..at], &call[at..]))
    }

    #[test]
    fn an_option_goes_into_the_last_object() {
        for (call, with) in [
            ("new Redis()", "new Redis({ family: 0 })"),
            ("new Redis(process.env.REDIS_URL)", "new Redis(process.env.REDIS_URL, { family: 0 })"),
            ("new IORedis(url, { tls: {} })", "new IORedis(url, { family: 0, tls: {} })"),
            ("new Redis({})", "new Redis({ family: 0 })"),
        ] {
            assert_eq!(edited(call).as_deref(), Some(with));
        }
        for call in ["redis(url)", "new Redis(make(url))", "new Redis(url, options)", "new Redis(port, host)"]
        {
            assert_eq!(edited(call), None, "{call}");
        }
    }
}
