use clap::Args;
use handstamp_core::flows::keys;
use handstamp_core::model::KeyPurpose;

use super::purpose::Purpose;
use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Let the next key sign and retire the active one
///
/// Nobody is signed out: a retired key is taken until the last token made with it is dead. A running service notices by
/// itself.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key rotate
  handstamp key rotate --purpose refresh-token")]
pub(super) struct Rotate {
    /// Which key
    #[arg(long, value_enum, default_value_t = Purpose::AccessToken)]
    purpose: Purpose,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Rotate) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let purpose = KeyPurpose::from(command.purpose);
        keys::rotate(context, purpose, None, clock::now())
            .await
            .map_err(|cause| Failure::because("cannot rotate the key", &cause))?;
        let mut keys =
            keys::list(context).await.map_err(|cause| Failure::because("cannot list the keys", &cause))?;
        keys.retain(|key| key.purpose == purpose);
        view::print(&keys, command.output)
    })
}
