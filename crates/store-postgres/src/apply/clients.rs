use handstamp_core::model::{Client, ClientId, ClientProof};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::sql::clients;

/// Adds a machine client.
pub(super) async fn create(connection: &Connection, client: &Client) -> Result<(), Refusal> {
    let (secret, jwks) = match &client.proof {
        ClientProof::Secret(hash) => (Some(hash.as_str()), None),
        ClientProof::Keys(keys) => (None, Some(keys.as_jwks())),
    };
    let inserted = connection
        .execute(
            clients::INSERT,
            &[
                &client.id.as_str(),
                &secret,
                &jwks,
                &column::texts(client.scopes.iter().map(String::as_str)),
                &column::texts(client.audiences.iter().map(String::as_str)),
                &column::time(client.created_at),
            ],
        )
        .await?;
    if inserted == 0 { Err(Conflict::ClientTaken.into()) } else { Ok(()) }
}

/// Removes a machine client.
pub(super) async fn remove(connection: &Connection, id: &ClientId) -> Result<(), Refusal> {
    match connection.execute(clients::DELETE, &[&id.as_str()]).await? {
        0 => Err(Conflict::ClientUnknown.into()),
        _ => Ok(()),
    }
}
