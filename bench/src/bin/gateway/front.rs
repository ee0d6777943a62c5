//! The gateway, in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use handstamp_bench::load;
use handstamp_bench::service::{listen, runtime};
use handstamp_bench::{Outcome, failed};
use handstamp_gateway::config::Config;
use handstamp_gateway::{Gateway, Parts};
use handstamp_listen::Listener;
use handstamp_settings::Source;
use handstamp_token::PooledEntropy;
use handstamp_verify::SystemClock;

/// The first argument of the process that is the gateway; its configuration is the second.
const CHILD: &str = "--be-the-gateway";

/// A running gateway. It ends when this is dropped.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    process: Child,
    input: Option<ChildStdin>,
}

impl Front {
    /// Starts it in front of a service.
    pub(crate) fn start(issuer: &str, service: SocketAddr) -> Outcome<Self> {
        let config = format!(
            "[gateway]\nauth = \"{issuer}\"\nmax_connections = 20000\nkeep_alive = \"10m\"\n\
             [[gateway.routes]]\npath = \"/api/*\"\nto = [\"http://{service}\"]\naccess = \"signed_in\"\n\
             [[gateway.routes]]\npath = \"/open/*\"\nto = [\"http://{service}\"]\naccess = \"public\"\n"
        );
        let program = std::env::current_exe().map_err(failed("finding this program"))?;
        let mut command = Command::new(program);
        command.args([CHILD, &config]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(failed("starting the gateway"))?;
        let (input, output) = process.stdin.take().zip(process.stdout.take()).ok_or("no pipes")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).map_err(failed("the gateway"))?;
        let address = line.trim().parse().map_err(failed("the gateway did not start"))?;
        let front = Self { address, process, input: Some(input) };
        front.wait_for_keys()?;
        Ok(front)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn wait_for_keys(&self) -> Outcome {
        let token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30.AAAA";
        let request =
            format!("GET /api/x HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", self.address);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !load::once(self.address, request.as_bytes())?.starts_with(b"HTTP/1.1 401") {
            if Instant::now() > deadline {
                return Err("the gateway gets no keys".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Its input ends, so it does too.
        self.input.take();
        let _ = self.process.wait();
    }
}

/// Is the gateway, where this process was started to be that.
pub(crate) fn run_as_child() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == CHILD).then(|| {
        let config = arguments.next().unwrap_or_default();
        match child(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("bench: {message}");
                ExitCode::FAILURE
            }
        }
    })
}

fn child(config: &str) -> Outcome {
    let runtime = runtime(2)?;
    let (public, admin) = (listen(&runtime)?, listen(&runtime)?);
    let address = public.local_addr().map_err(failed("listening"))?;
    let source = Source { file: Some(("gateway.toml", config)), ..Source::default() };
    let config = Config::load(&source).map_err(failed("the configuration"))?;
    let public_url = config.gateway.public_url(address).map_err(failed("the public URL"))?;
    let limits = config.gateway.limits();
    runtime.block_on(async {
        let gateway = Gateway::new(Parts {
            config,
            public_url,
            client_secret: None,
            decryption_keys: Vec::new(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(PooledEntropy),
        });
        let gateway = gateway.map_err(failed("the gateway"))?;
        println!("{address}");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            // It ends with whoever started it.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            drop(stop);
        });
        let stop = async {
            // Said or dropped, it is over.
            let _ = stopped.await;
        };
        handstamp_gateway::serve(vec![Listener::plain(public)], admin, limits, gateway, stop)
            .await
            .map_err(failed("the gateway"))
    })
}
