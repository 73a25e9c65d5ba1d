//! The root causes: what each is called, which rule finds it before the merge, what mends it.

/// How much a cause explains; the order is the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The platform itself says what is wrong and stops.
    Decisive,
    /// The program or the build says what is wrong.
    Direct,
    /// Something failed, and what made it fail may stand elsewhere.
    Broad,
    /// Follows from another failure: a health check without an answer, a failed step.
    Consequence,
}

/// One root cause.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its id; that of the rule where there is one of the same scope.
    pub id: &'static str,
    /// Rule that finds it before the merge, `""` when none can.
    pub rule: &'static str,
    /// What happened; `{}` stands for what the log names.
    pub title: &'static str,
    /// What to change.
    pub fix: &'static str,
    /// How much it explains.
    pub weight: Weight,
    /// True when a program may overcome it by trying again.
    pub passing: bool,
}

impl Cause {
    /// The title with `named` in its place.
    pub fn titled(&self, named: Option<&str>) -> String {
        match named.map(str::trim).filter(|named| !named.is_empty()) {
            Some(named) => self.title.replace("{}", &named.replace('`', "'")),
            None => self.title.replace(" `{}`", ""),
        }
    }
}

/// The cause called `id`.
pub(super) fn find(id: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.id == id)
}

const fn cause(
    weight: Weight,
    id: &'static str,
    rule: &'static str,
    title: &'static str,
    fix: &'static str,
) -> Cause {
    Cause { id, rule, title, fix, weight, passing: false }
}

const fn probe(
    weight: Weight,
    id: &'static str,
    rule: &'static str,
    title: &'static str,
    fix: &'static str,
) -> Cause {
    Cause { id, rule, title, fix, weight, passing: true }
}

const fn passing(id: &'static str, rule: &'static str, title: &'static str, fix: &'static str) -> Cause {
    Cause { id, rule, title, fix, weight: Weight::Direct, passing: true }
}

/// A log without a line.
pub(super) const NO_LOG: Cause = cause(
    Weight::Decisive,
    "no-log",
    "",
    "The log is empty: the deployment failed before anything ran",
    "Look at the deployment's own state: settings that no longer name a file, a policy, a quota or an approval stop it before the image",
);

use Weight::{Broad, Consequence, Decisive, Direct};

/// Every cause.
pub const CAUSES: &[Cause] = &[
    NO_LOG,
    cause(
        Decisive,
        "dockerfile-volume-instruction",
        "dockerfile-volume-instruction",
        "Railway refuses the `VOLUME` instruction in line `{}` of the Dockerfile",
        "Delete the instruction and attach a Railway volume at that path",
    ),
    cause(
        Decisive,
        "dockerfile-cache-mount-no-id",
        "dockerfile-cache-mount-no-id",
        "A cache mount in the Dockerfile has no id: line `{}`",
        "Drop the cache mount, or give it the id `s/<service id>-<path>`",
    ),
    cause(
        Decisive,
        "dockerfile-cache-mount-id-prefix",
        "dockerfile-cache-mount-id-prefix",
        "A cache mount's id does not begin with this service's own id: line `{}`",
        "Drop the cache mount: one Dockerfile for two services can never satisfy both",
    ),
    cause(
        Decisive,
        "dockerfile-mount-type-unsupported",
        "dockerfile-mount-type-unsupported",
        "Railway's builder knows cache mounts only: line `{}`",
        "Replace bind and secret mounts with `COPY` and `ARG`",
    ),
    cause(
        Decisive,
        "dockerfile-parse-error",
        "dockerfile-parse-error",
        "The Dockerfile does not parse: {}",
        "Correct the line the message names",
    ),
    cause(
        Decisive,
        "dockerfile-path-missing",
        "dockerfile-path-missing",
        "The service names a Dockerfile that is not there: `{}`",
        "Correct the Dockerfile path, and mind the root directory it is seen from",
    ),
    cause(
        Decisive,
        "config-parse-error",
        "config-parse-error",
        "Railway cannot read `{}`",
        "Correct the syntax; JSON allows neither comments nor trailing commas",
    ),
    cause(
        Decisive,
        "image-size-over-plan",
        "",
        "The image of {} GB is larger than the plan allows",
        "Use a slim base, build in stages, leave out what only building needs",
    ),
    cause(
        Decisive,
        "no-start-command",
        "dockerfile-wrong-for-service",
        "No Dockerfile was used and no start command was found",
        "Name the Dockerfile in the service's settings, or set a start command",
    ),
    cause(
        Decisive,
        "watch-no-match",
        "watch-no-match",
        "Nothing was deployed: no changed file matches the watch patterns `{}`",
        "Widen the watch patterns to everything the image is made of",
    ),
    cause(
        Decisive,
        "source-missing",
        "",
        "The connected repository has no such commit",
        "Push the commit to the repository and branch the service is connected to",
    ),
    cause(
        Decisive,
        "token-refused",
        "",
        "Railway refuses the token for this operation",
        "Use a token of the right kind: a project token for its own environment, an account token for anything else",
    ),
    cause(
        Decisive,
        "start-shell-syntax",
        "start-shell-syntax",
        "The start command needs a shell and is run without one: `{}` is no program",
        "Write `sh -c '…'` around it, or use `WORKDIR` and `ENV`",
    ),
    cause(
        Decisive,
        "start-executable-missing",
        "",
        "The start command names a program that the image lacks: `{}`",
        "Install it in the final stage, or correct the command; a start command replaces the image's entrypoint",
    ),
    cause(
        Decisive,
        "platform-mismatch",
        "",
        "The program was built for another processor, or its script has no first line `#!`",
        "Build for linux/amd64; begin scripts with `#!/bin/sh`",
    ),
    cause(
        Decisive,
        "entrypoint-not-executable",
        "",
        "The entrypoint `{}` cannot be executed",
        "Give it mode 755, Unix line ends, and a first line naming an interpreter the image has",
    ),
    cause(
        Decisive,
        "memory-over-limit",
        "",
        "The container ran out of memory and was killed",
        "Raise the memory limit, or lower what the process holds; see the peak in the metrics",
    ),
    cause(
        Decisive,
        "disk-full",
        "",
        "The disk is full",
        "Write less to the container's own disk, or attach a volume",
    ),
    cause(
        Direct,
        "cmd-literal-variable",
        "cmd-literal-variable",
        "No shell expanded `{}`, so the program got the variable's name",
        "Write `sh -c 'exec … $PORT'`, or let the program read the variable",
    ),
    cause(
        Direct,
        "copy-source-missing",
        "copy-source-missing",
        "The build copies a file that its context does not hold: `{}`",
        "Correct the path, the root directory or `.dockerignore`, and check that git has the file",
    ),
    cause(
        Direct,
        "base-image",
        "base-image-private",
        "The base image cannot be fetched: `{}`",
        "Correct its name, make it public, or try again when the registry answers",
    ),
    cause(
        Direct,
        "build-command-missing",
        "",
        "A build step runs a program that the image lacks: `{}`",
        "Install it before that step, or use a base image that has it",
    ),
    cause(
        Direct,
        "lockfile-stale",
        "lockfile-out-of-sync",
        "The lock file does not fit the manifest",
        "Run the package manager's install and commit the lock file",
    ),
    cause(
        Direct,
        "npm-script-missing",
        "",
        "`package.json` has no script `{}`",
        "Add the script, or correct the command that runs it",
    ),
    cause(
        Direct,
        "build-dependency",
        "",
        "A dependency cannot be installed: `{}`",
        "Correct the version, or the Python or Node version it needs",
    ),
    cause(
        Direct,
        "source-syntax",
        "",
        "The source does not compile: {}",
        "Correct the error at the place shown",
    ),
    cause(
        Direct,
        "start-file-missing",
        "",
        "The start command names something that is not in the image: `{}`",
        "Correct the path or module; check that the image holds it and the working directory is right",
    ),
    cause(
        Direct,
        "module-missing",
        "",
        "The program imports a module that the image lacks: `{}`",
        "Add it to the dependencies that the final stage installs, or copy the folder it is in",
    ),
    cause(Direct, "port-in-use", "", "The port is taken already", "Start one server only, on `$PORT`"),
    cause(
        Direct,
        "variable-missing",
        "",
        "A variable is missing: `{}`",
        "Set it on the service, in this environment",
    ),
    cause(
        Direct,
        "bullmq-max-retries",
        "bullmq-max-retries",
        "BullMQ refuses a connection whose `maxRetriesPerRequest` is not null",
        "Pass `maxRetriesPerRequest: null`",
    ),
    cause(
        Direct,
        "rq-decode-responses",
        "rq-decode-responses",
        "rq was given a Redis connection that decodes answers",
        "Give rq a connection of its own, without `decode_responses`",
    ),
    passing(
        "redis-localhost-default",
        "redis-localhost-default",
        "The program looks for Redis on its own host: `{}`",
        "Set `REDIS_URL=${{Redis.REDIS_URL}}` on the service, and fail when it is absent",
    ),
    passing(
        "redis-host-not-found",
        "redis-ioredis-family",
        "The private name `{}` cannot be resolved",
        "Reference the service of this environment; with ioredis in an environment older than 2025-10-16 add `?family=0`",
    ),
    passing(
        "redis-auth",
        "",
        "Redis refuses the password, or wants one",
        "Use the variable `${{Redis.REDIS_URL}}`, and reset a changed Redis start command to the template's",
    ),
    passing(
        "redis-refused",
        "redis-no-retry",
        "Redis at `{}` does not accept connections",
        "Wait for it with growing pauses; check that the Redis service runs in this environment",
    ),
    passing(
        "redis-loading",
        "redis-no-retry",
        "Redis is still loading its data",
        "Wait for it with growing pauses",
    ),
    passing(
        "redis-memory",
        "",
        "Redis has no memory left for writes",
        "Raise its memory or let jobs and results expire; queues need `noeviction`",
    ),
    passing(
        "redis-tls",
        "",
        "Redis is spoken to with TLS and answers without",
        "Use `redis://` on the private network",
    ),
    passing(
        "redis-unreachable",
        "redis-no-retry",
        "Redis was not reached in time",
        "Check that the Redis service runs in this environment and wait for it with growing pauses",
    ),
    passing(
        "database-auth",
        "",
        "The database refuses the credentials",
        "Reference the database's own variable",
    ),
    passing(
        "database-unreachable",
        "",
        "The database does not accept connections",
        "Reference the database of this environment, and wait for it with growing pauses",
    ),
    passing(
        "network-unreachable",
        "",
        "An address of IPv6 was tried and there is no way out by IPv6",
        "Use the IPv4 address, or enable IPv6 egress on the service",
    ),
    cause(
        Direct,
        "volume-permission",
        "nonroot-with-volume",
        "The process may not write `{}`",
        "Set `RAILWAY_RUN_UID=0` where a volume is mounted, or give the directory to the user",
    ),
    probe(
        Direct,
        "healthcheck-host-rejected",
        "healthcheck-host-rejected",
        "The program refuses the health check's host, `healthcheck.railway.app`",
        "Add `healthcheck.railway.app` to the allowed hosts",
    ),
    cause(
        Broad,
        "predeploy-failed",
        "predeploy-shell",
        "The pre-deploy command failed",
        "Run it in the image; it has no shell, no volume and no second try",
    ),
    cause(
        Broad,
        "build-step-failed",
        "",
        "A build step failed: `{}`",
        "Read the lines above it; the step's own output says why",
    ),
    probe(
        Broad,
        "healthcheck-redirect",
        "healthcheck-ssl-redirect",
        "The health check got a redirect ({}), and only 200 counts",
        "Exempt the path from redirects to HTTPS and from added slashes",
    ),
    probe(
        Broad,
        "healthcheck-route-missing",
        "healthcheck-route-missing",
        "The health check's path does not exist in the program",
        "Correct the path or serve it",
    ),
    probe(
        Broad,
        "healthcheck-unauthorized",
        "healthcheck-non-200",
        "The health check was asked for credentials ({})",
        "Exempt the path from authentication",
    ),
    probe(
        Broad,
        "healthcheck-app-error",
        "healthcheck-non-200",
        "The health check got {} from the program",
        "See the deploy log of the same time; answer 200 while a dependency starts, or lengthen the timeout",
    ),
    probe(
        Consequence,
        "healthcheck-no-listener",
        "healthcheck-no-listener",
        "Nothing answered the health check: no listener on `$PORT`, one on the loopback only, or a crash",
        "Read the deploy log; listen on `0.0.0.0:$PORT` before anything that can block",
    ),
    probe(
        Consequence,
        "healthcheck-failed",
        "",
        "The health check never succeeded",
        "Read the attempts above it and the deploy log",
    ),
    cause(
        Consequence,
        "log-rate-limit",
        "",
        "Log lines were dropped, so what is missing here proves nothing",
        "Lower the log level below 500 lines a second",
    ),
];
