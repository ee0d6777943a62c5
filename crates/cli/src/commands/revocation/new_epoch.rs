use clap::Args;
use handstamp_core::flows::revocation_log;

use super::view::{self, Log};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Begin a new epoch of the revocation log: every client refreshes once, within some seconds
///
/// For after a restored backup, before `serve` starts. Without it a restored database gives out numbers for the second time,
/// and services skip what they stand for. `serve` notices by itself where the database's folder, a service or a token knows
/// more than the database; this is for when nobody is left who does.
///
/// Nobody is signed out. Sessions that ended after the backup was made are active again in the database: end them with
/// `handstamp user revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp revocation new-epoch
  handstamp revocation new-epoch --data ./restored --json")]
pub(super) struct NewEpoch {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &NewEpoch) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let failed = |cause| Failure::because("cannot begin a new epoch", &cause);
        let before = Log::read(context).await.map_err(failed)?;
        let (from, seen) = (before.head.epoch, before.mark);
        revocation_log::begin_epoch(context, from, seen, None, clock::now()).await.map_err(failed)?;
        view::print(&Log::read(context).await.map_err(failed)?, command.output)
    })
}
