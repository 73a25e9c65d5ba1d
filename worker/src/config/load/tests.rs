//! Every setting: where it may come from, what it defaults to, what is said when it is wrong.

use super::*;

fn read(flags: &Flags, variables: &[(&str, &str)], file: &str) -> Result<Config, Vec<String>> {
    let variable =
        |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    load(
        flags,
        &Environment {
            variable: &variable,
            file: Some(("worker.toml", file)),
            hostname: "host",
            needs_redis: true,
        },
    )
}

const URL: (&str, &str) = ("REDIS_URL", "redis://h:1/0");

#[test]
fn a_flag_beats_a_variable_and_a_variable_beats_the_file() {
    let file = "queues = [\"file\"]\nconcurrency = 2\n[health]\nport = 1";
    let config = read(&Flags::default(), &[URL], file).unwrap();
    assert_eq!((config.queues[0].as_str(), config.concurrency, config.health.port), ("file", 2, 1));
    let config = read(&Flags::default(), &[URL, ("QUEUES", "a, b"), ("CONCURRENCY", "3")], file).unwrap();
    assert_eq!((config.queues, config.concurrency), (vec!["a".to_owned(), "b".to_owned()], 3));
    let flags = Flags { queues: vec!["flag".into()], concurrency: Some(4), ..Flags::default() };
    let config = read(&flags, &[URL, ("QUEUES", "a"), ("CONCURRENCY", "3")], file).unwrap();
    assert_eq!((config.queues[0].as_str(), config.concurrency), ("flag", 4));
}

#[test]
fn without_settings_the_plan_holds() {
    let config = read(&Flags::default(), &[URL], "").unwrap();
    assert_eq!((config.retries.budget().as_secs(), config.retries.attempts()), (62, 6));
    assert_eq!(
        (config.health.port, config.health.grace.as_secs(), config.health.strictness),
        (8082, 45, Strictness::Grace)
    );
    assert_eq!((config.queues[0].as_str(), config.result_ttl, config.worker_ttl), ("default", 500, 420));
    assert!(config.name.starts_with("host-"));
}

#[test]
fn the_platform_decides_how_long_a_drain_may_take() {
    let drain = |variables: &[(&str, &str)]| read(&Flags::default(), variables, "").unwrap().drain.as_secs();
    assert_eq!(drain(&[URL]), 9);
    assert_eq!(drain(&[URL, ("RAILWAY_ENVIRONMENT_NAME", "production")]), 0);
    assert_eq!(
        drain(&[
            URL,
            ("RAILWAY_ENVIRONMENT_NAME", "production"),
            ("RAILWAY_DEPLOYMENT_DRAINING_SECONDS", "30")
        ]),
        29
    );
}

#[test]
fn replicas_have_names_of_their_own() {
    let name = |variables: &[(&str, &str)]| read(&Flags::default(), variables, "").unwrap().name;
    assert_ne!(name(&[URL]), name(&[URL]));
    assert_eq!(name(&[URL, ("RAILWAY_REPLICA_ID", "r1")]), "host-r1");
    let config = read(&Flags::default(), &[URL, ("WORKER_NAME", "w")], "").unwrap();
    assert_eq!([config.worker_name(0), config.worker_name(1)], ["w", "w-2"]);
}

/// Variables, file, and words of the one problem they make.
type Wrong<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
fn each_wrong_setting_is_one_problem_that_names_it() {
    let url = ("REDIS_URL", "redis://h:1/0");
    let table: &[Wrong<'_>] = &[
        (&[], "", "REDIS_URL is not set"),
        (&[("REDIS_URL", "  ")], "", "REDIS_URL is not set"),
        (&[("REDIS_URL", "${{Redis.REDIS_URL}}")], "", "unresolved Railway reference"),
        (&[("REDIS_URL", "http://h")], "", "REDIS_URL cannot be read"),
        (&[url, ("PORT", "0")], "", "PORT must be a whole number from 1 to 65535"),
        (&[url, ("PORT", "http")], "", "PORT"),
        (&[url, ("CONCURRENCY", "0")], "", "CONCURRENCY must be a whole number from 1 to 256"),
        (&[url, ("RETRY_DELAYS", "2,x")], "", "RETRY_DELAYS must be a list of seconds"),
        (&[url, ("RETRY_DELAYS", "-1")], "", "RETRY_DELAYS"),
        (&[url, ("HEALTH_GRACE", "NaN")], "", "HEALTH_GRACE"),
        (&[url, ("SCHEDULER", "maybe")], "", "SCHEDULER must be true or false"),
        (&[url, ("ABANDONED", "drop")], "", "ABANDONED must be one of requeue, fail"),
        (&[url, ("QUEUES", "a,a")], "", "listed twice"),
        (&[url, ("WORKER_NAME", "a:b")], "", "worker name"),
        (&[url, ("RQ_KEY_PREFIX", "a b")], "", "RQ_KEY_PREFIX"),
        (&[url, ("SERIALIZER", "my serializer")], "", "serializer"),
        (&[url, ("LOG_LEVEL", "loud")], "", "LOG_LEVEL must be error, warn, info or debug"),
        (&[url, ("PRELOAD", "a b")], "", "not a dotted path"),
        (&[url, ("REDIS_CA_FILE", "/no/such/file")], "", "cannot be read"),
        (&[url], "[memory]\nsoft_mb = 2\nhard_mb = 1", "must not be above"),
        (&[url], "queues = 7", "queues in worker.toml must be a list"),
        (&[url], "concurrency = \"two\"", "concurrency in worker.toml"),
        (&[url], "queue = [\"a\"]", "queue in worker.toml is not a setting"),
        (&[url], "[helth]\nport = 1", "helth.port in worker.toml is not a setting"),
        (&[url], "x = = 1", "worker.toml:1 is not valid TOML"),
        (&[url], "schedule = 1", "[[schedule]]"),
        (&[url], "[[schedule]]\nname = \"n\"\nfunction = \"m.f\"\ncron = \"* *\"", "cannot be read"),
        (
            &[url],
            "[[schedule]]\nname = \"n n\"\nfunction = \"m.f\"\ncron = \"0 3 * * *\"",
            "a name may only contain",
        ),
        (
            &[url],
            "[[schedule]]\nfunction = \"m.f\"\ncron = \"0 3 * * *\"\nevery = 5",
            "every is not a key of a schedule",
        ),
    ];
    for (variables, file, words) in table {
        let problems = read(&Flags::default(), variables, file).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(words), "{problems:?} should say {words:?}");
    }
}

#[test]
fn options_of_rq_worker_are_taken_or_refused_by_name() {
    use clap::Parser as _;
    let parse = |line: &str| match crate::cli::Cli::try_parse_from(line.split(' ')).unwrap().command {
        crate::cli::Command::Run(flags) => read(&flags, &[URL], ""),
        _ => panic!(),
    };
    let config = parse("worker run -v -b -n w -s --results-ttl 7 --worker-ttl 60 -j my.Job -S json -P src --max-jobs 3 --log-format x -w rq.SimpleWorker high default").unwrap();
    let python = config.python.unwrap();
    assert_eq!(
        (config.queues.len(), config.result_ttl, python.job_class.as_deref(), python.path[0].as_str()),
        (2, 7, Some("my.Job"), "src")
    );
    for refused in ["-d", "-w my.Worker", "--connection-class my.Redis"] {
        assert_eq!(parse(&format!("worker run {refused}")).unwrap_err().len(), 1, "{refused}");
    }
}

#[test]
fn a_schedule_is_read_whole() {
    let file = "[[schedule]]\nname = \"n\"\ncron = \"*/5 * * * *\"\nfunction = \"m.f\"\nargs = [1, \"a\"]\nkwargs = { k = true }\nqueue = \"other\"\ntimeout = 60";
    let config = read(&Flags::default(), &[URL], file).unwrap();
    let schedule = &config.schedules[0];
    assert_eq!(
        (schedule.args.len(), schedule.kwargs["k"].as_bool(), schedule.timeout),
        (2, Some(true), Some(60))
    );
    assert!(config.warnings[0].contains("does not work off"), "{:?}", config.warnings);
}
