//! The single-page app: plain modules, served as they are, from an origin of their own.

use std::collections::BTreeMap;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::Person;

/// What the page is told when it starts.
#[derive(Debug, Clone, Serialize)]
pub struct PageConfig {
    /// The auth service.
    pub auth: String,
    /// The services.
    pub services: Services,
    /// Who could sign in.
    pub people: &'static [Person],
    /// For each organisation, an order that belongs to another one: to be refused.
    pub foreign_orders: BTreeMap<&'static str, i64>,
}

/// Where the services are.
#[derive(Debug, Clone, Serialize)]
pub struct Services {
    /// The orders service.
    pub orders: String,
    /// The profiles service.
    pub profiles: String,
}

const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("/icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
    ("/main.js", "text/javascript; charset=utf-8", include_str!("../page/main.js")),
    ("/api.js", "text/javascript; charset=utf-8", include_str!("../page/api.js")),
    ("/view.js", "text/javascript; charset=utf-8", include_str!("../page/view.js")),
];

/// Returns the page with everything it needs.
pub fn router(config: &PageConfig) -> Router {
    let policy = policy(config);
    let settings = serde_json::json!(config).to_string();
    let mut router = Router::new();
    for (path, media_type, content) in FILES {
        let policy = policy.clone();
        router = router.route(path, get(async move || file(media_type, *content, &policy)));
    }
    router
        .route("/config.json", get(async move || file("application/json", settings.clone(), &policy)))
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here.\n"))
}

/// Only this page's own files run, and they talk to the three services alone: a script somebody smuggled in
/// could not even carry anything away.
fn policy(config: &PageConfig) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {} {} {}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        config.auth, config.services.orders, config.services.profiles
    );
    // The addresses are our own and plain ASCII; were they not, the page would rather be locked than open.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn file(media_type: &'static str, content: impl IntoResponse, policy: &HeaderValue) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, policy.clone()),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::Body;
    use http::{Request, Response, StatusCode};
    use tower::ServiceExt;

    use super::{FILES, PageConfig, Services, router};

    async fn get(path: &str) -> Response<Body> {
        let services =
            Services { orders: "http://localhost:2".to_owned(), profiles: "http://localhost:3".to_owned() };
        let config = PageConfig {
            auth: "http://localhost:1".to_owned(),
            services,
            people: crate::PEOPLE,
            foreign_orders: BTreeMap::new(),
        };
        let request = Request::get(path).body(Body::empty()).unwrap();
        router(&config).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn every_module_the_page_asks_for_is_there() {
        let (_, _, index) = FILES[0];
        let is_file = |text: &&str| [".js", ".css", ".svg"].iter().any(|end| text.ends_with(end));
        let asked: Vec<_> = index.split('"').filter(is_file).collect();
        assert!(asked.len() >= 3, "{asked:?}");
        for file in asked {
            assert_eq!(get(&format!("/{file}")).await.status(), StatusCode::OK, "{file}");
        }
    }

    #[tokio::test]
    async fn the_page_may_talk_to_the_services_and_nobody_else() {
        let reply = get("/").await;

        let policy = reply.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("connect-src 'self' http://localhost:1 http://localhost:2 http://localhost:3;"),
            "{policy}"
        );
        assert!(policy.contains("script-src 'self';"), "{policy}");
    }

    #[tokio::test]
    async fn there_is_nothing_else() {
        assert_eq!(get("/../Cargo.toml").await.status(), StatusCode::NOT_FOUND);
    }
}
