statements! {
    /// Begins a transaction whose commit waits for the disk.
    BEGIN = "BEGIN";
    /// Begins a transaction whose commit does not wait for the disk.
    BEGIN_RELAXED = "BEGIN; SET LOCAL synchronous_commit = off";
    /// Ends a transaction: all of it holds.
    COMMIT = "COMMIT";
    /// Ends a transaction: none of it holds.
    ROLLBACK = "ROLLBACK";
}
