use clap::Args;
use handstamp_core::flows::organizations;
use handstamp_core::model::OrgId;

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Suspend an organisation: its members' tokens die, and none is issued
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp org suspend acme")]
pub(super) struct Suspend {
    /// The organisation's id
    org: OrgId,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Let a suspended organisation's members work again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp org resume acme")]
pub(super) struct Resume {
    /// The organisation's id
    org: OrgId,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn suspend(command: &Suspend) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let suspended = organizations::suspend(context, &command.org, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot suspend {}", command.org), &cause))?;
        view::print(&suspended, command.output)
    })
}

pub(super) fn resume(command: &Resume) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let resumed = organizations::resume(context, &command.org, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot resume {}", command.org), &cause))?;
        view::print(&resumed, command.output)
    })
}
