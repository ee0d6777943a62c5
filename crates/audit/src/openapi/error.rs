/// Why a document is not an `OpenAPI` description that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Larger than any description somebody wrote.
    #[error("the document has {actual} bytes, more than {limit}")]
    TooLarge {
        /// How many bytes it has.
        actual: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Neither JSON nor YAML.
    #[error("the document is neither JSON nor YAML: {problem}")]
    Unreadable {
        /// What the reader stumbled over.
        problem: String,
    },
    /// Swagger 2.0, an `OpenAPI` of the future, or something else altogether.
    #[error("the document is not OpenAPI 3.0 or 3.1: its `openapi` is {found}")]
    Version {
        /// What stands where the version should.
        found: String,
    },
    /// There is nothing to attack.
    #[error("the document describes no operation")]
    Empty,
}
