use std::fs;

use super::front::{Front, Wishes};
use crate::audit::{MANY, audit};
use crate::support::PASSWORD;

const DESCRIPTION: &str = r#"{
    "openapi": "3.1.0",
    "security": [{ "bearer": [] }, { "cookie": [] }],
    "paths": {
        "/api/things": {
            "get": {},
            "post": { "requestBody": { "required": true, "content": { "application/json": { "schema": {
                "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } } } } } }
        },
        "/api/admin/things": { "get": { "security": [{ "bearer": ["admin"] }, { "cookie": ["admin"] }] } }
    },
    "components": { "securitySchemes": {
        "bearer": { "type": "http", "scheme": "bearer" },
        "cookie": { "type": "apiKey", "in": "cookie", "name": "COOKIE" }
    } }
}"#;

/// The service behind it does whatever it is asked: what is refused, the gateway has refused. The attack is waited for on one
/// thread while the service answers on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_refuses_everything() {
    let front = Front::ready(Wishes { nothing_public: true, ..Wishes::default() }).await;
    front.beside(&["user", "set-roles", "ann", "admin"]);
    let session = front.signed_in().await;
    let (cookie, _) = session.0.iter().find(|(_, value)| value.matches('.').count() == 2).expect("a token");
    let description = front.folder.path().join("openapi.json");
    fs::write(&description, DESCRIPTION.replace("COOKIE", cookie)).expect("a file");

    let arguments = ["--login", "ann", "--openapi", "openapi.json"];
    let audited = audit(front.folder.path(), &front.base, &front.served.base, &arguments, &[PASSWORD]);

    audited.assert_closed(&["GET /api/things", "POST /api/things", "GET /api/admin/things"]);
    assert!(audited.refused("GET /api/things", "bearer") > MANY);
    assert!(audited.refused("POST /api/things", "cookie") > MANY);
}
