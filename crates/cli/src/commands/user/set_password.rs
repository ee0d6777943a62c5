use clap::Args;
use handstamp_core::flows::users;
use handstamp_core::model::Login;

use super::{find, view};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::password::NewPassword;
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Set a user's password: every session ends
///
/// Without --password-stdin a password is drawn and shown once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user set-password ann
  pass show ann | handstamp user set-password ann --password-stdin")]
pub(super) struct SetPassword {
    /// The user name or e-mail address
    name: Login,

    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &SetPassword) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let password = NewPassword::obtain(command.password_stdin, &*context.entropy)?;
        let user = users::set_password(context, user.id, &password.password(), None, clock::now())
            .await
            .map_err(|cause| {
                Failure::because(format_args!("cannot set the password of {}", user.username), &cause)
            })?;
        if command.output.json {
            let mut shown = view::to_json(&user);
            shown["password"] = password.to_show().into();
            return output::json(&shown);
        }
        match password.to_show() {
            Some(text) => {
                output::line(format_args!("Password of {}, shown this once: {text}", user.username))
            }
            None => output::line(format_args!("{} has a new password.", user.username)),
        }
    })
}
