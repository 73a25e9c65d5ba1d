//! What the tests stand on: a Redis server, a worker process, and Python with `rq`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Generous: the machine may be shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A directory that goes with the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("worker-test-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Asks until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A real server; its data lives as long as this value, across restarts.
pub(crate) struct Redis {
    process: Option<Child>,
    pub(crate) port: u16,
    scratch: Scratch,
    arguments: Vec<String>,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut redis = Self::stopped(arguments);
        redis.run();
        redis
    }

    /// Not started yet; every write is on disk before it is answered.
    pub(crate) fn stopped(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { process: None, port: free_port(), scratch: Scratch::new(), arguments }
    }

    pub(crate) fn run(&mut self) {
        self.run_with(&[]);
    }

    pub(crate) fn run_with(&mut self, more: &[&str]) {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(&self.scratch.0)
            .args(["--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "local"])
            .args(&self.arguments)
            .args(more)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server must be installed: cargo xtask test installs it");
        self.process = Some(process);
        until("Redis listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = self.process.as_ref().unwrap().id();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Runs a command, such as `["LLEN", "rq:queue:q"]`.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        self.try_ask(command).unwrap_or_else(|| panic!("no answer to {command:?}"))
    }

    pub(crate) fn try_ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> Option<T> {
        let client = redis::Client::open(self.url()).ok()?;
        let mut connection = client.get_connection_with_timeout(Duration::from_secs(5)).ok()?;
        let mut line = redis::cmd(command[0]);
        line.arg(&command[1..]);
        line.query(&mut connection).ok()
    }

    /// Empty when there is none, and while a Redis that was just started still loads.
    pub(crate) fn status(&self, job: &str) -> String {
        let status = self.try_ask::<Option<String>>(&["HGET", &format!("rq:job:{job}"), "status"]);
        status.flatten().unwrap_or_default()
    }

    pub(crate) fn until_status(&self, job: &str, status: &str) {
        until(&format!("job {job} is {status}"), || self.status(job) == status);
    }

    /// Runs Python that has `q` (a queue named "q" of this server), `r` (a client), `jobs` and all of `rq` at hand.
    pub(crate) fn python(&self, program: &str) -> String {
        let prelude = format!(
            "import sys, json, time\nfrom datetime import timedelta, datetime, timezone\nfrom redis import Redis\nimport rq, jobs\n\
             from rq import *\nfrom rq.job import Dependency, Job, JobStatus\nfrom rq.command import *\nfrom rq.registry import *\n\
             r = Redis(port={})\nq = Queue('q', connection=r)\n",
            self.port
        );
        let output = Command::new(python())
            .args(["-c", &format!("{prelude}{program}")])
            .env("PYTHONPATH", root().join("worker/tests/python"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{program}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The interpreter that has `rq`; made on the first use.
pub(crate) fn python() -> &'static PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let place = root().join("target/worker-python");
        if !place.join("bin/rq").exists() {
            let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
            run(Command::new("python3").args(["-m", "venv"]).arg(&place));
            run(Command::new(place.join("bin/pip")).args(["install", "--quiet", "rq==3.0.0"]));
        }
        place.join("bin/python")
    })
}

/// A worker process and what it says.
pub(crate) struct Worker {
    process: Child,
    pub(crate) port: u16,
    pub(crate) born: Instant,
    lines: Arc<Mutex<Vec<(Duration, String)>>>,
}

/// How to start one.
pub(crate) struct Setup {
    command: Command,
    port: u16,
}

impl Setup {
    /// `worker run` of queue `q` against `url`, with the jobs of the tests on its path.
    pub(crate) fn new(url: &str) -> Self {
        let mut setup = Self::bare(&["run"]);
        setup.command.arg("q").env("REDIS_URL", url);
        setup
    }

    pub(crate) fn bare(arguments: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PORT", port.to_string())
            .env("LOG_LEVEL", "debug")
            .env("PYTHON", python())
            .env("PYTHONPATH", root().join("worker/tests/python"))
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        Self { command, port }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn start(mut self) -> Worker {
        let born = Instant::now();
        let mut process = self.command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (output, sink) = (process.stdout.take().unwrap(), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                sink.lock().unwrap().push((born.elapsed(), line));
            }
        });
        Worker { process, port: self.port, born, lines }
    }

    /// Starts it and waits until it takes jobs.
    pub(crate) fn ready(self) -> Worker {
        let worker = self.start();
        worker.until_said("[STAGE 6/6] done");
        worker
    }

    /// Runs it to its end.
    pub(crate) fn finish(self) -> (i32, Vec<String>) {
        let mut worker = self.start();
        let code = worker.wait().code().unwrap_or(-1);
        std::thread::sleep(Duration::from_millis(100));
        (code, worker.said())
    }
}

impl Worker {
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Every line so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }

    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|(_, line)| line.contains(text))
    }

    pub(crate) fn until_said(&self, text: &str) {
        let begun = Instant::now();
        while !self.has_said(text) {
            assert!(
                begun.elapsed() < PATIENCE,
                "the worker never said {text:?}; it said:\n{}",
                self.said().join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(100),
                "the worker does not end; it said:\n{}",
                self.said().join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid().try_into().unwrap()), signal).unwrap();
    }

    /// Status code and body of a probe; none while nobody answers.
    pub(crate) fn probe(&self, path: &str) -> Option<(u16, String)> {
        get(&format!("127.0.0.1:{}", self.port), path)
    }

    pub(crate) fn health(&self) -> (u16, Value) {
        let (code, body) = self.probe("/health").expect("the health server answers");
        (code, serde_json::from_str(&body).unwrap())
    }

    pub(crate) fn until_health(&self, status: &str) {
        until(&format!("health is {status}"), || {
            self.probe("/health").is_some_and(|(_, body)| body.contains(&format!("\"status\":\"{status}\"")))
        });
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- the worker said:\n{}", self.said().join("\n"));
        }
    }
}

pub(crate) fn get(address: &str, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: healthcheck.railway.app\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let code = answer.split_whitespace().nth(1)?.parse().ok()?;
    Some((code, answer.split_once("\r\n\r\n")?.1.to_owned()))
}
