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
