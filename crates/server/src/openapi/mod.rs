//! The `OpenAPI` document. Written by hand; a test holds it against the table of routes and the wire types.

use serde_json::Value;

use crate::{config::PublicUrl, cookies::CookieNames};

const DOCUMENT: &str = include_str!("openapi.json");

/// Returns the document with this deployment's address and cookie names.
pub(crate) fn document(url: &PublicUrl, cookies: &CookieNames) -> serde_json::Result<Value> {
    let mut document: Value = serde_json::from_str(DOCUMENT)?;
    document["servers"] = serde_json::json!([{ "url": url.as_str() }]);
    let schemes = &mut document["components"]["securitySchemes"];
    schemes["accessCookie"]["name"] = cookies.access.clone().into();
    schemes["refreshCookie"]["name"] = cookies.refresh.clone().into();
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use handstamp_api_types::{ErrorCode, Problem};
    use serde::Serialize;
    use serde_json::Value;

    use super::DOCUMENT;
    use crate::routes;

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn the_document_and_the_table_of_routes_name_the_same_endpoints() {
        let document = document();
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, operations)| {
                let methods = operations.as_object().unwrap().keys();
                methods.map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let table: BTreeSet<(String, String)> = routes::table()
            .iter()
            // `OpenAPI` has no word for a parameter with slashes in it.
            .map(|endpoint| (endpoint.method.to_string(), endpoint.path.replace("{*", "{")))
            .collect();

        assert_eq!(documented, table);
    }

    #[test]
    fn what_the_table_protects_is_documented_as_protected() {
        let document = document();

        for endpoint in routes::table() {
            if endpoint.access.to_string().starts_with("signed in") {
                let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
                let bearer = serde_json::json!({ "bearer": [] });
                let schemes = operation["security"].as_array().unwrap();
                assert!(schemes.contains(&bearer), "{} {}", endpoint.method, endpoint.path);
                assert!(operation["responses"].get("401").is_some(), "{} {}", endpoint.method, endpoint.path);
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_no_schema_is_left_over() {
        let document = document();
        let mut wanted = BTreeSet::new();
        references(&document, &mut wanted);
        let there: BTreeSet<String> =
            document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();

        assert_eq!(wanted, there);
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("$ref", Value::String(to)) => {
                            found.insert(to.rsplit('/').next().unwrap().to_owned());
                        }
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_error_code_is_documented() {
        let document = document();
        let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();

        assert_eq!(
            document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"],
            serde_json::json!(codes)
        );
    }

    /// Holds a wire type with every member set against its schema: same names, and required where it is always there.
    fn check<T: Serialize>(schema: &str, full: &T) {
        let document = document();
        let schema_of = &document["components"]["schemas"][schema];
        let documented: BTreeSet<&String> = schema_of["properties"].as_object().unwrap().keys().collect();
        let full = serde_json::to_value(full).unwrap();
        let sent: BTreeSet<&String> = full.as_object().unwrap().keys().collect();

        assert_eq!(sent, documented, "{schema}");
        let required = schema_of["required"].as_array().unwrap();
        assert!(required.iter().all(|name| full.get(name.as_str().unwrap()).is_some()), "{schema}");
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a list of types")]
    fn schemas_have_the_members_of_the_wire_types() {
        use handstamp_api_types::profile::ProfileSnapshot;
        use handstamp_api_types::revocation::{RevocationReport, RevocationSnapshot};
        use handstamp_api_types::{
            Actor, BrowserModule, BrowserModules, EndedSessions, FieldError, Health, HealthStatus,
            Introspection, OAuthError, OAuthErrorCode, PasswordChangedReply, RelabelRequest, SessionList,
            SessionSummary, SetupReply, TokenReply, Whoami,
        };
        use handstamp_token::UnixTime;

        let text = || "x".to_owned();
        let time = UnixTime::from_secs(1);
        let field = FieldError { pointer: text(), detail: text() };
        check("FieldError", &field);
        let problem = Problem::new(ErrorCode::ValidationFailed);
        let problem =
            Problem { detail: Some(text()), errors: vec![field], request_id: Some(text()), ..problem };
        check("Problem", &problem);
        let tokens = TokenReply {
            access_token: text(),
            refresh_token: Some(text()),
            token_type: text(),
            expires_in: 1,
            scope: Some(text()),
            issued_token_type: Some(text()),
        };
        check("TokenReply", &tokens);
        check("RevocationSnapshot", &RevocationSnapshot { batches: Vec::new() });
        check(
            "RevocationReport",
            &RevocationReport { instance: text(), epoch: 1, seq: 1, lag_ms: 1, kids: Vec::new() },
        );
        check(
            "StatusListAggregation",
            &handstamp_api_types::status_list::StatusListAggregation { status_lists: Vec::new() },
        );
        let module = BrowserModule { name: text(), url: text(), integrity: text() };
        check("BrowserModule", &module);
        check("BrowserModules", &BrowserModules { modules: vec![module] });
        check("EndedSessions", &EndedSessions { ended: 1 });
        check(
            "PasswordChangedReply",
            &PasswordChangedReply { ended: 1, access_token: Some(text()), expires_in: Some(1) },
        );
        check("RelabelRequest", &RelabelRequest { device: text() });
        check("SetupReply", &SetupReply { sub: text(), username: text() });
        check("Health", &Health { status: HealthStatus::Ok, degraded: Vec::new() });
        check(
            "OAuthError",
            &OAuthError { error: OAuthErrorCode::InvalidGrant, error_description: Some(text()) },
        );
        check(
            "Introspection",
            &Introspection {
                active: true,
                token_type: Some(text()),
                iss: Some(text()),
                sub: Some(text()),
                username: Some(text()),
                client_id: Some(text()),
                sid: Some(text()),
                org_id: Some(text()),
                roles: vec![text()],
                exp: Some(time),
                iat: Some(time),
                jti: Some(text()),
                aud: vec![text()],
                scope: Some(text()),
                act: Some(Actor { sub: text(), act: None }),
            },
        );
        let session = SessionSummary {
            sid: text(),
            current: true,
            device: text(),
            carried_from: Some(String::new()),
            site: Some(String::new()),
            created_at: time,
            last_seen_at: time,
            expires_at: time,
        };
        check("SessionSummary", &session);
        check("SessionList", &SessionList { sessions: vec![session] });
        check(
            "ProfileSnapshot",
            &ProfileSnapshot {
                sub: text(),
                preferred_username: text(),
                email: Some(text()),
                org_id: Some(text()),
                org_name: Some(text()),
                roles: vec![text()],
                active: true,
                profile: serde_json::Map::new(),
            },
        );
        check(
            "Whoami",
            &Whoami {
                sub: text().into(),
                preferred_username: Some(text().into()),
                email: Some(text().into()),
                roles: Vec::new().into(),
                org_id: None,
                sid: None,
                auth_time: None,
                amr: Vec::new().into(),
                expires_in: 1,
                custom: serde_json::Map::new(),
            },
        );
    }
}
