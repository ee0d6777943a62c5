use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::activity::Activity;

/// A connection that fails when a write has waited too long without a single byte going out.
///
/// A client that asks and never reads would otherwise hold its connection, and what is ready to be sent on it, for ever. One
/// with nothing to be told may be silent here: only a write that waits counts.
#[derive(Debug)]
pub(crate) struct Progress<S> {
    stream: S,
    activity: Arc<Activity>,
    patience: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Progress<S> {
    pub(crate) fn new(stream: S, patience: Duration, activity: Arc<Activity>) -> Self {
        Self { stream, activity, patience, waiting: None }
    }

    /// Passes on what the stream says about a write, and loses patience where it has said nothing for too long.
    fn judge<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its replies")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Progress<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Progress<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.hear();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc, time::Duration};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::{Instant, sleep},
    };

    use super::Progress;
    use crate::{PerAddress, activity::Activity, places::Places};

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn activity() -> Arc<Activity> {
        let mut places = Places::new(1, PerAddress::UNBOUNDED);
        let free = places.free().await.unwrap();
        Activity::new(places.give(free, ([192, 0, 2, 1], 4711).into()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_reads_nothing_is_given_up_on() {
        let (ours, _theirs) = duplex(16);
        let (began, mut ours) = (Instant::now(), Progress::new(ours, PATIENCE, activity().await));

        let error = ours.write_all(&[0; 64]).await.unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_waited_for_while_bytes_go_out() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Progress::new(ours, PATIENCE, activity().await);
        let reader = tokio::spawn(async move {
            let mut read = 0;
            while read < 64 {
                sleep(PATIENCE * 9 / 10).await;
                read += theirs.read(&mut [0; 16]).await.unwrap();
            }
        });

        ours.write_all(&[0; 64]).await.unwrap();

        reader.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_between_two_writes_is_no_waiting() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Progress::new(ours, PATIENCE, activity().await);

        for _ in 0..3 {
            ours.write_all(b"heartbeat").await.unwrap();
            sleep(PATIENCE * 2).await;
            theirs.read_exact(&mut [0; 9]).await.unwrap();
        }
    }
}
