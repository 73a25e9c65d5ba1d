//! The Lua scripts: each is one atomic step, so that a job is in exactly one place at any moment.

use std::sync::LazyLock;

use redis::{FromRedisValue, RedisResult, Script};

use crate::timestamp;

macro_rules! script {
    ($name:ident, $what:literal, $($part:literal),+) => {
        #[doc = $what]
        pub static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("lua/rq.lua") $(, "\n", include_str!($part))+)));
    };
}

script!(CLAIM, "Takes the next job.", "lua/claim.lua", "lua/claim_main.lua");
script!(FINISH, "Writes an end and takes the next job.", "lua/claim.lua", "lua/finish_main.lua");
script!(BEAT, "Renews leases.", "lua/beat.lua");
script!(RESCUE, "Takes a job back from a dead worker.", "lua/rescue.lua");
script!(SUSPECTS, "Who holds which job.", "lua/suspects.lua");
script!(SWEEP, "Upkeep of the registries.", "lua/sweep.lua");
script!(DUE, "Moves scheduled jobs.", "lua/due.lua");
script!(RESIGN, "Gives up scheduler locks.", "lua/resign.lua");
script!(TICK, "Enqueues a run of a schedule.", "lua/tick.lua");
script!(BIRTH, "Registers a worker.", "lua/birth.lua");
script!(DEATH, "Unregisters a worker.", "lua/death.lua");

/// A script with its arguments.
pub struct Invocation {
    script: &'static Script,
    arguments: Vec<Vec<u8>>,
}

impl Invocation {
    /// With what every script gets first: prefix and time.
    pub fn new(script: &'static LazyLock<Script>, prefix: &str) -> Self {
        let now = timestamp::now();
        Self { script, arguments: Vec::new() }.arg(prefix).arg(now.text()).arg(now.seconds())
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.arguments.push(argument.as_ref().to_vec());
        self
    }

    /// One more argument, a number.
    #[must_use]
    pub fn number(self, number: impl std::fmt::Display) -> Self {
        self.arg(number.to_string())
    }

    /// Several more.
    #[must_use]
    pub fn args<A: AsRef<[u8]>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Sends it; a server that lost its scripts gets this one again.
    ///
    /// # Errors
    /// What Redis or the connection says.
    pub async fn on<T: FromRedisValue>(
        &self,
        connection: &mut redis::aio::MultiplexedConnection,
    ) -> RedisResult<T> {
        let mut invocation = self.script.prepare_invoke();
        for argument in &self.arguments {
            invocation.arg(argument.as_slice());
        }
        invocation.invoke_async(connection).await
    }
}
