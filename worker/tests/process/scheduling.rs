//! Jobs that wait for their time: scheduled, retried, repeated, recurring.

use crate::stand::{Redis, Scratch, Setup, until};

#[test]
fn scheduled_retried_and_repeated_jobs_come_in_time() {
    let redis = Redis::start();
    let _worker = Setup::new(&redis.url()).ready();
    redis.python(
        "q.enqueue_in(timedelta(seconds=1), jobs.add, 1, job_id='in'); q.enqueue_at(datetime.now(timezone.utc) + timedelta(seconds=1), jobs.add, 2, job_id='at')\n\
         q.enqueue(jobs.boom, 'x', job_id='retry', retry=Retry(max=2, interval=[1, 1])); q.enqueue(jobs.nothing, job_id='rep', repeat=Repeat(times=2, interval=1))\n\
         q.enqueue(jobs.again, 2, job_id='ret')",
    );
    for (job, status) in
        [("in", "finished"), ("at", "finished"), ("retry", "failed"), ("rep", "finished"), ("ret", "failed")]
    {
        redis.until_status(job, status);
    }
    let rep = "j = Job.fetch('rep', r); print(j.repeats_left, len(j.results()))";
    until("every repeat has run", || redis.python(rep) == "0 3");
    assert_eq!(
        redis.python("print([x.type.name for x in Job.fetch('ret', r).results()])"),
        "['MAX_RETRIES_EXCEEDED', 'RETRIED', 'RETRIED']"
    );
    assert_eq!(redis.python("print(Job.fetch('retry', r).retries_left, r.zcard('rq:scheduled:q'))"), "0 0");
}

#[test]
fn the_scheduler_lock_is_rqs_and_is_given_back() {
    let redis = Redis::start();
    let mut worker = Setup::new(&redis.url()).ready();
    until("the lock is taken", || redis.ask(&["EXISTS", "rq:scheduler-lock:q"]));
    let names = redis.python("from rq.scheduler import RQScheduler; n = r.get('rq:scheduler-lock:q').decode(); s = RQScheduler.fetch(n, r); print(s.name == n, s._queue_names)");
    assert_eq!(names, "True {'q'}");
    assert_eq!(
        redis.python("s = rq.scheduler.RQScheduler(['q'], connection=r); print(s.acquire_locks())"),
        "set()"
    );
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait();
    assert!(!redis.ask::<bool>(&["EXISTS", "rq:scheduler-lock:q"]));
}

#[test]
fn many_replicas_register_a_schedule_once_and_run_it_once() {
    let (redis, scratch) = (Redis::start(), Scratch::new());
    let path = scratch.file("worker.toml");
    std::fs::write(&path, "[[schedule]]\nname = \"every-second\"\ncron = \"* * * * * *\"\nfunction = \"jobs.add\"\nargs = [40]\nkwargs = { b = 2 }\nqueue = \"q\"\n").unwrap();
    let setup = || Setup::new(&redis.url()).env("WORKER_CONFIG", &path).ready();
    let _workers = [setup(), setup(), setup()];
    std::thread::sleep(std::time::Duration::from_secs(4));
    let told = redis.python(
        "from rq.cron import CronScheduler\nfrom rq import cron_scheduler_registry\n\
         jobs_ = [x.decode() for x in r.zrange('rq:cron_job:every-second:jobs', 0, -1)]\n\
         names = cron_scheduler_registry.get_keys(r); s = CronScheduler.fetch(names[0], r)\n\
         print(len(names), [c.name for c in s.get_jobs()], len(jobs_) == len(set(jobs_)), len(jobs_))\n\
         time.sleep(0.5); print(Job.fetch(jobs_[0], r).return_value(), Job.fetch(jobs_[0], r).func_name)",
    );
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("1 ['every-second'] True"), "{told}");
    let count: usize = lines[0].rsplit(' ').next().unwrap().parse().unwrap();
    assert!((2..=12).contains(&count), "three replicas, about one run a second: {count}");
    assert_eq!(lines[1], "42 jobs.add");
}
