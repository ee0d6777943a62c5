statements! {
    /// Every report, in the order of services and processes.
    LIST = "SELECT client_id, instance, kids, epoch, seq, lag_ms, reported_at FROM verifier_reports ORDER BY client_id, instance";
    /// Notes a report, unless the process is new and its service has as many as allowed, or what is there is younger. Of new
    /// processes that report at the same moment a few may be too many: the limit keeps a table small, and guards nothing else.
    NOTE = "INSERT INTO verifier_reports (client_id, instance, kids, epoch, seq, lag_ms, reported_at) \
            SELECT $1, $2, $3, $4, $5, $6, $7 \
            WHERE EXISTS (SELECT 1 FROM verifier_reports WHERE client_id = $1 AND instance = $2) \
               OR (SELECT count(*) FROM verifier_reports WHERE client_id = $1) < $8 \
            ON CONFLICT (client_id, instance) DO UPDATE SET kids = excluded.kids, epoch = excluded.epoch, seq = excluded.seq, \
               lag_ms = excluded.lag_ms, reported_at = excluded.reported_at \
            WHERE verifier_reports.reported_at <= excluded.reported_at";
}
