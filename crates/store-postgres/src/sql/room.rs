statements! {
    /// How many connections there may be for us and others like us, and how many there are.
    ASK = "SELECT greatest(current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8 \
                  - coalesce(current_setting('reserved_connections', true), '0')::int8, 0), \
                  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')";
}
