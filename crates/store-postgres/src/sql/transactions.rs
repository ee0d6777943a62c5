statements! {
    /// Begins a transaction whose commit waits for the disk.
    BEGIN = "BEGIN";
    /// Begins a transaction whose commit does not wait for the disk.
    BEGIN_RELAXED = "BEGIN; SET LOCAL synchronous_commit = off";
    /// Begins a transaction in which plans are made for the values that are given.
    BEGIN_BY_VALUES = "BEGIN; SET LOCAL plan_cache_mode = force_custom_plan";
    /// Ends a transaction: all of it holds.
    COMMIT = "COMMIT";
    /// Ends a transaction: none of it holds.
    ROLLBACK = "ROLLBACK";
}
