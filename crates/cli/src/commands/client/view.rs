use handstamp_core::model::{Client, ClientProof};
use serde_json::{Value, json};

/// Returns what machines read of a client. Never its secret, of which only a hash is kept.
pub(super) fn to_json(client: &Client) -> Value {
    json!({
        "client_id": client.id,
        "scopes": client.scopes,
        "audiences": client.audiences,
        "authenticates_by": authenticates_by(client),
        "created_at": client.created_at.as_second(),
    })
}

/// Returns how a client proves who it is.
pub(super) fn authenticates_by(client: &Client) -> &'static str {
    match client.proof {
        ClientProof::Secret(_) => "secret",
        ClientProof::Keys(_) => "key",
    }
}
