//! A PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;

use crate::admin::Admin;
use crate::data::Programs;
use crate::ports;
use crate::process::{Process, Program};

/// How often somebody may be faster at taking a free port.
const ATTEMPTS: u32 = 5;

/// A PostgreSQL server of its own, with password authentication on a loopback port.
pub struct Postgres {
    process: Process<Server>,
    databases: AtomicU32,
}

struct Server {
    programs: Programs,
    port: u16,
    settings: Vec<String>,
}

impl Postgres {
    /// Returns the one server of this test process, for tests that only need databases on it.
    ///
    /// It does not wait for the disk: no test of it cuts the power, and what PostgreSQL has handed to the kernel is there afterwards.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start_with(&["fsync=off", "max_connections=300"]))
    }

    /// Starts a server that a test may stop, kill and pause.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these settings, written as in `postgresql.conf`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start with them.
    pub fn start_with(settings: &[&str]) -> Self {
        let programs = Programs::find();
        let mut problem = String::new();
        for _ in 0..ATTEMPTS {
            let settings = settings.iter().map(ToString::to_string).collect();
            let server = Server { programs: programs.clone(), port: ports::free(), settings };
            match Process::start(server, programs.data()) {
                Ok(process) => return Self { process, databases: AtomicU32::new(0) },
                Err(cause) => problem = cause,
            }
        }
        panic!("{problem}");
    }

    /// Makes an empty database and returns its URL. The role in it owns the database, and may nothing else.
    pub fn database(&self) -> String {
        self.admin().database(&format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed)))
    }

    /// Returns the superuser's way in, for SQL that the service may not, and for other processes.
    pub fn admin(&self) -> Admin {
        Admin { port: self.port(), folder: self.process.folder().to_owned() }
    }

    /// Runs SQL in a database as the superuser, and returns what `psql` prints: a line a row, columns apart by `|`.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.admin().sql(database, sql)
    }

    /// Returns the URL of the database of this name.
    pub fn url(&self, database: &str) -> String {
        self.admin().url(database)
    }

    /// Returns the port on the loopback address.
    pub fn port(&self) -> u16 {
        self.process.program.port
    }

    /// Returns what the server has logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Stops the server in good order: running transactions are rolled back, connections closed.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// Kills every process of the server. It recovers from its log when it is started again.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts a stopped or killed server again, at the same address.
    pub fn start_again(&self) {
        self.process.start_again();
    }

    /// Keeps a copy of the data of a stopped server, as a backup.
    ///
    /// # Panics
    /// When the server runs.
    pub fn save(&self) {
        let (data, saved) = self.data_and_copy();
        assert!(!saved.exists(), "there is a copy already");
        self.process.program.programs.copy_folder(&data, &saved);
    }

    /// Puts the copy in the place of a stopped server's data, as if nothing had happened since.
    ///
    /// # Panics
    /// When the server runs, or there is no copy.
    pub fn put_back(&self) {
        let (data, saved) = self.data_and_copy();
        fs::remove_dir_all(&data).expect("the data of a stopped server can be removed");
        fs::rename(&saved, &data).expect("a copy was kept");
    }

    fn data_and_copy(&self) -> (PathBuf, PathBuf) {
        assert!(!self.process.is_running(), "a server that runs changes its data");
        (data_of(self.process.folder()), self.process.folder().join("saved"))
    }

    /// Stops the server in good order and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Does what a failover does: the server becomes a standby, and the standby the first. History goes on along another timeline.
    pub fn promote(&self) {
        self.stop();
        let signal = self.process.folder().join("data/standby.signal");
        fs::write(&signal, "").unwrap_or_else(|error| panic!("{}: {error}", signal.display()));
        self.start_again();
        self.sql("postgres", "SELECT pg_promote()");
    }

    /// Freezes every process of the server: connections stay open, nothing answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        self.process.resume();
    }
}

impl Program for Server {
    fn command(&self, folder: &Path) -> Command {
        let mut command = self.programs.command("postgres");
        command.arg("-D").arg(data_of(folder)).arg("-k").arg(folder).args(["-p", &self.port.to_string()]);
        let settings = [
            "listen_addresses=127.0.0.1",
            "shared_buffers=32MB",
            "max_wal_size=128MB",
            "min_wal_size=32MB",
            // A server that stops waits for clients that came meanwhile to say who they are. One whose test
            // waits for this very stop cannot, so the minute that PostgreSQL gives it would pass.
            "authentication_timeout=5s",
        ];
        for setting in settings.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command
    }

    fn ready(&self, folder: &Path, pid: u32) -> bool {
        // The server itself writes here who it is and how far: what `pg_ctl` waits for.
        let told = fs::read_to_string(data_of(folder).join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
    }

    fn end(&self) -> Signal {
        // "Fast shutdown": without waiting for clients to go.
        Signal::INT
    }
}

fn data_of(folder: &Path) -> PathBuf {
    folder.join("data")
}
