//! The whole endpoint over loopback, with body delivery.

use std::sync::Arc;
use std::time::Duration;

use handstamp_bench::Outcome;
use handstamp_bench::load::{self, Load, NextRequest};
use handstamp_bench::service::{House, Listening, Sessions, listen};
use tokio::runtime::Runtime;

/// The service on a loopback port.
pub(crate) struct Endpoint {
    listening: Listening,
    next: Arc<NextRequest>,
}

impl Endpoint {
    pub(crate) fn start(runtime: &Runtime, house: &House, sessions: &Arc<Sessions>) -> Outcome<Self> {
        let listening = Listening::service(runtime, listen(runtime)?, house.app()?)?;
        let (context, clock, sessions) =
            (Arc::clone(&house.context), house.clock.clone(), Arc::clone(sessions));
        let next = move || {
            let draw = sessions.draw();
            clock.move_to(draw.now);
            let token = context.keyring.refresh_keys().mint(draw.id, draw.step);
            // One request is in flight a connection: whoever asks for the next has the answer to the last.
            sessions.rotated(&draw);
            request(token.reveal())
        };
        Ok(Self { listening, next: Arc::new(next) })
    }

    pub(crate) fn load(&self, connections: usize, time: Duration) -> Outcome<Load> {
        load::run(self.listening.address, connections, time, &self.next)
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
