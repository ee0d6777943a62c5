use clap::Args;
use handstamp_core::flows::keys;

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// List keys: where each is in its life, what comes next, and which services do not hold it
///
/// Services that follow the revocation feed report which keys they hold. A key that is next takes over when all of them hold it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key list
  handstamp key list --json | jq '.[] | select(.state == \"active\")'")]
pub(super) struct List {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &List) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let now = clock::now();
        let keys = keys::list(context, now)
            .await
            .map_err(|cause| Failure::because("cannot list the keys", &cause))?;
        view::print(&keys, now, command.output)
    })
}
