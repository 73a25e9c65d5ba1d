//! The six stages, in order, and what runs after them.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::cli::{Cli, Command, Flags};
use crate::config::{self, Config, Environment};
use crate::executor::Registry;
use crate::executor::python::PythonSlot;
use crate::health::{self, Vitals};
use crate::memory::{self, Limits};
use crate::scheduler::Scheduler;
use crate::shared::{Shared, Slot};
use crate::shutdown::Signals;
use crate::slot::Loop;
use crate::stage::Stage;
use crate::store::link::About;
use crate::store::{Fault, Link};
use crate::{birth, commands, cron, doorbell, exit, heartbeat, inspect, log, rescue, sample, shutdown};

/// Runs a command with these native handlers; the whole of `main`.
pub fn run(cli: Cli, registry: Registry) -> ExitCode {
    let born = Instant::now();
    let variable = |name: &str| std::env::var(name).ok();
    let format =
        log::Format::from_name(&variable("LOG_FORMAT").unwrap_or_default()).unwrap_or(log::Format::Json);
    let level =
        log::level_from_name(&variable("LOG_LEVEL").unwrap_or_default()).unwrap_or(tracing::Level::INFO);
    let level = match &cli.command {
        Command::Run(flags) => flags.log_level().unwrap_or(level),
        _ => level,
    };
    let code = match cli.command {
        Command::Run(flags) => {
            log::start(format, level);
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(work(&flags, registry, born)),
                Err(_) => exit::INTERNAL,
            }
        }
        Command::Smoke(flags) => inspect::smoke(&flags, &registry),
        Command::Health(flags) => inspect::health(&flags),
        Command::Info(flags) => inspect::info(&flags),
    };
    ExitCode::from(code)
}

/// The configuration of this process.
pub(crate) fn configure(flags: &Flags, needs_redis: bool) -> Result<Config, Vec<String>> {
    let variable = |name: &str| std::env::var(name).ok();
    let given = flags.config.clone().or_else(|| variable("WORKER_CONFIG").map(Into::into));
    let path = given.clone().unwrap_or_else(|| "worker.toml".into());
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if given.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(vec![format!("{name} cannot be read: {error}")]),
    };
    let file = text.as_deref().map(|text| (name.as_str(), text));
    config::load(flags, &Environment { variable: &variable, file, hostname: &birth::hostname(), needs_redis })
}

async fn work(flags: &Flags, registry: Registry, born: Instant) -> u8 {
    let Ok(mut signals) = Signals::new() else { return exit::INTERNAL };
    let prepared = tokio::select! {
        biased;
        prepared = prepare(flags, registry, born) => prepared,
        name = signals.next() => {
            tracing::info!("{name} during start-up: stopped");
            return 0;
        }
    };
    match prepared {
        Ok((shared, orders, about)) => loops(shared, orders, about, signals).await,
        Err(code) => code,
    }
}

type Orders = Vec<tokio::sync::mpsc::UnboundedReceiver<crate::executor::Order>>;

async fn prepare(
    flags: &Flags,
    registry: Registry,
    born: Instant,
) -> Result<(Arc<Shared>, Orders, About), u8> {
    let config = load(flags)?;
    let limits = Limits::new(config.memory, config.concurrency, memory::container_limit());
    let vitals = Arc::new(Vitals::new(config.health.clone(), limits, config.concurrency, born));
    serve(&config, &vitals)?;
    tokio::spawn(sample::pulse(Arc::clone(&vitals)));
    let Some(server) = config.server.clone() else { return Err(exit::CONFIGURATION) };
    let link = Arc::new(Link::new(server, config.name.clone(), config.connect_timeout, Arc::clone(&vitals)));
    let about = connect(&config, &link, &vitals).await?;
    tokio::spawn(Arc::clone(&link).keep());
    let (shared, orders) = share(config, registry, link, vitals);
    open_queues(&shared, &about).await?;
    let stage = Stage::Schedule.begin(Some(&shared.vitals));
    while let Err(fault) = cron::register(&shared).await {
        wait_out(&fault).await;
    }
    stage.done(&format!("{} schedules", shared.config.schedules.len()));
    Ok((shared, orders, about))
}

fn load(flags: &Flags) -> Result<Arc<Config>, u8> {
    let stage = Stage::Config.begin(None);
    match configure(flags, true) {
        Ok(config) => {
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            if let Some(path) = &flags.pid
                && let Err(error) = std::fs::write(path, std::process::id().to_string())
            {
                tracing::warn!("the process id cannot be written to {}: {error}", path.display());
            }
            let (queues, slots) = (config.queues.join(","), config.concurrency);
            stage.done(&format!("worker {}, queues {queues}, {slots} at a time", config.name));
            Ok(Arc::new(config))
        }
        Err(problems) => {
            for problem in &problems {
                tracing::error!(stage = 1, "configuration: {problem}");
            }
            stage.failed(
                &format!("{} configuration problems: {}", problems.len(), problems.join("; ")),
                "Correct them and deploy again",
            );
            Err(exit::CONFIGURATION)
        }
    }
}

fn serve(config: &Config, vitals: &Arc<Vitals>) -> Result<(), u8> {
    let stage = Stage::Health.begin(Some(vitals));
    let port = config.health.port;
    match health::start(port, Arc::clone(vitals)) {
        Ok(()) => {
            stage.done(&format!("/health /live /ready /metrics on [::]:{port}"));
            Ok(())
        }
        Err(error) => {
            stage.failed(&format!("port {port} cannot be bound: {error}"), "Free the port or set PORT");
            Err(exit::PORT)
        }
    }
}

async fn connect(config: &Config, link: &Link, vitals: &Vitals) -> Result<About, u8> {
    let stage = Stage::Redis.begin(Some(vitals));
    let attempts = config.retries.attempts();
    let budget = config.retries.budget().as_secs();
    let mut delays = config.retries.delays.iter();
    for attempt in 1.. {
        tracing::info!(stage = 3, attempt, "{} (attempt {attempt}/{attempts})...", Stage::Redis);
        let fault = match link.connect().await {
            Ok(about) => {
                stage.done(&format!("Redis {} at {}", about.version, link.address()));
                return Ok(about);
            }
            Err(fault) => fault,
        };
        let Some(delay) = delays.next() else {
            let cause = format!(
                "Redis at {} did not answer in {attempts} attempts over {budget} s; last: {fault}",
                link.address()
            );
            stage.failed(&cause, fault.kind.next_action());
            return Err(exit::NO_REDIS);
        };
        let (seconds, of) = (delay.as_secs_f64(), attempts - 1);
        tracing::warn!(stage = 3, attempt, error = %fault, next_action = fault.kind.next_action(),
            "[STAGE 3/6] Redis at {}: {}; retry {attempt}/{of} in {seconds} s", link.address(), fault.kind.word());
        tokio::time::sleep(*delay).await;
    }
    Err(exit::NO_REDIS)
}

fn share(
    config: Arc<Config>,
    registry: Registry,
    link: Arc<Link>,
    vitals: Arc<Vitals>,
) -> (Arc<Shared>, Orders) {
    let (slots, orders) = (0..config.concurrency).map(|index| Slot::new(config.worker_name(index))).unzip();
    (Arc::new(Shared::new(config, registry, link, vitals, slots)), orders)
}

/// Redis answered once; from here on every fault is waited out.
async fn wait_out(fault: &Fault) {
    tracing::warn!(error = %fault, next_action = fault.kind.next_action(), "Redis: {}; trying again", fault.kind.word());
    tokio::time::sleep(Duration::from_millis(500)).await;
}

async fn open_queues(shared: &Shared, about: &About) -> Result<(), u8> {
    let stage = Stage::Queue.begin(Some(&shared.vitals));
    if about.eviction.starts_with("allkeys") {
        tracing::warn!(
            next_action = "set maxmemory-policy to noeviction",
            "Redis evicts keys under memory pressure ({}); jobs can vanish",
            about.eviction
        );
    }
    if !about.can_block() {
        tracing::warn!("Redis {} has no BLMOVE; queues are polled", about.version);
    }
    loop {
        match birth::name_is_taken(shared).await {
            Ok(false) => break,
            Ok(true) => {
                stage.failed(
                    &format!("a worker named {} lives already", shared.config.name),
                    "Leave WORKER_NAME out: each replica then has a name of its own",
                );
                return Err(exit::CONFIGURATION);
            }
            Err(fault) => wait_out(&fault).await,
        }
    }
    // Before birth: a predecessor of the same name is told by its old entry.
    let rescued = rescue::at_start(shared).await;
    while let Err(fault) = birth::register(shared, about).await {
        wait_out(&fault).await;
    }
    stage
        .done(&format!("{} queues, {rescued} jobs taken back from dead workers", shared.config.queues.len()));
    Ok(())
}

async fn loops(shared: Arc<Shared>, orders: Orders, about: About, signals: Signals) -> u8 {
    let stage = Stage::Work.begin(Some(&shared.vitals));
    let config = Arc::clone(&shared.config);
    if config.burst && config.scheduler {
        let mut scheduler = Scheduler::new(Arc::clone(&shared));
        scheduler.tick().await;
        scheduler.resign().await;
    }
    let mut slots = JoinSet::new();
    for (index, orders) in orders.into_iter().enumerate() {
        slots.spawn(Loop::new(Arc::clone(&shared), index, orders).work());
    }
    for queue in &config.queues {
        tokio::spawn(doorbell::watch(Arc::clone(&shared), queue.clone(), about.can_block()));
    }
    let callbacks = config.python.clone().map(|python| {
        PythonSlot::new(Arc::clone(&config), python, Arc::clone(&shared.vitals), config.name.clone(), 0)
    });
    tokio::spawn(heartbeat::beat(Arc::clone(&shared), about.address.clone()));
    tokio::spawn(rescue::watch(Arc::clone(&shared), callbacks));
    tokio::spawn(commands::listen(Arc::clone(&shared)));
    tokio::spawn(sample::keep(Arc::clone(&shared)));
    tokio::spawn(shutdown::obey(Arc::clone(&shared), signals));
    let mut keepers = JoinSet::new();
    if config.scheduler && !config.burst {
        keepers.spawn(Scheduler::new(Arc::clone(&shared)).keep());
    }
    keepers.spawn(cron::keep(Arc::clone(&shared)));
    stage.done(&format!("taking jobs from {}", config.queues.join(", ")));
    let mut code = 0;
    while let Some(ended) = slots.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, next_action = "the platform restarts the worker", "a slot ended by itself");
            code = exit::INTERNAL;
            shared.drain();
        }
    }
    shared.drain();
    let goodbye = async {
        while keepers.join_next().await.is_some() {}
        if shared.link.is_up() {
            birth::unregister(&shared).await;
        }
    };
    shutdown::goodbye(goodbye).await;
    tracing::info!(jobs = shared.vitals.jobs(), "stopped");
    if shared.is_broken() { exit::INTERNAL } else { code }
}
