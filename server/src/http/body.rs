//! Reads a body within its limits of size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::time;

/// What a request may carry.
pub const MOST_BYTES: usize = 1024 * 1024;
/// So far an oversized body is read on, so that its sender gets to see the answer.
const READ_ON_BYTES: usize = 4 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    TooLarge,
    TooSlow,
    /// The sender went away.
    CutOff,
}

/// # Errors
/// When it is too large, too slow or cut off.
pub async fn read(body: Body) -> Result<Bytes, BodyFault> {
    time::timeout(LONGEST, collect(body)).await.unwrap_or(Err(BodyFault::TooSlow))
}

async fn collect(mut body: Body) -> Result<Bytes, BodyFault> {
    let mut kept = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyFault::CutOff)?.into_data() else { continue };
        seen += data.len();
        if seen > READ_ON_BYTES {
            break;
        }
        if seen <= MOST_BYTES {
            kept.extend_from_slice(&data);
        }
    }
    if seen > MOST_BYTES { Err(BodyFault::TooLarge) } else { Ok(kept.freeze()) }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    async fn check(bytes: usize, expect: Result<usize, BodyFault>) {
        let chunks = vec![Bytes::from(vec![b'x'; 64 * 1024]); bytes / (64 * 1024)];
        let rest = Bytes::from(vec![b'x'; bytes % (64 * 1024)]);
        let all = chunks.into_iter().chain([rest]).map(Ok::<_, std::io::Error>);
        let read = read(Body::from_stream(stream::iter(all))).await;
        assert_eq!(read.map(|body| body.len()), expect, "{bytes} bytes");
    }

    #[tokio::test]
    async fn bodies_up_to_one_mebibyte_are_read() {
        check(0, Ok(0)).await;
        check(MOST_BYTES, Ok(MOST_BYTES)).await;
        check(MOST_BYTES + 1, Err(BodyFault::TooLarge)).await;
        check(READ_ON_BYTES + 70_000, Err(BodyFault::TooLarge)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn endless_bodies_are_given_up() {
        let silence = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(silence).await, Err(BodyFault::TooSlow));
    }
}
