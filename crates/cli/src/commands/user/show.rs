use clap::Args;
use handstamp_core::flows::profiles;
use handstamp_core::model::Login;

use super::{find, view};
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Show one user, and the profile that was set for them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user show ann
  handstamp user show ann@example.org --json")]
pub(super) struct Show {
    /// The user name or e-mail address
    name: Login,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Show) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let found = profiles::find(context, user.id).await;
        let found = found.map_err(|cause| Failure::because("cannot read the user's profile", &cause))?;
        view::print_with_profile(&user, &found.map(|found| found.profile).unwrap_or_default(), command.output)
    })
}
