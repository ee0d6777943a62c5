use clap::Args;
use handstamp_core::flows::users;
use handstamp_core::model::Login;

use super::{find, view};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Disable a user: every session ends, every token dies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user disable ann")]
pub(super) struct Disable {
    /// The user name or e-mail address
    name: Login,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Enable a user again. Sessions of before stay ended
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user enable ann")]
pub(super) struct Enable {
    /// The user name or e-mail address
    name: Login,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn disable(command: &Disable) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let user = users::disable(context, user.id, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot disable {}", user.username), &cause))?;
        view::print(&user, command.output)
    })
}

pub(super) fn enable(command: &Enable) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let user = users::enable(context, user.id, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot enable {}", user.username), &cause))?;
        view::print(&user, command.output)
    })
}
