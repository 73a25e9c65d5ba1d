//! Reads what the claim and finish scripts answer.

use redis::Value;

use crate::store::Job;

/// What a claim brought.
pub(super) enum Claimed {
    /// A job, started and ours.
    Job(Job),
    /// The queues are empty.
    Nothing,
    /// Workers are told to pause.
    Suspended,
}

/// `{'job', queue, id, execution, hash}`, `{'empty'}`, `{'suspended'}` or `{'none'}`.
pub(super) fn claimed(answer: Value) -> Claimed {
    let Value::Array(parts) = answer else { return Claimed::Nothing };
    let mut parts = parts.into_iter();
    match text(parts.next()).as_str() {
        "suspended" => Claimed::Suspended,
        "job" => {
            let (queue, id, execution) = (text(parts.next()), text(parts.next()), text(parts.next()));
            Claimed::Job(Job { id, queue, execution, hash: pairs(parts.next()) })
        }
        _ => Claimed::Nothing,
    }
}

/// `{word, claim}`.
pub(super) fn finished(answer: Value) -> (String, Claimed) {
    let Value::Array(parts) = answer else { return ("unrecorded".to_owned(), Claimed::Nothing) };
    let mut parts = parts.into_iter();
    (text(parts.next()), parts.next().map_or(Claimed::Nothing, claimed))
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::BulkString(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Some(Value::SimpleString(text)) => text,
        _ => String::new(),
    }
}

fn pairs(value: Option<Value>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let Some(Value::Array(flat)) = value else { return Vec::new() };
    let mut bytes = flat.into_iter().map(|value| match value {
        Value::BulkString(bytes) => bytes,
        _ => Vec::new(),
    });
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (bytes.next(), bytes.next()) {
        pairs.push((name, value));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_job_is_read_with_every_field() {
        let hash = Value::Array(vec![bulk("origin"), bulk("q"), bulk("a field of the future"), bulk("kept")]);
        let answer = Value::Array(vec![
            bulk("finished"),
            Value::Array(vec![bulk("job"), bulk("q"), bulk("id"), bulk("ab"), hash]),
        ]);
        let (word, Claimed::Job(job)) = finished(answer) else { panic!() };
        assert_eq!((word.as_str(), job.text("a field of the future")), ("finished", Some("kept")));
    }
}
