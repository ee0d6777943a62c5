//! A revocation log to publish from, without an auth service.

use std::time::{Duration, Instant};

use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, MAX_EVENTS_PER_BATCH, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel,
    SelectorHash, SelectorKeyText,
};
use handstamp_verify::revocation::{Follower, Moment};

use crate::fixture::{ISSUER, now};
use crate::{Outcome, failed};

/// Numbered events that end sessions which none of the measured tokens belongs to.
pub struct Log {
    seq: u64,
    start: Instant,
}

const KEY: [u8; 32] = [7; 32];

impl Log {
    /// Starts a log.
    #[expect(clippy::new_without_default, reason = "it reads the clock")]
    pub fn new() -> Self {
        Self { seq: 0, start: Instant::now() }
    }

    /// Returns the number of the newest event.
    pub fn head(&self) -> u64 {
        self.seq
    }

    /// Publishes so many new events to a follower, in batches as they travel. None is a heartbeat.
    pub fn publish(&mut self, follower: &mut Follower, count: usize) -> Outcome {
        let mut left = count;
        loop {
            let here = left.min(MAX_EVENTS_PER_BATCH);
            let batch = self.batch(here);
            self.apply(follower, &batch)?;
            left -= here;
            if left == 0 {
                return Ok(());
            }
        }
    }

    /// Returns the next batch, to be applied later.
    pub fn batch(&mut self, count: usize) -> RevocationBatch {
        let after = self.seq;
        let events: Vec<RevocationEvent> = (0..count).map(|_| self.event()).collect();
        let wall = now();
        let time_ms = u64::try_from(wall.as_secs()).unwrap_or(0) * 1000;
        RevocationBatch {
            iss: ISSUER.to_owned(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: wall,
            exp: wall.saturating_add(Duration::from_mins(1)),
            time_ms,
            epoch: 1,
            earlier: Vec::new(),
            after,
            through: self.seq,
            head: self.seq,
            events,
            nonce: None,
            selector_key: Some(SelectorKeyText(KEY)),
        }
    }

    /// Applies a batch.
    pub fn apply(&self, follower: &mut Follower, batch: &RevocationBatch) -> Outcome {
        let moment = Moment { elapsed: self.start.elapsed(), wall: now() };
        follower.apply_local(batch, moment).map_err(failed("publishing"))?;
        Ok(())
    }

    fn event(&mut self) -> RevocationEvent {
        self.seq += 1;
        let wall = now();
        RevocationEvent {
            seq: self.seq,
            level: RevocationLevel::Session,
            sel: Some(SelectorHash(mixed(self.seq))),
            kind: RevocationKind::Dead,
            reason: "session_ended".to_owned(),
            at: wall,
            forget_at: wall.saturating_add(Duration::from_hours(1)),
            sub: None,
            org: None,
        }
    }
}

/// Sixteen bytes as evenly spread as a hash's (`SplitMix64`).
fn mixed(number: u64) -> [u8; 16] {
    let mix = |number: u64| {
        let z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(number * 2).to_be_bytes());
    bytes[8..].copy_from_slice(&mix(number * 2 + 1).to_be_bytes());
    bytes
}
