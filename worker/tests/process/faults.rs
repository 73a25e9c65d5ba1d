//! What Redis and the network can do to a running worker. It never gives up, names what it sees, and loses nothing.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::stand::{Redis, Scratch, Setup, free_port, until};

#[test]
fn a_job_that_ends_while_redis_is_away_is_recorded_when_it_is_back() {
    let mut redis = Redis::start();
    let worker = Setup::new(&redis.url()).ready();
    redis.python("q.enqueue(jobs.sleep, 1.5, job_id='a'); q.enqueue(jobs.add, 1, job_id='b')");
    redis.until_status("a", "started");
    redis.kill();
    worker.until_health("degraded");
    std::thread::sleep(Duration::from_secs(4));
    redis.run();
    let back = Instant::now();
    redis.until_status("b", "finished");
    println!("both jobs recorded {:?} after Redis was back", back.elapsed());
    assert_eq!(
        redis.python("print(Job.fetch('a', r).return_value(), len(Job.fetch('a', r).results()))"),
        "1.5 1"
    );
    assert_eq!(redis.ask::<usize>(&["ZCARD", "rq:wip:q"]), 0);
    worker.until_health("healthy");
}

#[test]
fn a_redis_that_hangs_does_not_hang_the_probes() {
    let redis = Redis::start();
    let worker = Setup::new(&redis.url()).ready();
    worker.until_health("healthy");
    redis.signal(Signal::SIGSTOP);
    worker.until_said("no-answer");
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(worker.health().0, 200);
        slowest = slowest.max(begun.elapsed());
    }
    println!("slowest of 20 probes while Redis hangs: {slowest:?}");
    redis.signal(Signal::SIGCONT);
    redis.python("q.enqueue(jobs.add, 1, job_id='a')");
    redis.until_status("a", "finished");
}

#[test]
fn a_failover_and_a_full_redis_are_waited_out() {
    let (redis, primary) = (Redis::start(), Redis::start());
    let worker = Setup::new(&redis.url()).ready();
    redis.python("q.enqueue(jobs.sleep, 1, job_id='a')");
    redis.until_status("a", "started");
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    worker.until_said("out-of-memory");
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    redis.until_status("a", "finished");
    // A replica of an empty primary would lose its data: it only stops writing while it cannot reach one.
    drop(primary);
    redis.ask::<()>(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]);
    worker.until_said("read-only");
    redis.ask::<()>(&["REPLICAOF", "NO", "ONE"]);
    redis.python("q.enqueue(jobs.add, 1, job_id='b')");
    redis.until_status("b", "finished");
}

#[test]
fn a_redis_that_loads_is_named_and_waited_for() {
    let mut redis = Redis::start();
    let worker = Setup::new(&redis.url()).ready();
    redis.ask::<()>(&["DEBUG", "POPULATE", "2000", "key", "100"]);
    redis.ask::<()>(&["BGREWRITEAOF"]);
    until("the keys are on disk", || {
        redis.ask::<String>(&["INFO", "persistence"]).contains("aof_rewrite_in_progress:0")
    });
    redis.kill();
    // Two thousand keys at 2 ms each, with an ear for clients now and then.
    redis.run_with(&["--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024"]);
    worker.until_said("loading");
    until("Redis has loaded", || redis.try_ask::<String>(&["PING"]).is_some());
    redis.python("q.enqueue(jobs.add, 1, job_id='a')");
    redis.until_status("a", "finished");
}

#[test]
fn a_redis_that_comes_back_empty_gets_its_worker_back() {
    let redis = Redis::start();
    let worker = Setup::new(&redis.url()).args(&["--name", "w"]).ready();
    redis.ask::<()>(&["FLUSHALL"]);
    worker.until_said("registered again");
    redis.python("q.enqueue(jobs.add, 1, job_id='a')");
    redis.until_status("a", "finished");
    assert_eq!(redis.python("print(Worker.all(connection=r)[0].name)"), "w");
}

#[test]
fn tls_needs_the_right_root() {
    let scratch = Scratch::new();
    let (key, cert) = (scratch.file("key.pem"), scratch.file("cert.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &cert,
        ])
        .stderr(std::process::Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let tls = free_port().to_string();
    let redis = Redis::with(&[
        "--tls-port",
        &tls,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &cert,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://localhost:{tls}/0");
    let (code, said) = Setup::new(&url).env("RETRY_DELAYS", "0.1").finish();
    assert_eq!(code, 1);
    assert!(said.join("\n").contains("tls-failed"), "{said:#?}");
    redis.python("q.enqueue(jobs.who, job_id='a')");
    let _worker = Setup::new(&url).env("REDIS_CA_FILE", &cert).ready();
    redis.until_status("a", "finished");
    assert_eq!(
        redis.python("print(Job.fetch('a', r).meta)"),
        "{'seen': True}",
        "the job's own connection speaks TLS too"
    );
}

#[test]
fn sentinels_lead_to_the_new_master() {
    let (scratch, first, second) = (Scratch::new(), Redis::start(), Redis::start());
    second.ask::<()>(&["REPLICAOF", "127.0.0.1", &first.port.to_string()]);
    let port = free_port();
    let file = scratch.file("sentinel.conf");
    std::fs::write(&file, format!("port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {} 1\nsentinel down-after-milliseconds main 1500\nsentinel failover-timeout main 5000\n", scratch.0.display(), first.port)).unwrap();
    let mut sentinel = std::process::Command::new("redis-server")
        .args([&file, "--sentinel"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the replica is in step", || {
        second.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up")
    });
    let url = format!("redis+sentinel://127.0.0.1:{port}/main/0");
    let (code, said) =
        Setup::new(&format!("redis+sentinel://127.0.0.1:{port}/wrong/0")).env("RETRY_DELAYS", "0.1").finish();
    assert!(code == 1 && said.join("\n").contains("no-master"), "{said:#?}");
    let worker = Setup::new(&url).ready();
    first.python("q.enqueue(jobs.who, job_id='a')");
    first.until_status("a", "finished");
    until("the sentinel knows the replica", || {
        let mut client =
            redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap().get_connection().unwrap();
        redis::cmd("SENTINEL")
            .arg("REPLICAS")
            .arg("main")
            .query::<Vec<redis::Value>>(&mut client)
            .is_ok_and(|list| !list.is_empty())
    });
    drop(first);
    until("the replica leads", || second.ask::<String>(&["INFO", "replication"]).contains("role:master"));
    second.python("q.enqueue(jobs.who, job_id='b')");
    second.until_status("b", "finished");
    assert!(worker.has_said("answers again"));
    sentinel.kill().unwrap();
    sentinel.wait().unwrap();
}
