//! What the tasks of one process share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use crate::config::Config;
use crate::doorbell::Doorbell;
use crate::executor::{Order, Registry};
use crate::health::Vitals;
use crate::slot::Chatter;
use crate::store::{Job, Link};

/// What the process is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Take jobs.
    Working,
    /// Take no more; finish what is held.
    Draining,
}

/// The run of a job, as heartbeats and commands see it.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) job: String,
    pub(crate) execution: String,
    pub(crate) origin: String,
    pub(crate) timeout: i64,
    pub(crate) since: Instant,
}

/// One slot from outside.
pub(crate) struct Slot {
    /// Its RQ worker name.
    pub(crate) worker: String,
    current: Mutex<Option<Current>>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Slot {
    pub(crate) fn new(worker: String) -> (Self, mpsc::UnboundedReceiver<Order>) {
        let (orders, receiver) = mpsc::unbounded_channel();
        (Self { worker, current: Mutex::new(None), orders }, receiver)
    }

    pub(crate) fn current(&self) -> Option<Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn hold(&self, job: &Job) {
        let current = Current {
            job: job.id.clone(),
            execution: job.execution.clone(),
            origin: job.origin().to_owned(),
            timeout: job.timeout(crate::DEFAULT_TIMEOUT),
            since: Instant::now(),
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }

    pub(crate) fn let_go(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Orders the slot about the run it has now; an order never reaches the next one.
    pub(crate) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// Everything.
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) registry: Registry,
    pub(crate) link: Arc<Link>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) doorbell: Doorbell,
    /// Set once nothing is waited for any more, not even for Redis to record an end.
    pub(crate) give_up: watch::Sender<bool>,
    pub(crate) chatter: Chatter,
    taken: AtomicU64,
    broken: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        config: Arc<Config>,
        registry: Registry,
        link: Arc<Link>,
        vitals: Arc<Vitals>,
        slots: Vec<Slot>,
    ) -> Self {
        Self {
            config,
            registry,
            link,
            vitals,
            slots,
            phase: watch::Sender::new(Phase::Working),
            doorbell: Doorbell::default(),
            give_up: watch::Sender::new(false),
            chatter: Chatter::default(),
            taken: AtomicU64::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Ends a process that cannot do what it was started for.
    pub(crate) fn break_off(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.drain();
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Jobs begun by this process.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(crate) fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns once waiting is over.
    pub(crate) async fn given_up(&self) {
        let _ = self.give_up.subscribe().wait_for(|over| *over).await;
    }

    pub(crate) fn draining(&self) -> bool {
        *self.phase.borrow() == Phase::Draining
    }

    /// Returns once the process drains.
    pub(crate) async fn until_draining(&self) {
        let _ = self.phase.subscribe().wait_for(|phase| *phase == Phase::Draining).await;
    }

    pub(crate) fn drain(&self) {
        self.vitals.drain();
        self.phase.send_replace(Phase::Draining);
    }

    pub(crate) fn busy(&self) -> usize {
        self.slots.iter().filter(|slot| slot.current().is_some()).count()
    }
}
