//! Generated documentation. The tests own the generators, so that a stale page is a failing test.

use crate::shell;

/// Writes every generated page.
pub(crate) fn write() -> anyhow::Result<()> {
    let mut command = shell::cargo();
    command
        .args(["test", "--quiet", "-p", "checker", "--test", "rules", "--", "pages"])
        .env("UPDATE_DOCS", "1");
    shell::run(&mut command)
}
