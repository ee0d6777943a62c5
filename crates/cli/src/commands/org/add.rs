use clap::Args;
use handstamp_core::flows::organizations;
use handstamp_core::model::OrgId;

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::OutputArgs;

/// Add an organisation
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp org add acme
  handstamp org add acme --name \"Acme Ltd\"")]
pub(super) struct Add {
    /// Its id: the `org_id` of tokens
    org: OrgId,

    /// Its name, for people (default: the id)
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Add) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Create, async |context| {
        let added =
            organizations::add(context, command.org.clone(), command.name.clone(), None, clock::now())
                .await
                .map_err(|cause| Failure::because(format_args!("cannot add {}", command.org), &cause))?;
        view::print(&added, command.output)
    })
}
