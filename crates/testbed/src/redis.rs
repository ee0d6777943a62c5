//! A Redis or Valkey server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::server::{Place, Program, Server};

const PASSWORD: &str = "testbed";

/// A Redis server of its own, with a password. It keeps nothing on disk: one that is started again is empty.
pub type Redis = Server<RedisProgram>;

/// Redis, or Valkey.
pub struct RedisProgram {
    name: &'static str,
}

impl Server<RedisProgram> {
    /// Returns the one server of this test process, for tests that use names of their own on it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server.
    ///
    /// # Panics
    /// When neither Redis nor Valkey is installed.
    pub fn start() -> Self {
        let name = ["redis-server", "valkey-server"]
            .into_iter()
            .find(|name| Command::new(name).arg("--version").output().is_ok())
            .expect("Redis or Valkey is needed for this test: `cargo xtask install` brings one");
        Self::of(RedisProgram { name })
    }

    /// Returns the URL of the server, with its password.
    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port())
    }

    /// Forgets everything, as after a restart without a disk.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn flush(&self) {
        assert_eq!(ask(&self.place, "FLUSHALL").as_deref(), Some("+OK"), "{}", self.log());
    }
}

impl Program for RedisProgram {
    fn folder(&self) -> PathBuf {
        TempDir::with_prefix("handstamp-redis-").expect("a temporary folder").keep()
    }

    fn command(&self, place: &Place) -> Command {
        let mut command = Command::new(self.name);
        command
            .args(["--bind", "127.0.0.1", "--port", &place.port.to_string(), "--requirepass", PASSWORD])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&place.folder);
        command
    }

    fn ready(&self, place: &Place, _: u32) -> bool {
        ask(place, "PING").as_deref() == Some("+PONG")
    }

    fn end(&self) -> Signal {
        Signal::TERM
    }
}

/// Sends one command and returns the first line of the answer.
fn ask(place: &Place, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", place.port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "AUTH {PASSWORD}\r\n{command}\r\nQUIT\r\n").ok()?;
    let mut answers = String::new();
    stream.read_to_string(&mut answers).ok()?;
    let mut lines = answers.lines();
    lines.next().filter(|line| *line == "+OK")?;
    lines.next().map(str::to_owned)
}
