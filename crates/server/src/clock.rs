use jiff::Timestamp;

/// What time it is. The command line passes the system's clock in, tests one that they move by hand.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}
