/// Hears how a run goes on.
pub trait Progress: Send + Sync {
    /// An operation's turn has come: the number of this one, counted from 1, and of all.
    fn operation(&self, number: usize, of: usize, name: &str);

    /// A request was answered: so many went out, and so much was found.
    fn request(&self, sent: u64, findings: usize);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn operation(&self, _: usize, _: usize, _: &str) {}

    fn request(&self, _: u64, _: usize) {}
}
