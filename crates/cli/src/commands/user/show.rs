use clap::Args;
use handstamp_core::flows::{profiles, upstream};
use handstamp_core::model::Login;

use super::{find, view};
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Show one user, their links to upstreams, and the profile that was set for them
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
        let links = upstream::links(context, user.id).await;
        let links = links.map_err(|cause| Failure::because("cannot read the user's links", &cause))?;
        let profile = found.map(|found| found.profile).unwrap_or_default();
        view::print_with_links(&user, &links, &profile, command.output)
    })
}
