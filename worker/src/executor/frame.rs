//! The frames on the pipes of a child: a length, the length of a JSON header, the header, and bytes.

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Redis itself stores no more in one value.
const LARGEST: u32 = 512 * 1024 * 1024;

pub(super) async fn send(
    pipe: &mut (impl AsyncWrite + Unpin),
    header: &Value,
    blobs: &[&[u8]],
) -> std::io::Result<()> {
    let head = header.to_string().into_bytes();
    let total = head.len() + blobs.iter().map(|blob| blob.len()).sum::<usize>();
    let too_large = |_| std::io::Error::from(std::io::ErrorKind::FileTooLarge);
    let mut frame = Vec::with_capacity(total + 8);
    frame.extend_from_slice(&u32::try_from(total).map_err(too_large)?.to_be_bytes());
    frame.extend_from_slice(&u32::try_from(head.len()).map_err(too_large)?.to_be_bytes());
    frame.extend_from_slice(&head);
    for blob in blobs {
        frame.extend_from_slice(blob);
    }
    pipe.write_all(&frame).await
}

pub(super) async fn receive(pipe: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(Value, Vec<u8>)> {
    let total = pipe.read_u32().await?;
    let head = pipe.read_u32().await?;
    if total > LARGEST || head > total {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    // The length is what the child says; memory is taken as bytes arrive.
    let mut body = Vec::with_capacity((total as usize).min(64 * 1024));
    let read = pipe.take(u64::from(total)).read_to_end(&mut body).await?;
    if read < total as usize {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let blob = body.split_off(head as usize);
    Ok((serde_json::from_slice(&body)?, blob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn a_frame_survives_the_pipe() {
        let mut pipe = Vec::new();
        send(&mut pipe, &json!({"op": "run"}), &[b"a", b"\x00b"]).await.unwrap();
        let (header, blob) = receive(&mut pipe.as_slice()).await.unwrap();
        assert_eq!((header["op"].as_str(), blob.as_slice()), (Some("run"), b"a\x00b".as_slice()));
    }

    #[tokio::test]
    async fn a_lying_length_is_an_error_and_not_an_allocation() {
        for frame in [
            &b"\xff\xff\xff\xff\x00\x00\x00\x02{}"[..],
            b"\x00\x00\x00\x02\x00\x00\x00\x09{}",
            b"\x00\x00\x00\x09\x00\x00\x00\x02{}",
        ] {
            assert!(receive(&mut &*frame).await.is_err());
        }
    }
}
