//! What happens to a session at a refresh. What nearly every one does is one statement for many sessions, which says which of those it
//! was given have held, and where the log stands. It is there twice: within a unit of work, and as a transaction of its own that does not
//! wait for the disk.

/// The transaction of this one statement does not wait for the disk.
macro_rules! relaxed {
    () => {
        " AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'"
    };
}

macro_rules! held {
    () => {
        " RETURNING move.number, (SELECT epoch FROM revocation_log WHERE only_row), (SELECT seq FROM revocation_log WHERE only_row)"
    };
}

macro_rules! rotate {
    () => {
        "UPDATE sessions SET generation = move.to_generation, branch = move.to_branch, parent_branch = move.to_parent_branch, \
         rotated_at = move.to_rotated_at, handed_out_at = move.to_handed_out_at, confirmed = move.to_confirmed, \
         idle_expiry = greatest(sessions.idle_expiry, move.idle_expiry) \
         FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::bool[], \
                     $8::int8[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::bool[], $14::int8[]) \
         WITH ORDINALITY AS move (id, generation, branch, parent_branch, rotated_at, handed_out_at, confirmed, \
                     to_generation, to_branch, to_parent_branch, to_rotated_at, to_handed_out_at, to_confirmed, idle_expiry, number) \
         WHERE sessions.id = move.id AND sessions.generation = move.generation AND sessions.branch = move.branch \
         AND sessions.parent_branch IS NOT DISTINCT FROM move.parent_branch AND sessions.rotated_at = move.rotated_at \
         AND sessions.handed_out_at = move.handed_out_at AND sessions.confirmed = move.confirmed AND sessions.ended_at IS NULL"
    };
}

/// Only where it is news, so that nothing is written for the rest.
macro_rules! see {
    () => {
        "UPDATE sessions SET last_seen_at = greatest(sessions.last_seen_at, seen.at), \
         confirmed = sessions.confirmed OR (sessions.generation = seen.generation AND sessions.branch = seen.branch) \
         FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[]) AS seen (id, at, generation, branch) \
         WHERE sessions.id = seen.id AND sessions.ended_at IS NULL AND (sessions.last_seen_at < seen.at \
         OR (NOT sessions.confirmed AND sessions.generation = seen.generation AND sessions.branch = seen.branch))"
    };
}

statements! {
    /// Moves refresh families on whose state still is, all of it, the one that the decision rests on.
    ROTATE = concat!(rotate!(), held!());
    /// The same, at once.
    ROTATE_AT_ONCE = concat!(rotate!(), relaxed!(), held!());
    /// Notes that the current token was handed out again. It waits for the disk, and so is always part of a unit of work: without the note a
    /// straggler would be taken for a thief.
    HAND_OUT_AGAIN = "UPDATE sessions SET handed_out_at = greatest(handed_out_at, $4) \
                      WHERE id = $1 AND generation = $2 AND branch = $3 AND ended_at IS NULL";
    /// Notes that access tokens came back.
    SEE = see!();
    /// The same, at once.
    SEE_AT_ONCE = concat!("WITH seen AS (", see!(), relaxed!(), ") SELECT epoch, seq FROM revocation_log WHERE only_row");
}
