//! Python looks for modules in another directory.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::Barred;
use crate::facts::launch::{How, losses};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A Python program imports a module that lies in the image, but not where Python looks.
    ///
    /// ## Why it matters
    /// `python scripts/run.py` looks in `scripts/` and not in the working directory, so that `import scripts.jobs` ends with
    /// `ModuleNotFoundError: No module named 'scripts'`. Tests pass, because they run from the root.
    ///
    /// ## What to do
    /// Start it as a module, `python -m scripts.run`, or set `PYTHONPATH` to the directory above.
    ///
    /// ## What it cannot know
    /// Whether `PYTHONPATH` is a variable of the service, which is why it warns and never errs. A program that changes
    /// `sys.path` itself is passed over.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python scripts/run.py"
    /// //- requirements.txt
    /// rq
    /// //- scripts/run.py
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python -m scripts.run"
    /// //- requirements.txt
    /// rq
    /// //- scripts/run.py
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// ENV PYTHONPATH=/app
    /// COPY . .
    /// CMD ["python", "scripts/run.py"]
    /// //- scripts/run.py
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// A program that is run by its path belongs to no package:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /srv
    /// COPY . .
    /// CMD ["python", "app/main.py"]
    /// //- app/__init__.py
    /// //- app/main.py
    /// from .jobs import go
    /// //- app/jobs.py
    /// def go(): pass
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python scripts/run.py"
    /// //- scripts/run.py
    /// import sys, os
    /// sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    /// from scripts.jobs import go
    /// go()
    /// //- scripts/jobs.py
    /// def go(): pass
    /// ```
    "python-import-path", Warning, Start, since "0.2.0",
    sources: ["https://docs.python.org/3/library/sys_path_init.html"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for loss in losses(facts).iter().filter(|loss| !loss.trace.build) {
        let Some(service) = loss.delivered.service(facts) else { continue };
        if let How::Barred { source, why: Barred::NoPackage } = &loss.how
            && told.insert((service.name.clone(), loss.trace.site.clone()))
        {
            let message = format!(
                "`{source}` is run by its path, so that its relative import `{}` has no package",
                loss.broken.written
            );
            let finding = out.at(loss.trace.site.clone(), message);
            finding.service(&service.name).related(loss.broken.site.clone(), "the import");
            finding.help("Start it with `python -m` and the dotted name of its module");
            continue;
        }
        let How::OffPath { source, root } = &loss.how else { continue };
        let changes = loss.trace.chain.modules.iter().any(|reached| {
            facts.snapshot.text(&reached.source).is_ok_and(|text| text.text.contains("sys.path"))
        });
        if changes || !told.insert((service.name.clone(), loss.trace.site.clone())) {
            continue;
        }
        let name = &loss.broken.written;
        let message = format!(
            "Python does not look in `/{root}` for `{name}` (`{source}`), which {} imports",
            loss.trail()
        );
        let finding = out.at(loss.trace.site.clone(), message);
        finding
            .service(&service.name)
            .severity(Severity::Warning)
            .related(loss.broken.site.clone(), "the import");
        finding.help(format!("Start it with `python -m`, or set `PYTHONPATH` to `/{root}`"));
    }
}
