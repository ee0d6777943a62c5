/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is away, locked or too slow. Nothing was changed, or it is not known: try again later.
    #[error("the database does not answer ({doing})")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// The driver's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database cannot be written: read-only, or the disk is full.
    #[error("the database cannot be written ({doing})")]
    NotWritable {
        /// What was being done.
        doing: &'static str,
        /// The driver's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the database holds cannot be what we wrote.
    #[error("the database holds something that cannot be right: {what}")]
    Corrupt {
        /// What and where.
        what: String,
    },
    /// The database refused a statement of ours: a defect.
    #[error("the database refused a statement ({doing})")]
    Defect {
        /// What was being done.
        doing: &'static str,
        /// The driver's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
