//! A warm Python process: started when first needed, given one job after another, replaced when it crashed, hung, grew
//! too large or has done enough.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::{frame, output};
use crate::config::{Config, Python, Server};
use crate::store::Job;

const PROGRAM: &str = include_str!("../../python/child.py");

/// Reads the program from the first pipe: a command line stays short enough to be shown by `ps`.
const BOOTSTRAP: &str = "import os\nr=os.fdopen(os.dup(0),'rb',0)\nn=int.from_bytes(r.read(4),'big')\ns=b''\nwhile len(s)<n: s+=r.read(n-len(s))\nr.close()\nexec(compile(s,'<worker child>','exec'))";

/// An application may import for long; a child that says nothing for longer hangs.
const IMPORT_WITHIN: Duration = Duration::from_mins(5);

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The interpreter is not there.
    #[error("cannot start {program}: {error}")]
    Program {
        /// As configured.
        program: String,
        /// Of the system.
        error: std::io::Error,
    },
    /// It ended, said nothing, or lacks RQ.
    #[error("the Python child did not get ready: {0}")]
    NotReady(String),
}

/// A running child.
pub struct Child {
    process: tokio::process::Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Of the process, and of its group.
    pub pid: u32,
    /// Jobs given to it.
    pub jobs: u64,
    /// What it could not import.
    pub problems: Vec<String>,
    /// `sys.version`.
    pub python: String,
}

impl Child {
    /// Starts a child and waits until it has imported what it should.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: &Config, python: &Python, slot: usize) -> Result<Self, StartError> {
        let mut process = Command::new(&python.program)
            .args(["-u", "-c", BOOTSTRAP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C at a terminal is for the worker, and killing takes what a job started along.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| StartError::Program { program: python.program.clone(), error })?;
        let (Some(input), Some(pipe), Some(errors), Some(pid)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take(), process.id())
        else {
            return Err(StartError::NotReady("it has no pipes".to_owned()));
        };
        let last_words = output::forward(errors, slot);
        let mut child =
            Self { process, input, output: pipe, pid, jobs: 0, problems: Vec::new(), python: String::new() };
        match timeout(IMPORT_WITHIN, child.greet(config, python)).await {
            Ok(Ok(())) => Ok(child),
            Ok(Err(error)) => {
                let status = child.kill().await;
                let words = timeout(Duration::from_secs(1), last_words)
                    .await
                    .ok()
                    .and_then(Result::ok)
                    .unwrap_or_default();
                let said = if words.is_empty() { String::new() } else { format!("; it said: {words}") };
                Err(StartError::NotReady(format!("{error} ({}){said}", describe(status))))
            }
            Err(_) => {
                child.kill().await;
                Err(StartError::NotReady(format!("it said nothing for {} s", IMPORT_WITHIN.as_secs())))
            }
        }
    }

    async fn greet(&mut self, config: &Config, python: &Python) -> Result<(), String> {
        let size = u32::try_from(PROGRAM.len()).unwrap_or(0).to_be_bytes();
        let hello = json!({
            "parent": std::process::id(),
            "path": python.path,
            "preload": python.preload,
            "exception_handlers": python.exception_handlers,
            "job_class": python.job_class,
            "prefix": if config.prefix == "rq" { "" } else { &config.prefix },
            "default_timeout": crate::DEFAULT_TIMEOUT,
            "redis": config.server.as_ref().map(address),
        });
        let greeting = async {
            self.input.write_all(&size).await?;
            self.input.write_all(PROGRAM.as_bytes()).await?;
            frame::send(&mut self.input, &hello, &[]).await?;
            frame::receive(&mut self.output).await
        };
        let (answer, _) = greeting.await.map_err(|error| error.to_string())?;
        if answer["kind"] != "ready" {
            let trace = answer["trace"].as_str().unwrap_or("it did not say why").trim_end();
            return Err(trace.lines().last().unwrap_or(trace).to_owned());
        }
        self.problems = strings(&answer["problems"]);
        answer["python"].as_str().unwrap_or_default().clone_into(&mut self.python);
        Ok(())
    }

    /// Hands over a job, or what follows one.
    ///
    /// # Errors
    /// The child is gone.
    pub async fn send(
        &mut self,
        op: &str,
        job: &Job,
        worker: &str,
        serializer: &str,
        more: Value,
    ) -> std::io::Result<()> {
        let lengths: Vec<usize> =
            job.hash.iter().flat_map(|(name, value)| [name.len(), value.len()]).collect();
        let mut header = json!({"op": op, "job_id": job.id, "worker": worker, "serializer": serializer, "lengths": lengths});
        if let (Some(header), Value::Object(more)) = (header.as_object_mut(), more) {
            header.extend(more);
        }
        let blobs: Vec<&[u8]> =
            job.hash.iter().flat_map(|(name, value)| [name.as_slice(), value.as_slice()]).collect();
        frame::send(&mut self.input, &header, &blobs).await
    }

    /// The next answer.
    ///
    /// # Errors
    /// The child is gone, or talks nonsense.
    pub async fn receive(&mut self) -> std::io::Result<(Value, Vec<u8>)> {
        frame::receive(&mut self.output).await
    }

    /// Every dotted path that leads nowhere, with the reason.
    ///
    /// # Errors
    /// The child is gone.
    pub async fn resolve(&mut self, paths: &[String]) -> std::io::Result<Vec<String>> {
        frame::send(&mut self.input, &json!({"op": "resolve", "paths": paths}), &[]).await?;
        let (answer, _) = self.receive().await?;
        Ok(strings(&answer["problems"]))
    }

    /// Ends it now, with everything it started.
    pub async fn kill(&mut self) -> Option<ExitStatus> {
        if let Ok(pid) = i32::try_from(self.pid) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
        self.process.wait().await.ok()
    }

    /// Lets it end by itself, and ends it when it does not.
    pub async fn retire(mut self) {
        drop(self.input);
        if timeout(Duration::from_secs(2), self.process.wait()).await.is_err() {
            if let Ok(pid) = i32::try_from(self.pid) {
                let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _ = self.process.wait().await;
        }
    }

    /// How it ended, once its pipe is closed.
    pub async fn ended(&mut self) -> Option<ExitStatus> {
        match timeout(Duration::from_secs(2), self.process.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => self.kill().await,
        }
    }
}

/// In RQ's words, which people search for: the status as `waitpid` gives it.
pub fn describe(status: Option<ExitStatus>) -> String {
    let Some(status) = status else { return "waitpid returned None".to_owned() };
    let signal = status.signal().map(|signal| format!(" (signal {signal})")).unwrap_or_default();
    format!("waitpid returned {}{signal}", status.into_raw())
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// For `job.connection`, which jobs use as they like.
fn address(server: &Server) -> Value {
    let ca_file = server.ca_file.as_deref().unwrap_or_default();
    match &server.sentinel {
        None => json!({"sentinel": false, "url": server.url, "ca_file": ca_file}),
        Some(sentinel) => {
            let nodes: Vec<Value> = sentinel
                .nodes
                .iter()
                .filter_map(|node| node.trim_start_matches("redis://").trim_end_matches('/').rsplit_once(':'))
                .map(|(host, port)| json!([host, port.parse::<u16>().unwrap_or(26379)]))
                .collect();
            json!({"sentinel": true, "nodes": nodes, "master": sentinel.master, "username": sentinel.username,
                "password": sentinel.password, "db": sentinel.db, "tls": sentinel.tls})
        }
    }
}
