//! A job as its hash has it. Fields that are not known here are kept and passed on.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::config::Serializer;

/// A job that was claimed.
#[derive(Debug, Clone)]
pub struct Job {
    /// Id.
    pub id: String,
    /// The queue it was taken from.
    pub queue: String,
    /// Id of this run.
    pub execution: String,
    /// Every field, in order.
    pub hash: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Most bytes a job's data may have once unpacked: a bomb costs one job, not the worker.
const LARGEST_DATA: u64 = 256 * 1024 * 1024;

impl Job {
    fn raw(&self, field: &str) -> Option<&[u8]> {
        let value =
            self.hash.iter().find(|(name, _)| name == field.as_bytes()).map(|(_, value)| value.as_slice());
        value.filter(|value| !value.is_empty())
    }

    /// A field as text; absent and empty are the same.
    pub fn text(&self, field: &str) -> Option<&str> {
        std::str::from_utf8(self.raw(field)?).ok()
    }

    /// A field as a number.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.text(field)?.parse().ok()
    }

    /// Where its registries are; nearly always the queue it came from.
    pub fn origin(&self) -> &str {
        self.text("origin").unwrap_or(&self.queue)
    }

    /// Seconds it may run; a negative number means no limit.
    pub fn timeout(&self, default: i64) -> i64 {
        self.number("timeout").filter(|timeout| *timeout != 0).unwrap_or(default)
    }

    /// `module.function(arguments)` or what the producer wrote.
    pub fn description(&self) -> &str {
        self.text("description").unwrap_or("")
    }

    /// Call data, unpacked.
    pub fn data(&self) -> Vec<u8> {
        let packed = self.raw("data").unwrap_or_default();
        let mut data = Vec::new();
        match ZlibDecoder::new(packed).take(LARGEST_DATA).read_to_end(&mut data) {
            Ok(_) => data,
            Err(_) => packed.to_vec(),
        }
    }

    /// `pickle`, `json` or a dotted path: what reads the data of this job.
    pub fn serializer(&self, configured: &Serializer) -> String {
        match configured {
            Serializer::Named(name) => name.clone(),
            // A pickle of protocol 2 or later begins with 0x80; JSON never does.
            Serializer::Auto => if self.data().first() == Some(&b'[') { "json" } else { "pickle" }.to_owned(),
        }
    }

    /// What a native handler needs, when the data is JSON.
    pub fn call(&self) -> Option<crate::executor::Call> {
        let value: serde_json::Value = serde_json::from_slice(&self.data()).ok()?;
        let mut parts = match value {
            serde_json::Value::Array(parts) if parts.len() == 4 => parts.into_iter(),
            _ => return None,
        };
        let (function, instance) = (parts.next()?, parts.next()?);
        let (serde_json::Value::String(function), serde_json::Value::Null) = (function, instance) else {
            return None;
        };
        let (serde_json::Value::Array(args), serde_json::Value::Object(kwargs)) =
            (parts.next()?, parts.next()?)
        else {
            return None;
        };
        Some(crate::executor::Call {
            job_id: self.id.clone(),
            queue: self.queue.clone(),
            function,
            args,
            kwargs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn job(data: &[u8], more: &[(&str, &str)]) -> Job {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        let mut hash = vec![(b"data".to_vec(), encoder.finish().unwrap())];
        hash.extend(more.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())));
        Job { id: "j".into(), queue: "q".into(), execution: "e".into(), hash }
    }

    #[test]
    fn json_calls_are_read_and_anything_else_is_not() {
        let call = job(br#"["m.f", null, [1], {"b": 3}]"#, &[]).call().unwrap();
        assert_eq!((call.function.as_str(), call.args.len()), ("m.f", 1));
        assert!(job(b"\x80\x05pickle", &[]).call().is_none());
        assert!(job(br#"["m.f", "instance", [], {}]"#, &[]).call().is_none());
    }

    #[test]
    fn the_bytes_tell_the_serializer() {
        assert_eq!(job(br#"["m.f", null, [], {}]"#, &[]).serializer(&Serializer::Auto), "json");
        assert_eq!(job(b"\x80\x05\x95", &[]).serializer(&Serializer::Auto), "pickle");
    }

    #[test]
    fn empty_and_missing_fields_are_the_same() {
        let job = job(b"x", &[("timeout", ""), ("origin", "")]);
        assert_eq!((job.timeout(180), job.origin()), (180, "q"));
    }
}
