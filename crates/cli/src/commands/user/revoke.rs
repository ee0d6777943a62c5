use clap::Args;
use handstamp_core::flows::users;
use handstamp_core::model::Login;
use serde_json::json;

use super::find;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs, words};

/// Sign a user out everywhere: every session ends, every token dies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user revoke ann")]
pub(super) struct Revoke {
    /// The user name or e-mail address
    name: Login,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Revoke) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let ended = users::end_sessions(context, user.id, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot sign {} out", user.username), &cause))?;
        if command.output.json {
            return output::json(&json!({ "ended": ended }));
        }
        output::line(format_args!("{} of {} ended.", words::count(ended, "session"), user.username))
    })
}
