//! Patterns in gitignore syntax: `.gitignore`, `.railwayignore` and Railway's watch patterns.
