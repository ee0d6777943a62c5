//! The table of all routes: what there is, and who may use it.

mod account;
mod account_change_password;
mod account_end_others;
mod account_end_session;
mod account_rename_session;
mod account_unlink_upstream;
mod assets;
mod backchannel_logout;
mod callback;
mod carried;
mod carry;
mod change_password;
mod check;
mod client_js;
mod client_json;
mod exchange;
mod exchanged;
mod fallback;
mod health;
mod issued;
mod jwks;
mod login;
mod metadata;
mod metrics;
mod oauth2_client;
mod oauth2_introspect;
mod oauth2_revoke;
mod oauth2_token;
mod openapi;
mod present;
mod profile;
mod refresh;
mod revocations;
mod revocations_jwks;
mod revocations_report;
mod revocations_snapshot;
mod session;
mod sessions;
mod setup;
mod sign_in;
mod sign_in_page;
mod sign_out;
mod sign_out_page;
mod status_list;
mod status_lists;
mod upstream_failed;
mod visitor;
mod whoami;
mod whoami_body;

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, any_service, on_service},
};
use handstamp_verify::access::{Access, public, signed_in};
use tower::ServiceExt as _;

use crate::{
    AppState,
    layers::{Answer, Answering, Layers, Route, erase},
};

/// One endpoint.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// `None` for all.
    methods: Option<MethodFilter>,
    handler: Answer,
}

/// Every endpoint. The `OpenAPI` document names the same ones; a test holds them against each other.
///
/// `public()` routes take no access token, or one that may have expired: those that act for somebody find out for whom
/// themselves, and say how.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Endpoint> {
    vec![
        // A session: begin, ask, go on, end.
        post("/auth/sign-in", public(), sign_in::sign_in),
        get("/auth/whoami", signed_in(), whoami::whoami),
        post("/auth/session", public(), session::session),
        post("/auth/refresh", public(), refresh::refresh),
        post("/auth/sign-out", public(), sign_out::sign_out),
        // The same through an upstream.
        get("/auth/login/{upstream}", public(), login::login),
        post("/auth/backchannel-logout/{upstream}", public(), backchannel_logout::logout),
        get("/auth/callback/{upstream}", public(), callback::callback),
        post("/auth/exchange/{upstream}", public(), exchange::exchange),
        // The same carried to another domain: asked at home, finished there.
        get("/auth/carry", public(), carry::carry),
        get("/auth/carried", public(), carried::carried),
        // The caller's devices and password.
        get("/auth/sessions", signed_in(), sessions::list),
        post("/auth/sessions/end-others", signed_in(), sessions::end_others),
        delete("/auth/sessions/{sid}", signed_in(), sessions::end),
        patch("/auth/sessions/{sid}", signed_in(), sessions::relabel),
        post("/auth/change-password", signed_in(), change_password::change_password),
        // Pages for people, and what they load.
        get("/auth/sign-in", public(), sign_in_page::page),
        get("/auth/sign-out", public(), sign_out_page::page),
        get("/auth/account", public(), account::page),
        post("/auth/account/end-session", public(), account_end_session::end_session),
        post("/auth/account/end-others", public(), account_end_others::end_others),
        post("/auth/account/rename-session", public(), account_rename_session::rename_session),
        post("/auth/account/change-password", public(), account_change_password::change_password),
        post("/auth/account/unlink-upstream", public(), account_unlink_upstream::unlink),
        get("/auth/assets/{name}", public(), assets::asset),
        // For apps in the browser.
        get("/auth/client.js", public(), client_js::client),
        get("/auth/dialog.js", public(), client_js::dialog),
        get("/auth/redirect.js", public(), client_js::redirect),
        get("/auth/streams.js", public(), client_js::streams),
        get("/auth/client.json", public(), client_json::list),
        // The first administrator.
        get("/auth/setup", public(), setup::page),
        post("/auth/setup", public().always_check_origin(), setup::setup),
        // For proxies and OAuth clients.
        // Whose method counts is not the proxy's own, so that it looks at the credentials itself.
        get("/auth/check", public(), check::check),
        any("/auth/check/envoy/", public(), check::envoy),
        any("/auth/check/envoy/{*path}", public(), check::envoy),
        post("/oauth2/token", public(), oauth2_token::token),
        post("/oauth2/introspect", public(), oauth2_introspect::introspect),
        post("/oauth2/revoke", public(), oauth2_revoke::revoke),
        // For services, and for people about themselves. Tokens for profiles are of an audience of their own, so that the route
        // looks at them itself.
        get("/profiles/{sub}", public(), profile::profile),
        // For verifiers.
        get("/.well-known/jwks.json", public(), jwks::jwks),
        get("/.well-known/oauth-authorization-server", public(), metadata::metadata),
        get("/.well-known/openid-configuration", public(), metadata::metadata),
        get("/revocations", public(), revocations::follow),
        get("/revocations/snapshot", public(), revocations_snapshot::snapshot),
        get("/revocations/jwks.json", public(), revocations_jwks::jwks),
        post("/revocations/report", public(), revocations_report::report),
        get("/status-lists", public(), status_lists::status_lists),
        get("/status-lists/{id}", public(), status_list::status_list),
        // For operators.
        get("/health/live", public(), health::live),
        get("/health/ready", public(), health::ready),
        get("/metrics", public(), metrics::metrics),
        get("/openapi.json", public(), openapi::document),
    ]
}

/// Builds the router: the endpoints behind their access rules, and an answer for everything else.
pub(crate) fn router(state: &AppState) -> Router {
    let layers = Layers::new(state);
    let router = table().into_iter().fold(Router::new(), |router, endpoint| {
        let Endpoint { method, path, access, methods, handler } = endpoint;
        tracing::debug!(%method, path, %access, "route");
        let served = layers.around(Route::Of(path), access, handler);
        router.route(
            path,
            match methods {
                Some(methods) => on_service(methods, served),
                None => any_service(served),
            },
        )
    });
    let elsewhere = layers.around(Route::Found, public(), erase(fallback::not_found));
    let otherwise = layers.around(Route::Found, public(), erase(fallback::method_not_allowed));
    router
        .fallback_service(elsewhere)
        .method_not_allowed_fallback(move |request: Request| otherwise.clone().oneshot(request))
}

macro_rules! methods {
    ($($name:ident $method:ident $methods:expr,)+) => {$(
        fn $name<H, T>(path: &'static str, access: Access, handler: H) -> Endpoint
        where
            H: Handler<T, AppState, Future = Answering>,
            T: 'static,
        {
            Endpoint { method: Method::$method, path, access, methods: $methods, handler: erase(handler) }
        }
    )+};
}

methods! {
    get GET Some(MethodFilter::GET),
    post POST Some(MethodFilter::POST),
    patch PATCH Some(MethodFilter::PATCH),
    delete DELETE Some(MethodFilter::DELETE),
    // Every other method as well.
    any GET None,
}
