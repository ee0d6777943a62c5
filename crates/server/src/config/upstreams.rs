use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use handstamp_core::{
    model::{OrgId, Role, UpstreamName},
    settings::{LinkRule, UpstreamSettings},
};
use handstamp_token::Algorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, ServerConfig, duration};
use crate::upstreams::{Address, ClientCredential};

/// More does not fit on a button.
const LONGEST_LABEL: usize = 40;

/// Values of `prompt` that ask people something. `none` would turn every sign-in of somebody new into an error.
const PROMPTS: [&str; 3] = ["login", "consent", "select_account"];

/// `[upstreams.NAME]`: another sign-in server, through which people sign in here. NAME is yours, up to 32 of `a-z`, `0-9` and `-`;
/// the server is told the address `/auth/callback/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamConfig {
    /// What the server speaks.
    pub kind: UpstreamKind,
    /// What the button on the sign-in page calls it. Default: NAME.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its issuer, exactly as it writes it itself. Required for `oidc`; the other addresses are discovered from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What it calls this service. Required.
    pub client_id: String,
    /// How this service proves to it who it is.
    pub client_auth: ClientAuth,
    /// A file with the client's secret. The variable `HANDSTAMP_UPSTREAMS_NAME_CLIENT_SECRET` can hold it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// A file with the client's private key, as JWK or PEM, for `private_key_jwt`. The server knows its public half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key_file: Option<PathBuf>,
    /// Whom the assertions of `private_key_jwt` are for. Default: the issuer; without one, the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion_audience: Option<String>,
    /// What is asked for. Default: `openid profile email` for `oidc`, nothing for `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Where people sign in, in place of what is discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where codes are exchanged, in place of what is discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Where it says who somebody is, in place of what is discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// Where its keys are, in place of what is discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where it says whether a token is still good, in place of what is discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    /// Where people sign out of it, in place of what is discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    /// The algorithms that its ID tokens may be signed with.
    #[schemars(with = "Vec<String>")]
    pub algorithms: Vec<Algorithm>,
    /// What it shall ask people although they are signed in there: `login`, `consent`, `select_account`.
    pub prompt: Vec<String>,
    /// How long ago people may have signed in there. Default: as long as it likes.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub max_age: Option<Duration>,
    /// How long one request to it may take.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Whether somebody unknown is linked to the account that has their address.
    pub link: Link,
    /// Accounts with one of these roles are never linked by their address: their owners link them by hand.
    pub link_except: Vec<String>,
    /// Whether somebody who has no account here gets one.
    pub create: bool,
    /// The organisation of accounts that are made, where `claims.org` says none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// How often it is asked, at a refresh, whether a session goes on. Default: never.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub recheck_every: Option<Duration>,
    /// How long a session goes on after that while it does not answer.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub recheck_grace: Duration,
    /// Whose tokens `POST /auth/exchange/NAME` takes, and `/oauth2/token` with `subject_issuer=NAME`.
    pub exchange: Exchange,
    /// The clients of the server whose tokens `own_clients` takes, as it calls them. Default: `client_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_clients: Option<Vec<String>>,
    /// The cookie in which its own applications keep the token that `POST /auth/exchange/NAME` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_cookie: Option<String>,
    /// Where in its answers things stand: a claim, or a path of names with dots between them.
    pub claims: ClaimPaths,
    /// Its roles, and what they mean here: `staff = ["buyer", "editor"]`. Roles that do not stand here mean nothing.
    pub roles: BTreeMap<String, Vec<String>>,
    /// What proves who we are, which is for the caller to read.
    #[serde(skip)]
    pub credential: Option<ClientCredential>,
}

/// `[upstreams.NAME.claims]`: where in its answers things stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimPaths {
    /// Who somebody is, for good. OpenID Connect says that it is `sub`; plain `OAuth2` has no rule.
    pub subject: String,
    /// The name for a new account.
    pub username: String,
    /// The e-mail address.
    pub email: String,
    /// Whether it has verified the address.
    pub email_verified: String,
    /// The roles, which `[upstreams.NAME.roles]` translates. Default: none are taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<String>,
    /// The organisation. Default: it is not taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

/// What an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UpstreamKind {
    /// OpenID Connect: it signs who somebody is.
    Oidc,
    /// `OAuth2` alone: it says who somebody is when asked with their token.
    Oauth2,
}

/// How this service proves to an upstream who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// By a secret in the `Authorization` header.
    ClientSecretBasic,
    /// By a secret in the form.
    ClientSecretPost,
    /// By a signature with a key of its own.
    PrivateKeyJwt,
    /// Not at all: PKCE alone protects the code.
    None,
}

/// Whose tokens of an upstream are taken for a session here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Nobody's.
    Never,
    /// Those that the server has issued to one of `exchange_clients`. It says so at its introspection endpoint, which it must have.
    OwnClients,
    /// Everybody's: whoever runs any application of that server can sign in here as each of its users. Right only where all of them
    /// are yours.
    AnyClient,
}

/// Whether somebody unknown is linked to the account that has their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Never: people link their accounts by hand, while they are signed in.
    Never,
    /// When the upstream has verified the address, and an administrator gave it to the account.
    VerifiedEmail,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        let rules = UpstreamSettings::default();
        Self {
            kind: UpstreamKind::Oidc,
            label: None,
            issuer: None,
            client_id: String::new(),
            client_auth: ClientAuth::ClientSecretBasic,
            client_secret_file: None,
            private_key_file: None,
            assertion_audience: None,
            scopes: None,
            authorization_endpoint: None,
            token_endpoint: None,
            userinfo_endpoint: None,
            jwks_uri: None,
            introspection_endpoint: None,
            end_session_endpoint: None,
            algorithms: vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa],
            prompt: Vec::new(),
            max_age: None,
            timeout: Duration::from_secs(3),
            link: Link::Never,
            link_except: rules.link_except.iter().map(ToString::to_string).collect(),
            create: rules.create,
            org: None,
            recheck_every: None,
            recheck_grace: rules.recheck_grace,
            exchange: Exchange::Never,
            exchange_clients: None,
            session_cookie: None,
            claims: ClaimPaths::default(),
            roles: BTreeMap::new(),
            credential: None,
        }
    }
}

impl Default for ClaimPaths {
    fn default() -> Self {
        Self {
            subject: "sub".to_owned(),
            username: "preferred_username".to_owned(),
            email: "email".to_owned(),
            email_verified: "email_verified".to_owned(),
            roles: None,
            org: None,
        }
    }
}

impl UpstreamConfig {
    /// Returns the variable that may hold the client's secret of an upstream.
    pub fn secret_variable(name: &str) -> String {
        super::secret_variable("upstreams", name, "client_secret")
    }

    /// Returns what is asked for.
    pub(crate) fn scopes(&self) -> Vec<String> {
        match (&self.scopes, self.kind) {
            (Some(scopes), _) => scopes.clone(),
            (None, UpstreamKind::Oidc) => ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            (None, UpstreamKind::Oauth2) => Vec::new(),
        }
    }

    /// Returns whether tokens are taken that the server has issued to this client of its own.
    pub(crate) fn exchanges_tokens_of(&self, client: &str) -> bool {
        match &self.exchange_clients {
            Some(clients) => clients.iter().any(|one| one == client),
            None => self.client_id == client,
        }
    }

    /// Returns what the rules go by. What cannot be was refused by `check`.
    pub(super) fn settings(&self) -> UpstreamSettings {
        UpstreamSettings {
            link: match self.link {
                Link::Never => LinkRule::Never,
                Link::VerifiedEmail => LinkRule::VerifiedEmail,
            },
            create: self.create,
            org: self.org.as_deref().and_then(|org| org.parse().ok()),
            roles: self.roles.values().flatten().filter_map(|role| role.parse().ok()).collect(),
            link_except: self.link_except.iter().filter_map(|role| role.parse().ok()).collect(),
            recheck_every: self.recheck_every,
            recheck_grace: self.recheck_grace,
        }
    }

    /// Returns whether sign-in needs nothing that is not written down, so that nothing is discovered.
    pub(crate) fn is_complete(&self) -> bool {
        let last = match self.kind {
            UpstreamKind::Oidc => &self.jwks_uri,
            UpstreamKind::Oauth2 => &self.userinfo_endpoint,
        };
        self.authorization_endpoint.is_some() && self.token_endpoint.is_some() && last.is_some()
    }

    fn endpoints(&self) -> [(&'static str, &Option<String>); 6] {
        [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
            ("userinfo_endpoint", &self.userinfo_endpoint),
            ("jwks_uri", &self.jwks_uri),
            ("introspection_endpoint", &self.introspection_endpoint),
            ("end_session_endpoint", &self.end_session_endpoint),
        ]
    }

    pub(super) fn check(&self, name: &str, server: &ServerConfig, problems: &mut Problems) {
        let mut wrong = |key: &str, message: &str| {
            let dotted =
                if key.is_empty() { format!("upstreams.{name}") } else { format!("upstreams.{name}.{key}") };
            problems.wrong(&dotted, message);
        };
        if let Err(error) = name.parse::<UpstreamName>() {
            wrong("", &error.to_string());
        }
        if self.client_id.is_empty() {
            wrong("client_id", "write what the server calls this service");
        }
        self.check_label(&mut wrong);
        self.check_addresses(&mut wrong);
        self.check_client_auth(&mut wrong);
        self.check_tokens(server, &mut wrong);
        self.check_rules(&mut wrong);
        self.check_exchange(&mut wrong);
        self.check_claims(&mut wrong);
    }

    fn check_label(&self, wrong: &mut dyn FnMut(&str, &str)) {
        let Some(label) = &self.label else { return };
        let length = label.chars().count();
        if label.trim().is_empty() || length > LONGEST_LABEL || label.chars().any(char::is_control) {
            wrong("label", &format!("write 1 to {LONGEST_LABEL} characters in one line, not {length}"));
        }
    }

    fn check_addresses(&self, wrong: &mut dyn FnMut(&str, &str)) {
        if let Some(issuer) = &self.issuer {
            let address = Address::parse(issuer);
            let is_plain = address.as_ref().is_ok_and(|address| {
                let url = address.url();
                url.query().is_none() && url.fragment().is_none()
            });
            match address {
                Err(error) => wrong("issuer", &error.to_string()),
                Ok(_) if !is_plain => wrong("issuer", "an issuer has neither a query nor a fragment"),
                Ok(_) => {}
            }
        }
        for (key, address) in self.endpoints() {
            if let Some(Err(error)) = address.as_deref().map(Address::parse) {
                wrong(key, &error.to_string());
            }
        }
        let has_own =
            |key: &str| self.endpoints().iter().any(|(own, address)| *own == key && address.is_some());
        match self.kind {
            UpstreamKind::Oidc if self.issuer.is_none() => {
                wrong("issuer", "name the server's issuer: ID tokens are held against it");
            }
            UpstreamKind::Oauth2 if self.issuer.is_none() => {
                for key in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] {
                    if !has_own(key) {
                        wrong(key, "without an issuer nothing is discovered: write the address");
                    }
                }
            }
            _ => {}
        }
    }

    fn check_client_auth(&self, wrong: &mut dyn FnMut(&str, &str)) {
        let takes_secret =
            matches!(self.client_auth, ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost);
        let takes_key = self.client_auth == ClientAuth::PrivateKeyJwt;
        if self.client_secret_file.is_some() && !takes_secret {
            wrong("client_secret_file", "client_auth shows no secret: leave one of them out");
        }
        if self.private_key_file.is_some() && !takes_key {
            wrong("private_key_file", "client_auth shows no key: leave it out, or write \"private_key_jwt\"");
        }
        if self.private_key_file.is_none() && takes_key {
            wrong("private_key_file", "private_key_jwt signs with a key: name its file");
        }
        if self.assertion_audience.is_some() && !takes_key {
            wrong("assertion_audience", "only private_key_jwt makes assertions: leave it out");
        }
    }

    fn check_tokens(&self, server: &ServerConfig, wrong: &mut dyn FnMut(&str, &str)) {
        let is_token = |scope: &String| {
            !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
        };
        if !self.scopes().iter().all(is_token) {
            wrong("scopes", "a scope is a word without quotes, backslashes and spaces");
        }
        if self.kind == UpstreamKind::Oidc && !self.scopes().iter().any(|scope| scope == "openid") {
            wrong("scopes", "without \"openid\" the server signs no ID token");
        }
        if self.algorithms.is_empty() || self.algorithms.iter().any(|algorithm| algorithm.is_symmetric()) {
            wrong(
                "algorithms",
                "name algorithms with key pairs, such as \"RS256\": who shares a secret could sign as well",
            );
        }
        if !self.prompt.iter().all(|prompt| PROMPTS.contains(&prompt.as_str())) {
            wrong("prompt", &format!("is one or several of {}", PROMPTS.join(", ")));
        }
        if self.max_age.is_some_and(|age| age.subsec_nanos() > 0) {
            wrong("max_age", "must be whole seconds");
        }
        if self.max_age.is_some() && self.kind == UpstreamKind::Oauth2 {
            wrong("max_age", "only an ID token says when somebody has signed in: leave it out");
        }
        // The page that says so has to arrive before the request is dropped.
        if self.timeout < Duration::from_millis(100) || self.timeout >= server.request_timeout {
            wrong("timeout", "must be at least 100ms, and below server.request_timeout");
        }
    }

    fn check_rules(&self, wrong: &mut dyn FnMut(&str, &str)) {
        if let Some(Err(error)) = self.org.as_deref().map(str::parse::<OrgId>) {
            wrong("org", &error.to_string());
        }
        for role in &self.link_except {
            if let Err(error) = role.parse::<Role>() {
                wrong("link_except", &error.to_string());
            }
        }
        let roles: BTreeSet<&String> = self.roles.values().flatten().collect();
        for role in roles {
            if let Err(error) = role.parse::<Role>() {
                wrong("roles", &error.to_string());
            }
        }
        if self.recheck_every.is_some_and(|every| every < Duration::from_secs(1)) {
            wrong("recheck_every", "must be at least a second");
        }
    }

    fn check_exchange(&self, wrong: &mut dyn FnMut(&str, &str)) {
        if self.exchange_clients.is_some() && self.exchange != Exchange::OwnClients {
            wrong("exchange_clients", "only exchange = \"own_clients\" looks at it: leave one of them out");
        }
        if self
            .exchange_clients
            .as_ref()
            .is_some_and(|all| all.iter().any(String::is_empty) || all.is_empty())
        {
            wrong("exchange_clients", "name the clients whose tokens are taken, or leave it out");
        }
        if self.session_cookie.is_some() && self.exchange == Exchange::Never {
            wrong(
                "session_cookie",
                "without exchange nobody reads it: leave it out, or write exchange = \"own_clients\"",
            );
        }
        if self.exchange == Exchange::OwnClients
            && self.is_complete()
            && self.introspection_endpoint.is_none()
        {
            wrong(
                "introspection_endpoint",
                "exchange = \"own_clients\" asks there to whom a token was issued: write the address",
            );
        }
        if self.exchange == Exchange::OwnClients && self.client_auth == ClientAuth::None {
            wrong(
                "exchange",
                "\"own_clients\" asks as a client that proves who it is: client_auth must not be \"none\"",
            );
        }
        let is_cookie = |name: &String| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if self.session_cookie.as_ref().is_some_and(|name| !is_cookie(name)) {
            wrong("session_cookie", "a cookie's name has 1 to 64 letters, digits, '-', '_' and '.'");
        }
    }

    fn check_claims(&self, wrong: &mut dyn FnMut(&str, &str)) {
        let ClaimPaths { subject, username, email, email_verified, roles, org } = &self.claims;
        let paths = [
            ("claims.subject", Some(subject)),
            ("claims.username", Some(username)),
            ("claims.email", Some(email)),
            ("claims.email_verified", Some(email_verified)),
            ("claims.roles", roles.as_ref()),
            ("claims.org", org.as_ref()),
        ];
        for (key, path) in paths {
            if path.is_some_and(String::is_empty) {
                wrong(key, "write the name of a claim, or leave it out");
            }
        }
        if self.kind == UpstreamKind::Oidc && subject != "sub" {
            wrong("claims.subject", "OpenID Connect says that it is \"sub\": leave it out");
        }
        match (roles, self.roles.is_empty()) {
            (Some(_), true) => {
                wrong("claims.roles", "no role means anything here: write [upstreams.NAME.roles]");
            }
            (None, false) => wrong("roles", "nothing says where the roles stand: write claims.roles"),
            _ => {}
        }
    }
}
