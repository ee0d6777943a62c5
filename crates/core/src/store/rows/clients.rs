//! Machine clients.

use super::{Fields, Unreadable};
use crate::model::{Client, ClientKeys, ClientProof, ClientSecretHash};

/// Takes a client's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<Client, Unreadable> {
    let fields = fields.of("clients");
    Ok(Client {
        id: fields.parsed("id")?,
        proof: decode_proof(fields)?,
        scopes: fields.texts("scopes")?,
        audiences: fields.texts("audiences")?,
        created_at: fields.time("created_at")?,
    })
}

fn decode_proof(fields: &mut Fields<'_>) -> Result<ClientProof, Unreadable> {
    let (secret, jwks) = (fields.optional_text("secret")?, fields.optional_text("jwks")?);
    match (secret, jwks) {
        (Some(secret), None) => Ok(ClientProof::Secret(ClientSecretHash::from_stored(secret.to_owned()))),
        (None, Some(jwks)) => {
            ClientKeys::read(jwks).map(ClientProof::Keys).map_err(|_| fields.wrong("jwks", "no JWK Set"))
        }
        _ => Err(fields.wrong("secret", "what does not fit the column jwks")),
    }
}
