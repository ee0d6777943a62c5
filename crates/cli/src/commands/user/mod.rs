//! `handstamp user`: who can sign in.

mod add;
mod list;
mod revoke;
mod sessions;
mod set_org;
mod set_password;
mod set_profile;
mod set_roles;
mod show;
mod status;
mod unlink;
mod view;

use clap::{Args, Subcommand};
use handstamp_core::Context;
use handstamp_core::model::{Login, User};

use crate::failure::Failure;

/// Add, list and change users
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user add ann --email ann@example.org --role buyer --org acme
  handstamp user list
  handstamp user disable ann")]
pub(crate) struct UserCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Add),
    List(list::List),
    Show(show::Show),
    Disable(status::Disable),
    Enable(status::Enable),
    SetRoles(set_roles::SetRoles),
    SetOrg(set_org::SetOrg),
    SetPassword(set_password::SetPassword),
    SetProfile(set_profile::SetProfile),
    Unlink(unlink::Unlink),
    Sessions(sessions::Sessions),
    Revoke(revoke::Revoke),
}

/// Runs a user command.
pub(crate) fn run(command: UserCommand) -> Result<(), Failure> {
    match command.command {
        Command::Add(command) => add::run(&command),
        Command::List(command) => list::run(&command),
        Command::Show(command) => show::run(&command),
        Command::Disable(command) => status::disable(&command),
        Command::Enable(command) => status::enable(&command),
        Command::SetRoles(command) => set_roles::run(&command),
        Command::SetOrg(command) => set_org::run(&command),
        Command::SetPassword(command) => set_password::run(&command),
        Command::SetProfile(command) => set_profile::run(&command),
        Command::Unlink(command) => unlink::run(&command),
        Command::Sessions(command) => sessions::run(&command),
        Command::Revoke(command) => revoke::run(&command),
    }
}

/// Returns the user somebody means: by user name or e-mail address.
async fn find(context: &Context, name: &Login) -> Result<User, Failure> {
    let found = context
        .store
        .user_by_login(name)
        .await
        .map_err(|cause| Failure::because("cannot look up the user", &cause))?;
    found.ok_or_else(|| {
        let name = match name {
            Login::Username(name) => name.as_str(),
            Login::Email(address) => address.as_str(),
        };
        Failure::new(format!("there is no user {name:?}: `handstamp user list` shows who there is"))
    })
}
