use handstamp_core::model::{Client, ClientId, ClientProof};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::execute;

/// Adds a machine client.
pub(super) fn create(connection: &Connection, client: &Client) -> Result<(), Refusal> {
    let (secret, jwks) = match &client.proof {
        ClientProof::Secret(hash) => (Some(hash.as_str()), None),
        ClientProof::Keys(keys) => (None, Some(keys.as_jwks())),
    };
    let inserted = execute(
        connection,
        "INSERT INTO clients (id, secret, jwks, scopes, audiences, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (id) DO NOTHING",
        params![
            client.id.as_str(),
            secret,
            jwks,
            column::texts(client.scopes.iter().map(String::as_str)),
            column::texts(client.audiences.iter().map(String::as_str)),
            column::time(client.created_at),
        ],
    )?;
    if inserted == 0 { Err(Conflict::ClientTaken.into()) } else { Ok(()) }
}

/// Removes a machine client.
pub(super) fn remove(connection: &Connection, id: &ClientId) -> Result<(), Refusal> {
    match execute(connection, "DELETE FROM clients WHERE id = ?1", [id.as_str()])? {
        0 => Err(Conflict::ClientUnknown.into()),
        _ => Ok(()),
    }
}
