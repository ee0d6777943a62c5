use clap::Args;
use handstamp_core::flows::clients::{self, NewClient};
use handstamp_core::model::ClientId;

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Add a machine client and print its secret, this once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp client add reports --scope orders:read --audience orders
  handstamp client add reports --json | jq -r .client_secret")]
pub(super) struct Add {
    /// Its id: the `client_id` of tokens
    id: ClientId,

    /// A scope it may ask for; give the flag again for more
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<String>,

    /// An audience it may ask for; give the flag again for more
    #[arg(long = "audience", value_name = "AUDIENCE")]
    audiences: Vec<String>,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Scopes are written side by side, so none holds a space (RFC 6749 §3.3).
fn scope(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a scope: visible characters without spaces, quotes and backslashes"))
    }
}

pub(super) fn run(command: &Add) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Create, async |context| {
        let new = NewClient {
            id: command.id.clone(),
            scopes: command.scopes.iter().cloned().collect(),
            audiences: command.audiences.iter().cloned().collect(),
        };
        let (client, secret) = clients::add(context, new, None, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot add {}", command.id), &cause))?;
        if command.output.json {
            let mut shown = view::to_json(&client);
            shown["client_secret"] = secret.reveal().into();
            return output::json(&shown);
        }
        output::line(format_args!("Client {}\nSecret, shown this once: {}", client.id, secret.reveal()))
    })
}
