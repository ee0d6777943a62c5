use handstamp_core::Context;
use handstamp_core::flows::revocation_log::went_back;
use handstamp_core::model::LogPosition;
use handstamp_core::store::StoreError;
use serde_json::json;

use crate::edge::clock;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// The revocation log as a whole.
pub(super) struct Log {
    pub(super) head: LogPosition,
    pub(super) earlier: Vec<LogPosition>,
    /// How far it ever was, by the note beside the database.
    pub(super) mark: Option<LogPosition>,
}

impl Log {
    pub(super) async fn read(context: &Context) -> Result<Self, StoreError> {
        let store = &context.store;
        // The mark first: what is committed in between must not look lost.
        let mark = store.log_mark().await?;
        Ok(Self { mark, head: store.log_head().await?, earlier: store.earlier_epochs().await? })
    }

    fn went_back(&self) -> bool {
        self.mark.is_some_and(|mark| went_back(self.head, mark, clock::now()))
    }
}

pub(super) fn print(log: &Log, output: OutputArgs) -> Result<(), Failure> {
    if output.json {
        return output::json(&json!({
            "epoch": log.head.epoch,
            "seq": log.head.seq,
            "earlier": log.earlier,
            "mark": log.mark,
            "went_back": log.went_back(),
        }));
    }
    output::line(format_args!("the revocation log stands at {}", log.head))?;
    for earlier in &log.earlier {
        output::line(format_args!("it goes on from {earlier}, of an epoch before"))?;
    }
    if let Some(mark) = log.mark.filter(|_| log.went_back()) {
        output::line(format_args!(
            "It was at {mark} before: the database went back to an older state. `serve` begins a new epoch when it \
             starts, and so does `handstamp revocation new-epoch`."
        ))?;
    }
    Ok(())
}
