use clap::Args;
use handstamp_core::flows::users;
use handstamp_core::model::{Login, Role};

use super::{find, view};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Replace a user's roles; none takes all of them away
///
/// The user's tokens go stale at once: every device refreshes, and goes on with the new roles.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user set-roles ann buyer admin
  handstamp user set-roles ann")]
pub(super) struct SetRoles {
    /// The user name or e-mail address
    name: Login,

    /// The roles, all of them
    #[arg(value_name = "ROLE")]
    roles: Vec<Role>,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &SetRoles) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let roles = command.roles.iter().cloned().collect();
        let user = users::set_roles(context, user.id, roles, None, clock::now()).await.map_err(|cause| {
            Failure::because(format_args!("cannot set the roles of {}", user.username), &cause)
        })?;
        view::print(&user, command.output)
    })
}
