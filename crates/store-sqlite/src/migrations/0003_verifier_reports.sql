-- What each process of a service last said about itself. `client_id` is empty where anybody may follow the feed.
CREATE TABLE verifier_reports (
    client_id   TEXT    NOT NULL,
    instance    TEXT    NOT NULL,
    kids        TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    lag_ms      INTEGER NOT NULL,
    reported_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, instance)
) STRICT, WITHOUT ROWID;

CREATE INDEX verifier_reports_by_time ON verifier_reports (reported_at);
