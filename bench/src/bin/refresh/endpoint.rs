//! The whole endpoint over loopback, with body delivery.

use std::sync::Arc;
use std::time::Duration;

use handstamp_bench::Outcome;
use handstamp_bench::load::{self, Asking, Load};
use handstamp_bench::service::{Draw, HandClock, House, Listening, Sessions, listen};
use handstamp_core::Context;
use handstamp_server::Clock as _;
use tokio::runtime::Runtime;

/// The service on a loopback port.
pub(crate) struct Endpoint {
    listening: Listening,
    refreshes: Arc<Refreshes>,
}

impl Endpoint {
    pub(crate) fn start(runtime: &Runtime, house: &House, sessions: &Arc<Sessions>) -> Outcome<Self> {
        let listening = Listening::service(runtime, listen(runtime)?, house.app()?)?;
        let (context, clock, sessions) =
            (Arc::clone(&house.context), house.clock.clone(), Arc::clone(sessions));
        Ok(Self { listening, refreshes: Arc::new(Refreshes { context, clock, sessions }) })
    }

    pub(crate) fn load(&self, connections: usize, time: Duration) -> Outcome<Load> {
        load::run(self.listening.address, connections, time, &self.refreshes)
    }
}

/// Each session in its turn.
struct Refreshes {
    context: Arc<Context>,
    clock: HandClock,
    sessions: Arc<Sessions>,
}

impl Asking for Refreshes {
    type Asked = Draw;

    fn next(&self) -> (Vec<u8>, Draw) {
        let draw = self.sessions.draw();
        self.clock.move_to(draw.now);
        let token = self.context.keyring.refresh_keys().mint(draw.id, draw.step);
        (request(token.reveal()), draw)
    }

    fn answered(&self, draw: Draw, answer: &[u8]) -> Outcome {
        load::expect_rotation(answer)?;
        self.sessions.rotated(&draw, self.clock.now());
        Ok(())
    }
}

fn request(token: &str) -> Vec<u8> {
    let body = format!(r#"{{"refresh_token":"{token}"}}"#);
    format!(
        "POST /auth/refresh HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
