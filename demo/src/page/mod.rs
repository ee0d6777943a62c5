//! The single-page app: plain modules, served as they are, from an origin of their own.

mod files;

use std::collections::BTreeMap;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::Person;
use files::{FILES, File};

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
    /// What to type in a terminal of this machine to do things to people.
    pub command: CommandLine,
}

/// Commands with `NAME` and `ROLES` where a user name and roles go.
#[derive(Debug, Clone, Serialize)]
pub struct CommandLine {
    /// Gives somebody other roles.
    pub set_roles: String,
    /// Says something else of somebody.
    pub set_profile: String,
    /// Disables somebody.
    pub disable: String,
    /// Enables them again.
    pub enable: String,
    /// Ends all of somebody's sessions.
    pub revoke: String,
}

/// Where the services are.
#[derive(Debug, Clone, Serialize)]
pub struct Services {
    /// The orders service.
    pub orders: String,
    /// The profiles service.
    pub profiles: String,
}

/// Returns the page with everything it needs.
pub fn router(config: &PageConfig) -> Router {
    let policy = policy(config);
    let settings = serde_json::json!(config).to_string();
    let mut router = Router::new();
    for File { path, media_type, content } in FILES {
        let policy = policy.clone();
        router = router.route(path, get(async move || answer(media_type, *content, &policy)));
    }
    router
        .route("/config.json", get(async move || answer("application/json", settings.clone(), &policy)))
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here.\n"))
}

/// The files of the auth service's that this page runs beside its own.
const CLIENT: [&str; 3] = ["client", "dialog", "streams"];

/// Only this page's own files and the auth client run, no text becomes a script or markup, and they talk to the three
/// services alone: a script somebody smuggled in could not even carry anything away.
fn policy(config: &PageConfig) -> HeaderValue {
    let PageConfig { auth, services, .. } = config;
    let client = CLIENT.map(|name| format!("{auth}/auth/{name}.js")).join(" ");
    let policy = format!(
        "default-src 'none'; script-src 'self' {client}; style-src 'self'; img-src 'self'; \
         connect-src 'self' {auth} {} {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        services.orders, services.profiles
    );
    // The addresses are our own and plain ASCII; were they not, the page would rather be locked than open.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn answer(media_type: &'static str, content: impl IntoResponse, policy: &HeaderValue) -> Response {
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

    use super::files::FILES;
    use super::{CommandLine, PageConfig, Services, router};

    async fn get(path: &str) -> Response<Body> {
        let services =
            Services { orders: "http://localhost:2".to_owned(), profiles: "http://localhost:3".to_owned() };
        let command = CommandLine {
            set_roles: String::new(),
            set_profile: String::new(),
            disable: String::new(),
            enable: String::new(),
            revoke: String::new(),
        };
        let config = PageConfig {
            auth: "http://localhost:1".to_owned(),
            services,
            people: crate::PEOPLE,
            foreign_orders: BTreeMap::new(),
            command,
        };
        let request = Request::get(path).body(Body::empty()).unwrap();
        router(&config).oneshot(request).await.unwrap()
    }

    /// Returns what a file asks for: `src`, `href` and `import … from`, as paths.
    fn asked_for(path: &str, content: &str) -> Vec<String> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let names = content.split(['"', '\'']).filter(|text| {
            [".js", ".css", ".svg"].iter().any(|end| text.ends_with(end)) && !text.contains(['$', ' ', '@'])
        });
        let base = url::Url::parse(&format!("http://page{folder}/")).unwrap();
        names.map(|name| base.join(name).unwrap().path().to_owned()).collect()
    }

    #[tokio::test]
    async fn every_module_that_is_asked_for_is_there_and_every_other_is_left_out() {
        let mut asked: Vec<_> = FILES.iter().flat_map(|file| asked_for(file.path, file.content)).collect();
        asked.sort();
        asked.dedup();

        for path in &asked {
            assert_eq!(get(path).await.status(), StatusCode::OK, "{path}");
        }
        let served = FILES.iter().map(|file| file.path).filter(|path| *path != "/");
        for path in served {
            assert!(asked.iter().any(|asked| asked == path), "nobody asks for {path}");
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
    }

    #[tokio::test]
    async fn the_page_runs_its_own_files_and_the_auth_client() {
        let reply = get("/").await;

        let policy = reply.headers()["content-security-policy"].to_str().unwrap();
        let client = ["client", "dialog", "streams"].map(|name| format!("http://localhost:1/auth/{name}.js"));
        assert!(policy.contains(&format!("script-src 'self' {};", client.join(" "))), "{policy}");
        assert!(policy.contains("require-trusted-types-for 'script'; trusted-types 'none'"), "{policy}");
    }

    #[tokio::test]
    async fn there_is_nothing_else() {
        assert_eq!(get("/../Cargo.toml").await.status(), StatusCode::NOT_FOUND);
    }
}
