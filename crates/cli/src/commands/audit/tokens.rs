use std::io::{self, BufRead as _, IsTerminal as _};
use std::sync::Arc;

use clap::{ArgGroup, Args};
use handstamp_audit::{
    DevIssuerSource, GivenTokens, GoodToken, KeySource, Login, Person, SignInSource, TokenSource,
};
use handstamp_token::{Algorithm, Jwk, Jwks, KeyId};
use handstamp_verify::{Clock, SystemClock};
use serde_json::Map;
use zeroize::Zeroizing;

use crate::commands::token::{algorithm, keys};
use crate::edge::{environment, fetch, input};
use crate::failure::Failure;

/// Where good tokens come from.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").args(["key", "dev_issuer", "auth_service"])))]
#[command(group(ArgGroup::new("maker").args(["key", "dev_issuer"])))]
pub(super) struct TokenArgs {
    /// Sign tokens with this private key: PEM, JWK or DER
    #[arg(long, value_name = "FILE", requires_all = ["issuer", "audience", "sub"], help_heading = "Tokens made to order")]
    key: Option<String>,

    /// Have tokens made by this test issuer, `handstamp dev-issuer`
    #[arg(long, value_name = "URL", requires = "sub", help_heading = "Tokens made to order")]
    dev_issuer: Option<String>,

    /// The key's algorithm (default: what the key is for)
    #[arg(long, value_parser = algorithm, requires = "key", help_heading = "Tokens made to order")]
    alg: Option<Algorithm>,

    /// The `kid` of the header (default: the key's own, or its RFC 7638 thumbprint)
    #[arg(long, requires = "key", help_heading = "Tokens made to order")]
    kid: Option<String>,

    /// The `typ` of the header
    #[arg(long, default_value = "at+jwt", requires = "key", help_heading = "Tokens made to order")]
    typ: String,

    /// The claim `iss`
    #[arg(long, requires = "key", help_heading = "Tokens made to order")]
    issuer: Option<String>,

    /// The claim `aud` (default with `--dev-issuer`: whom that issuer makes tokens for)
    #[arg(long, requires = "maker", help_heading = "Tokens made to order")]
    audience: Option<String>,

    /// The claim `sub` of somebody who may use every operation
    #[arg(long, requires = "maker", help_heading = "Tokens made to order")]
    sub: Option<String>,

    /// One of their `roles`; may be given several times
    #[arg(long = "role", value_name = "ROLE", requires = "maker", help_heading = "Tokens made to order")]
    roles: Vec<String>,

    /// Their `org_id`
    #[arg(long, requires = "maker", help_heading = "Tokens made to order")]
    org: Option<String>,

    /// The `org_id` of somebody else with the same roles, who must not get at what is theirs
    #[arg(long, requires = "org", help_heading = "Tokens made to order")]
    other_org: Option<String>,

    /// Further claims, one JSON object
    #[arg(long, value_name = "FILE", requires = "maker", help_heading = "Tokens made to order")]
    claims: Option<String>,

    /// Sign in at this Handstamp auth service
    #[arg(long, value_name = "URL", requires = "login", help_heading = "Tokens from an auth service")]
    auth_service: Option<String>,

    /// Who signs in: somebody who may use every operation. Password: `HANDSTAMP_AUDIT_PASSWORD`, or a line on standard input
    #[arg(
        long,
        value_name = "NAME",
        requires = "auth_service",
        help_heading = "Tokens from an auth service"
    )]
    login: Option<String>,

    /// Somebody in another organisation. Password: `HANDSTAMP_AUDIT_OTHER_PASSWORD`, or the next line on standard input
    #[arg(long, value_name = "NAME", requires = "login", help_heading = "Tokens from an auth service")]
    other_login: Option<String>,

    /// The issuer's public keys, to forge tokens that confuse algorithms
    #[arg(
        long,
        value_name = "FILE|URL",
        conflicts_with = "source",
        help_heading = "Tokens from the environment"
    )]
    jwks: Option<String>,
}

/// A source, and the clock that its tokens go by.
type Source = (Arc<dyn TokenSource>, Arc<dyn Clock>);

impl TokenArgs {
    /// Reads the issuer's public keys, where they are named. Before everything else: to fetch them takes a runtime of its own.
    pub(super) fn public_keys(&self) -> Result<Vec<Jwk>, Failure> {
        self.jwks.as_deref().map_or_else(|| Ok(Vec::new()), public_keys)
    }

    /// Opens the source that was asked for.
    pub(super) async fn source(&self, public_keys: Vec<Jwk>) -> Result<Source, Failure> {
        if let Some(issuer) = &self.dev_issuer {
            let source = self.made_by_issuer(issuer).await?;
            let clock = source.clock();
            return Ok((Arc::new(source), clock));
        }
        let source: Arc<dyn TokenSource> = match (&self.key, &self.auth_service, &self.login) {
            (Some(key), ..) => Arc::new(self.signed_by_key(key)?),
            (None, Some(issuer), Some(login)) => Arc::new(self.signed_in_at(issuer, login).await?),
            _ => Arc::new(given(public_keys)?),
        };
        Ok((source, Arc::new(SystemClock)))
    }

    /// Returns somebody who may use everything, and somebody with the same roles in another organisation.
    fn people(&self) -> Result<(Person, Option<Person>), Failure> {
        let claims = match &self.claims {
            Some(file) => serde_json::from_slice(&input::read(file, "the claims")?)
                .map_err(|cause| Failure::because("the claims are not one JSON object", &cause))?,
            None => Map::new(),
        };
        let sub = self.sub.clone().unwrap_or_default();
        let person = |sub: String, org_id: Option<String>| Person {
            sub,
            roles: self.roles.clone(),
            org_id,
            claims: claims.clone(),
        };
        let other = self.other_org.clone().map(|org| person(format!("{sub}-elsewhere"), Some(org)));
        Ok((person(sub, self.org.clone()), other))
    }

    async fn made_by_issuer(&self, issuer: &str) -> Result<DevIssuerSource, Failure> {
        let (owner, outsider) = self.people()?;
        DevIssuerSource::connect(issuer, self.audience.clone(), owner, outsider, Arc::new(SystemClock))
            .await
            .map_err(|cause| Failure::because(format_args!("{issuer} cannot be used"), &cause))
    }

    fn signed_by_key(&self, file: &str) -> Result<KeySource, Failure> {
        let mut key = keys::signing(file, self.alg)?;
        if let Some(kid) = &self.kid {
            let kid =
                KeyId::new(kid.as_str()).map_err(|cause| Failure::because("--kid cannot be used", &cause))?;
            key = key.with_key_id(kid);
        }
        let (owner, outsider) = self.people()?;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (issuer, audience) = (text(&self.issuer), text(&self.audience));
        let source = KeySource::new(key, issuer, audience, owner, Arc::new(SystemClock)).typ(&self.typ);
        Ok(match outsider {
            Some(outsider) => source.outsider(outsider),
            None => source,
        })
    }

    async fn signed_in_at(&self, issuer: &str, login: &str) -> Result<SignInSource, Failure> {
        let owner =
            Login { login: login.to_owned(), password: password(login, environment::AUDIT_PASSWORD)? };
        let outsider = match &self.other_login {
            Some(login) => Some(Login {
                login: login.clone(),
                password: password(login, environment::AUDIT_OTHER_PASSWORD)?,
            }),
            None => None,
        };
        SignInSource::connect(issuer, owner, outsider, Arc::new(SystemClock))
            .await
            .map_err(|cause| Failure::because(format_args!("{issuer} cannot be used"), &cause))
    }
}

/// Takes the tokens that somebody has put into the environment.
fn given(public_keys: Vec<Jwk>) -> Result<GivenTokens, Failure> {
    let Some(owner) = environment::text(environment::AUDIT_TOKEN) else {
        return Err(Failure::usage(
            "there is no good token: use --key, --dev-issuer or --auth-service, or set HANDSTAMP_AUDIT_TOKEN",
        ));
    };
    let tokens = GivenTokens::new(GoodToken::new(owner.trim())).keys(public_keys);
    Ok(match environment::text(environment::AUDIT_OTHER_TOKEN) {
        Some(other) => tokens.outsider(GoodToken::new(other.trim())),
        None => tokens,
    })
}

fn public_keys(source: &str) -> Result<Vec<Jwk>, Failure> {
    let bytes = if source.starts_with("https://") || source.starts_with("http://") {
        fetch::get(source, "the key set")?
    } else {
        input::read(source, "the key set")?.to_vec()
    };
    let jwks: Jwks = serde_json::from_slice(&bytes)
        .map_err(|cause| Failure::because(format_args!("{source} is not a JWK set"), &cause))?;
    Ok(jwks.keys)
}

/// Reads a password from its variable, from the terminal, or from the next line of standard input.
fn password(login: &str, variable: &str) -> Result<Zeroizing<String>, Failure> {
    if let Some(password) = environment::text(variable) {
        return Ok(Zeroizing::new(password));
    }
    let unreadable =
        |cause: &io::Error| Failure::because(format_args!("cannot read the password of {login}"), cause);
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("Password of {login}: "))
            .map_err(|cause| unreadable(&cause))?;
        return Ok(Zeroizing::new(typed));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).map_err(|cause| unreadable(&cause))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::usage(format!(
            "there is no password for {login}: set {variable}, or send a line on standard input"
        )));
    }
    Ok(Zeroizing::new(password.to_owned()))
}
