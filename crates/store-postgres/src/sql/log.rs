statements! {
    /// Where the revocation log stands.
    HEAD = concat!("SELECT ", log_columns!(), " FROM revocation_log WHERE only_row");
    /// Events with a number above one, in order.
    EVENTS_AFTER = concat!("SELECT ", event_columns!(), " FROM revocation_events WHERE seq > $1 ORDER BY seq LIMIT $2");
    /// The epochs that the current one goes on from, each with its last number.
    EARLIER_EPOCHS = "SELECT epoch, last_seq FROM revocation_epochs ORDER BY epoch";
    /// Numbers events, adds them, and tells whoever listens. The row of the log stays locked until the commit, so that the order of
    /// commits is the order of numbers: this is the last that a unit of work does.
    APPEND = "WITH head AS (\
                  UPDATE revocation_log SET seq = seq + cardinality($1::text[]) RETURNING epoch, seq\
              ), added AS (\
                  INSERT INTO revocation_events (seq, selector, target, kind, reason, at, forget_at, user_id, org_id) \
                  SELECT head.seq - cardinality($1::text[]) + event.number, event.selector, event.target, event.kind, event.reason, \
                         event.at, event.forget_at, event.user_id, event.org_id \
                  FROM head, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::uuid[], $8::text[]) \
                      WITH ORDINALITY AS event (selector, target, kind, reason, at, forget_at, user_id, org_id, number)\
              ) \
              SELECT epoch, seq, pg_notify($9, 'log ' || epoch || '.' || seq)::text FROM head";
    /// Begins another epoch so many numbers ahead, if the log is in the one that was read. Says where it stood before.
    BEGIN_EPOCH = "UPDATE revocation_log SET epoch = $2, seq = seq + $3, system = $4, timeline = $5 WHERE epoch = $1 RETURNING seq - $3";
    /// Notes up to where an epoch goes on from one before.
    ADD_EPOCH = "INSERT INTO revocation_epochs (epoch, last_seq, forget_at) VALUES ($1, $2, $3)";
    /// Tells whoever listens, once the transaction is committed.
    TELL = "SELECT pg_notify($1, $2)::text";
    /// The channel on which the tables of this schema are talked of.
    CHANNEL = "SELECT 'handstamp_' || 'revocation_log'::regclass::oid";
    /// The oldest events, with the moments from which on nobody needs them.
    OLDEST_EVENTS = "SELECT seq, forget_at FROM revocation_events ORDER BY seq LIMIT $1";
    /// Forgets events from the front.
    FORGET_EVENTS = "DELETE FROM revocation_events WHERE seq <= $1";
    /// Forgets the epochs whose last token is dead.
    FORGET_EPOCHS = "DELETE FROM revocation_epochs WHERE forget_at <= $1";
}
