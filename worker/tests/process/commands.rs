//! RQ's remote control.

use crate::stand::{Redis, Setup, until};

#[test]
fn stop_job_stops_it_calls_back_and_spares_the_next() {
    let redis = Redis::start();
    let _worker = Setup::new(&redis.url()).env("CONCURRENCY", "2").ready();
    redis.python("q.enqueue(jobs.sleep, 60, job_id='s', retry=Retry(max=3), on_stopped=Callback(jobs.remember)); q.enqueue(jobs.sleep, 2, job_id='t')");
    redis.until_status("s", "started");
    redis.until_status("t", "started");
    redis.python("send_stop_job_command(r, 's')");
    redis.until_status("s", "stopped");
    redis.until_status("t", "finished");
    assert_eq!(redis.python("print(Job.fetch('s', r) in FailedJobRegistry('q', connection=r), Job.fetch('s', r).latest_result().exc_string)"), "True Job stopped by user, work-horse terminated.");
    assert_eq!(redis.ask::<Vec<String>>(&["LRANGE", "callbacks:s", "0", "-1"]), ["stopped 0"]);
}

#[test]
fn kill_horse_fails_the_job_and_its_retries_apply() {
    let redis = Redis::start();
    let _worker = Setup::new(&redis.url()).args(&["--name", "w"]).ready();
    redis.python("q.enqueue(jobs.sleep, 60, job_id='k', retry=Retry(max=1))");
    for left in ["1", "0"] {
        until("the job runs", || {
            redis.python("j = Job.fetch('k', r); print(j.get_status().value, j.retries_left)")
                == format!("started {left}")
        });
        redis.python("send_kill_horse_command(r, 'w')");
    }
    redis.until_status("k", "failed");
    assert!(
        redis
            .python("print(Job.fetch('k', r).latest_result().exc_string)")
            .contains("Work-horse terminated unexpectedly")
    );
}

#[test]
fn shutdown_waits_for_the_job_and_ends_with_0() {
    let redis = Redis::start();
    let mut worker = Setup::new(&redis.url()).args(&["--name", "w"]).env("DRAIN_SECONDS", "1").ready();
    redis.python("q.enqueue(jobs.sleep, 3, job_id='a')");
    redis.until_status("a", "started");
    redis.python("send_shutdown_command(r, 'w')");
    assert_eq!(worker.wait().code(), Some(0));
    assert_eq!(redis.status("a"), "finished");
}

#[test]
fn a_suspended_worker_takes_nothing_until_it_is_resumed() {
    let redis = Redis::start();
    let _worker = Setup::new(&redis.url()).ready();
    redis.python("from rq.suspension import suspend; suspend(r); q.enqueue(jobs.add, 1, job_id='a')");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(redis.status("a"), "queued");
    assert_eq!(redis.python("print(Worker.all(connection=r)[0].get_state())"), "suspended");
    redis.python("from rq.suspension import resume; resume(r)");
    redis.until_status("a", "finished");
}
