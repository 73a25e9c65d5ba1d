//! What Redis alone costs: claims and finishes jobs of the queue `default` with the worker's own scripts and does
//! nothing in between. The benchmark measures the worker against this. Runs until it is killed; reads `REDIS_URL`.

use redis::Value;
use worker::store::scripts::{CLAIM, FINISH, Invocation};

type Held = Option<(String, String)>;

/// Job and execution of `{'job', queue, id, execution, hash}`.
fn held(claim: &Value) -> Held {
    let Value::Array(parts) = claim else { return None };
    let text = |index: usize| redis::from_redis_value::<String>(parts.get(index)?.clone()).ok();
    (text(0)? == "job").then(|| Some((text(2)?, text(3)?)))?
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> redis::RedisResult<()> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/0".to_owned());
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let mut job: Held = None;
    for number in 0_u64.. {
        let next = format!("{number:032x}");
        let Some((id, execution)) = &job else {
            let claim = Invocation::new(&CLAIM, "rq").args(["bare", &next, "30", "default"]);
            job = held(&claim.on(&mut connection).await?);
            if job.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            continue;
        };
        let finish = Invocation::new(&FINISH, "rq")
            .args([
                "bare", execution, "30", id, "default", "finished", "0.000001", "500", "", &next, "1",
                "default",
            ])
            .args(["type", "1", "worker_name", "bare", "execution_id", execution])
            .args(["execution_started_at", "1.000001", "execution_ended_at", "1.000002"]);
        let answer: Value = finish.on(&mut connection).await?;
        job = match &answer {
            Value::Array(parts) => parts.get(1).and_then(held),
            _ => None,
        };
    }
    Ok(())
}
