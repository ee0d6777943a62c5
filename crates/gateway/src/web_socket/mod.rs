//! WebSockets: once the service has agreed, bytes are passed on as they come, until one side ends it, or the session does.

mod frames;

use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::timeout;

use crate::session_end::SessionEnd;
use crate::stop::Stop;
use crate::target::InFlight;
use frames::Frames;

/// How long one side may take to follow when the other has ended.
const FAREWELL: Duration = Duration::from_secs(5);

/// A WebSocket between a client and a service.
pub(crate) struct Tunnel {
    pub(crate) client: OnUpgrade,
    pub(crate) service: OnUpgrade,
    /// Nobody's session, where the route is for everybody.
    pub(crate) session: Option<SessionEnd>,
    pub(crate) stop: Stop,
    pub(crate) in_flight: InFlight,
}

/// Why we end it, as a close code says it (RFC 6455 §7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// 3000, "unauthorized" at IANA: the browser client refreshes and comes back.
    SessionEnded,
    /// 1001.
    GoingAway,
}

impl Tunnel {
    /// Passes bytes on until it is over.
    pub(crate) async fn run(self) {
        let Self { client, service, session, mut stop, in_flight } = self;
        let Ok((client, service)) = tokio::try_join!(client, service) else {
            tracing::debug!("a WebSocket ended before it began");
            return;
        };
        let over = async {
            tokio::select! {
                () = SessionEnd::wait(session) => Close::SessionEnded,
                () = stop.stopped() => Close::GoingAway,
            }
        };
        pass(TokioIo::new(client), TokioIo::new(service), over).await;
        drop(in_flight);
    }
}

async fn pass(client: TokioIo<Upgraded>, service: TokioIo<Upgraded>, over: impl Future<Output = Close>) {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_service, mut to_service) = split(service);
    let mut down = Down { frames: Frames::default(), is_writing: false };
    let close = {
        let up = async {
            // Which side broke off matters to nobody: it is over.
            let _ = tokio::io::copy(&mut from_client, &mut to_service).await;
            let _ = to_service.shutdown().await;
        };
        let down = async {
            let _ = down.copy(&mut from_service, &mut to_client).await;
            let _ = to_client.shutdown().await;
        };
        tokio::pin!(up, down);
        tokio::select! {
            close = over => Some(close),
            () = &mut up => { let _ = timeout(FAREWELL, down).await; None }
            () = &mut down => { let _ = timeout(FAREWELL, up).await; None }
        }
    };
    // In the middle of a frame there is nothing that could be said.
    if let Some(close) = close
        && down.is_between_frames()
    {
        let _ = timeout(FAREWELL, to_client.write_all(&close.frame())).await;
        let _ = timeout(FAREWELL, to_client.shutdown()).await;
    }
}

/// What the client is sent, and where in it we are.
struct Down {
    frames: Frames,
    is_writing: bool,
}

impl Down {
    async fn copy(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let read = from.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            // Were this dropped now, nobody could say how much of it has gone out.
            self.is_writing = true;
            to.write_all(&buffer[..read]).await?;
            to.flush().await?;
            self.frames.pass(&buffer[..read]);
            self.is_writing = false;
        }
    }

    fn is_between_frames(&self) -> bool {
        !self.is_writing && self.frames.is_between()
    }
}

impl Close {
    fn frame(self) -> Vec<u8> {
        let (code, reason): (u16, &str) = match self {
            Self::SessionEnded => (3000, "the session has ended, or its token has expired"),
            Self::GoingAway => (1001, "the gateway is stopping"),
        };
        // FIN and the opcode of a close; a server's frames are not masked. The length is far below 126.
        let mut frame = vec![0x88, u8::try_from(2 + reason.len()).unwrap_or(2)];
        frame.extend_from_slice(&code.to_be_bytes());
        frame.extend_from_slice(reason.as_bytes());
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::{Close, Frames};

    #[test]
    fn what_we_say_at_the_end_is_one_frame() {
        for close in [Close::SessionEnded, Close::GoingAway] {
            let frame = close.frame();
            let mut frames = Frames::default();

            frames.pass(&frame);

            assert!(frames.is_between() && frame.len() <= 127, "{close:?}");
        }
    }
}
