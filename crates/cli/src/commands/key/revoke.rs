use clap::Args;
use handstamp_core::flows::keys;

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Revoke a leaked key: whatever it signed is dead at once
///
/// For access-token keys every device refreshes and goes on; a refresh-token key takes its sessions with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key list
  handstamp key revoke u5WjzJ1m0pQd")]
pub(super) struct Revoke {
    /// The key's id, as `handstamp key list` shows it
    kid: String,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Revoke) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let revoked = keys::revoke(context, &command.kid, None, clock::now())
            .await
            .map_err(|cause| Failure::because("cannot revoke the key", &cause))?;
        view::print_revoked(&revoked, command.output)
    })
}
