use clap::Args;
use handstamp_core::flows::users;
use handstamp_core::model::{Login, OrgId};

use super::{find, view};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Move a user into an organisation, or out of every one
///
/// The user's tokens go stale at once: every device refreshes, and goes on in the new organisation.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user set-org ann acme
  handstamp user set-org ann --none")]
pub(super) struct SetOrg {
    /// The user name or e-mail address
    name: Login,

    /// The organisation, which must exist
    #[arg(required_unless_present = "none", conflicts_with = "none")]
    org: Option<OrgId>,

    /// Take the user out of every organisation
    #[arg(long)]
    none: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &SetOrg) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let user = users::set_org(context, user.id, command.org.clone(), None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot move {}", user.username), &cause))?;
        view::print(&user, command.output)
    })
}
