//! A Redis or Valkey server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::ports;
use crate::process::{Process, Program};

/// How often somebody may be faster at taking a free port.
const ATTEMPTS: u32 = 5;
const PASSWORD: &str = "testbed";

/// A Redis server of its own, with a password on a loopback port. It keeps nothing on disk.
pub struct Redis {
    process: Process<Server>,
}

struct Server {
    program: &'static str,
    port: u16,
}

impl Redis {
    /// Returns the one server of this test process, for tests that use names of their own on it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server that a test may stop, kill, pause and empty.
    ///
    /// # Panics
    /// When neither Redis nor Valkey is installed.
    pub fn start() -> Self {
        let program = ["redis-server", "valkey-server"]
            .into_iter()
            .find(|program| Command::new(program).arg("--version").output().is_ok())
            .expect("Redis or Valkey is needed for this test: `cargo xtask install` brings one");
        let mut problem = String::new();
        for _ in 0..ATTEMPTS {
            let folder = TempDir::with_prefix("handstamp-redis-").expect("a temporary folder").keep();
            match Process::start(Server { program, port: ports::free() }, folder) {
                Ok(process) => return Self { process },
                Err(cause) => problem = cause,
            }
        }
        panic!("{problem}");
    }

    /// Returns the URL of the server, with its password.
    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port())
    }

    /// Returns the port on the loopback address.
    pub fn port(&self) -> u16 {
        self.process.program.port
    }

    /// Forgets everything, as after a restart without a disk.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn flush(&self) {
        assert_eq!(self.process.program.ask("FLUSHALL").as_deref(), Some("+OK"), "{}", self.log());
    }

    /// Returns what the server has logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Stops the server in good order.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// Kills the server.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts a stopped or killed server again, empty and at the same address.
    pub fn start_again(&self) {
        self.process.start_again();
    }

    /// Stops the server and starts it again, empty.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Freezes the server: connections stay open, nothing answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        self.process.resume();
    }
}

impl Server {
    /// Sends one command and returns the first line of the answer.
    fn ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "AUTH {PASSWORD}\r\n{command}\r\nQUIT\r\n").ok()?;
        let mut answers = String::new();
        stream.read_to_string(&mut answers).ok()?;
        let mut lines = answers.lines();
        lines.next().filter(|line| *line == "+OK")?;
        lines.next().map(str::to_owned)
    }
}

impl Program for Server {
    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--requirepass", PASSWORD])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder);
        command
    }

    fn ready(&self, _: &Path, _: u32) -> bool {
        self.ask("PING").as_deref() == Some("+PONG")
    }

    fn end(&self) -> Signal {
        Signal::TERM
    }
}
