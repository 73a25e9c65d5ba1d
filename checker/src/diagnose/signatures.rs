//! What lines of a log mean. The first that fits a line decides; the order is from the special to the general.
//!
//! Matching ignores case and takes letters and digits as ASCII. The first group that takes part is what the line names.

/// What a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It shows the cause of that id.
    Cause(&'static str),
    /// It says something of the deployment, under that name.
    Context(&'static str),
    /// The program came up.
    Up,
}

/// One pattern.
pub(super) struct Signature {
    /// A regular expression.
    pub(super) pattern: &'static str,
    /// What it means.
    pub(super) meaning: Meaning,
}

const fn cause(id: &'static str, pattern: &'static str) -> Signature {
    Signature { pattern, meaning: Meaning::Cause(id) }
}

const fn context(name: &'static str, pattern: &'static str) -> Signature {
    Signature { pattern, meaning: Meaning::Context(name) }
}

const fn up(pattern: &'static str) -> Signature {
    Signature { pattern, meaning: Meaning::Up }
}

/// Every signature.
pub(super) const SIGNATURES: &[Signature] = &[
    // Railway reads the Dockerfile and the settings.
    cause("dockerfile-volume-instruction", r"dockerfile invalid: docker VOLUME at Line (\d+)"),
    cause("dockerfile-volume-instruction", r"VOLUME.* (?:is )?banned in Dockerfiles"),
    cause(
        "dockerfile-cache-mount-no-id",
        r"--mount=type=cache[^']*' is missing an id argument(?: at Line (\d+))?",
    ),
    cause("dockerfile-cache-mount-no-id", r"Cache mounts MUST be in the format"),
    cause(
        "dockerfile-cache-mount-id-prefix",
        r"is missing the cacheKey prefix from its id(?: at Line (\d+))?",
    ),
    cause("dockerfile-cache-mount-id-prefix", r"Cache mount ID is not prefixed with cache key"),
    cause(
        "dockerfile-mount-type-unsupported",
        r"is missing a type=cache argument(?: \(other mount types are not supported\))?(?: at Line (\d+))?",
    ),
    cause("dockerfile-parse-error", r"dockerfile invalid: failed to parse dockerfile: (.*)"),
    cause("dockerfile-parse-error", r"dockerfile parse error (?:on )?(line \d+.*)"),
    cause("dockerfile-path-missing", r"failed to (?:read )?dockerfile at '([^']+)'"),
    cause("dockerfile-path-missing", r"failed to read dockerfile: open (\S+): no such file"),
    cause(
        "dockerfile-path-missing",
        r"unable to evaluate symlinks in Dockerfile path: lstat (\S+): no such file",
    ),
    cause("config-parse-error", r"failed to parse (\S*railway\.(?:json|toml))"),
    cause("watch-no-match", r"No changed files matched patterns(?:: (.*))?"),
    cause("no-start-command", r"No start command (?:could be|was)? ?(?:found|detected)"),
    context("root directory", r"root directory set as '(.*)'"),
    context("config file", r"config-as-code path set as '(.*)'"),
    context("not used", r"skipping '\S+' at '(\S+)' as it is not rooted"),
    context("Dockerfile", r"found 'Dockerfile\S*' at '(\S+)'"),
    context("config file", r"found 'railway\.(?:json|toml)' at '(\S+)'"),
    context("Dockerfile", r"load build definition from (\S+)"),
    context("builder", r"Using (Detected Dockerfile)"),
    context("builder", r"^\W*(Railpack|Nixpacks) v?[\d.]+"),
    // The image is built.
    cause("copy-source-missing", r#"failed to calculate checksum of ref .*"(/[^"]+)": not found"#),
    cause("copy-source-missing", r"COPY failed: .*stat (\S+): file does not exist"),
    cause("base-image", r"failed to resolve source metadata for (\S+)"),
    cause("base-image", r#"^(?:Error response from daemon: )?Get "(https://[^/"]+)/v2/"#),
    cause("base-image", r"pull access denied for (\S+?),|manifest for (\S+) not found"),
    cause("image-size-over-plan", r"Image of size ([\d.]+) GB exceeded limit"),
    cause(
        "memory-over-limit",
        r"did not complete successfully: exit code: 137|returned a non-zero code: 137",
    ),
    cause("build-command-missing", r"^/bin/(?:sh|bash): (?:line \d+: |\d+: )?(\S+): (?:command )?not found"),
    cause(
        "lockfile-stale",
        r"`npm ci` can only install packages when|ERR_PNPM_OUTDATED_LOCKFILE|lockfile at `uv\.lock` needs to be updated|Your lockfile needs to be updated|pyproject\.toml changed significantly since poetry\.lock",
    ),
    cause("npm-script-missing", r#"npm (?:error|ERR!) Missing script: "([^"]+)""#),
    cause("build-dependency", r"No matching distribution found for (\S+)"),
    cause(
        "build-dependency",
        r"npm (?:error|ERR!) (?:code (?:ERESOLVE|ETARGET|E404|EBADENGINE)|404 +'(\S+)' is not in)",
    ),
    cause(
        "build-dependency",
        r"Failed building wheel for (\S+)|ERR_PNPM_NO_MATCHING_VERSION|ERR_PNPM_FETCH_404",
    ),
    cause("source-syntax", r"error (TS\d+: .*)|error\[(E\d{4})\]: "),
    cause("disk-full", r"no space left on device|ENOSPC"),
    // The container starts.
    cause(
        "start-shell-syntax",
        r"The executable .?(cd|export|source|exec|set|ulimit|[A-Z_]+=\S*)\b.? could not be found",
    ),
    cause("start-executable-missing", r"The executable .?(\S+?).? could not be found"),
    cause(
        "start-shell-syntax",
        r#"exec: "(cd|export|source|exec|set|ulimit|[A-Z_]+=[^"]*)": executable file not found"#,
    ),
    cause(
        "start-executable-missing",
        r#"exec: "([^"]+)": (?:executable file not found|stat \S+: no such file)"#,
    ),
    cause("cmd-literal-variable", r"'?(\$\{?PORT[^ ]*?)'? is not a valid (?:integer|port)"),
    cause("cmd-literal-variable", r"invalid (?:int )?(?:value|literal)[^$]*'?(\$\{?[A-Z_]+\}?)"),
    cause("platform-mismatch", r"exec format error"),
    cause("entrypoint-not-executable", r#"exec: "([^"]+)": permission denied"#),
    cause(
        "entrypoint-not-executable",
        r"(?:exec|stat) (/\S+): (?:permission denied|no such file or directory)",
    ),
    cause("entrypoint-not-executable", r"env: '?(\S*)\\r'?: No such file"),
    cause("predeploy-failed", r"Pre-deploy command failed"),
    // The program comes up.
    cause(
        "rq-decode-responses",
        r"UnicodeDecodeError.*0x(?:80|78|9c)|'str' object has no attribute 'decode'",
    ),
    cause("bullmq-max-retries", r"maxRetriesPerRequest must be null"),
    cause(
        "redis-auth",
        r"NOAUTH|WRONGPASS|invalid username-password pair|AUTH .*without any password|HELLO must be called with the client already authenticated|invalid password.*redis",
    ),
    cause("redis-memory", r"OOM command not allowed|command not allowed when used memory"),
    cause("redis-loading", r"Redis is loading the dataset in memory"),
    cause("redis-tls", r"WRONG_VERSION_NUMBER.*(?:redis|6379)|(?:redis|6379).*wrong version number"),
    cause("redis-host-not-found", r"(?:ENOTFOUND|EAI_AGAIN|lookup) (\S+\.railway\.internal)"),
    cause(
        "redis-host-not-found",
        r"(\S+\.railway\.internal)\S* (?:\. )?(?:Name or service not known|Temporary failure in name resolution)",
    ),
    cause(
        "redis-host-not-found",
        r"connecting to (\S+?)(?::\d+)?\. (?:Name or service not known|Temporary failure in name resolution)",
    ),
    cause(
        "redis-localhost-default",
        r"(?:ECONNREFUSED|Error 111 connecting to|Connection refused).*?((?:127\.0\.0\.1|localhost|::1):6379)",
    ),
    cause("redis-localhost-default", r"((?:127\.0\.0\.1|localhost|::1):6379)\S*.*Connection refused"),
    cause("redis-refused", r"Error 111 connecting to (\S+?)\. "),
    cause("redis-refused", r"ECONNREFUSED (\S+:6379)|(\S*redis\S*:\d+)\S*.*Connection refused"),
    cause("database-auth", r"password authentication failed for user|Access denied for user"),
    cause(
        "database-unreachable",
        r#"(?:ECONNREFUSED|could not connect to server|connection to server).*?(\S+:5432|\S+:3306|"[^"]+"|5432)?.*(?:5432|3306|Connection refused)"#,
    ),
    cause("network-unreachable", r"ENETUNREACH|Network is unreachable"),
    cause(
        "healthcheck-host-rejected",
        r"Invalid HTTP_HOST header: 'healthcheck\.railway\.app'|Blocked (?:host: |request\. This host \(.?)healthcheck\.railway\.app|Invalid host header.*healthcheck\.railway",
    ),
    cause("port-in-use", r"EADDRINUSE|Address already in use"),
    cause(
        "volume-permission",
        r"Permission denied: '(/[^']+)'|EACCES: permission denied, (?:open|mkdir|unlink) '(/[^']+)'",
    ),
    cause("start-file-missing", r"can't open file '([^']+)'"),
    cause("start-file-missing", r"Failed to find attribute '([^']+)' in|Error loading ASGI app\. (.*)"),
    cause("start-file-missing", r"Cannot find module '(/[^']+)'$"),
    cause(
        "module-missing",
        r"ModuleNotFoundError: No module named '([^']+)'|ImportError: cannot import name '([^']+)'|ImportError: (lib\S+): cannot open shared object",
    ),
    cause("module-missing", r"Cannot find (?:module|package) '([^']+)'"),
    cause("module-missing", r"error while loading shared libraries: (\S+):"),
    cause("source-syntax", r"^(?:SyntaxError|IndentationError|TabError): (.*)"),
    cause("variable-missing", r"^KeyError: '([A-Z][A-Z0-9_]{2,})'"),
    cause(
        "variable-missing",
        r"(?:missing|required|undefined|not set|must be set).{0,40}environment variables?:? `?'?([A-Z][A-Z0-9_]{2,})",
    ),
    cause(
        "variable-missing",
        r"environment variable `?'?([A-Z][A-Z0-9_]{2,})`?'? (?:is |was )?(?:missing|required|undefined|not set|not found)",
    ),
    cause(
        "variable-missing",
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b (?:is |was |must be )?(?:missing|required|undefined|not set|set in the environment)",
    ),
    // It runs.
    cause(
        "memory-over-limit",
        r"JavaScript heap out of memory|Work-horse terminated unexpectedly; waitpid returned 9\b|Perhaps out of memory|OOMKilled|Out of memory: Killed process|Container (?:was )?killed.*memory",
    ),
    cause("memory-over-limit", r"(?:^|\d +)Killed(?:$| {2,}\S)|exited with (?:exit )?(?:code|status):? 137"),
    cause("network-unreachable", r"No route to host"),
    cause("log-rate-limit", r"Railway rate limit of 500 logs/sec"),
    cause("redis-unreachable", r"MaxRetriesPerRequestError|redis\.exceptions\.TimeoutError|redis.*ETIMEDOUT"),
    cause("source-syntax", r"^\s*SyntaxError: (.*)"),
    cause("source-missing", r"^Commit not found"),
    cause("token-refused", r#""message": ?"Not Authorized""#),
    // Railway asks whether it is healthy.
    cause("healthcheck-host-rejected", r"Attempt #\d+ failed with status 400"),
    cause("healthcheck-redirect", r"Attempt #\d+ failed with status (30\d)"),
    cause("healthcheck-unauthorized", r"Attempt #\d+ failed with status (40[13])"),
    cause("healthcheck-route-missing", r"Attempt #\d+ failed with status 40[45]"),
    cause("healthcheck-app-error", r"Attempt #\d+ failed with status (\d+)"),
    cause("healthcheck-no-listener", r"Attempt #\d+ failed with service unavailable"),
    cause("healthcheck-failed", r"Healthcheck failed|\d+/\d+ replicas never became healthy"),
    cause("build-step-failed", r#"process "(.*)" did not complete successfully: exit code: \d+"#),
    cause("build-step-failed", r"The command '(.*)' returned a non-zero code"),
    // What it says when all is well.
    up(
        r"\*\*\* Listening on |Healthcheck succeeded|Application startup complete|listening on (?:port|https?:)",
    ),
    context("last stage", r"(\[STAGE \d/\d\].*)"),
    context("health path", r"^Path: (/\S*)"),
];
