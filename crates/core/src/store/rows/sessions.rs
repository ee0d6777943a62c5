//! Sessions.

use super::{Fields, Unreadable};
use crate::model::{
    Carried, EndReason, RefreshState, Session, SessionId, SessionState, StatusListId, StatusPlace, UserId,
};

/// Takes a session's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<Session, Unreadable> {
    let fields = fields.of("sessions");
    Ok(Session {
        id: SessionId::from_bytes(fields.id("id")?),
        user_id: UserId::from_bytes(fields.id("user_id")?),
        client_id: fields.parsed("client_id")?,
        device: fields.text("device")?.to_owned(),
        created_at: fields.time("created_at")?,
        auth_time: fields.time("auth_time")?,
        amr: fields.texts("amr")?,
        absolute_expiry: fields.time("absolute_expiry")?,
        idle_expiry: fields.time("idle_expiry")?,
        refresh: decode_refresh(fields)?,
        last_seen_at: fields.time("last_seen_at")?,
        status: decode_place(fields)?,
        carried: decode_carried(fields)?,
        state: decode_state(fields)?,
    })
}

fn decode_refresh(fields: &mut Fields<'_>) -> Result<RefreshState, Unreadable> {
    Ok(RefreshState {
        generation: fields.number("generation")?,
        branch: fields.number("branch")?,
        parent_branch: fields.optional_number("parent_branch")?,
        rotated_at: fields.time("rotated_at")?,
        handed_out_at: fields.time("handed_out_at")?,
        confirmed: fields.flag("confirmed")?,
    })
}

fn decode_place(fields: &mut Fields<'_>) -> Result<Option<StatusPlace>, Unreadable> {
    let Some(list) = fields.optional_short_id("status_list")? else {
        fields.skip(1);
        return Ok(None);
    };
    Ok(Some(StatusPlace { list: StatusListId::from_bytes(list), index: fields.number("status_index")? }))
}

fn decode_carried(fields: &mut Fields<'_>) -> Result<Option<Carried>, Unreadable> {
    let Some(from) = fields.optional_id("carried_from")? else {
        fields.skip(1);
        return Ok(None);
    };
    Ok(Some(Carried { from: SessionId::from_bytes(from), to: fields.parsed("carried_to")? }))
}

fn decode_state(fields: &mut Fields<'_>) -> Result<SessionState, Unreadable> {
    let ended_at = fields.optional_time("ended_at")?;
    let reason = fields.optional_name("end_reason", EndReason::from_name)?;
    match (ended_at, reason) {
        (None, None) => Ok(SessionState::Active),
        (Some(at), Some(reason)) => Ok(SessionState::Ended { at, reason }),
        (Some(_), None) => Err(fields.wrong("end_reason", "nothing, although the session ended")),
        (None, Some(_)) => Err(fields.wrong("end_reason", "a reason, although the session goes on")),
    }
}
