use std::collections::BTreeSet;

use clap::Args;
use handstamp_core::flows::clients::{self, ClientSource, KnownClient};
use serde_json::Value;

use super::view;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table};

/// List machine clients by id: those that were added, and those of the configuration file
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
        let known = clients::list(context)
            .await
            .map_err(|cause| Failure::because("cannot list the clients", &cause))?;
        if command.output.json {
            return output::json(&known.iter().map(view::known_to_json).collect::<Vec<Value>>());
        }
        let mut table = Table::new(&["CLIENT", "FROM", "BY", "SCOPES", "AUDIENCES"]);
        for KnownClient { client, source } in &known {
            let [from, by] = [view::from(*source), view::authenticates_by(client)].map(str::to_owned);
            let (scopes, audiences) = (words(&client.scopes), words(&client.audiences));
            table.row([client.id.to_string(), from, by, scopes, audiences]);
        }
        table.print(&mut output::stdout())?;
        for KnownClient { client, source } in &known {
            if *source == (ClientSource::Configuration { hides_another: true }) {
                output::notice(format_args!(
                    "A client {0} was added by command as well, and is not heard: `handstamp client remove {0}` removes that one.",
                    client.id
                ));
            }
        }
        Ok(())
    })
}

fn words(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "-".to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join(" ") }
}
