use std::future::Future;
use std::io;
use std::net::SocketAddr;

use handstamp_server::AppState;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Outcome, failed};

/// Something that serves HTTP on a loopback port until this is dropped.
pub struct Listening {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Starts a server on a runtime: it gets a listener and a future that ends when it is to stop.
    pub fn start<F>(
        runtime: &Runtime,
        serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> F,
    ) -> Outcome<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::start_on(runtime, listen(runtime)?, serve)
    }

    /// The same on a listener that is there already.
    pub fn start_on<F>(
        runtime: &Runtime,
        listener: TcpListener,
        serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> F,
    ) -> Outcome<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let address = listener.local_addr().map_err(failed("listening"))?;
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(serve(listener, stopped));
        Ok(Self { address, stop: Some(stop), task })
    }
}

impl Listening {
    /// Starts the whole service.
    pub fn service(runtime: &Runtime, listener: TcpListener, app: AppState) -> Outcome<Self> {
        Self::start_on(runtime, listener, |listener, stopped| {
            handstamp_server::serve(listener, app, async {
                // An error means that the other side is gone: stop as well.
                let _ = stopped.await;
            })
        })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Refused only when the server has ended by itself.
            let _ = stop.send(());
        }
        self.task.abort();
    }
}

/// Takes a free port on loopback.
pub fn listen(runtime: &Runtime) -> Outcome<TcpListener> {
    runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(failed("listening"))
}

/// Returns a runtime with this many threads.
pub fn runtime(threads: usize) -> Outcome<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).enable_all().build().map_err(failed("starting a runtime"))
}
