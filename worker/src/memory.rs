//! How much memory there is and who uses it: the cgroup's limit, the container's use, a child's resident set.

use std::fs;
use std::path::Path;

use crate::config;

/// Limits in bytes; none when nothing limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of the container.
    pub container: Option<u64>,
    /// Of one child: replaced after its job.
    pub soft: Option<u64>,
    /// Of one child: its job is failed.
    pub hard: Option<u64>,
}

const MEGABYTE: u64 = 1024 * 1024;

impl Limits {
    /// What was configured, else shares of the container's limit, divided among the slots.
    pub fn new(settings: config::Memory, slots: usize, container: Option<u64>) -> Self {
        let slots = u64::try_from(slots).unwrap_or(1).max(1);
        let share = |percent: u64| container.map(|limit| limit / 100 * percent / slots);
        let or = |megabytes: u64, share| if megabytes > 0 { Some(megabytes * MEGABYTE) } else { share };
        let hard = or(settings.hard_mb, share(90));
        let soft = or(settings.soft_mb, share(75));
        Self { container, soft: soft.map(|soft| hard.map_or(soft, |hard| soft.min(hard))), hard }
    }
}

/// The limit of this container, from cgroup v2 or v1.
pub fn container_limit() -> Option<u64> {
    let physical = physical();
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|path| number(Path::new(path)))
        // Version 1 writes a huge number for "no limit".
        .filter(|limit| physical.is_none_or(|physical| *limit < physical))
}

/// Memory the container uses; without a limit, what this process uses.
pub fn used() -> u64 {
    let current = ["/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes"]
        .iter()
        .find_map(|path| number(Path::new(path)));
    // The kernel gives this part of the page cache back before it kills anyone.
    let cache = fs::read_to_string("/sys/fs/cgroup/memory.stat").unwrap_or_default();
    let cache = cache
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))
        .and_then(|n| n.trim().parse().ok());
    match current {
        Some(current) => current.saturating_sub(cache.unwrap_or(0)),
        None => resident(std::process::id()).unwrap_or(0),
    }
}

/// How often the kernel has killed a process of this container for memory.
pub fn kernel_kills() -> u64 {
    let events = fs::read_to_string("/sys/fs/cgroup/memory.events").unwrap_or_default();
    events
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "))
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

/// Resident bytes of a process.
pub fn resident(pid: u32) -> Option<u64> {
    kilobytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:")
}

fn physical() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// The bytes of a line `VmRSS:   1234 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIGABYTE: u64 = 1024 * MEGABYTE;

    #[test]
    fn limits_come_from_the_container_and_are_shared_by_the_slots() {
        let none = config::Memory { soft_mb: 0, hard_mb: 0 };
        let limits = Limits::new(none, 2, Some(2 * GIGABYTE));
        assert_eq!(limits.hard.map(|bytes| bytes / MEGABYTE), Some(921));
        assert_eq!(limits.soft.map(|bytes| bytes / MEGABYTE), Some(767));
        assert_eq!(Limits::new(none, 1, None), Limits::default());
    }

    #[test]
    fn what_was_configured_wins_and_soft_is_never_above_hard() {
        let limits = Limits::new(config::Memory { soft_mb: 0, hard_mb: 100 }, 1, Some(GIGABYTE));
        assert_eq!((limits.soft, limits.hard), (Some(100 * MEGABYTE), Some(100 * MEGABYTE)));
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(resident(std::process::id()).unwrap() > MEGABYTE / 2);
    }
}
