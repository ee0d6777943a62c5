use clap::Args;

use super::view::{self, Log};
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Show where the revocation log stands, and whether the database went back to an older state
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp revocation status
  handstamp revocation status --json | jq .went_back")]
pub(super) struct Status {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Status) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let log = Log::read(context)
            .await
            .map_err(|cause| Failure::because("cannot read the revocation log", &cause))?;
        view::print(&log, command.output)
    })
}
