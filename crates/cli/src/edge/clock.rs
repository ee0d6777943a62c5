use handstamp_server::Clock;
use jiff::Timestamp;

/// The system's clock, for the services.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// Returns the current time: the only place of the command line that reads the clock.
#[expect(clippy::disallowed_methods, reason = "this is the edge everything else takes its `now` from")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
