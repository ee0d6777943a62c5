use std::collections::BTreeSet;
use std::path::Path;

use handstamp_core::Context;
use handstamp_core::flows::clients::{self, ClientsError, NewClient};
use handstamp_core::flows::profiles::SCOPE as READ_PROFILES;
use handstamp_core::model::{ClientId, TOKEN_EXCHANGE};
use handstamp_demo::{orders, profiles};
use handstamp_verify::revocation::ClientSecret;
use handstamp_verify::token_source::ClientCredentials;

use crate::edge::clock;
use crate::edge::data_folder::DataFolder;
use crate::edge::secret_file;
use crate::failure::Failure;

/// Where a service keeps its secret, as a service of somebody else's would.
const SECRET_FILE: &str = "client.secret";

/// The orders service asks the profiles service on behalf of users.
pub(super) async fn register_orders(context: &Context, folder: &Path) -> Result<ClientCredentials, Failure> {
    register(context, folder, orders::AUDIENCE, TOKEN_EXCHANGE, profiles::AUDIENCE.to_owned()).await
}

/// The profiles service reads what the auth service is told of users.
pub(super) async fn register_profiles(
    context: &Context,
    folder: &Path,
) -> Result<ClientCredentials, Failure> {
    let audience = format!("{}/profiles", context.settings.issuer);
    register(context, folder, profiles::AUDIENCE, READ_PROFILES, audience).await
}

/// Registers a service as a client, unless an earlier run has.
async fn register(
    context: &Context,
    folder: &Path,
    name: &str,
    scope: &str,
    audience: String,
) -> Result<ClientCredentials, Failure> {
    DataFolder::open(folder)?;
    let file = folder.join(SECRET_FILE);
    let kept = secret_file::read(&file, "the secret of a service")?;
    let audiences = BTreeSet::from([audience]);
    if let Some(kept) = kept {
        let known = clients::authenticate(context, name, kept.trim()).await;
        // The auth service's address changes with the ports.
        if known.is_ok_and(|known| known.client().audiences == audiences) {
            return Ok(credentials(name, kept.trim()));
        }
    }
    let failed =
        |cause: ClientsError| Failure::because(format_args!("cannot register the service {name}"), &cause);
    let id: ClientId = name
        .parse()
        .map_err(|cause| Failure::because(format_args!("cannot register the service {name}"), &cause))?;
    // One of the two was lost or is out of date, so that both are made anew.
    match clients::remove(context, &id, None, clock::now()).await {
        Ok(()) | Err(ClientsError::NotFound) => {}
        Err(cause) => return Err(failed(cause)),
    }
    let new = NewClient { id, scopes: BTreeSet::from([scope.to_owned()]), audiences };
    let (_, secret) = clients::add(context, new, None, clock::now()).await.map_err(failed)?;
    let _ = std::fs::remove_file(&file);
    secret_file::write_new(&file, secret.reveal())
        .map_err(|cause| Failure::because(format_args!("cannot keep the secret of {name}"), &cause))?;
    Ok(credentials(name, secret.reveal()))
}

fn credentials(name: &str, secret: &str) -> ClientCredentials {
    ClientCredentials::secret(name, ClientSecret::new(secret))
}
