//! The image was built, but what the program loads is not all in it.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::proof;
use crate::rule::declare_rule;

declare_rule! {
    /// The image was built, but what the program loads is not all in it.
    ///
    /// ## Why it matters
    /// The container ends before its first line of log, again and again, with `ModuleNotFoundError` or `Cannot find module`.
    ///
    /// ## What to do
    /// Copy the file into the image, take it out of the ignore file, or add the package to the requirements: the finding says which.
    ///
    /// ## What it cannot know
    /// Programs whose entry point the files do not tell; state a smoke command under `[prove.<service>]` then. An import that fails for
    /// want of a variable or of another system is reported as unproven. This rule speaks only when the action was asked to prove the
    /// deployment in Docker.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python
    /// WORKDIR /app
    /// COPY main.py .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import jobs
    /// //- jobs.py
    /// X = 1
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","smoke":{"status":1,"milliseconds":300,"log":["Traceback (most recent call last):","ModuleNotFoundError: No module named 'jobs'"]}}]}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python
    /// WORKDIR /app
    /// COPY main.py .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import jobs
    /// //- jobs.py
    /// X = 1
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","smoke":{"status":0,"milliseconds":300}}]}
    /// ```
    "import-fails", Error, Start, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/start-command"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    proof::report(facts, RULE.id, out);
}
