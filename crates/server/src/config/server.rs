use std::{net::SocketAddr, time::Duration};

use handstamp_settings::address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Network, Problems, PublicUrl, TlsConfig, duration};

/// `[server]`: where the service listens and who may talk to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on. Port 0 takes a free one.
    #[serde(deserialize_with = "address::deserialize")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Where the world reaches the service, such as `https://auth.example.org`: the issuer of tokens. Default: the listening address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Origins of other sites whose pages may call the service with cookies, such as `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    /// Addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<Network>,
    /// Addresses or networks of proxies that ask at `/auth/check` and are told the token of a cookie there. Such a proxy lets nobody get to `/auth/check` through it: a script in a page could read the token that its browser hides from it.
    #[schemars(with = "Vec<String>")]
    pub forward_auth_proxies: Vec<Network>,
    /// Start on plain http on other hosts than this machine. Passwords and tokens then travel unencrypted.
    pub insecure_http: bool,
    /// The largest request body in bytes.
    pub max_body: usize,
    /// How long a request may take before it is dropped.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub request_timeout: Duration,
    /// How long a reply may wait for a client that reads nothing of it before the connection is closed.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
    /// How many connections may be open at once; further ones wait. Each takes a file descriptor of the process.
    pub max_connections: u32,
    /// How many of them may come from one address, in IPv6 from one /64; further ones are closed. Trusted proxies and this machine may have all.
    pub max_connections_per_address: u32,
    /// How long running requests may still take after the service was told to stop, and after them what it does by itself.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub shutdown_timeout: Duration,
    /// How connections are encrypted.
    pub tls: TlsConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8600)),
            public_url: None,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            forward_auth_proxies: Vec::new(),
            insecure_http: false,
            max_body: 64 * 1024,
            request_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            max_connections: 4096,
            max_connections_per_address: 512,
            shutdown_timeout: Duration::from_secs(10),
            tls: TlsConfig::default(),
        }
    }
}

impl ServerConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(url) = &self.public_url
            && let Err(error) = PublicUrl::parse(url, self.insecure_http)
        {
            problems.wrong("server.public_url", error);
        }
        self.tls.check("server", self.listen, self.public_url.as_deref(), problems);
        for origin in &self.allowed_origins {
            // The browser's spelling is the only one that will ever match.
            let browser_spelling = url::Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
            if browser_spelling.as_deref() != Some(origin.as_str()) || origin == "null" {
                problems.wrong(
                    "server.allowed_origins",
                    format!("{origin:?} is not an origin: write scheme, host and port as a browser sends them, such as \"https://app.example.org\""),
                );
            }
        }
        if self.max_body < 1024 {
            problems.wrong(
                "server.max_body",
                format!("{} bytes are too few to sign in: 1024 at least", self.max_body),
            );
        }
        if self.request_timeout.is_zero() {
            problems
                .wrong("server.request_timeout", "no request could ever be answered: more than 0s is needed");
        }
        if self.write_timeout.is_zero() {
            problems.wrong(
                "server.write_timeout",
                "no reply could ever wait for a client: more than 0s is needed",
            );
        }
        if self.max_connections == 0 {
            problems.wrong("server.max_connections", "nobody could ever connect: 1 at least");
        }
        if self.max_connections_per_address == 0 {
            problems.wrong("server.max_connections_per_address", "nobody could ever connect: 1 at least");
        }
    }
}
