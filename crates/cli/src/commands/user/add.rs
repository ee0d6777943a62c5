use clap::Args;
use handstamp_core::flows::users::{self, NewUser};
use handstamp_core::model::{Email, OrgId, Role, Username};

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::password::NewPassword;
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Add a user
///
/// Without --password-stdin a password is drawn and shown once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user add ann --email ann@example.org --role buyer --role admin --org acme
  pass show ann | handstamp user add ann --email ann@example.org --password-stdin")]
pub(super) struct Add {
    /// The user name
    name: Username,

    /// The e-mail address; the user can sign in with it as well
    #[arg(long)]
    email: Email,

    /// A role; give the flag again for more
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,

    /// The organisation, which must exist
    #[arg(long)]
    org: Option<OrgId>,

    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Add) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Create, async |context| {
        let password = NewPassword::obtain(command.password_stdin, &*context.entropy)?;
        let new = NewUser {
            username: command.name.clone(),
            email: Some(command.email.clone()),
            roles: command.roles.iter().cloned().collect(),
            org_id: command.org.clone(),
            password: Some(password.password()),
        };
        let user = users::add(context, new, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot add {}", command.name), &cause))?;
        if command.output.json {
            let mut shown = view::to_json(&user);
            shown["password"] = password.to_show().into();
            return output::json(&shown);
        }
        view::print(&user, command.output)?;
        match password.to_show() {
            Some(text) => output::line(format_args!("\nPassword, shown this once: {text}")),
            None => Ok(()),
        }
    })
}
