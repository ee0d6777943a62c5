use handstamp_core::model::{Client, ClientId, ClientKeys, ClientProof, ClientSecretHash};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::fields::Fields;
use crate::query;

/// Every machine client.
pub(crate) const EVERY: &str = "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients";

/// Returns a machine client by id.
pub(crate) fn by_id(connection: &Connection, id: &ClientId) -> Result<Option<Client>, Failure> {
    let sql = "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients WHERE id = ?1";
    query::optional(connection, sql, [id.as_str()], decode)
}

/// Returns every machine client, in the order of ids.
pub(crate) fn list(connection: &Connection) -> Result<Vec<Client>, Failure> {
    let sql = "SELECT id, secret, jwks, scopes, audiences, created_at FROM clients ORDER BY id";
    query::list(connection, sql, [], decode)
}

/// Takes a client's columns.
pub(crate) fn decode(fields: &mut Fields<'_, '_>) -> Result<Client, Failure> {
    let fields = fields.of("clients");
    Ok(Client {
        id: fields.parsed("id")?,
        proof: decode_proof(fields)?,
        scopes: fields.texts("scopes")?,
        audiences: fields.texts("audiences")?,
        created_at: fields.time("created_at")?,
    })
}

/// One of the two columns holds something.
fn decode_proof(fields: &mut Fields<'_, '_>) -> Result<ClientProof, Failure> {
    if fields.is_null() {
        fields.skip(1);
        let keys = ClientKeys::read(fields.text("jwks")?);
        return keys.map(ClientProof::Keys).map_err(|_| fields.wrong("jwks", "no JWK Set"));
    }
    let secret = ClientSecretHash::from_stored(fields.text("secret")?.to_owned());
    fields.skip(1);
    Ok(ClientProof::Secret(secret))
}
