//! What producers and dashboards see through RQ's own package.

use crate::stand::{Redis, Setup};

fn burst(redis: &Redis, arguments: &[&str]) -> Vec<String> {
    let (code, said) = Setup::new(&redis.url()).args(&["--burst"]).args(arguments).finish();
    assert_eq!(code, 0, "{said:#?}");
    said
}

#[test]
fn results_and_registries_are_those_of_rq() {
    let redis = Redis::start();
    redis.python(
        "q.enqueue(jobs.add, 1, b=2, job_id='ok', meta={'mine': 1}); q.enqueue(jobs.nothing, job_id='none'); q.enqueue(jobs.boom, 'x', job_id='bad', failure_ttl=60)\n\
         q.enqueue(jobs.add, 1, job_id='gone', result_ttl=0); q.enqueue(jobs.add, 1, job_id='kept', result_ttl=-1); q.enqueue(jobs.who, job_id='who')\n\
         q.enqueue(jobs.later, job_id='async'); q.enqueue(jobs.unserializable, job_id='uns'); q.enqueue('jobs.no_such', job_id='missing')\n\
         r.hset('rq:job:ok', 'a_field_of_the_future', 'kept')",
    );
    burst(&redis, &["--name", "w"]);
    let told = redis.python(
        "f = lambda i: Job.fetch(i, r)\n\
         x = f('ok').latest_result(); print(f('ok').return_value(), x.type.name, x.worker_name, bool(x.execution_id), x.execution_started_at <= x.execution_ended_at, f('ok').meta, f('ok').worker_name)\n\
         print(f('none').return_value(), f('none').get_status().value, f('kept').return_value(), r.ttl('rq:job:kept'), Job.exists('gone', r), r.exists('rq:results:gone'))\n\
         x = f('bad').latest_result(); print(x.type.name, x.exc_string.strip().splitlines()[-1], 'worker child' in x.exc_string, 0 < r.ttl('rq:results:bad') <= 60, r.ttl('rq:job:bad') <= 60)\n\
         print(f('who').return_value(), f('who').meta, f('async').return_value(), f('uns').return_value())\n\
         print('no_such' in f('missing').latest_result().exc_string, r.hget('rq:job:ok', 'a_field_of_the_future').decode())\n\
         print(sorted(FinishedJobRegistry(queue=q).get_job_ids()), sorted(FailedJobRegistry(queue=q).get_job_ids()), StartedJobRegistry(queue=q).count, len(q), 490 < r.ttl('rq:job:ok') <= 500)\n\
         print(r.zscore('rq:finished:q', 'kept'), sorted(k.decode() for k in r.keys('rq:exec*')), r.exists('rq:worker:w:executions'))",
    );
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "3 SUCCESSFUL w True True {'mine': 1} w");
    assert_eq!(lines[1], "None finished 2 -1 False 0");
    assert_eq!(lines[2], "FAILED ValueError: bad x False True True");
    assert_eq!(lines[3], "['who', 'w', 'q', 'w'] {'seen': True} awaited Unserializable return value");
    assert_eq!(lines[4], "True kept");
    assert_eq!(lines[5], "['async', 'kept', 'none', 'ok', 'uns', 'who'] ['bad', 'missing'] 0 0 True");
    assert_eq!(lines[6], "inf [] 0");
}

#[test]
fn dependents_follow_their_parents() {
    let redis = Redis::start();
    redis.python(
        "p = Queue('p', connection=r)\n\
         a = q.enqueue(jobs.add, 1, job_id='a'); b = q.enqueue(jobs.boom, 'x', job_id='b')\n\
         q.enqueue(jobs.add, 1, job_id='both', depends_on=['a', 'b']); p.enqueue(jobs.add, 1, job_id='other-queue', depends_on=a)\n\
         q.enqueue(jobs.add, 1, job_id='tolerant', depends_on=Dependency(jobs=[b], allow_failure=True)); q.enqueue(jobs.add, 1, job_id='chain', depends_on='tolerant')",
    );
    burst(&redis, &["p"]);
    let told = redis.python("print(*[Job.fetch(i, r).get_status().value for i in ['both', 'other-queue', 'tolerant', 'chain']], DeferredJobRegistry(queue=q).get_job_ids())");
    assert_eq!(told, "deferred finished finished finished ['both']");
}

#[test]
fn callbacks_and_exception_handlers_are_called_as_rq_calls_them() {
    let redis = Redis::start();
    redis.python(
        "q.enqueue(jobs.add, 1, job_id='ok', on_success=Callback(jobs.remember)); q.enqueue(jobs.boom, 'x', job_id='bad', on_failure=Callback(jobs.remember))\n\
         q.enqueue(jobs.add, 1, job_id='cb', on_success=Callback(jobs.failing_callback))",
    );
    burst(&redis, &["--exception-handler", "jobs.handler"]);
    let told = redis.python("print(r.lrange('callbacks:ok', 0, -1), r.lrange('callbacks:bad', 0, -1), r.lrange('handled:bad', 0, -1)); print(Job.fetch('cb', r).get_status().value, 'the callback failed' in Job.fetch('cb', r).latest_result().exc_string)");
    assert_eq!(told, "[b'int 1'] [b'type 3'] [b'ValueError']\nfailed True");
}

#[test]
fn a_job_class_of_the_project_is_the_one_that_runs() {
    let redis = Redis::start();
    redis.python("q.enqueue(jobs.add, 1, job_id='a')");
    burst(&redis, &["-j", "jobs.CountingJob"]);
    assert_eq!(redis.python("print(Job.fetch('a', r).return_value())"), "['counted', 2]");
}

#[test]
fn each_job_and_what_it_starts_know_their_id() {
    let redis = Redis::start();
    let long = "long".repeat(80);
    redis.python(&format!("for i in ['first', '{long}', 'last']: q.enqueue(jobs.variable, job_id=i)"));
    burst(&redis, &[]);
    let told = redis.python(&format!(
        "print(all(Job.fetch(i, r).return_value() == [i, i] for i in ['first', '{long}', 'last']))"
    ));
    assert_eq!(told, "True");
}

#[test]
fn json_jobs_and_native_handlers_share_a_queue_with_pickled_jobs() {
    let redis = Redis::start();
    redis.python(
        "j = Queue('q', connection=r, serializer='json'); j.enqueue('jobs.add', 1, b=3, job_id='json', meta={'m': 1}); q.enqueue(jobs.add, 1, job_id='pickle')\n\
         j.enqueue('preflight.echo', {'a': [1]}, job_id='native'); j.enqueue('preflight.echo', None, job_id='null')",
    );
    burst(&redis, &[]);
    let told = redis.python("f = lambda i: Job.fetch(i, r, serializer=rq.serializers.JSONSerializer); print(f('json').return_value(), f('native').return_value(), f('null').return_value(), Job.fetch('pickle', r).return_value())");
    assert_eq!(told, "4 {'a': [1]} None 2");
}

#[test]
fn priorities_front_and_deleted_jobs_are_respected() {
    let redis = Redis::start();
    redis.python(
        "p = Queue('p', connection=r); p.enqueue(jobs.add, 1, job_id='low'); q.enqueue(jobs.add, 1, job_id='second'); q.enqueue(jobs.add, 1, job_id='first', at_front=True)\n\
         r.rpush('rq:queue:q', 'ghost'); d = q.enqueue(jobs.add, 1, job_id='deleted'); d.delete(); c = q.enqueue(jobs.add, 1, job_id='canceled'); c.cancel()\n\
         q.enqueue(jobs.add, 1, job_id='expired', ttl=1); time.sleep(1.2)",
    );
    let said = burst(&redis, &["p"]).join("\n");
    let order: Vec<usize> = ["first", "second", "low"]
        .iter()
        .map(|id| said.find(&format!("\"job_id\":\"{id}\"")).unwrap())
        .collect();
    assert!(order.is_sorted(), "{said}");
    assert_eq!(
        redis.python("print(Job.fetch('canceled', r).get_status().value, Job.exists('expired', r), len(q))"),
        "canceled False 0"
    );
}

#[test]
fn rate_limits_keep_jobs_apart_and_free_their_slots() {
    let redis = Redis::start();
    redis.python("from rq.rate_limit import RateLimit\nfor n in range(4): q.enqueue(jobs.add, n, job_id=str(n), rate_limit=RateLimit('k', 1))");
    burst(&redis, &[]);
    assert_eq!(redis.python("print(*[Job.fetch(str(n), r).get_status().value for n in range(4)], r.zcard('rq:rl:k:allowed'), r.zcard('rq:rl:k:rate_limited'))"), "finished finished finished finished 0 0");
}

#[test]
fn webhooks_and_groups_work() {
    let redis = Redis::start();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let calls = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        (0..2)
            .map(|_| {
                let (mut stream, _) = server.accept().unwrap();
                let mut bytes = [0; 4096];
                let read = stream.read(&mut bytes).unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                String::from_utf8_lossy(&bytes[..read]).into_owned()
            })
            .collect::<Vec<_>>()
    });
    redis.python(&format!(
        "from rq.webhook import Webhook\nfrom rq.group import Group\n\
         q.enqueue(jobs.add, 1, job_id='w', webhooks=[Webhook('http://127.0.0.1:{port}/ok', 'finished')]); q.enqueue(jobs.boom, 'x', job_id='v', webhooks=[Webhook('http://127.0.0.1:{port}/bad', 'failed')])\n\
         Group.create(r, 'g').enqueue_many(q, [Queue.prepare_data(jobs.add, (1,), job_id='g1'), Queue.prepare_data(jobs.add, (1,), job_id='g2', result_ttl=0)])",
    ));
    burst(&redis, &[]);
    let calls = calls.join().unwrap();
    assert!(calls[0].starts_with("GET /ok") && calls[1].starts_with("GET /bad"), "{calls:?}");
    assert_eq!(
        redis.python("from rq.group import Group\nprint([j.id for j in Group.fetch('g', r).get_jobs()])"),
        "['g1']"
    );
}

#[test]
fn rq_info_and_a_second_rq_worker_see_nothing_unusual() {
    let redis = Redis::start();
    let worker = Setup::new(&redis.url()).env("CONCURRENCY", "2").args(&["--name", "w"]).ready();
    redis.python("q.enqueue(jobs.sleep, 3, job_id='a')");
    redis.until_status("a", "started");
    let told = redis.python(
        "ws = sorted(Worker.all(connection=r), key=lambda w: w.name); print([(w.name, w.get_state(), w.get_current_job_id(), w.queue_names()) for w in ws])\n\
         print(StartedJobRegistry(queue=q).get_job_ids(), len(Job.fetch('a', r).get_executions()))",
    );
    assert!(
        told.contains("('w', 'busy', 'a', ['q'])") || told.contains("('w-2', 'busy', 'a', ['q'])"),
        "{told}"
    );
    assert!(told.contains("'idle'") && told.ends_with("['a'] 1"), "{told}");
    let info = std::process::Command::new(crate::stand::python().with_file_name("rq"))
        .args(["info", "-u", &redis.url()])
        .output()
        .unwrap();
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(info.contains("2 workers"), "{info}");
    let other = std::process::Command::new(crate::stand::python().with_file_name("rq"))
        .args(["worker", "-u", &redis.url(), "--burst", "--quiet", "q"])
        .env("PYTHONPATH", crate::stand::root().join("worker/tests/python"))
        .status();
    assert!(other.unwrap().success());
    redis.until_status("a", "finished");
    assert!(worker.has_said("job finished"));
}

#[test]
fn what_jobs_print_becomes_log_lines() {
    let redis = Redis::start();
    redis.python("q.enqueue(jobs.talk, job_id='t')");
    let said = burst(&redis, &[]);
    assert!(
        said.iter()
            .any(|line| line.contains("\"message\":\"spoken by a job\"")
                && line.contains("\"source\":\"python\"")),
        "{said:#?}"
    );
    assert!(said.contains(&"{\"level\":\"warn\",\"message\":\"already json\"}".to_owned()), "{said:#?}");
}
