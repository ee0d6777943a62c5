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
        (KeyState::Retired { remove_at, .. }, _) => format!("removed {}", at(remove_at)),
        (KeyState::Active { .. }, None) | (KeyState::Revoked { .. }, _) => "-".to_owned(),
    }
}

/// Says when the next key signs, and whom it waits for.
fn takes_over(outlook: &Outlook, now: Timestamp) -> String {
    let Some(switch) = outlook.switches_at() else { return "signs when asked".to_owned() };
    let behind = outlook.behind.len();
    let signs = format!("signs {}", at(switch.max(now)));
    if behind == 0 || now >= outlook.waits_until {
        return signs;
    }
    let processes = if behind == 1 { "1 process".to_owned() } else { format!("{behind} processes") };
    let waits = format!("waits for {processes} until {}", at(outlook.waits_until));
    if now < switch { format!("{signs}, {waits}") } else { waits }
}

/// Whole seconds are what people compare with their logs.
pub(super) fn at(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}

/// Says how far off a moment is.
pub(super) fn within(moment: Timestamp, now: Timestamp) -> String {
    words::length(moment.max(now).duration_since(now))
}
