use std::error::Error;

use crate::tls::TlsError;

/// The database could not be opened, or not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// TLS cannot be set up.
    #[error("the database cannot be reached in secret")]
    Tls(#[from] TlsError),
    /// Nobody answers, or not to us.
    #[error("cannot connect to the database at {at}")]
    Connect {
        /// Where.
        at: String,
        /// The driver's word.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A server that knows too little.
    #[error("the database is PostgreSQL {found}, and {needed} is the oldest that can be used")]
    OldServer {
        /// Its version.
        found: String,
        /// The oldest that we use.
        needed: u32,
    },
    /// A database that cannot hold every text.
    #[error("the database has the encoding {found}: make one with ENCODING 'UTF8'")]
    Encoding {
        /// Its encoding.
        found: String,
    },
    /// Tables that are not ours.
    #[error(
        "schema {schema:?} of the database holds tables of another program: give Handstamp a database of its own, or a schema of its own \
         by ?options=-csearch_path%3Dhandstamp"
    )]
    Foreign {
        /// Which schema.
        schema: String,
    },
    /// There is no schema to make tables in.
    #[error(
        "the database has no schema that this user may make tables in: create one, or look at its search_path"
    )]
    NoSchema,
    /// A newer version has taken something away that this one needs.
    #[error(
        "the database was changed by a newer version of Handstamp in a way that this one cannot work with (step {number}, {name}): \
         use that version"
    )]
    Newer {
        /// The step that this version does not know.
        number: u32,
        /// Its name.
        name: String,
    },
    /// Steps are missing, and we were told not to take them.
    #[error(
        "the database is older than this version of Handstamp ({missing} steps are missing, from {name}): run `handstamp migrate`"
    )]
    Older {
        /// How many steps are missing.
        missing: usize,
        /// The first of them.
        name: String,
    },
    /// A step failed. What was before it holds.
    #[error("step {number} ({name}) of the database's schema failed, and was undone")]
    Step {
        /// Which step.
        number: u32,
        /// Its name.
        name: String,
        /// The database's word.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database has refused something else.
    #[error("the database cannot be opened")]
    Postgres(#[source] Box<dyn Error + Send + Sync>),
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(Box::new(error))
    }
}
