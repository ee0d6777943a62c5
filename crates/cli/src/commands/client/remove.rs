use clap::Args;
use handstamp_core::flows::clients;
use handstamp_core::model::ClientId;
use serde_json::json;

use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Remove a machine client: its tokens die
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp client remove reports")]
pub(super) struct Remove {
    /// The client's id
    id: ClientId,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Remove) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        clients::remove(context, &command.id, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot remove {}", command.id), &cause))?;
        if command.output.json {
            return output::json(&json!({ "removed": command.id }));
        }
        if context.settings.clients.contains_key(&command.id) {
            return output::line(format_args!(
                "The client {0} that was added by command is gone. The one in the configuration file stays.",
                command.id
            ));
        }
        output::line(format_args!("{} is gone.", command.id))
    })
}
