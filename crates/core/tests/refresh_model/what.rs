use std::fmt;

use handstamp_core::{model::Step, refresh_machine::IssuedKind};

/// What happens in one step of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// Nothing yet: the first state.
    SignIn,
    Tick,
    Sent(Step),
    RequestLost(Step),
    Arrived(Step),
    Handled(Step, Option<(IssuedKind, Step)>),
    WrittenLate(Step),
    Received(Step),
    WhoamiSent(Step),
    WhoamiArrived,
    WhoamiLost,
    Synced,
    PowerCut,
    Copied(Step),
    Presented(Step, Option<(IssuedKind, Step)>),
    ThiefWhoami,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = |step: &Step| format!("{}/{}", step.generation, step.branch);
        let outcome = |outcome: &Option<(IssuedKind, Step)>| match outcome {
            Some((kind, under)) => format!("{} {}", kind.as_str(), step(under)),
            None => "the session is over".to_owned(),
        };
        match self {
            Self::SignIn => f.write_str("the victim signs in"),
            Self::Tick => f.write_str("a tick passes"),
            Self::Sent(token) => write!(f, "a tab sends {}", step(token)),
            Self::RequestLost(token) => write!(f, "the request with {}, or its answer, is lost", step(token)),
            Self::Arrived(token) => {
                write!(f, "the request with {} arrives, and the row is read", step(token))
            }
            Self::Handled(token, what) => {
                write!(f, "the request with {} is handled: {}", step(token), outcome(what))
            }
            Self::WrittenLate(token) => {
                write!(f, "what the dropped request with {} was writing is written", step(token))
            }
            Self::Received(token) => write!(f, "the answer to {} reaches the browser", step(token)),
            Self::WhoamiSent(access) => {
                write!(f, "the page asks whoami with an access token of {}", step(access))
            }
            Self::WhoamiArrived => f.write_str("whoami arrives"),
            Self::WhoamiLost => f.write_str("whoami is lost"),
            Self::Synced => f.write_str("the disk is synced"),
            Self::PowerCut => f.write_str("the power is cut"),
            Self::Copied(token) => write!(f, "the thief copies the cookies with {}", step(token)),
            Self::Presented(token, what) => {
                write!(f, "the thief presents {}: {}", step(token), outcome(what))
            }
            Self::ThiefWhoami => f.write_str("the thief asks whoami"),
        }
    }
}
