//! `package.json` and its lockfiles: scripts, dependencies, workspaces, package manager.
