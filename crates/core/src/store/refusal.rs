use super::Conflict;

/// Why a unit of work does not hold, within a store that knows its own failures.
#[derive(Debug)]
pub enum Refusal<F> {
    /// Somebody else was faster.
    Conflict(Conflict),
    /// It could not be done at all.
    Failure(F),
}

impl<F> From<Conflict> for Refusal<F> {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}
