use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use handstamp_listen::{Limits, PerAddress};
use handstamp_settings::{Network, PublicUrl, PublicUrlError, TlsConfig, address, duration, stands_for_many};
use handstamp_token::{Algorithm, Validator};
use handstamp_verify::revocation::SilencePolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RouteConfig;

/// `[gateway]`: the front on an app's own domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    /// Address and port to listen on. Port 0 takes a free one.
    #[serde(deserialize_with = "address::deserialize")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Address and port of `/health/live`, `/health/ready` and `/metrics`: a listener of their own, which nothing from outside reaches.
    #[serde(deserialize_with = "address::deserialize")]
    #[schemars(with = "String")]
    pub admin_listen: SocketAddr,
    /// Where the world reaches the app, such as `https://app.example.org`. Requests for other hosts are refused. Default: the listening address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// How connections are encrypted.
    pub tls: TlsConfig,
    /// Start on plain http on other hosts than this machine. Passwords and tokens then travel unencrypted.
    pub insecure_http: bool,
    /// Where the gateway reaches the auth service, such as `http://127.0.0.1:8600`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// Take plain http to an auth service on another machine. Whoever stands between can then make up keys, and sign in as anybody.
    pub insecure_auth: bool,
    /// Paths that the auth service answers, cookies and all. `/.well-known/*` and `/oauth2/*` may be added.
    pub auth_paths: Vec<String>,
    /// The issuer of tokens, exactly as in their `iss`: the auth service's public URL. Default: the URL in `gateway.auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What a token's `aud` must name for the gateway to take it: one of these. Default: the issuer, which the token of everybody who signed in names.
    pub audiences: Vec<String>,
    /// The algorithms that the auth service may sign with. HS256 is not for a gateway: whoever verifies it could sign.
    #[schemars(with = "Vec<String>")]
    pub algorithms: Vec<Algorithm>,
    /// How far the clocks of auth service and gateway may be apart.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub leeway: Duration,
    /// The client that the gateway is at the auth service, with the scope `revocations`. Default: none, for a feed that is open to the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// A file with the client's secret. The variable `HANDSTAMP_GATEWAY_CLIENT_SECRET` can hold it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// A file with the private JWK, or a set of them, that the auth service encrypts tokens to, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_key_file: Option<PathBuf>,
    /// What happens while there is no news of revocations: take tokens younger than `max_stale` and refresh the others, refuse all, or go on.
    pub when_silent: WhenSilent,
    /// How old the news of revocations may be.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub max_stale: Duration,
    /// Refresh an expired token on the way. The refresh cookie then comes with every request to this host; no service sees it.
    pub silent_refresh: bool,
    /// Origins of other sites whose pages may send unsafe requests with cookies, such as `https://partner.example.org`.
    pub allowed_origins: Vec<String>,
    /// Addresses or networks of proxies in front of the gateway whose X-Forwarded-For is believed.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<Network>,
    /// Addresses or networks of proxies that ask at `/auth/check` and are told the token of a cookie there. Such a proxy lets nobody get to `/auth/check` through it: a script in a page could read the token that its browser hides from it.
    #[schemars(with = "Vec<String>")]
    pub forward_auth_proxies: Vec<Network>,
    /// How many connections may be open at once, WebSockets included; further ones wait. Each takes two file descriptors at most.
    pub max_connections: u32,
    /// How many of them may come from one address, in IPv6 from one /64; further ones are closed. Trusted proxies and this machine may have all.
    pub max_connections_per_address: u32,
    /// How long a client may take to send the header of a request.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub header_timeout: Duration,
    /// How long a connection may be open and ask for nothing. Longer than a proxy in front keeps its own.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// The largest request header in bytes. Larger ones are answered 431.
    pub max_header: u32,
    /// How long a reply may wait for a client that reads nothing of it before the connection is closed.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
    /// How long running requests may still take after the gateway was told to stop.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub shutdown_timeout: Duration,
    /// How long it may take to connect to a service.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// How long a service may take until its reply begins, where the route does not say otherwise.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// How long a body may stay without a single byte, in either direction. Event streams and WebSockets may be silent for longer.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// The largest request body in bytes, where the route does not say otherwise.
    pub max_body: u64,
    /// How often a request that a service cannot have seen, or that changes nothing, is tried at another address of the service.
    pub retries: u32,
    /// Which service answers which path, and who may ask. A path that no route takes is answered 404.
    pub routes: Vec<RouteConfig>,
}

/// What happens while there is no news of revocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenSilent {
    /// Tokens younger than `max_stale` pass, older ones are refreshed. Whoever was signed out cannot.
    YoungOnly,
    /// Nothing passes.
    Refuse,
    /// Everything passes until it expires.
    ServeStale,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8700)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8701)),
            public_url: None,
            tls: TlsConfig::default(),
            insecure_http: false,
            auth: None,
            insecure_auth: false,
            auth_paths: vec!["/auth/*".to_owned()],
            issuer: None,
            audiences: Vec::new(),
            algorithms: vec![
                Algorithm::Es256,
                Algorithm::Es384,
                Algorithm::Ed25519,
                Algorithm::EdDsa,
                Algorithm::Ps256,
                Algorithm::Rs256,
            ],
            leeway: Validator::DEFAULT_LEEWAY,
            client_id: None,
            client_secret_file: None,
            encryption_key_file: None,
            when_silent: WhenSilent::YoungOnly,
            max_stale: SilencePolicy::MAX_STALE,
            silent_refresh: true,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            forward_auth_proxies: Vec::new(),
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            header_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            max_header: 64 * 1024,
            write_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
            max_body: 10 * 1024 * 1024,
            retries: 1,
            routes: Vec::new(),
        }
    }
}

impl GatewayConfig {
    /// Returns where the world reaches a gateway that listens at `listening`.
    pub fn public_url(&self, listening: SocketAddr) -> Result<PublicUrl, PublicUrlError> {
        match &self.public_url {
            Some(url) => PublicUrl::parse(url, self.insecure_http),
            None => PublicUrl::of_listener(listening, self.tls.is_on(), self.insecure_http),
        }
    }

    /// Returns what a client may hold.
    pub fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections,
            per_address: PerAddress::at_most(self.max_connections_per_address)
                .except(stands_for_many(&self.trusted_proxies)),
            handshake_timeout: self.header_timeout.min(Limits::default().handshake_timeout),
            header_timeout: self.header_timeout,
            idle_timeout: self.keep_alive,
            max_header: self.max_header,
            write_timeout: self.write_timeout,
            shutdown_timeout: self.shutdown_timeout,
        }
    }

    pub(crate) fn silence_policy(&self) -> SilencePolicy {
        let max_stale = self.max_stale;
        match self.when_silent {
            WhenSilent::YoungOnly => SilencePolicy::YoungOnly { max_stale },
            WhenSilent::Refuse => SilencePolicy::Refuse { max_stale },
            WhenSilent::ServeStale => SilencePolicy::ServeStale { max_stale },
        }
    }
}
