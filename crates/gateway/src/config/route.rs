use std::time::Duration;

use handstamp_settings::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[[gateway.routes]]`: which service answers some paths, and who may ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteConfig {
    /// The path, such as `/healthz`, or one and all below it: `/api/orders/*`. `{org}` stands for the caller's organisation: `/api/{org}/*`. The closest route takes a request.
    pub path: String,
    /// Where the service is: one URL or several, such as `["http://10.0.0.1:9000", "http://10.0.0.2:9000"]`.
    pub to: Vec<String>,
    /// What is taken off the path's beginning before the service sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strip_prefix: Option<String>,
    /// Who may ask. Without a word on it the gateway does not start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessConfig>,
    /// One of these roles is needed too.
    pub roles: Vec<String>,
    /// All of these scopes are needed too.
    pub scopes: Vec<String>,
    /// Members of these organisations alone; `*` is any organisation.
    pub orgs: Vec<String>,
    /// How long ago the caller may have signed in.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub signed_in_within: Option<Duration>,
    /// Say who it is in `X-Handstamp-User`, `-Username`, `-Email`, `-Roles`, `-Org` and `-Session`, for a service that reads no tokens. It must be reached through the gateway alone.
    pub identity_headers: bool,
    /// Speak HTTP/2 to the service without asking first, as gRPC needs.
    pub http2: bool,
    /// A path of the service that answers 2xx while all is well, such as `/health/ready`. Asked every few seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How long the service may take until its reply begins. Default: `gateway.timeout`.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub timeout: Option<Duration>,
    /// How long a body may stay without a single byte. Default: `gateway.idle_timeout`.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub idle_timeout: Option<Duration>,
    /// The largest request body in bytes. Default: `gateway.max_body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body: Option<u64>,
    /// How often a request is tried at another address. Default: `gateway.retries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessConfig {
    /// Everybody. Nobody's token is looked at; an `Authorization` header is passed on as it came.
    Public,
    /// Everybody. Whoever is signed in is verified, and the service learns who it is.
    Optional,
    /// Everybody who is signed in.
    SignedIn,
    /// Machine clients with a token of their own.
    Client,
}
