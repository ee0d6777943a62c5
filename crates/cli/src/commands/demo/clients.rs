use std::collections::BTreeSet;
use std::path::Path;

use handstamp_core::Context;
use handstamp_core::flows::clients::{self, ClientsError, NewClient};
use handstamp_core::model::{ClientId, TOKEN_EXCHANGE};
use handstamp_demo::{orders, profiles};
use handstamp_verify::revocation::ClientSecret;
use handstamp_verify::token_source::ClientCredentials;

use crate::edge::clock;
use crate::edge::data_folder::DataFolder;
use crate::edge::secret_file;
use crate::failure::Failure;

/// Where the orders service keeps its secret, as a service of somebody else's would.
const SECRET_FILE: &str = "client.secret";

/// Registers the orders service as a client that may ask the profiles service on behalf of users, unless an earlier run has.
pub(super) async fn register_orders(context: &Context, folder: &Path) -> Result<ClientCredentials, Failure> {
    DataFolder::open(folder)?;
    let file = folder.join(SECRET_FILE);
    let kept = secret_file::read(&file, "the secret of the orders service")?;
    if let Some(kept) = kept {
        let known = clients::authenticate(context, orders::AUDIENCE, kept.trim()).await;
        if known.is_ok() {
            return Ok(credentials(kept.trim()));
        }
    }
    let failed = |cause: ClientsError| Failure::because("cannot register the orders service", &cause);
    let id: ClientId = orders::AUDIENCE
        .parse()
        .map_err(|cause| Failure::because("cannot register the orders service", &cause))?;
    // One of the two was lost, so that both are made anew.
    match clients::remove(context, &id, None, clock::now()).await {
        Ok(()) | Err(ClientsError::NotFound) => {}
        Err(cause) => return Err(failed(cause)),
    }
    let new = NewClient {
        id,
        scopes: BTreeSet::from([TOKEN_EXCHANGE.to_owned()]),
        audiences: BTreeSet::from([profiles::AUDIENCE.to_owned()]),
    };
    let (_, secret) = clients::add(context, new, None, clock::now()).await.map_err(failed)?;
    let _ = std::fs::remove_file(&file);
    secret_file::write_new(&file, secret.reveal())
        .map_err(|cause| Failure::because("cannot keep the secret of the orders service", &cause))?;
    Ok(credentials(secret.reveal()))
}

fn credentials(secret: &str) -> ClientCredentials {
    ClientCredentials::secret(orders::AUDIENCE, ClientSecret::new(secret))
}
