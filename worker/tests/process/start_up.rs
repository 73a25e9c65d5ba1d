//! Tests A to E of the stability plan, and what else can go wrong before the first job.

use std::time::Duration;

use crate::stand::{Redis, Scratch, Setup, free_port, get, until};

fn nobody() -> String {
    format!("redis://127.0.0.1:{}/0", free_port())
}

#[test]
fn a_smoke_test_resolves_every_function_and_names_each_that_is_missing() {
    let scratch = Scratch::new();
    let toml = |functions: &str| {
        let path = scratch.file("worker.toml");
        std::fs::write(&path, format!("[python]\npreload = [\"jobs\"]\nfunctions = [{functions}]\n[[schedule]]\nname=\"n\"\ncron=\"0 3 * * *\"\nfunction=\"jobs.nothing\"\n")).unwrap();
        path
    };
    let smoke = |path: &str| Setup::bare(&["smoke", "--config", path]).finish();
    let (code, lines) = smoke(&toml("\"jobs.add\""));
    assert_eq!((code, lines.len()), (0, 1), "{lines:?}");
    let (code, lines) = smoke(&toml("\"jobs.add\", \"jobs.missing\", \"no_such_module.f\""));
    assert_eq!((code, lines.len()), (1, 2), "{lines:?}");
    assert!(lines[0].contains("jobs.missing") && lines[1].contains("no_such_module"), "{lines:?}");
}

#[test]
fn b_health_answers_before_redis_is_touched() {
    let worker = Setup::new(&nobody()).env("RETRY_DELAYS", "30").start();
    until("the first answer", || worker.probe("/health").is_some());
    println!("first answer {:?} after the process was started", worker.born.elapsed());
    worker.until_said("retry 1/1");
    let (code, body) = worker.health();
    assert_eq!(
        (code, body["status"].as_str(), body["redis_connected"].as_bool()),
        (200, Some("degraded"), Some(false))
    );
    assert_eq!(get(&format!("[::1]:{}", worker.port), "/health").unwrap().0, 200, "IPv6 is answered too");
    assert_eq!(worker.probe("/live").unwrap().0, 200);
    assert_eq!(worker.probe("/ready").unwrap().0, 503);
    assert_eq!(worker.probe("/nothing").unwrap().0, 404);
    assert!(worker.probe("/metrics").unwrap().1.contains("worker_redis_up 0"));
}

#[test]
fn c_the_first_connection_is_retried_five_times_over_62_seconds() {
    let mut worker = Setup::new(&nobody()).start();
    worker.until_said("attempt 1/6");
    std::thread::sleep(Duration::from_secs(40).saturating_sub(worker.born.elapsed()));
    assert_eq!(worker.health().0, 200, "within the grace of 45 s");
    std::thread::sleep(Duration::from_secs(48).saturating_sub(worker.born.elapsed()));
    let (code, body) = worker.health();
    assert_eq!((code, body["status"].as_str()), (503, Some("critical")));
    let status = worker.wait();
    let took = worker.born.elapsed();
    println!("gave up after {took:?}");
    let said = worker.said();
    assert_eq!(said.iter().filter(|line| line.contains("(attempt ")).count(), 6);
    assert_eq!(said.iter().filter(|line| line.contains("; retry ")).count(), 5);
    assert_eq!(status.code(), Some(1));
    assert!(took >= Duration::from_secs(62) && took < Duration::from_secs(80), "{took:?}");
    assert!(
        said.last().unwrap().contains("[STAGE 3/6] failed") && said.last().unwrap().contains("next_action")
    );
}

#[test]
fn e_a_name_that_does_not_resolve_is_degraded_and_named() {
    let worker = Setup::new("redis://no-such-host.invalid:6379/0").env("RETRY_DELAYS", "30").start();
    worker.until_said("name-not-found");
    let (code, body) = worker.health();
    assert_eq!(
        (code, body["status"].as_str(), body["redis_connected"].as_bool()),
        (200, Some("degraded"), Some(false))
    );
}

#[test]
fn redis_that_comes_late_is_waited_for() {
    let mut redis = Redis::stopped(&[]);
    let worker = Setup::new(&redis.url()).env("RETRY_DELAYS", "1,1,1,1,1").start();
    worker.until_said("retry 2/5");
    redis.run();
    worker.until_said("[STAGE 6/6] done");
    worker.until_health("healthy");
    assert_eq!(worker.probe("/ready").unwrap().0, 200);
    for n in 1..=6 {
        assert!(
            worker.has_said(&format!("[STAGE {n}/6]")) && worker.has_said(&format!("[STAGE {n}/6] done")),
            "stage {n}"
        );
    }
}

#[test]
fn every_configuration_problem_is_reported_at_once() {
    let scratch = Scratch::new();
    let path = scratch.file("worker.toml");
    std::fs::write(&path, "queues = [\"a\", \"a\"]\ntypo = 1\n[health]\nstrictness = \"lax\"\n[[schedule]]\nname = \"s\"\ncron = \"61 * * * *\"\nfunction = \"not a path\"\n").unwrap();
    let (code, said) = Setup::bare(&["run", "--config", &path])
        .env("CONCURRENCY", "many")
        .env("DRAIN_SECONDS", "-1")
        .finish();
    let said = said.join("\n");
    assert_eq!(code, 2);
    for problem in [
        "REDIS_URL is not set",
        "listed twice",
        "typo",
        "lax",
        "61 * * * *",
        "not a path",
        "CONCURRENCY",
        "DRAIN_SECONDS",
    ] {
        assert!(said.contains(problem), "{problem} is missing:\n{said}");
    }
}

#[test]
fn a_port_that_is_taken_ends_the_start() {
    let taken = std::net::TcpListener::bind("[::]:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = Setup::new(&nobody()).env("PORT", &port).finish();
    assert_eq!(code, 3);
    assert!(said.last().unwrap().contains("cannot be bound"));
}

#[test]
fn secrets_never_reach_the_log() {
    let redis = Redis::with(&["--requirepass", "right-secret"]);
    let cases =
        [("redis://:wrong-secret@127.0.0.1", "wrong-password"), ("redis://127.0.0.1", "password-missing")];
    for (start, fault) in cases {
        let (code, said) =
            Setup::new(&format!("{start}:{}/0", redis.port)).env("RETRY_DELAYS", "0.1").finish();
        let said = said.join("\n");
        assert_eq!(code, 1);
        assert!(said.contains(fault), "{said}");
        assert!(!said.contains("wrong-secret"), "{said}");
        assert!(fault == "password-missing" || said.contains("redis://*****@127.0.0.1"), "{said}");
    }
}

#[test]
fn a_signal_during_the_retries_ends_them() {
    let mut worker = Setup::new(&nobody()).start();
    worker.until_said("retry 1/5");
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(0));
}

#[test]
fn what_answers_and_is_not_redis_is_named() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in server.incoming().flatten() {
            use std::io::Write as _;
            let mut stream = stream;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let (code, said) = Setup::new(&format!("redis://127.0.0.1:{port}/0")).env("RETRY_DELAYS", "0.1").finish();
    assert_eq!(code, 1);
    assert!(said.join("\n").contains("not-redis"), "{said:#?}");
}

#[test]
fn a_name_that_lives_is_refused_and_a_dead_one_is_taken_over() {
    let redis = Redis::start();
    let first = Setup::new(&redis.url()).args(&["--name", "fixed"]).ready();
    let (code, said) = Setup::new(&redis.url()).args(&["--name", "fixed"]).finish();
    assert_eq!(code, 2);
    assert!(said.last().unwrap().contains("lives already"));
    drop(first);
    let again = Setup::new(&redis.url()).args(&["--name", "fixed"]).ready();
    assert!(again.has_said("[STAGE 6/6] done"));
}

#[test]
fn the_health_command_asks_the_worker_on_this_machine() {
    let redis = Redis::start();
    let worker = Setup::new(&redis.url()).ready();
    worker.until_health("healthy");
    let ask = |port: u16| Setup::bare(&["health"]).env("PORT", &port.to_string()).finish();
    assert_eq!(ask(worker.port).0, 0);
    assert_eq!(ask(free_port()).0, 1);
    let (code, info) = Setup::bare(&["info"]).env("REDIS_URL", "redis://:secret@h:1/0").finish();
    let info = info.join("\n");
    assert!(code == 0 && info.contains("redis://*****@h:1/0") && !info.contains("secret"), "{info}");
}
