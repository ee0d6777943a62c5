use handstamp_core::model::{Client, ClientId, ClientKeys, ClientProof, ClientSecretHash};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::clients;

/// Returns a machine client by id.
pub(crate) async fn by_id(pool: &Pool, id: &ClientId) -> Result<Option<Client>, Failure> {
    pool.optional(clients::BY_ID, &[&id.as_str()], decode).await
}

/// Returns every machine client, in the order of ids.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<Client>, Failure> {
    pool.list(clients::LIST, &[], decode).await
}

/// Takes a client's columns.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<Client, Failure> {
    let fields = fields.of("clients");
    Ok(Client {
        id: fields.parsed("id")?,
        proof: decode_proof(fields)?,
        scopes: fields.texts("scopes")?,
        audiences: fields.texts("audiences")?,
        created_at: fields.time("created_at")?,
    })
}

fn decode_proof(fields: &mut Fields<'_>) -> Result<ClientProof, Failure> {
    let (secret, jwks) = (fields.optional_text("secret")?, fields.optional_text("jwks")?);
    match (secret, jwks) {
        (Some(secret), None) => Ok(ClientProof::Secret(ClientSecretHash::from_stored(secret.to_owned()))),
        (None, Some(jwks)) => {
            ClientKeys::read(jwks).map(ClientProof::Keys).map_err(|_| fields.wrong("jwks", "no JWK Set"))
        }
        _ => Err(fields.wrong("secret", "what does not fit the column jwks")),
    }
}
