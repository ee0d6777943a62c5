use std::time::Duration;

use jiff::SignedDuration;

use super::{Contents, Shown, warn_of_end};
use crate::edge::clock;
use crate::failure::Failure;

/// How often the files are looked at. They are small, and their times say little where links are swapped.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the log hears that a certificate ends.
const TELL_EVERY: SignedDuration = SignedDuration::from_hours(24);

impl Shown {
    /// Shows what the files hold, whenever they change. What cannot be used is told of, and the old certificate stays.
    pub(super) async fn follow(mut self) {
        let mut trouble = Trouble::default();
        let mut told = clock::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let files = self.files.clone();
            match tokio::task::spawn_blocking(move || files.contents()).await {
                Ok(read) => trouble.note(read.and_then(|contents| self.take(contents))),
                // The runtime stops.
                Err(_) => return,
            }
            let now = clock::now();
            if now.duration_since(told) >= TELL_EVERY {
                told = now;
                warn_of_end(self.ends, now);
            }
        }
    }

    fn take(&mut self, contents: Contents) -> Result<(), Failure> {
        if contents == self.contents {
            return Ok(());
        }
        let certificate = self.files.parse(&contents)?;
        self.ends = certificate.ends();
        self.tls.replace(certificate);
        self.contents = contents;
        tracing::info!(ends = %self.ends, "a new certificate is shown from now on");
        warn_of_end(self.ends, clock::now());
        Ok(())
    }
}

/// What went wrong with the files, and whether the log knows.
#[derive(Default)]
struct Trouble {
    now: Option<String>,
    told: bool,
}

impl Trouble {
    /// Tells of a trouble once, and only when it is there a second time: while one file is written already and the other is
    /// not, they do not fit together.
    fn note(&mut self, outcome: Result<(), Failure>) {
        let before = std::mem::take(self);
        let Err(failure) = outcome else { return };
        let now = failure.to_string();
        let is_same = before.now.as_ref() == Some(&now);
        if is_same && !before.told {
            tracing::warn!(problem = now, "the new certificate cannot be used: the old one is shown on");
        }
        *self = Self { now: Some(now), told: is_same };
    }
}
