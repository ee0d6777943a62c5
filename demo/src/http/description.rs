use axum::routing::{MethodRouter, get};
use http::header;
use serde_json::Value;

/// Where the description puts the name of the cookie.
const COOKIE_NAME: &str = "/components/securitySchemes/cookie/name";

/// Answers with the service's `OpenAPI` description, in which the cookie is called what it is called here.
pub(crate) fn description<S: Clone + Send + Sync + 'static>(
    document: &str,
    cookie_name: &str,
) -> MethodRouter<S> {
    let text = named(document, cookie_name);
    get(async move || ([(header::CONTENT_TYPE, "application/json")], text.clone()))
}

fn named(document: &str, cookie_name: &str) -> String {
    // Both descriptions are in this crate, and a test reads them.
    let mut document: Value = serde_json::from_str(document).unwrap_or_default();
    if let Some(name) = document.pointer_mut(COOKIE_NAME) {
        *name = cookie_name.into();
    }
    document.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::named;

    #[test]
    fn each_description_names_the_cookie_that_is_used() {
        for document in [include_str!("../orders/openapi.json"), include_str!("../profiles/openapi.json")] {
            let document: Value = serde_json::from_str(&named(document, "__Host-Http-at-8800")).unwrap();

            assert_eq!(document["components"]["securitySchemes"]["cookie"]["name"], "__Host-Http-at-8800");
            assert!(document["paths"].as_object().is_some_and(|paths| paths.contains_key("/openapi.json")));
        }
    }
}
