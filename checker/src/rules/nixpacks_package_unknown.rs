//! Names that Nix does not know.

use crate::facts::Facts;
use crate::facts::document::Node;
use crate::facts::nixpacks;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `nixPkgs` names a package as another system calls it.
    ///
    /// ## Why it matters
    /// The names are attributes of the Nix packages. One that does not exist ends the build: `error: undefined variable 'pip'`,
    /// and `g++` is not even a name: `syntax error, unexpected '+'`.
    ///
    /// ## What to do
    /// Write the name that Nix has, or list the package under `aptPkgs`, where Ubuntu's names count.
    ///
    /// ## What it cannot know
    /// All names that exist. Known confusions and names that no attribute can have are reported.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python311", "gcc", "g++"]
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- api/nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ['python311', 'pip']
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["nodejs_20", "npm"]
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["python3.11", "gcc"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- nixpacks.toml
    /// [phases.setup]
    /// nixPkgs = ["...", "python311Packages.pip", "gcc", "nodejs_20", "libxml2", "nodePackages.npm"]
    /// aptPkgs = ["build-essential", "libpq-dev"]
    /// ```
    "nixpacks-package-unknown", Error, Build, since "0.2.0",
    sources: ["https://nixpacks.com/docs/configuration/file", "https://search.nixos.org/packages"]
}

/// Names of other systems, and what Nix calls them; empty when there is no single answer.
const CONFUSED: [(&str, &str); 33] = [
    ("pip", ""),
    ("pip3", ""),
    ("g++", "gcc"),
    ("build-essential", "gcc"),
    ("python3-pip", "python3Packages.pip"),
    ("python-pip", "python3Packages.pip"),
    ("python3-dev", "python3"),
    ("python3-venv", "python3"),
    ("libpq-dev", "postgresql"),
    ("postgresql-client", "postgresql"),
    ("libgl1-mesa-glx", "libGL"),
    ("libgl1", "libGL"),
    ("libglib2.0-0", "glib"),
    ("libssl-dev", "openssl"),
    ("default-jdk", "jdk"),
    ("nodejs-20_x", "nodejs_20"),
    ("npm", ""),
    ("npx", ""),
    ("node", "nodejs"),
    ("golang", "go"),
    ("make", "gnumake"),
    ("composer", ""),
    ("sqlite3", "sqlite"),
    ("tesseract-ocr", "tesseract"),
    ("chromium-browser", "chromium"),
    ("ca-certificates", "cacert"),
    ("build-base", "gcc"),
    ("zlib1g-dev", "zlib"),
    ("default-libmysqlclient-dev", "libmysqlclient"),
    ("libnss3", "nss"),
    ("fonts-liberation", "liberation_ttf"),
    ("redis-server", "redis"),
    ("venv", ""),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for config in nixpacks::gather(facts) {
        let Some((service, severity)) = config.reader(facts) else { continue };
        let names: Vec<&str> = config.packages().iter().filter_map(Node::text).collect();
        for node in config.packages() {
            let Some(name) = node.text() else { continue };
            let Some(meant) = unknown(&[name]) else { continue };
            let meant = if matches!(name, "pip" | "pip3") { pip(&names) } else { meant.to_owned() };
            let site = Site::new(config.path.clone(), node.span);
            let finding =
                out.at(site.clone(), format!("Nix has no package `{name}`, so the build stops here"));
            finding.severity(severity).help(match name {
                "npm" | "npx" => "Take it out: it comes with Node",
                "venv" => "Take it out: it comes with Python",
                _ => "List it under `aptPkgs`, where Ubuntu's names count",
            });
            if let Some(service) = service {
                finding.service(&service.name);
            }
            if !meant.is_empty() {
                finding.help(format!("Write `{meant}`"));
                finding.fix(Fix::edit(format!("Write {meant}"), site, format!("\"{meant}\"")));
            }
        }
    }
}

/// What the first name that Nix cannot know should be; `None` when all may exist.
pub(super) fn unknown(names: &[&str]) -> Option<&'static str> {
    names.iter().find_map(|name| {
        let confused = CONFUSED.iter().find(|(known, _)| known == name).map(|(_, meant)| *meant);
        // A dot leads into a package, where no name begins with a digit.
        let numbered =
            name.split('.').skip(1).any(|part| part.starts_with(|char: char| char.is_ascii_digit()));
        let impossible =
            name.contains('+') || numbered || (name.starts_with("lib") && name.ends_with("-dev"));
        confused.or(impossible.then_some(""))
    })
}

/// The pip that belongs to the Python of the same list.
fn pip(names: &[&str]) -> String {
    let python = names.iter().find(|name| name.starts_with("python3") && !name.contains('.'));
    format!("{}Packages.pip", python.unwrap_or(&"python3"))
}
