use handstamp_core::model::{Client, ClientId};
use handstamp_core::store::rows;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::query;

/// Every machine client.
pub(crate) const EVERY: &str = "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients";

/// Returns a machine client by id.
pub(crate) fn by_id(connection: &Connection, id: &ClientId) -> Result<Option<Client>, Failure> {
    let sql = "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients WHERE id = ?1";
    query::optional(connection, sql, [id.as_str()], rows::clients::decode)
}

/// Returns every machine client, in the order of ids.
pub(crate) fn list(connection: &Connection) -> Result<Vec<Client>, Failure> {
    let sql = "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients ORDER BY id";
    query::list(connection, sql, [], rows::clients::decode)
}
