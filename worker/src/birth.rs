//! Registers this process as RQ workers, one a slot, and takes its leave.

use std::fs;

use nix::unistd::gethostname;

use crate::shared::Shared;
use crate::store::Fault;
use crate::store::link::About;
use crate::store::scripts::{BIRTH, CLAIM, DEATH, FINISH, Invocation};
use crate::timestamp;

/// Name of this machine.
pub(crate) fn hostname() -> String {
    gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "unknown".to_owned())
}

/// Identifies a process for as long as the machine is up: boot, pid namespace, pid, start time. Empty where `/proc` is
/// not Linux's.
pub(crate) fn process_identity(pid: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain spaces; after it come the state and, 19 fields later, the start time.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let started = fields.nth(18)?;
    Some(format!("{}/{}/{pid}/{started}", boot.trim(), namespace.display()))
}

/// The machine's part of an identity: whether this process can tell if that one lives.
pub(crate) fn same_machine(identity: &str) -> bool {
    let own = process_identity(std::process::id()).unwrap_or_default();
    let machine = |identity: &str| identity.rsplitn(3, '/').nth(2).map(str::to_owned);
    !identity.is_empty() && machine(identity) == machine(&own)
}

/// Registers every slot. A name that someone else lives under was settled before (see `start`), so ours wins.
pub(crate) async fn register(shared: &Shared, about: &About) -> Result<(), Fault> {
    for slot in &shared.slots {
        let _: i64 = shared.link.run(&birth(shared, &slot.worker, &about.address, true)).await?;
    }
    Ok(())
}

/// One slot's entry, also used to repair one that Redis lost.
pub(crate) fn birth(shared: &Shared, worker: &str, address: &str, take_over: bool) -> Invocation {
    let config = &shared.config;
    let now = timestamp::now().text();
    let python = config.python.as_ref().map_or("none", |python| &python.program);
    Invocation::new(&BIRTH, &config.prefix)
        .arg(worker)
        .number(config.worker_ttl + 60)
        .number(u8::from(take_over))
        .number(config.queues.len())
        .args(&config.queues)
        .args(["birth", &now, "last_heartbeat", &now, "queues", &config.queues.join(",")])
        .args(["pid", &std::process::id().to_string(), "hostname", &hostname(), "ip_address", address])
        .args(["version", concat!("preflight-", env!("CARGO_PKG_VERSION")), "python_version", python])
        .args(["state", "started", "client", &config.name])
        .args(["process", &process_identity(std::process::id()).unwrap_or_default()])
}

/// Whether someone lives under the name of a slot of this configuration.
pub(crate) async fn name_is_taken(shared: &Shared) -> Result<bool, Fault> {
    let live = shared.link.live().await;
    let key = format!("{}:worker:{}", shared.config.prefix, shared.config.name);
    let mut connection = live.connection.clone();
    let command = || redis::cmd("HMGET").arg(&key).arg("death").arg("process").arg("birth").to_owned();
    let (death, process, birth): (Option<String>, Option<String>, Option<String>) =
        command().query_async(&mut connection).await.map_err(|error| Fault::of(&error))?;
    if birth.is_none() || death.is_some() {
        return Ok(false);
    }
    let process = process.unwrap_or_default();
    let dead = same_machine(&process) && is_dead(&process);
    Ok(!dead)
}

/// Whether the process of an identity of this machine is gone.
pub(crate) fn is_dead(identity: &str) -> bool {
    let pid = identity.rsplit('/').nth(1).and_then(|pid| pid.parse().ok());
    pid.is_none_or(|pid| process_identity(pid).as_deref() != Some(identity))
}

/// Hands back what a lost answer may have left with a slot, and unregisters it.
pub(crate) async fn unregister(shared: &Shared) {
    for slot in &shared.slots {
        let config = &shared.config;
        let leftover = Invocation::new(&CLAIM, &config.prefix)
            .arg(&slot.worker)
            .arg("0")
            .number(config.monitoring_interval);
        if let Ok(redis::Value::Array(parts)) = shared.link.run(&leftover).await
            && let [_, queue, id, execution, _] = parts.as_slice()
        {
            let text =
                |value: &redis::Value| redis::from_redis_value::<String>(value.clone()).unwrap_or_default();
            let back = Invocation::new(&FINISH, &config.prefix).args([
                slot.worker.as_str(),
                &text(execution),
                "30",
                &text(id),
                &text(queue),
                "released",
                "0",
                "500",
                "",
                "",
                "0",
            ]);
            let _: Result<redis::Value, _> = shared.link.run(&back).await;
        }
        let death = Invocation::new(&DEATH, &config.prefix).arg(&slot.worker).args(&config.queues);
        let _: Result<i64, _> = shared.link.run(&death).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself_and_that_another_is_gone() {
        let own = process_identity(std::process::id()).unwrap();
        assert!(same_machine(&own) && !is_dead(&own));
        let mut parts: Vec<&str> = own.rsplitn(2, '/').collect();
        parts[0] = "1";
        let reborn = format!("{}/{}", parts[1], parts[0]);
        assert!(
            same_machine(&reborn) && is_dead(&reborn),
            "the same pid with another start time is another process"
        );
        assert!(!same_machine("other-boot/pid:[1]/1/2") && !same_machine(""));
    }
}
