statements! {
    /// The database's clock, in microseconds.
    NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8";
}
