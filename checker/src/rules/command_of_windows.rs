//! A script for Windows on a Linux machine.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::startup::unwrapped;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The build runs a command that only Windows has.
    ///
    /// ## Why it matters
    /// Railway builds on Linux: `sh: 1: powershell: not found`, or `sh: 1: xcopy: not found`, and the build ends with status 127,
    /// although the same script works on the developer's machine.
    ///
    /// ## What to do
    /// Write the step for Node (`node -e`, or a small script), or with packages such as `shx`, `rimraf` and `cpy-cli` that work on both.
    ///
    /// ## What it cannot know
    /// Whether the image brings PowerShell: it is silent where an instruction or the base image names it.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc && npm run move", "move": "powershell -Command \"Move-Item a b\""}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "dist"}}
    /// //- main.ts
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc && node copy.js && (xcopy a b || cp a b)", "windows": "powershell ./build.ps1"}}
    /// //- copy.js
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "dist"}}
    /// //- main.ts
    /// ```
    "command-of-windows", Error, Build, since "0.3.0",
    sources: ["https://docs.npmjs.com/cli/using-npm/scripts", "https://learn.microsoft.com/windows-server/administration/windows-commands/windows-commands"]
}

/// Commands of Windows that no package of Linux or of npm brings under this name.
const COMMANDS: [&str; 9] =
    ["powershell", "powershell.exe", "pwsh.exe", "cmd", "cmd.exe", "xcopy", "robocopy", "rd", "erase"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let image = &delivered.image;
        let mut told = BTreeSet::new();
        for stage in image.built_stages() {
            let brought = image
                .reference(stage)
                .is_some_and(|base| base.contains("powershell") || base.contains("dotnet"));
            for (_, layer, commands) in
                image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage && !brought)
            {
                for command in commands.iter().filter(|command| !command.tolerated && !command.conditional) {
                    let words = unwrapped(&command.words);
                    let Some(program) = words.first().filter(|word| COMMANDS.contains(&word.as_str())) else {
                        continue;
                    };
                    if !told.insert(program.clone()) {
                        continue;
                    }
                    let message = format!(
                        "`{program}` is a command of Windows, and the build runs on Linux, so it stops here"
                    );
                    let finding = out.at(layer.site.clone(), message);
                    finding.service(&service.name).help("Write the step for Node, or for a shell of Linux");
                    if !service.selected {
                        finding.severity(Severity::Warning);
                    }
                }
            }
        }
    }
}
