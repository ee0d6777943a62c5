statements! {
    /// Which database cluster this is, and on which line of its history. Fails where the functions were taken from us.
    HERE = "SELECT system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int8 \
            FROM pg_control_system()";
    /// The same as it was when the epoch of the revocation log began, and where the log stands.
    NOTED = "SELECT epoch, seq, system, timeline FROM revocation_log WHERE only_row";
    /// Notes it where nothing is noted.
    NOTE = "UPDATE revocation_log SET system = $1, timeline = $2 WHERE only_row AND system IS NULL";
}
