//! The Redis services of the environment, and where `REDIS_URL` leads.

use super::{Item, Standing, item};
use crate::live::Live;

pub(super) fn items(live: &Live) -> Vec<Item> {
    let Some(all) = &live.redis else {
        return vec![Item {
            remark: live.reason("redis"),
            ..item("Redis", "Redis service", Standing::Unknown, "")
        }];
    };
    let mut items = Vec::new();
    let url = live.redis_url.clone();
    if all.is_empty() && url.as_deref().is_some_and(|url| url.contains(".railway.internal")) {
        items.push(Item {
            remark: "the address is private, and no service of this environment answers to it".into(),
            ..item("Redis", "Redis service", Standing::Wrong, "none in this environment")
        });
    }
    for redis in all {
        let mut row = item(
            "Redis",
            redis.name.clone(),
            Standing::Right,
            redis.image.clone().unwrap_or_else(|| "a service".into()),
        );
        if redis.status.as_deref().is_some_and(|status| matches!(status, "FAILED" | "CRASHED" | "REMOVED")) {
            row.standing = Standing::Wrong;
            row.remark = format!("its latest deployment is {}", redis.status.as_deref().unwrap_or_default());
        }
        items.push(row);
        let mut volume = item(
            "Redis",
            format!("{} volume", redis.name),
            Standing::Right,
            redis.volume.clone().unwrap_or_else(|| "none".into()),
        );
        if redis.volume.is_none() {
            (volume.standing, volume.remark) = (Standing::Doubtful, "jobs are lost when it restarts".into());
        }
        items.push(volume);
        let shared = item(
            "Redis",
            format!("{} used by", redis.name),
            Standing::Shown,
            if redis.used_by.is_empty() { "nobody by reference".into() } else { redis.used_by.join(", ") },
        );
        items.push(shared);
    }
    if let Some(url) = url {
        let public = url.contains(".proxy.rlwy.net");
        let standing = if public { Standing::Doubtful } else { Standing::Shown };
        let remark = if public { "leaves through the public network; use the private address" } else { "" };
        items.push(Item { remark: remark.into(), ..item("Redis", "REDIS_URL", standing, url) });
    }
    items
}
