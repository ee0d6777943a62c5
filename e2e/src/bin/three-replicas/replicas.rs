//! Three real processes behind one address.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use handstamp_e2e::front::Front;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

const REPLICAS: usize = 3;

/// How long what the replicas have said may take to its reader.
const GOODBYE: Duration = Duration::from_secs(1);

/// What all replicas are started with.
pub(crate) struct Replicas<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(String, String)>,
}

/// Where the one service would listen.
pub(crate) struct Listeners {
    pub(crate) main: std::net::TcpListener,
    pub(crate) tls: bool,
    pub(crate) has_public_url: bool,
    /// Further listeners, each with the variable that moves it elsewhere.
    pub(crate) beside: Vec<(&'static str, std::net::TcpListener)>,
}

/// A replica that answers.
struct Replica {
    child: Child,
    address: SocketAddr,
    /// Where its listeners beside the main one are.
    beside: Vec<SocketAddr>,
}

impl Replicas<'_> {
    /// Starts the replicas and passes to them what comes, until they end. Returns how.
    pub(crate) fn serve(mut self, listeners: Listeners) -> Result<u8, String> {
        // One thread: a replica is told to die with the thread that started it, which has to be there as long as the process.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(told)?.block_on(async {
            let scheme = if listeners.tls { "https" } else { "http" };
            let base = format!("{scheme}://{}", listeners.main.local_addr().map_err(told)?);
            if !listeners.has_public_url {
                self.variables.push(("HANDSTAMP_SERVER_PUBLIC_URL".to_owned(), base.clone()));
            }
            // The first one makes the installation, or says what is wrong with it, once.
            let first = match self.start(&listeners).await? {
                Ok(first) => first,
                Err(code) => return Ok(code),
            };
            let mut replicas = vec![first];
            let others = (1..REPLICAS).map(|_| self.start(&listeners));
            for other in futures_util::future::join_all(others).await {
                replicas.push(
                    other?.map_err(|code| format!("the first replica starts, another ends with {code}"))?,
                );
            }
            pass(listeners, base, replicas).await
        })
    }

    /// Starts a replica on ports of its own. One that ends instead of listening has an exit code.
    async fn start(&self, listeners: &Listeners) -> Result<Result<Replica, u8>, String> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(self.program).args(&self.arguments);
        command.args(["--listen", "127.0.0.1:0"]).envs(self.variables.iter().cloned());
        let mut beside = Vec::new();
        for (variable, _) in &listeners.beside {
            let free = std::net::TcpListener::bind("127.0.0.1:0")
                .and_then(|free| free.local_addr())
                .map_err(told)?;
            command.env(variable, free.to_string());
            beside.push(free);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(told)?;
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let Some(line) = lines.next_line().await.map_err(told)? else {
            let status = child.wait().await.map_err(told)?;
            return Ok(Err(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)));
        };
        // Nobody reads on, and it must not wait for that.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = line.rsplit_once("://").and_then(|(_, address)| address.parse().ok());
        let address = address.ok_or_else(|| format!("unexpected line {line:?}"))?;
        Ok(Ok(Replica { child, address, beside }))
    }
}

async fn pass(listeners: Listeners, base: String, mut replicas: Vec<Replica>) -> Result<u8, String> {
    let addresses: Vec<SocketAddr> = replicas.iter().map(|replica| replica.address).collect();
    let main = listener(listeners.main)?;
    let (close, closed) = oneshot::channel::<()>();
    let front = Front::before(&addresses);
    let front = tokio::spawn(async move {
        if listeners.tls {
            tokio::select! { () = front.pass_connections(main) => {}, _ = closed => {} }
        } else {
            front.pass_requests(main, async { drop(closed.await) }).await;
        }
    });
    for (number, (_, beside)) in listeners.beside.into_iter().enumerate() {
        let addresses: Vec<SocketAddr> = replicas.iter().map(|replica| replica.beside[number]).collect();
        tokio::spawn(Front::before(&addresses).pass_connections(listener(beside)?));
    }
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(told)?, signal(SignalKind::interrupt()).map_err(told)?);
    writeln!(std::io::stdout(), "listening on {base}").map_err(told)?;
    let ended = tokio::select! {
        code = end(&mut replicas) => Some(code?),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    // Nobody new gets in, and whoever waits for a reply gets it.
    let _ = close.send(());
    let code = match ended {
        Some(code) => code,
        None => stop(&mut replicas).await?,
    };
    let _ = tokio::time::timeout(GOODBYE, front).await;
    Ok(code)
}

fn listener(bound: std::net::TcpListener) -> Result<TcpListener, String> {
    bound.set_nonblocking(true).map_err(told)?;
    TcpListener::from_std(bound).map_err(told)
}

/// Asks all replicas to stop, in good order, and waits until they have.
async fn stop(replicas: &mut [Replica]) -> Result<u8, String> {
    for pid in replicas.iter().filter_map(|replica| replica.child.id()) {
        std::process::Command::new("kill").arg(pid.to_string()).status().map_err(told)?;
    }
    end(replicas).await
}

/// Waits until all replicas have ended, and returns the exit code of the one that fared worst.
async fn end(replicas: &mut [Replica]) -> Result<u8, String> {
    let mut worst = 0;
    for replica in replicas {
        let status = replica.child.wait().await.map_err(told)?;
        worst = worst.max(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
    }
    Ok(worst)
}

fn told(cause: impl std::fmt::Display) -> String {
    cause.to_string()
}
