use clap::Args;
use serde_json::Value;

use super::view;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// List organisations, by id
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp org list
  handstamp org list --json | jq -r '.[].org_id'")]
pub(super) struct List {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &List) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let organizations = context
            .store
            .organizations()
            .await
            .map_err(|cause| Failure::because("cannot list the organisations", &cause))?;
        if command.output.json {
            return output::json(&organizations.iter().map(view::to_json).collect::<Vec<Value>>());
        }
        view::print_table(&organizations)
    })
}
