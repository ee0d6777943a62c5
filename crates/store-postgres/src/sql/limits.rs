statements! {
    /// Takes an attempt from each bucket, or from none.
    TAKE = "SELECT used, counted FROM take_attempts($1, $2, $3, $4, $5)";
    /// Gives attempts back, and sets marks.
    SETTLE = "SELECT settle_attempts($1, $2, $3, $4)";
    /// Forgets buckets that are full. The table is as large as what was tried within a window.
    FORGET_BUCKETS = "DELETE FROM limit_buckets WHERE key IN (SELECT key FROM limit_buckets \
        WHERE full_again_at <= (extract(epoch FROM now()) * 1000000)::bigint LIMIT $1 FOR UPDATE SKIP LOCKED)";
    /// Forgets marks that are over.
    FORGET_MARKS = "DELETE FROM limit_marks WHERE key IN (SELECT key FROM limit_marks \
        WHERE until <= (extract(epoch FROM now()) * 1000000)::bigint ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED)";
}
