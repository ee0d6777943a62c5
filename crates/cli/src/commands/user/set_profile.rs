use clap::Args;
use handstamp_core::flows::profiles;
use handstamp_core::model::{Login, Profile};

use super::{find, view};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::input;
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Replace a user's profile: what services may know of them and what does not fit a token
///
/// A JSON object of at most 16 KiB. Services that keep it drop it at once, and nobody has to refresh. `{}` takes all of it away.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user set-profile ann ann.json
  echo '{\"name\":\"Ann Onymous\",\"desk\":\"4.17\"}' | handstamp user set-profile ann
  echo '{}' | handstamp user set-profile ann")]
pub(super) struct SetProfile {
    /// The user name or e-mail address
    name: Login,

    /// The file with the profile; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: String,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &SetProfile) -> Result<(), Failure> {
    let profile = read(&command.file)?;
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let set = profiles::set(context, user.id, profile, None, clock::now()).await.map_err(|cause| {
            Failure::because(format_args!("cannot set the profile of {}", user.username), &cause)
        })?;
        view::print_with_profile(&set.subject.user, &set.profile, command.output)
    })
}

/// Before the store is opened: what cannot be a profile is refused whatever is there.
fn read(file: &str) -> Result<Profile, Failure> {
    let bytes = input::read(file, "a profile")?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new("the profile is not UTF-8"))?;
    text.parse().map_err(|cause| Failure::because("this cannot be a profile", &cause))
}
