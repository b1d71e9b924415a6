//! Reads a body within limits of size and time. Large ones come one at a time: each is held in memory as a whole.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// A body is there within this time.
const DEADLINE: Duration = Duration::from_secs(30);
/// Bodies up to this size come as they like. The longest memo fits in.
pub(super) const USUAL: usize = 8 * 1024 * 1024;
/// The largest: what the cloud takes in a bulk request \[D:bulk-operations.md\].
pub(super) const LARGEST: usize = 116 * 1024 * 1024;
/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    CutOff,
}

/// A body, and the room that a large one takes up until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// Reads a body of `most` bytes at most.
pub(super) async fn read<B>(body: B, most: usize, room: &Arc<Semaphore>) -> Result<Whole, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        pass_by(body).await;
        return Err(BodyError::TooLarge);
    }
    let (mut body, mut kept, mut taken) = (body, BytesMut::new(), None);
    let mut deadline = Instant::now() + DEADLINE;
    while let Some(data) = next(&mut body, deadline).await? {
        let size = kept.len() + data.len();
        if size > most {
            drop((kept, taken));
            pass_by(body).await;
            return Err(BodyError::TooLarge);
        }
        if size > USUAL && taken.is_none() {
            taken = Arc::clone(room).acquire_owned().await.ok();
            deadline = Instant::now() + DEADLINE;
        }
        kept.extend_from_slice(&data);
    }
    Ok(Whole { bytes: kept.freeze(), _room: taken })
}

/// Lets a body go by, so that its sender, who may write all of it before reading anything, gets to see the answer.
pub(super) async fn pass_by<B: Body<Data = Bytes> + Unpin>(mut body: B) {
    let deadline = Instant::now() + DEADLINE;
    let mut seen = 0;
    while let Ok(Some(data)) = next(&mut body, deadline).await {
        seen += data.len();
        if seen > LARGEST {
            return;
        }
    }
}

async fn next<B>(body: &mut B, deadline: Instant) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| BodyError::TooSlow)?;
        let Some(frame) = frame else { return Ok(None) };
        // Trailers say nothing here.
        if let Ok(data) = frame.map_err(|_| BodyError::CutOff)?.into_data() {
            return Ok(Some(data));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::body::Frame;

    use super::*;

    /// A sender that says nothing more.
    struct Silence;

    impl Body for Silence {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    fn body(bytes: usize) -> Full<Bytes> {
        Full::new(Bytes::from(vec![b'x'; bytes]))
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_their_size() {
        let room = Arc::new(Semaphore::new(1));
        for (bytes, expect) in [(0, Ok(0)), (10, Ok(10)), (11, Err(BodyError::TooLarge))] {
            let read = read(body(bytes), 10, &room).await.map(|whole| whole.bytes.len());
            assert_eq!(read, expect, "{bytes} bytes");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn endless_bodies_are_given_up() {
        let room = Arc::new(Semaphore::new(1));
        assert_eq!(read(Silence, 10, &room).await.unwrap_err(), BodyError::TooSlow);
        pass_by(Silence).await;
    }

    #[tokio::test]
    async fn large_bodies_come_one_at_a_time() {
        let room = Arc::new(Semaphore::new(1));
        let first = read(body(USUAL + 1), LARGEST, &room).await.unwrap();
        assert_eq!(room.available_permits(), 0);
        assert_eq!(read(body(USUAL), LARGEST, &room).await.unwrap().bytes.len(), USUAL);
        let second = tokio::time::timeout(Duration::from_millis(20), read(body(USUAL + 1), LARGEST, &room));
        assert!(second.await.is_err(), "two at a time");
        drop(first);
        assert!(read(body(USUAL + 1), LARGEST, &room).await.is_ok());
    }
}
