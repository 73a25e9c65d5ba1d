//! Python programs.

use super::super::{Address, End, Host, Port};
use super::{ends, listens, startup, told};

const PYTHON: &str = "[\"python\", \"main.py\"]";

/// What is told of a program of one file.
fn program(text: &str) -> String {
    told(&startup(PYTHON, &format!("//- main.py\n{text}")))
}

#[test]
fn one_failed_ping_ends_the_process_by_its_own_exit_or_by_the_exception() {
    let exits = "import sys\nimport redis\nconn = redis.from_url('redis://r')\ntry:\n    conn.ping()\nexcept Exception:\n    sys.exit(1)\n";
    assert_eq!(program(exits), "ends after 0 s, 1 attempts; does not listen first");
    let raises = "import redis\nredis.Redis(host='r').ping()\n";
    assert_eq!(program(raises), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn a_client_that_is_only_made_does_not_connect() {
    assert_eq!(program("import redis\nconn = redis.from_url('redis://r')\nprint('up')\n"), "no outage");
}

#[test]
fn a_loop_with_a_count_ends_after_its_waits() {
    let text = "import sys, time, redis\nconn = redis.Redis.from_url('redis://r')\nfor attempt in range(1, 6):\n    try:\n        conn.ping()\n        break\n    except redis.ConnectionError:\n        time.sleep(2 ** attempt)\nelse:\n    sys.exit(1)\n";
    assert_eq!(program(text), "ends after 62 s, 5 attempts; does not listen first");
}

#[test]
fn a_retry_in_a_function_that_returns_the_client_is_followed() {
    let text = "import os, time\nfrom redis import Redis\nfrom redis.exceptions import ConnectionError as Down\n\ndef connect(tries=3):\n    client = Redis.from_url(os.environ['REDIS_URL'])\n    for n in range(tries):\n        try:\n            client.ping()\n            return client\n        except Down:\n            if n == tries - 1:\n                raise\n            time.sleep(5)\n\nif __name__ == '__main__':\n    connect()\n";
    assert_eq!(program(text), "ends after 10 s, 3 attempts; does not listen first");
}

#[test]
fn a_loop_without_an_end_never_ends_the_process() {
    let text = "import time, redis\nconn = redis.from_url('redis://r')\nwhile True:\n    try:\n        conn.ping()\n        break\n    except redis.exceptions.RedisError:\n        time.sleep(2)\nprint('ready')\n";
    assert_eq!(program(text), "does not end; does not listen first");
}

#[test]
fn a_counter_inside_an_endless_loop_is_counted() {
    let text = "import time, sys, redis\nconn = redis.from_url('redis://r')\nfailures = 0\nwhile True:\n    try:\n        conn.ping()\n        break\n    except Exception as error:\n        failures += 1\n        if failures >= 10:\n            sys.exit(f'gave up: {error}')\n        time.sleep(3)\n";
    assert_eq!(program(text), "ends after 27 s, 10 attempts; does not listen first");
}

#[test]
fn a_function_that_tells_failure_by_its_value_is_followed() {
    let text = "import sys, redis\ndef check():\n    try:\n        redis.Redis(host='r').ping()\n        return True\n    except Exception:\n        return False\ndef main():\n    if not check():\n        sys.exit(1)\n    print('go')\nmain()\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn a_loop_that_asks_a_function_waits_for_it() {
    let text = "import time, redis\ndef up():\n    try:\n        return redis.Redis(host='r').ping()\n    except Exception:\n        return False\nwhile not up():\n    time.sleep(1)\n";
    assert_eq!(program(text), "does not end; does not listen first");
}

#[test]
fn tenacity_and_backoff_try_again() {
    let tenacity = "import redis\nfrom tenacity import retry, stop_after_attempt, wait_fixed\n@retry(stop=stop_after_attempt(5), wait=wait_fixed(3))\ndef connect():\n    redis.Redis(host='r').ping()\nconnect()\n";
    assert_eq!(program(tenacity), "ends after 12 s, 5 attempts; does not listen first");
    let endless = "import redis\nfrom tenacity import retry, wait_exponential\n@retry(wait=wait_exponential(max=10))\ndef connect():\n    redis.Redis(host='r').ping()\nconnect()\n";
    assert_eq!(program(endless), "does not end; does not listen first");
    let backoff = "import redis, backoff\n@backoff.on_exception(backoff.expo, redis.ConnectionError, max_tries=4)\ndef connect():\n    redis.Redis(host='r').ping()\nconnect()\n";
    assert_eq!(program(backoff), "ends after 7 s, 4 attempts; does not listen first");
}

#[test]
fn the_builtin_connection_error_does_not_take_that_of_redis() {
    let text = "import redis, time\nwhile True:\n    try:\n        redis.Redis(host='r').ping()\n        break\n    except (ConnectionError, OSError):\n        time.sleep(1)\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn a_caught_failure_that_is_only_logged_does_not_end_the_process() {
    let text = "import redis, logging\nlogger = logging.getLogger(__name__)\ntry:\n    redis.Redis(host='r').ping()\nexcept Exception as error:\n    logger.warning('no redis: %s', error)\nwhile True:\n    pass\n";
    assert_eq!(program(text), "does not end; does not listen first");
}

#[test]
fn finally_runs_and_the_exception_goes_on() {
    let text =
        "import redis\nconn = redis.Redis(host='r')\ntry:\n    conn.ping()\nfinally:\n    conn.close()\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn a_condition_that_is_not_known_makes_both_courses() {
    let text = "import os, sys, redis\ntry:\n    redis.Redis(host='r').ping()\nexcept Exception:\n    if os.environ.get('STRICT'):\n        sys.exit(1)\nprint('go')\n";
    assert_eq!(program(text), "may end; does not listen first");
}

#[test]
fn a_course_without_redis_does_not_soften_the_others() {
    let text = "import os, redis\nurl = os.environ.get('REDIS_URL')\nif url:\n    redis.from_url(url).ping()\nprint('go')\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
}

const HEALTH: &str = "//- health.py\nimport os, threading\nfrom http.server import BaseHTTPRequestHandler, HTTPServer\nclass Handler(BaseHTTPRequestHandler):\n    def do_GET(self):\n        if self.path == '/health':\n            self.send_response(200)\n        else:\n            self.send_response(404)\n        self.end_headers()\ndef start_health_server():\n    server = HTTPServer(('0.0.0.0', int(os.environ.get('PORT', '8080'))), Handler)\n    threading.Thread(target=server.serve_forever, daemon=True).start()\n";

#[test]
fn a_health_server_in_a_thread_of_another_module_counts_where_it_is_started() {
    let late = format!(
        "//- main.py\nimport redis\nfrom health import start_health_server\nredis.Redis(host='r').ping()\nstart_health_server()\n{HEALTH}"
    );
    assert_eq!(told(&startup(PYTHON, &late)), "ends after 0 s, 1 attempts; does not listen first");
    let early = format!(
        "//- main.py\nimport redis\nfrom health import start_health_server\nstart_health_server()\nredis.Redis(host='r').ping()\n{HEALTH}"
    );
    let early = startup(PYTHON, &early);
    assert_eq!(told(&early), "ends after 0 s, 1 attempts; listens first");
    assert_eq!(listens(&early), Some(("http.server", &Host::Every, &Port::Variable)));
    let paths: Vec<&str> = early.routes.iter().map(|route| route.path.as_str()).collect();
    assert_eq!((paths, &early.open_routes), (vec!["/health"], &None));
}

#[test]
fn a_health_server_started_by_importing_a_module_counts() {
    let files = format!(
        "//- main.py\nimport health_start\nimport redis\nredis.Redis(host='r').ping()\n//- health_start.py\nfrom health import start_health_server\nstart_health_server()\n{HEALTH}"
    );
    assert_eq!(told(&startup(PYTHON, &files)), "ends after 0 s, 1 attempts; listens first");
}

#[test]
fn a_connection_in_a_thread_neither_ends_nor_delays_the_main_flow() {
    let text = "import threading, redis, time\ndef watch():\n    redis.Redis(host='r').ping()\nthreading.Thread(target=watch).start()\nwhile True:\n    time.sleep(60)\n";
    assert_eq!(program(text), "does not end; does not listen first");
}

#[test]
fn os_exit_ends_the_process_even_in_a_thread() {
    let text = "import threading, redis, time, os\ndef watch():\n    try:\n        redis.Redis(host='r').ping()\n    except Exception:\n        os._exit(1)\nthreading.Thread(target=watch).start()\nwhile True:\n    time.sleep(60)\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn methods_of_a_class_keep_their_fields() {
    let text = "import redis, sys\nclass Service:\n    tries = 2\n    def __init__(self, url):\n        self.client = redis.from_url(url)\n    def start(self):\n        for _ in range(self.tries):\n            try:\n                self.client.ping()\n                return\n            except redis.RedisError:\n                pass\n        self.stop()\n    def stop(self):\n        sys.exit(3)\nService('redis://r').start()\n";
    let startup = startup(PYTHON, &format!("//- main.py\n{text}"));
    assert_eq!(told(&startup), "ends after 0 s, 2 attempts; does not listen first");
    assert!(matches!(ends(&startup).as_slice(), [End::Exit(Some(3), _)]));
}

#[test]
fn asyncio_is_followed_through_run_await_and_tasks() {
    let text = "import asyncio\nimport redis.asyncio as redis\nclient = redis.from_url('redis://r')\nasync def main():\n    for _ in range(4):\n        try:\n            await client.ping()\n            break\n        except redis.ConnectionError:\n            await asyncio.sleep(5)\n    else:\n        raise RuntimeError('no redis')\nasyncio.run(main())\n";
    assert_eq!(program(text), "ends after 20 s, 4 attempts; does not listen first");
    let task = "import asyncio\nimport redis.asyncio as redis\nasync def watch():\n    await redis.from_url('redis://r').ping()\nasync def main():\n    asyncio.create_task(watch())\n    await asyncio.Event().wait()\nasyncio.run(main())\n";
    assert_eq!(program(task), "does not end; does not listen first");
}

#[test]
fn rq_connects_when_its_worker_is_made() {
    let text = "import redis\nfrom rq import Queue, Worker\nconn = redis.from_url('redis://r')\nWorker([Queue('default', connection=conn)], connection=conn).work()\n";
    let startup = startup(PYTHON, &format!("//- main.py\n{text}"));
    assert_eq!(told(&startup), "ends after 0 s, 1 attempts; does not listen first");
    assert_eq!(startup.work_loop().map(|(library, _)| library), Some("rq"));
}

#[test]
fn rq_with_a_decoding_client_is_noted() {
    let text = "import redis\nfrom rq import Queue\nconn = redis.from_url('redis://r', decode_responses=True)\nqueue = Queue('default', connection=conn)\n";
    let decoding = startup(PYTHON, &format!("//- main.py\n{text}"));
    assert!(matches!(decoding.misuses.as_slice(), [("rq-decode-responses", ..)]));
    let apart = startup(PYTHON, &format!("//- main.py\n{}", text.replace(", decode_responses=True", "")));
    assert_eq!(apart.misuses, []);
}

#[test]
fn fastapi_runs_its_hooks_before_uvicorn_listens() {
    let app = "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\nimport redis.asyncio as redis\n@asynccontextmanager\nasync def lifespan(app):\n    await redis.from_url('redis://r').ping()\n    yield\napp = FastAPI(lifespan=lifespan)\n@app.get('/health')\ndef health():\n    return {}\n";
    let command = "[\"uvicorn\", \"api.main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]";
    let startup = startup(command, &format!("//- api/main.py\n{app}"));
    assert_eq!(told(&startup), "ends after 0 s, 1 attempts; does not listen first");
    assert_eq!(listens(&startup), Some(("uvicorn", &Host::Every, &Port::Literal(8000))));
    assert!(startup.routes.iter().any(|route| route.path == "/health"));
    let on_event = "from fastapi import FastAPI\nimport redis\napp = FastAPI()\n@app.on_event('startup')\ndef start():\n    redis.Redis(host='r').ping()\n";
    let on_event = super::startup(command, &format!("//- api/main.py\n{on_event}"));
    assert_eq!(told(&on_event), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn a_connection_inside_a_route_is_not_part_of_starting() {
    let app = "from flask import Flask\nimport redis, os\napp = Flask(__name__)\nclient = redis.from_url(os.environ['REDIS_URL'])\n@app.route('/health')\ndef health():\n    client.ping()\n    return 'ok'\nif __name__ == '__main__':\n    app.run(host='0.0.0.0', port=int(os.environ.get('PORT', 5000)))\n";
    let startup = startup(PYTHON, &format!("//- main.py\n{app}"));
    assert_eq!(told(&startup), "no outage");
    assert_eq!(listens(&startup), Some(("flask", &Host::Every, &Port::Variable)));
}

#[test]
fn a_name_guard_is_false_for_an_application_that_is_imported() {
    let app = "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run(port=5000)\n";
    let startup =
        startup("[\"gunicorn\", \"--bind\", \"0.0.0.0:8080\", \"main:app\"]", &format!("//- main.py\n{app}"));
    assert_eq!(listens(&startup), Some(("gunicorn", &Host::Every, &Port::Literal(8080))));
    assert_eq!(startup.listens().len(), 1);
}

#[test]
fn library_defaults_of_address_and_port_are_known() {
    let flask = startup(PYTHON, "//- main.py\nfrom flask import Flask\napp = Flask(__name__)\napp.run()\n");
    assert_eq!(listens(&flask), Some(("flask", &Host::Loopback("127.0.0.1".into()), &Port::Literal(5000))));
    let uvicorn =
        startup("[\"uvicorn\", \"main:app\"]", "//- main.py\nfrom fastapi import FastAPI\napp = FastAPI()\n");
    assert_eq!(
        listens(&uvicorn),
        Some(("uvicorn", &Host::Loopback("127.0.0.1".into()), &Port::Literal(8000)))
    );
}

#[test]
fn defaults_of_variables_are_found_however_they_are_written() {
    for text in [
        "import os, redis\nURL = os.environ.get('REDIS_URL', 'redis://localhost:6379/0')\nredis.from_url(URL)\n",
        "import os, redis\nredis.from_url(os.getenv('REDIS_URL') or 'redis://localhost:6379/0')\n",
        "from os import getenv\nfrom redis import from_url\nfrom_url(url=getenv('REDIS_URL', 'redis://localhost:6379/0'))\n",
        "from pydantic_settings import BaseSettings\nimport redis\nclass Settings(BaseSettings):\n    redis_url: str = 'redis://localhost:6379/0'\nsettings = Settings()\nredis.from_url(settings.redis_url)\n",
        "import os, redis\nclass Config:\n    REDIS_URL = os.environ.get('REDIS_URL', 'redis://localhost:6379/0')\nredis.from_url(Config.REDIS_URL)\n",
    ] {
        let startup = startup(PYTHON, &format!("//- main.py\n{text}"));
        assert!(
            matches!(&startup.clients.first().unwrap().address, Address::Default(name, default, _)
                if name == "REDIS_URL" && default == "redis://localhost:6379/0"),
            "{text}: {:?}",
            startup.clients
        );
    }
}

#[test]
fn a_required_variable_is_told_from_one_with_a_default() {
    let startup = startup(
        PYTHON,
        "//- main.py\nimport os\na = os.environ['A']\nb = os.getenv('B', 'x')\nc = os.getenv('C')\n",
    );
    let read: Vec<_> = startup
        .variables
        .iter()
        .map(|each| (each.name.as_str(), each.required, each.default.as_deref()))
        .collect();
    assert_eq!(read, [("A", true, None), ("B", false, Some("x")), ("C", false, None)]);
}

#[test]
fn packages_relative_imports_and_the_module_form_are_resolved() {
    let files = "//- backend/__init__.py\n//- backend/worker/__init__.py\n//- backend/worker/main.py\nfrom . import conn\nfrom .conn import connect\nfrom backend.shared.log import say\nsay()\nconnect()\n//- backend/worker/conn.py\nimport redis\ndef connect():\n    redis.Redis(host='r').ping()\n//- backend/shared/log.py\ndef say():\n    print('hello')\n";
    let startup = startup("[\"python\", \"-m\", \"backend.worker.main\"]", files);
    assert_eq!(told(&startup), "ends after 0 s, 1 attempts; does not listen first");
    assert!(startup.log_texts().any(|text| text == "hello"));
}

#[test]
fn a_program_that_does_not_parse_is_not_judged() {
    let startup = startup(PYTHON, "//- main.py\nimport redis\nredis.Redis().ping()\ndef broken(:\n");
    assert!(!startup.complete);
    assert!(!startup.outage().is_some_and(|outage| outage.ends));
}

#[test]
fn endless_recursion_and_imports_in_a_circle_come_to_an_end() {
    let files = "//- main.py\nimport other\ndef again(n):\n    return again(n + 1)\nagain(0)\n//- other.py\nimport main\nimport other\n";
    assert!(!startup(PYTHON, files).complete);
}

#[test]
fn shell_wrappers_and_scripts_are_followed() {
    for (command, script) in [
        ("[\"sh\", \"-c\", \"exec python main.py\"]", ""),
        ("python main.py", ""),
        ("[\"./start.sh\"]", "//- start.sh\n#!/bin/sh\nset -e\nalembic upgrade head\nexec python main.py\n"),
        ("[\"tini\", \"--\", \"bash\", \"start.sh\"]", "//- start.sh\npython -u main.py\n"),
        ("[\"uv\", \"run\", \"--no-sync\", \"main.py\"]", ""),
        ("[\"/app/entry.sh\", \"python\", \"main.py\"]", "//- entry.sh\nexec \"$@\"\n"),
    ] {
        let startup = startup(command, &format!("//- main.py\nprint('hello')\n{script}"));
        assert_eq!(
            startup.entry.yes().map(|entry| entry.file.as_deref()),
            Some(Some("main.py")),
            "{command}"
        );
    }
}

#[test]
fn a_directory_that_the_command_goes_to_is_followed() {
    let files = "//- api/main.py\nfrom store import find\nfind()\n//- api/store.py\ndef find(): pass\n//- api/serve.sh\npython main.py\n";
    for command in [
        "cd api && python main.py",
        "[\"sh\", \"-c\", \"cd /app/api; exec python main.py\"]",
        "[\"sh\", \"-c\", \"cd api && sh serve.sh\"]",
        "cd $HOME && cd ./api && python -m main",
    ] {
        let startup = startup(command, files);
        assert!(startup.files.iter().any(|file| file == "api/store.py"), "{command}: {:?}", startup.files);
    }
    let elsewhere = startup("cd web && python main.py", files);
    assert!(elsewhere.entry.is_unknown(), "{:?}", elsewhere.entry);
}

#[test]
fn what_is_not_read_is_unknown_with_a_reason() {
    for command in [
        "[\"nginx\"]",
        "[\"supervisord\", \"-n\"]",
        "[\"python\", \"-c\", \"1\"]",
        "[\"sh\", \"-c\", \"a & b\"]",
    ] {
        assert!(startup(command, "//- main.py\nprint()\n").entry.is_unknown(), "{command}");
    }
}
