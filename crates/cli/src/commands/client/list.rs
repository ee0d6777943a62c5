use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;

use super::view;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table};

/// List machine clients, by id
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp client list
  handstamp client list --json")]
pub(super) struct List {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &List) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let clients = context
            .store
            .clients()
            .await
            .map_err(|cause| Failure::because("cannot list the clients", &cause))?;
        if command.output.json {
            return output::json(&clients.iter().map(view::to_json).collect::<Vec<Value>>());
        }
        let mut table = Table::new(&["CLIENT", "BY", "SCOPES", "AUDIENCES"]);
        for client in clients {
            let by = view::authenticates_by(&client).to_owned();
            table.row([client.id.to_string(), by, words(&client.scopes), words(&client.audiences)]);
        }
        table.print(&mut output::stdout())?;
        Ok(())
    })
}

fn words(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "-".to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join(" ") }
}
