use handstamp_core::model::{EventKind, LogPosition, NewEvent, Reason, RevocationEvent, Selector, UserId};
use handstamp_token::KeyId;

use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::log;

/// Returns where the revocation log stands.
pub(crate) async fn head(pool: &Pool) -> Result<LogPosition, Failure> {
    pool.optional(log::HEAD, &[], decode).await?.ok_or_else(row_is_gone)
}

/// Returns the failure of a log without its row.
pub(crate) fn row_is_gone() -> Failure {
    Failure::Corrupt("table revocation_log has lost its row".to_owned())
}

/// Returns events with a number above `seq`, in order.
pub(crate) async fn events_after(pool: &Pool, seq: u64, limit: u32) -> Result<Vec<RevocationEvent>, Failure> {
    // A number past the end of the log has nothing after it, however far past.
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    pool.list(log::EVENTS_AFTER, &[&seq, &i64::from(limit)], decode_event).await
}

/// Returns the epochs that the current one goes on from, oldest first, each with its last number.
pub(crate) async fn earlier_epochs(pool: &Pool) -> Result<Vec<LogPosition>, Failure> {
    pool.list(log::EARLIER_EPOCHS, &[], decode_epoch).await
}

/// Takes the two columns that say where an epoch ended.
pub(crate) fn decode_epoch(fields: &mut Fields<'_>) -> Result<LogPosition, Failure> {
    let fields = fields.of("revocation_epochs");
    Ok(LogPosition { epoch: fields.number("epoch")?, seq: fields.number("last_seq")? })
}

/// Takes the columns of the log's one row.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<LogPosition, Failure> {
    let fields = fields.of("revocation_log");
    Ok(LogPosition { epoch: fields.number("epoch")?, seq: fields.number("seq")? })
}

/// Takes an event's columns.
pub(crate) fn decode_event(fields: &mut Fields<'_>) -> Result<RevocationEvent, Failure> {
    let fields = fields.of("revocation_events");
    Ok(RevocationEvent {
        seq: fields.number("seq")?,
        event: NewEvent {
            selector: decode_selector(fields)?,
            kind: fields.name("kind", |name| match name {
                "stale" => Some(EventKind::Stale),
                "dead" => Some(EventKind::Dead),
                _ => None,
            })?,
            reason: fields.name("reason", Reason::from_name)?,
            at: fields.time("at")?,
            forget_at: fields.time("forget_at")?,
            user: fields.optional_id("user_id")?.map(UserId::from_bytes),
            org_id: fields.optional_parsed("org_id")?,
        },
    })
}

fn decode_selector(fields: &mut Fields<'_>) -> Result<Selector, Failure> {
    let name = fields.text("selector")?;
    Ok(match name {
        "token" => Selector::Token(fields.text("target")?.to_owned()),
        "session" => Selector::Session(fields.parsed("target")?),
        "subject" => Selector::Subject(fields.parsed("target")?),
        "profile" => Selector::Profile(fields.parsed("target")?),
        "organization" => Selector::Organization(fields.parsed("target")?),
        "client" => Selector::Client(fields.parsed("target")?),
        "key" => Selector::Key(fields.name("target", |id| KeyId::new(id).ok())?),
        "everything" => {
            fields.skip(1);
            Selector::Everything
        }
        _ => return Err(fields.wrong("selector", &format!("the unknown name {name:?}"))),
    })
}
