//! Columns that stand in several statements, in the order in which the functions named take them: they are in [`handstamp_core::store::rows`].

/// The columns in the order that `rows::users::decode` takes them.
macro_rules! user_columns {
    () => {
        "users.id, users.username, users.email, users.org_id, users.roles, users.claims, users.disabled_at, users.password, \
         users.origin, users.created_at, users.version"
    };
}

/// The columns in the order that `rows::organizations::decode` takes them.
macro_rules! organization_columns {
    () => {
        "organizations.id, organizations.name, organizations.created_at, organizations.suspended_at"
    };
}

/// The columns in the order that `rows::log::decode` takes them.
macro_rules! log_columns {
    () => {
        "revocation_log.epoch, revocation_log.seq"
    };
}

/// The columns of an event in the order that `rows::log::decode_event` takes them.
macro_rules! event_columns {
    () => {
        "seq, selector, target, kind, reason, at, forget_at, user_id, org_id"
    };
}

/// The columns in the order that `rows::sessions::decode` takes them.
macro_rules! session_columns {
    () => {
        "sessions.id, sessions.user_id, sessions.client_id, sessions.device, sessions.created_at, sessions.auth_time, sessions.amr, \
         sessions.absolute_expiry, sessions.idle_expiry, sessions.generation, sessions.branch, sessions.parent_branch, \
         sessions.rotated_at, sessions.handed_out_at, sessions.confirmed, sessions.last_seen_at, sessions.status_list, \
         sessions.status_index, sessions.carried_from, sessions.carried_to, sessions.ended_at, sessions.end_reason"
    };
}

/// What a subject is joined from, in the order that `rows::subjects::decode` takes it.
macro_rules! subject_columns {
    () => {
        concat!(user_columns!(), ", ", organization_columns!(), ", ", log_columns!())
    };
}

/// How it is joined to `users`.
macro_rules! subject_joins {
    () => {
        "JOIN revocation_log ON revocation_log.only_row LEFT JOIN organizations ON organizations.id = users.org_id"
    };
}
