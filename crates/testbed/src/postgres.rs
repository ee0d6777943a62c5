//! A PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;

use crate::admin::Admin;
use crate::data::Programs;
use crate::server::{Place, Program, Server};

/// A PostgreSQL server of its own, with password authentication.
pub type Postgres = Server<PostgresProgram>;

/// PostgreSQL, with settings of the test.
pub struct PostgresProgram {
    programs: Programs,
    settings: Vec<String>,
    /// How many were made.
    databases: AtomicU32,
}

impl Server<PostgresProgram> {
    /// Returns the one server of this test process, for tests that only need databases on it.
    ///
    /// It does not wait for the disk: no test of it cuts the power, and what PostgreSQL has handed to the kernel is there afterwards.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start_with(&["fsync=off", "max_connections=300"]))
    }

    /// Starts a server.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these settings, written as in `postgresql.conf`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start with them.
    pub fn start_with(settings: &[&str]) -> Self {
        let settings = settings.iter().map(ToString::to_string).collect();
        Self::of(PostgresProgram { programs: Programs::find(), settings, databases: AtomicU32::new(0) })
    }

    /// Makes an empty database and returns its URL. The role in it owns the database, and may nothing else.
    pub fn database(&self) -> String {
        let number = self.program.databases.fetch_add(1, Ordering::Relaxed);
        self.admin().database(&format!("test_{number}"))
    }

    /// Returns the superuser's way in, for SQL that the service may not, and for other processes.
    pub fn admin(&self) -> Admin {
        Admin { port: self.port(), folder: self.place.folder.clone() }
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

    /// Keeps a copy of the data of a stopped server, as a backup.
    ///
    /// # Panics
    /// When the server runs.
    pub fn save(&self) {
        let (data, saved) = self.data_and_copy();
        assert!(!saved.exists(), "there is a copy already");
        self.program.programs.copy_folder(&data, &saved);
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
        assert!(!self.is_running(), "a server that runs changes its data");
        (data_of(&self.place.folder), self.place.folder.join("saved"))
    }

    /// Does what a failover does: the server becomes a standby, and the standby the first. History goes on along another timeline.
    pub fn promote(&self) {
        self.stop();
        let signal = data_of(&self.place.folder).join("standby.signal");
        fs::write(&signal, "").unwrap_or_else(|error| panic!("{}: {error}", signal.display()));
        self.start_again();
        self.sql("postgres", "SELECT pg_promote()");
    }
}

impl Program for PostgresProgram {
    fn folder(&self) -> PathBuf {
        self.programs.data()
    }

    fn command(&self, place: &Place) -> Command {
        let mut command = self.programs.command("postgres");
        command.arg("-D").arg(data_of(&place.folder)).arg("-k").arg(&place.folder);
        command.args(["-p", &place.port.to_string()]);
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

    fn ready(&self, place: &Place, pid: u32) -> bool {
        // The server itself writes here who it is and how far: what `pg_ctl` waits for.
        let told = fs::read_to_string(data_of(&place.folder).join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
    }

    fn end(&self) -> Signal {
        // "Fast shutdown": without waiting for clients to go. Running transactions are rolled back.
        Signal::INT
    }
}

fn data_of(folder: &Path) -> PathBuf {
    folder.join("data")
}
