//! What a running gateway is made of.

use std::io;
use std::sync::Arc;

use handstamp_settings::{Network, PublicUrl, PublicUrlError};
use handstamp_token::Entropy;
use handstamp_verify::csrf::{AllowedOrigins, OriginError};
use handstamp_verify::forward_auth::{ENVOY_PREFIX, ForwardAuth};
use handstamp_verify::revocation::{ClientSecret, Feed, FeedAccess};
use handstamp_verify::{BuildError, Clock, DecryptionKey, Verifier, VerifierBuilder};
use http::{HeaderValue, Uri};

use crate::admit::SIGN_IN;
use crate::config::{AUTH_MISSING, Config, GatewayConfig};
use crate::cookies::CookieMap;
use crate::headers::forwarded::PublicPlace;
use crate::metrics::{Metrics, RouteFigures};
use crate::path::CanonicalPath;
use crate::refresh::{Caller, Refresher};
use crate::routes::{self, Destination, Drafted, Pattern, Route, Routes, Service, ServiceLimits};
use crate::stop::Stopper;
use crate::target::{Client, Probe, Speak, Targets};

/// What the command line brings.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// Where the world reaches the gateway.
    pub public_url: PublicUrl,
    /// The secret of `gateway.client_id`.
    pub client_secret: Option<ClientSecret>,
    /// The keys that the auth service encrypts tokens to, where it does.
    pub decryption_keys: Vec<DecryptionKey>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where the ids of requests come from, and what spreads the waits of many gateways: no secrets.
    pub entropy: Arc<dyn Entropy>,
}

/// The same-domain front of an app.
pub struct Gateway {
    pub(crate) verifier: Verifier,
    pub(crate) check: ForwardAuth,
    pub(crate) refresher: Option<Refresher>,
    pub(crate) routes: Routes,
    pub(crate) client: Client,
    pub(crate) auth: Targets,
    pub(crate) auth_limits: ServiceLimits,
    pub(crate) cookies: Arc<CookieMap>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) forward_auth_proxies: Vec<Network>,
    pub(crate) place: PublicPlace,
    /// What browsers are told of https, where it is spoken.
    pub(crate) strict_transport: Option<HeaderValue>,
    /// The sign-in page can be reached here.
    pub(crate) has_sign_in_page: bool,
    pub(crate) metrics: Metrics,
    /// The figures of requests that no route takes.
    pub(crate) unmatched: RouteFigures,
    pub(crate) probes: Vec<Probe>,
    pub(crate) stopper: Stopper,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// Why a gateway cannot start. The operator's fault, or the machine's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Nobody said where the auth service is.
    #[error("gateway.auth: {AUTH_MISSING}")]
    AuthMissing,
    /// The issuer is not the URL of an auth service.
    #[error("gateway.issuer cannot be used")]
    Issuer(#[from] PublicUrlError),
    /// A client without its secret cannot follow the revocations.
    #[error(
        "the secret of the client {client_id:?} is missing: name its file in gateway.client_secret_file, or set HANDSTAMP_GATEWAY_CLIENT_SECRET"
    )]
    SecretMissing {
        /// The client.
        client_id: String,
    },
    /// An origin is none.
    #[error("gateway.allowed_origins cannot be used")]
    Origins(#[from] OriginError),
    /// The tokens of the auth service cannot be verified.
    #[error("the tokens of the auth service cannot be verified")]
    Verifier(#[from] BuildError),
    /// Services cannot be reached, most often for lack of root certificates.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] io::Error),
}

impl Gateway {
    /// Puts a gateway together, and begins to follow the auth service's keys and revocations. Inside a tokio runtime.
    pub fn new(parts: Parts) -> Result<Arc<Self>, StartError> {
        let Parts { config, public_url, client_secret, decryption_keys, clock, entropy } = parts;
        let settings = &config.gateway;
        let auth: Uri = settings.auth.as_deref().and_then(routes::target).ok_or(StartError::AuthMissing)?;
        let issuer = settings.issuer.clone().unwrap_or_else(|| origin(&auth));
        let issuer_url = PublicUrl::parse(&issuer, true)?;
        let own = std::iter::once(public_url.as_str());
        let allowed_origins =
            AllowedOrigins::new(own.chain(settings.allowed_origins.iter().map(String::as_str)))?;
        let cookies =
            Arc::new(CookieMap::new(&config.cookies, &issuer_url, &public_url, settings.silent_refresh));
        let access = feed_access(settings, client_secret)?;
        let verifier = Tokens { settings, auth: &origin(&auth), issuer: &issuer, cookies: &cookies }
            .verifier(allowed_origins, access, decryption_keys, (Arc::clone(&clock), Arc::clone(&entropy)))?;
        let client = Client::new(settings.connect_timeout)?;
        let auth = Targets::new(&[auth], Speak::Usual);
        let metrics = Metrics::new();
        let refresher = settings.silent_refresh.then(|| {
            let caller = Caller { client: client.clone(), auth: auth.clone(), cookies: Arc::clone(&cookies) };
            Refresher::new(caller, metrics.refreshes.clone())
        });
        let (routes, probes) = table(settings, &metrics);
        let sign_in = CanonicalPath::new(SIGN_IN).ok();
        let sign_in = sign_in.as_ref().and_then(|path| routes.find(path).ok());
        Ok(Arc::new(Self {
            check: ForwardAuth::new(verifier.clone())
                .sign_in_page(&format!("{}{SIGN_IN}", public_url.as_str()), None),
            verifier,
            refresher,
            has_sign_in_page: sign_in.is_some_and(|taken| matches!(taken.route.to, Destination::Auth)),
            routes,
            client,
            auth,
            auth_limits: limits(settings),
            cookies,
            trusted_proxies: settings.trusted_proxies.clone(),
            forward_auth_proxies: settings.forward_auth_proxies.clone(),
            place: place(&public_url),
            strict_transport: HeaderValue::try_from(settings.tls.strict_transport_security())
                .ok()
                .filter(|_| public_url.is_https()),
            unmatched: metrics.of_route("unmatched"),
            metrics,
            probes,
            stopper: Stopper::new(),
            clock,
            entropy,
        }))
    }

    /// Returns what every route lets through, in words, the closest first: for the log at start.
    pub fn describe_routes(&self) -> impl Iterator<Item = String> {
        self.routes.iter().map(|route| match &route.to {
            Destination::Auth => format!("{}: the auth service", route.label),
            Destination::Check | Destination::CheckForEnvoy => format!("{}: forward-auth", route.label),
            Destination::Service(service) => {
                let to: Vec<_> = service.targets.iter().map(|target| target.label.as_str()).collect();
                format!("{}: {} to {}", route.label, service.rule, to.join(", "))
            }
        })
    }
}

/// What the verifier goes by.
struct Tokens<'a> {
    settings: &'a GatewayConfig,
    auth: &'a str,
    issuer: &'a str,
    cookies: &'a CookieMap,
}

impl Tokens<'_> {
    fn verifier(
        &self,
        allowed_origins: AllowedOrigins,
        access: FeedAccess,
        decryption_keys: Vec<DecryptionKey>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Result<Verifier, StartError> {
        let Self { settings, auth, issuer, cookies } = self;
        let mut feed = Feed::builder(*issuer, access);
        if let Ok(url) = format!("{auth}/revocations").parse() {
            feed = feed.url(url);
        }
        let mut builder = Verifier::builder(*issuer)
            .algorithms(&settings.algorithms)
            .leeway(settings.leeway)
            .cookie_name(cookies.access())
            .allowed_origins(allowed_origins)
            .jwks_uri(format!("{auth}/.well-known/jwks.json"))
            .clock(clock)
            .entropy(entropy);
        if settings.insecure_auth {
            feed = feed.dangerous_plain_http();
            builder = builder.dangerous_plain_http();
        }
        builder = builder.follow_revocations(feed, settings.silence_policy());
        builder = match settings.audiences.as_slice() {
            [] => builder.audience(*issuer),
            audiences => audiences.iter().fold(builder, VerifierBuilder::audience),
        };
        builder = decryption_keys.into_iter().fold(builder, VerifierBuilder::decryption_key);
        Ok(builder.build_remote()?)
    }
}

fn feed_access(settings: &GatewayConfig, secret: Option<ClientSecret>) -> Result<FeedAccess, StartError> {
    match (settings.client_id.clone(), secret) {
        (Some(id), Some(secret)) => Ok(FeedAccess::Client { id, secret }),
        (Some(client_id), None) => Err(StartError::SecretMissing { client_id }),
        (None, _) => Ok(FeedAccess::Open),
    }
}

fn table(settings: &GatewayConfig, metrics: &Metrics) -> (Routes, Vec<Probe>) {
    let route = |pattern: Pattern, to: Destination| {
        let label = pattern.to_string();
        Arc::new(Route { figures: metrics.of_route(&label), pattern, label, to })
    };
    let mut routes = Vec::new();
    // Settings that are wrong were told before; whatever is left out here is closed.
    for path in settings.auth_paths.iter().filter_map(|path| Pattern::parse(path).ok()) {
        if path.find(CHECK).is_some() && routes.iter().all(|route: &Arc<Route>| route.label != CHECK) {
            routes.extend(Pattern::parse(CHECK).ok().map(|check| route(check, Destination::Check)));
            let envoy = Pattern::parse(&format!("{ENVOY_PREFIX}/*"));
            routes.extend(envoy.ok().map(|envoy| route(envoy, Destination::CheckForEnvoy)));
        }
        routes.push(route(path, Destination::Auth));
    }
    let mut probes = Vec::new();
    for drafted in routes::draft(settings, &mut handstamp_settings::Problems::default()) {
        let (pattern, service, probe) = service(drafted);
        probes.extend(probe);
        routes.push(route(pattern, Destination::Service(Box::new(service))));
    }
    (Routes::new(routes), probes)
}

/// Where proxies ask whether a request may pass.
const CHECK: &str = "/auth/check";

fn service(drafted: Drafted) -> (Pattern, Service, Option<Probe>) {
    let Drafted { pattern, rule, to, strip_prefix, identity_headers, http2, health, limits } = drafted;
    let targets = Targets::new(&to, if http2 { Speak::Http2 } else { Speak::Usual });
    let probe =
        health.and_then(|path| path.parse().ok()).map(|path| Probe { targets: targets.clone(), path });
    (pattern, Service { rule, targets, strip_prefix, identity_headers, limits }, probe)
}

fn limits(settings: &GatewayConfig) -> ServiceLimits {
    ServiceLimits {
        timeout: settings.timeout,
        idle_timeout: settings.idle_timeout,
        max_body: settings.max_body,
        retries: 0,
    }
}

/// Returns what the world calls this place.
fn place(url: &PublicUrl) -> PublicPlace {
    let (scheme, host) = url.as_str().split_once("://").unwrap_or(("https", ""));
    // A URL's host and scheme are characters that a header takes.
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    PublicPlace { host: value(host), scheme: value(scheme) }
}

fn origin(uri: &Uri) -> String {
    format!(
        "{}://{}",
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", |authority| authority.as_str())
    )
}
