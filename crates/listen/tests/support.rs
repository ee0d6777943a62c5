use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use handstamp_listen::{Limits, Listener, Peer, serve};
use http::{Request, Response, StatusCode, header};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

/// A server on loopback.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(limits: Limits, listener: impl FnOnce(TcpListener) -> Listener) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            stopped.await.ok();
        };
        let task = tokio::spawn(serve(vec![listener(tcp)], limits, service_fn(answer), stopped));
        Self { address, stop, task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// A body that comes in parts.
#[derive(Default)]
pub(crate) struct Parts(VecDeque<Bytes>);

impl From<String> for Parts {
    fn from(text: String) -> Self {
        Self(VecDeque::from([Bytes::from(text)]))
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|part| part.len() as u64).sum())
    }
}

/// Says the version and the peer of a request; echoes in capitals what comes over an upgraded connection.
pub(crate) async fn answer(request: Request<Incoming>) -> Result<Response<Parts>, Infallible> {
    let mut reply = Response::new(Parts::default());
    if request.headers().contains_key(header::UPGRADE) {
        *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        reply.headers_mut().insert(header::CONNECTION, "upgrade".parse().unwrap());
        reply.headers_mut().insert(header::UPGRADE, "capitals".parse().unwrap());
        tokio::spawn(async {
            let mut stream = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            let mut text = [0; 64];
            while let Ok(read @ 1..) = stream.read(&mut text).await {
                stream.write_all(&text[..read].to_ascii_uppercase()).await.unwrap();
            }
        });
        return Ok(reply);
    }
    if request.uri().path() == LONG {
        *reply.body_mut() = Parts(VecDeque::from(vec![Bytes::from_static(&[b'x'; 1024]); 256]));
        return Ok(reply);
    }
    let peer = request.extensions().get::<Peer>().unwrap();
    *reply.body_mut() =
        Parts::from(format!("{:?} from {} tls {}", request.version(), peer.address, peer.tls));
    Ok(reply)
}

/// Asks over an open HTTP/1.1 connection, and returns the reply as it stands there.
pub(crate) async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = vec![0; 4096];
    let read = stream.read(&mut reply).await.unwrap();
    String::from_utf8_lossy(&reply[..read]).into_owned()
}

/// Where a reply of 256 KiB is.
pub(crate) const LONG: &str = "/long";
pub(crate) const PLAIN_GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
pub(crate) const UPGRADE: &str =
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: capitals\r\n\r\n";

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it ends in time")
}
