//! Writes plain values as a pickle, so that a schedule can name any Python function. Nothing is ever read.

use serde_json::Value;

/// RQ's call tuple `(function, None, args, kwargs)`, protocol 4.
pub(crate) fn call(function: &str, args: &[Value], kwargs: &serde_json::Map<String, Value>) -> Vec<u8> {
    let mut out = vec![0x80, 4, b'('];
    text(&mut out, function);
    out.push(b'N');
    out.push(b'(');
    for arg in args {
        value(&mut out, arg);
    }
    out.push(b't');
    table(&mut out, kwargs);
    out.extend([b't', b'.']);
    out
}

fn value(out: &mut Vec<u8>, v: &Value) {
    match v {
        Value::Null => out.push(b'N'),
        Value::Bool(true) => out.push(0x88),
        Value::Bool(false) => out.push(0x89),
        Value::Number(number) => {
            if let Some(integer) = number.as_i64() {
                // Eight bytes, little-endian, two's complement.
                out.extend([0x8a, 8]);
                out.extend(integer.to_le_bytes());
            } else {
                out.push(b'G');
                out.extend(number.as_f64().unwrap_or(f64::NAN).to_be_bytes());
            }
        }
        Value::String(string) => text(out, string),
        Value::Array(list) => {
            out.extend([b']', b'(']);
            for item in list {
                value(out, item);
            }
            out.push(b'e');
        }
        Value::Object(map) => table(out, map),
    }
}

fn table(out: &mut Vec<u8>, map: &serde_json::Map<String, Value>) {
    out.extend([b'}', b'(']);
    for (key, item) in map {
        text(out, key);
        value(out, item);
    }
    out.push(b'u');
}

fn text(out: &mut Vec<u8>, string: &str) {
    out.push(b'X');
    out.extend(u32::try_from(string.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(string.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    #[test]
    fn python_reads_what_was_written() {
        let args = serde_json::json!([1, -2, 3_000_000_000_i64, 1.5, true, false, null, "ü", [1, [2]], {"a": {"b": 1}}]);
        let kwargs = serde_json::json!({"k": "v", "n": 0});
        let pickled = call("m.f", args.as_array().unwrap(), kwargs.as_object().unwrap());
        let program = "import sys,pickle,json; print(json.dumps(pickle.loads(sys.stdin.buffer.read())))";
        let mut python = Command::new("python3")
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(&pickled).unwrap();
        let read: Value = serde_json::from_slice(&python.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(read, serde_json::json!(["m.f", null, args, kwargs]));
    }
}
