//! The superuser's way into a PostgreSQL server.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::data::{PASSWORD, Programs, ROLE};

/// Where a server's superuser comes in: its socket, which only root and the server's own user can reach. As text it goes to
/// another process, which may then make databases on the same server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    pub(crate) port: u16,
    pub(crate) folder: PathBuf,
}

impl Admin {
    /// Makes an empty database of this name, unless there is one, and returns its URL. The role in it owns the database, and may
    /// nothing else.
    pub fn database(&self, name: &str) -> String {
        let exists = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        let made = self.try_sql("postgres", &format!("CREATE DATABASE {name} OWNER {ROLE}"));
        if let Err(problem) = made {
            // Asked afterwards: somebody may make it at the same time.
            assert_eq!(self.sql("postgres", &exists), "1", "{problem}");
        }
        self.url(name)
    }

    /// Returns the URL of the database of this name.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL in a database, and returns what `psql` prints: a line a row, columns apart by `|`.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|problem| panic!("{sql}: {problem}"))
    }

    fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Programs::find().command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--username=postgres", "--dbname", database, "--port", &self.port.to_string(), "--host"])
            .arg(&self.folder)
            .args(["--command", sql]);
        let output = psql.output().expect("psql starts");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}

impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.port, self.folder.display())
    }
}

impl FromStr for Admin {
    type Err = Infallible;

    /// # Panics
    /// When another process did not write it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (port, folder) = text.split_once(':').expect("a port and a folder");
        Ok(Self { port: port.parse().expect("a port"), folder: PathBuf::from(folder) })
    }
}
