//! The program that takes the place of the old config files, as a suggestion for a comment.

use super::escape;
use crate::migrate::Migration;

/// A longer program is left to the command line.
const LIMIT: usize = 20_000;

/// The file to commit and what to know about it, folded; empty when there is nothing to suggest.
pub fn markdown(migration: &Migration) -> String {
    if migration.text.is_empty() || migration.exists || migration.text.len() > LIMIT {
        return String::new();
    }
    let notes: String = migration
        .notes
        .iter()
        .map(|note| format!("* {}\n", escape::prose(&escape::sentence(note))))
        .collect();
    format!(
        "<details><summary>{} takes the place of the config files that Railway stops reading: every setting carried over</summary>\n\n{}\n{notes}\n</details>\n",
        escape::code(migration.path),
        escape::fenced("ts", &migration.text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_say_stays_inside_the_fence() {
        let hostile = "// ```\n// </details> @team\nexport default 1;\n";
        let migration = Migration {
            path: ".railway/railway.ts",
            text: hostile.into(),
            notes: vec!["`</details>` is @team".into()],
            ..Migration::default()
        };
        let shown = markdown(&migration);
        assert!(shown.contains("\n````ts\n") && shown.contains("\n````\n"), "{shown}");
        let (_, after) = shown.rsplit_once("````").unwrap();
        assert!(!after.trim_end().trim_end_matches("</details>").contains("</details>"), "{after}");
    }

    #[test]
    fn a_file_that_is_there_is_not_suggested_again() {
        let migration = Migration { text: "x".into(), exists: true, ..Migration::default() };
        assert_eq!(markdown(&migration), "");
    }
}
