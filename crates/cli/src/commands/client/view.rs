use handstamp_core::flows::clients::{ClientSource, KnownClient};
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

/// Returns the same of a client that is listed, with where it is from.
pub(super) fn known_to_json(known: &KnownClient) -> Value {
    let mut shown = to_json(&known.client);
    shown["from"] = from(known.source).into();
    if let ClientSource::Configuration { hides_another } = known.source {
        // Nobody made it at any time.
        shown["created_at"] = Value::Null;
        shown["hides_another"] = hides_another.into();
    }
    shown
}

/// Returns where a client is from.
pub(super) fn from(source: ClientSource) -> &'static str {
    match source {
        ClientSource::Store => "command",
        ClientSource::Configuration { .. } => "configuration",
    }
}

/// Returns how a client proves who it is.
pub(super) fn authenticates_by(client: &Client) -> &'static str {
    match client.proof {
        ClientProof::Secret(_) => "secret",
        ClientProof::Keys(_) => "key",
    }
}
