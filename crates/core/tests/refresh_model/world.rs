use std::time::Duration;

use handstamp_core::{
    model::{RefreshState, Step},
    settings::SessionSettings,
};

use super::{
    request::Request,
    row::{NOW, Row},
};

/// Everything there is, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// The row, as every replica reads it.
    pub row: Row,
    /// Whether the session was ended.
    pub ended: bool,
    /// The row that a power cut would leave.
    pub durable: Row,
    /// The victim's cookies, shared by all tabs.
    pub jar: Jar,
    /// The victim's refresh requests under way, from all tabs, in any order.
    pub requests: Vec<Request>,
    /// A request with an access token on its way to the auth service.
    pub whoami: Option<Whoami>,
    /// What the thief holds.
    pub stolen: Vec<Step>,
    /// Who was the last to get the current token outside every window, while there are two holders.
    pub last_late: Option<LateGain>,
}

/// Cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Jar {
    /// Which refresh token.
    pub refresh: Step,
    /// Under which refresh token the access token was issued.
    pub access: Step,
}

/// A request with an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Whoami {
    /// Under which refresh token it was issued.
    pub access: Step,
    /// How many ticks ago it set out.
    pub age: u8,
}

/// A trail of such gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LateGain {
    /// Whose was the last.
    pub holder: Holder,
    /// How often the two have taken turns.
    pub changes: u8,
}

/// Who presents tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// The honest user.
    Victim,
    /// Somebody with a copy.
    Thief,
}

/// Whether, and how slowly, access tokens reach the auth service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// The page asks other services alone.
    Never,
    /// Whenever they are shown, at once.
    AtOnce,
    /// They may be under way for as long as a refresh.
    Late,
}

/// What can go on in a run, and how long things take, in ticks.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// After so many ticks a client gives up, and later ignores the answer.
    pub client_timeout: u8,
    /// Within so many ticks of its arrival the service has handled a request, or drops it.
    pub service_timeout: u8,
    /// For so many ticks after it has dropped a request, what it was writing may still be written: a database that stood still does
    /// what it was sent when it goes on. Nobody hears of that.
    pub late_writes: u8,
    /// The grace time.
    pub grace: u8,
    /// How many refresh requests of the victim are under way at the same time.
    pub in_flight: usize,
    /// Whether the victim's access tokens reach the auth service.
    pub whoami: Asks,
    /// Whether the machine can lose its power, and with it what was not synced.
    pub power_cuts: bool,
    /// Whether there is a thief.
    pub thief: bool,
}

impl Rules {
    /// Returns the settings of the service.
    pub(crate) fn settings(&self) -> SessionSettings {
        let ticks = |ticks: u8| Duration::from_nanos(u64::from(ticks));
        SessionSettings {
            refresh_grace: ticks(self.grace),
            refresh_client_timeout: ticks(self.client_timeout),
            refresh_service_timeout: ticks(self.service_timeout),
            ..SessionSettings::default()
        }
    }

    /// Returns after how many ticks every window after a change of hands is closed, by the numbers alone and not by the
    /// machine's own word: a token may be handed out again until the end of the grace time, and stragglers come after that.
    pub(crate) fn all_windows(&self) -> u8 {
        self.grace + 2 * self.client_timeout + self.service_timeout
    }
}

impl World {
    /// Returns the world after a sign-in.
    pub(crate) fn signed_in() -> Self {
        let row = Row::of(&RefreshState::first(NOW, Duration::ZERO));
        Self {
            row,
            ended: false,
            durable: row,
            jar: Jar { refresh: Step::FIRST, access: Step::FIRST },
            requests: Vec::new(),
            whoami: None,
            stolen: Vec::new(),
            last_late: None,
        }
    }
}
