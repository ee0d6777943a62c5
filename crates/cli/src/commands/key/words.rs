use handstamp_core::flows::keys::ListedKey;
use handstamp_core::key_rotation::Outlook;
use handstamp_core::model::KeyState;
use jiff::Timestamp;

use crate::output::words;

/// Says what happens to a key next.
pub(super) fn next_step(listed: &ListedKey, now: Timestamp) -> String {
    match (listed.key.state, &listed.outlook) {
        (KeyState::Next { .. }, Some(outlook)) => takes_over(outlook, now),
        // Of another algorithm than is set, or not the store's to use.
        (KeyState::Next { .. }, None) => "never signs".to_owned(),
        (KeyState::Active { .. }, Some(outlook)) => match outlook.switches_at() {
            Some(switch) => format!("retires {}", at(switch.max(now))),
            None => "until asked".to_owned(),
        },
        (KeyState::Active { .. }, None) => "-".to_owned(),
        (KeyState::Retired { remove_at, .. }, _) => format!("removed {}", at(remove_at)),
        (KeyState::Revoked { .. }, _) => "-".to_owned(),
    }
}

/// Says when the next key signs, and whom it waits for.
pub(super) fn takes_over(outlook: &Outlook, now: Timestamp) -> String {
    let Some(switch) = outlook.switches_at() else { return "signs when asked".to_owned() };
    if outlook.behind.is_empty() || now >= outlook.waits_until {
        return format!("signs {}", at(switch.max(now)));
    }
    let processes = outlook.behind.len() as u64;
    let processes = if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") };
    let waits = at(outlook.waits_until);
    if now < switch {
        return format!("signs {}, or when {processes} more hold it, {waits} at the latest", at(switch));
    }
    format!("signs when {processes} more hold it, {waits} at the latest")
}

/// Whole seconds are what people compare with their logs.
pub(super) fn at(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}

/// Says how far off a moment is.
pub(super) fn within(moment: Timestamp, now: Timestamp) -> String {
    words::length(moment.max(now).duration_since(now))
}
