use handstamp_core::model::Client;
use serde_json::{Value, json};

/// Returns what machines read of a client. Never its secret, of which only a hash is kept.
pub(super) fn to_json(client: &Client) -> Value {
    json!({
        "client_id": client.id,
        "scopes": client.scopes,
        "audiences": client.audiences,
        "created_at": client.created_at.as_second(),
    })
}
