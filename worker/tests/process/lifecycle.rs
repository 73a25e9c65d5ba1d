//! Jobs survive what happens to workers.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::stand::{Redis, Scratch, Setup, until};

fn runs(path: &str) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn a_job_whose_worker_was_killed_runs_again_at_once() {
    let (redis, scratch) = (Redis::start(), Scratch::new());
    let marks = scratch.file("marks");
    let worker = Setup::new(&redis.url()).ready();
    redis.python(&format!("q.enqueue(jobs.mark, {marks:?}, 3, job_id='held')"));
    until("the job has begun", || runs(&marks) == 1);
    worker.signal(Signal::SIGKILL);
    let killed = Instant::now();
    let second = Setup::new(&redis.url()).ready();
    until("it has begun again", || runs(&marks) == 2);
    println!("begun again {:?} after the kill", killed.elapsed());
    redis.until_status("held", "finished");
    assert_eq!(redis.ask::<usize>(&["ZCARD", "rq:wip:q"]), 0);
    second.until_said("taken back from dead workers");
    // The child of the killed worker went with it.
    std::thread::sleep(Duration::from_millis(200));
    let first_pid = std::fs::read_to_string(&marks).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(!std::path::Path::new(&format!("/proc/{first_pid}")).exists());
}

#[test]
fn a_job_that_kills_its_worker_again_and_again_is_failed_in_the_end() {
    let (redis, scratch) = (Redis::start(), Scratch::new());
    let marks = scratch.file("marks");
    redis.python(&format!("q.enqueue(jobs.mark, {marks:?}, 60, job_id='poison')"));
    for run in 1..=2 {
        let worker = Setup::new(&redis.url()).env("MAX_RESCUES", "1").ready();
        until("the job has begun", || runs(&marks) == run);
        worker.signal(Signal::SIGKILL);
    }
    let _last = Setup::new(&redis.url()).env("MAX_RESCUES", "1").ready();
    redis.until_status("poison", "failed");
    let told = redis.python("print(Job.fetch('poison', r).latest_result().exc_string)");
    assert!(told.contains("AbandonedJobError"), "{told}");
    assert_eq!(runs(&marks), 2);
}

#[test]
fn with_two_queues_nothing_is_lost_when_workers_are_killed() {
    let (redis, scratch) = (Redis::start(), Scratch::new());
    let marks = scratch.file("marks");
    redis.python(&format!("p = Queue('p', connection=r)\nfor n in range(120): (q if n % 2 else p).enqueue(jobs.mark, {marks:?}, 0.01)"));
    for kill in 0..4 {
        let worker = Setup::new(&redis.url()).args(&["p"]).ready();
        until("a few jobs have run", || runs(&marks) > kill * 20);
        worker.signal(Signal::SIGKILL);
    }
    let (code, _) = Setup::new(&redis.url()).args(&["p", "--burst"]).finish();
    assert_eq!(code, 0);
    let seen = std::fs::read_to_string(&marks).unwrap();
    let ids: std::collections::BTreeSet<_> =
        seen.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    println!("120 jobs, {} runs, 4 kills", seen.lines().count());
    assert_eq!(ids.len(), 120, "every job ran");
    assert!(seen.lines().count() <= 124, "only jobs in flight at a kill ran twice");
    let left: Vec<usize> = ["rq:wip:q", "rq:wip:p"].iter().map(|key| redis.ask(&["ZCARD", key])).collect();
    assert_eq!(left, [0, 0]);
    assert_eq!(
        redis.ask::<usize>(&["ZCARD", "rq:finished:q"]) + redis.ask::<usize>(&["ZCARD", "rq:finished:p"]),
        120
    );
}

#[test]
fn sigterm_lets_a_job_finish_within_the_deadline() {
    let redis = Redis::start();
    let mut worker = Setup::new(&redis.url()).env("DRAIN_SECONDS", "30").ready();
    redis.python("q.enqueue(jobs.sleep, 2, job_id='a'); q.enqueue(jobs.sleep, 2, job_id='b')");
    redis.until_status("a", "started");
    worker.signal(Signal::SIGTERM);
    worker.until_health("draining");
    assert_eq!(worker.probe("/ready").unwrap().0, 503);
    assert_eq!(worker.wait().code(), Some(0));
    assert_eq!((redis.status("a"), redis.status("b")), ("finished".into(), "queued".into()));
    assert_eq!(redis.ask::<usize>(&["SCARD", "rq:workers"]), 0);
}

#[test]
fn at_the_deadline_a_job_goes_back_unharmed_to_the_head_of_its_queue() {
    let redis = Redis::start();
    let mut worker = Setup::new(&redis.url()).env("RAILWAY_DEPLOYMENT_DRAINING_SECONDS", "2").ready();
    redis.python(
        "q.enqueue(jobs.sleep, 60, job_id='long', retry=Retry(max=1)); q.enqueue(jobs.add, 1, job_id='next')",
    );
    redis.until_status("long", "started");
    let told = Instant::now();
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(0));
    println!("ended {:?} after SIGTERM with 2 s granted", told.elapsed());
    assert_eq!(redis.ask::<Vec<String>>(&["LRANGE", "rq:queue:q", "0", "-1"]), ["long", "next"]);
    assert_eq!(
        redis.python(
            "j = Job.fetch('long', r); print(j.get_status().value, j.retries_left, j.latest_result())"
        ),
        "queued 1 None"
    );
    assert_eq!(redis.ask::<usize>(&["ZCARD", "rq:wip:q"]), 0);
}

#[test]
fn a_second_signal_ends_at_once() {
    let redis = Redis::start();
    let mut worker = Setup::new(&redis.url()).env("DRAIN_SECONDS", "60").ready();
    redis.python("q.enqueue(jobs.sleep, 60, job_id='long')");
    redis.until_status("long", "started");
    worker.signal(Signal::SIGTERM);
    worker.until_health("draining");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(143));
}

#[test]
fn what_a_job_does_to_its_process_costs_that_process_only() {
    let redis = Redis::start();
    let _worker = Setup::new(&redis.url()).env("JOB_KILL_GRACE", "1").ready();
    redis.python(
        "q.enqueue(jobs.die, job_id='die'); q.enqueue(jobs.leave, job_id='leave'); q.enqueue(jobs.leave_hard, job_id='hard')\n\
         q.enqueue(jobs.sleep, 60, job_id='late', job_timeout=1); q.enqueue(jobs.deaf, 60, job_id='deaf', job_timeout=1)\n\
         q.enqueue(jobs.add, 1, job_id='after')",
    );
    redis.until_status("after", "finished");
    let told = redis.python("for j in ['die','leave','hard','late','deaf']: print(Job.fetch(j, r).get_status().value, Job.fetch(j, r).latest_result().exc_string.strip().splitlines()[-1])");
    let lines: Vec<&str> = told.lines().collect();
    for (line, words) in lines.iter().zip([
        "waitpid returned 9 (signal 9)",
        "SystemExit: 3",
        "waitpid returned 768",
        "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)",
        "did not react",
    ]) {
        assert!(line.starts_with("failed") && line.contains(words), "{told}");
    }
}

#[test]
fn memory_has_a_soft_and_a_hard_limit() {
    let redis = Redis::start();
    let worker = Setup::new(&redis.url()).env("MEMORY_SOFT_MB", "80").env("MEMORY_HARD_MB", "200").ready();
    redis.python("q.enqueue(jobs.pid, job_id='p'); q.enqueue(jobs.eat, 400, job_id='eat'); q.enqueue(jobs.pid, job_id='q'); q.enqueue(jobs.sleep, 0.3); q.enqueue(jobs.hoard, 100, job_id='h'); q.enqueue(jobs.sleep, 0.3, job_id='s'); q.enqueue(jobs.pid, job_id='r')");
    redis.until_status("r", "finished");
    let told = redis.python("print(Job.fetch('eat', r).latest_result().exc_string); print(*[Job.fetch(j, r).return_value() for j in 'phqr'])");
    assert!(told.contains("hard limit of 200 MB"), "{told}");
    let pids: Vec<&str> = told.lines().last().unwrap().split(' ').collect();
    assert_ne!(pids[0], pids[2], "the child above the hard limit was replaced");
    assert_ne!(pids[1], pids[3], "the child above the soft limit was replaced after its job");
    assert!(worker.has_said("above the soft memory limit"));
}

#[test]
fn a_child_is_replaced_after_its_share_of_jobs() {
    let redis = Redis::start();
    redis.python("for n in range(4): q.enqueue(jobs.pid, job_id=str(n))");
    assert_eq!(Setup::new(&redis.url()).env("MAX_JOBS_PER_CHILD", "2").args(&["--burst"]).finish().0, 0);
    let pids = redis.python("print(*[Job.fetch(str(n), r).return_value() for n in range(4)])");
    let pids: Vec<&str> = pids.split(' ').collect();
    assert!(pids[0] == pids[1] && pids[1] != pids[2] && pids[2] == pids[3], "{pids:?}");
}

#[test]
fn without_python_a_job_waits_and_the_reason_is_told() {
    let redis = Redis::start();
    redis.python("q.enqueue(jobs.add, 1, job_id='j')");
    let worker = Setup::new(&redis.url()).env("PYTHON", "/no/such/python").start();
    worker.until_said("no Python child can be started");
    worker.until_health("warning");
    assert!(matches!(redis.status("j").as_str(), "queued" | "started"));
}

#[test]
fn a_burst_without_python_ends_instead_of_trying_for_ever() {
    let redis = Redis::start();
    redis.python("q.enqueue(jobs.add, 1, job_id='j')");
    let (code, _) = Setup::new(&redis.url()).env("PYTHON", "/no/such/python").args(&["--burst"]).finish();
    assert_eq!((code, redis.status("j").as_str()), (70, "queued"));
}
