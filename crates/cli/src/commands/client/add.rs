use std::collections::BTreeSet;

use clap::Args;
use handstamp_core::flows::clients::{self, ClientsError, NewClient};
use handstamp_core::model::{ClientId, ClientKeys, TOKEN_EXCHANGE, is_scope};

use super::view;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::input;
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Add a machine client, and print its secret, this once, unless it signs with a key of its own
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp client add reports --scope orders:read --audience orders
  handstamp client add orders --audience profiles --exchange
  handstamp client add billing --audience ledger --public-key billing.pub.pem
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

    /// Its public key, or keys, in the place of a secret: a JWK, a JWK Set or PEM; `-` reads them from stdin
    #[arg(long, value_name = "FILE")]
    public_key: Option<String>,

    /// Let it exchange users' tokens, to call these audiences on their behalf: the scope `token-exchange`
    #[arg(long, requires = "audiences")]
    exchange: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Scopes are written side by side, so none holds a space.
fn scope(text: &str) -> Result<String, String> {
    if is_scope(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a scope: visible characters without spaces, quotes and backslashes"))
    }
}

pub(super) fn run(command: &Add) -> Result<(), Failure> {
    let keys = command.public_key.as_deref().map(read_keys).transpose()?;
    house::visit(&command.settings, Missing::Create, async |context| {
        let new = NewClient {
            id: command.id.clone(),
            scopes: command.scopes(),
            audiences: command.audiences.iter().cloned().collect(),
        };
        let failed =
            |cause: ClientsError| Failure::because(format_args!("cannot add {}", command.id), &cause);
        let (client, secret) = match keys {
            None => {
                let (client, secret) =
                    clients::add(context, new, None, clock::now()).await.map_err(failed)?;
                (client, Some(secret))
            }
            Some(keys) => {
                let added = clients::add_with_keys(context, new, keys, None, clock::now()).await;
                (added.map_err(failed)?, None)
            }
        };
        if command.output.json {
            let mut shown = view::to_json(&client);
            if let Some(secret) = &secret {
                shown["client_secret"] = secret.reveal().into();
            }
            return output::json(&shown);
        }
        match secret {
            Some(secret) => output::line(format_args!(
                "Client {}\nSecret, shown this once: {}",
                client.id,
                secret.reveal()
            )),
            None => output::line(format_args!("Client {}\nIt proves who it is by its key.", client.id)),
        }
    })
}

impl Add {
    fn scopes(&self) -> BTreeSet<String> {
        let exchange = self.exchange.then(|| TOKEN_EXCHANGE.to_owned());
        self.scopes.iter().cloned().chain(exchange).collect()
    }
}

fn read_keys(name: &str) -> Result<ClientKeys, Failure> {
    let bytes = input::read(name, "the public key")?;
    // What is not UTF-8 is no key either.
    ClientKeys::read(&String::from_utf8_lossy(&bytes))
        .map_err(|cause| Failure::because(format_args!("cannot use the key in {name}"), &cause))
}
