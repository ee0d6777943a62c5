use std::collections::BTreeSet;

use handstamp_core::{
    flows::upstream::{Membership, UpstreamIdentity},
    model::{IdError, Role, UpstreamName, UpstreamSubject, UpstreamTextError},
};
use jiff::Timestamp;
use serde_json::Value;

use super::Claims;
use crate::config::{UpstreamConfig, UpstreamKind};

/// What an upstream says of somebody cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("it does not say who they are: there is no claim {path:?}")]
    NoSubject { path: String },
    #[error(transparent)]
    Text(#[from] UpstreamTextError),
    #[error("the organisation in the claim {path:?} cannot be one")]
    Organization {
        path: String,
        #[source]
        source: IdError,
    },
}

/// Translates what an upstream says of somebody into what it means here.
pub(crate) fn identity(
    upstream: &UpstreamName,
    config: &UpstreamConfig,
    issuer: &str,
    claims: &Claims,
) -> Result<UpstreamIdentity, IdentityError> {
    let paths = &config.claims;
    let subject = UpstreamSubject::new(issuer, &subject(claims, &paths.subject)?)?;
    let email = claims.text(&paths.email).and_then(|email| email.parse().ok());
    Ok(UpstreamIdentity {
        username: claims.text(&paths.username).map(str::to_owned),
        email_verified: email.is_some() && claims.is_verified(&paths.email, &paths.email_verified),
        email,
        roles: paths.roles.as_deref().map(|path| roles(config, &claims.texts(path))),
        org: paths.org.as_deref().map(|path| membership(claims, path)).transpose()?,
        ..of_sign_in(UpstreamIdentity::new(upstream.clone(), subject), config.kind, claims)
    })
}

/// Adds what OpenID Connect says of the sign-in itself.
fn of_sign_in(identity: UpstreamIdentity, kind: UpstreamKind, claims: &Claims) -> UpstreamIdentity {
    if kind == UpstreamKind::Oauth2 {
        return identity;
    }
    let auth_time = claims.at("auth_time").and_then(Value::as_i64);
    UpstreamIdentity {
        amr: claims.texts("amr").into_iter().map(str::to_owned).collect(),
        auth_time: auth_time.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        sid: claims.text("sid").and_then(|sid| sid.parse().ok()),
        ..identity
    }
}

/// Some servers count their people.
fn subject(claims: &Claims, path: &str) -> Result<String, IdentityError> {
    match claims.at(path) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
        _ => Err(IdentityError::NoSubject { path: path.to_owned() }),
    }
}

/// Only what stands in the configuration means anything.
fn roles(config: &UpstreamConfig, theirs: &[&str]) -> BTreeSet<Role> {
    let ours = theirs.iter().filter_map(|role| config.roles.get(*role)).flatten();
    // What cannot be a role was refused when the configuration was loaded.
    ours.filter_map(|role| role.parse().ok()).collect()
}

fn membership(claims: &Claims, path: &str) -> Result<Membership, IdentityError> {
    let Some(org) = claims.text(path) else { return Ok(Membership::Nowhere) };
    let org = org.parse().map_err(|source| IdentityError::Organization { path: path.to_owned(), source })?;
    Ok(Membership::In(org))
}

#[cfg(test)]
mod tests {
    use handstamp_core::flows::upstream::{Membership, UpstreamIdentity};
    use serde_json::{Value, json};

    use super::{Claims, IdentityError, identity};
    use crate::config::{Config, UpstreamConfig};

    const ISSUER: &str = "https://id.example";

    fn config(lines: &str) -> UpstreamConfig {
        let text = format!("[upstreams.corp]\nissuer = \"{ISSUER}\"\nclient_id = \"x\"\n{lines}");
        Config::load(Some(("handstamp.toml", &text)), &[]).unwrap().upstreams["corp"].clone()
    }

    fn mapped(lines: &str, claims: Value) -> Result<UpstreamIdentity, IdentityError> {
        let Value::Object(members) = claims else { panic!("claims are an object") };
        identity(&"corp".parse().unwrap(), &config(lines), ISSUER, &Claims::new(members))
    }

    fn roles_of(identity: &UpstreamIdentity) -> Option<Vec<&str>> {
        identity.roles.as_ref().map(|roles| roles.iter().map(handstamp_core::model::Role::as_str).collect())
    }

    #[test]
    fn a_person_is_their_issuer_and_their_subject() {
        let ann = mapped("", json!({ "sub": "1", "preferred_username": "ann" })).unwrap();

        assert_eq!((ann.subject.issuer(), ann.subject.sub()), (ISSUER, "1"));
        assert_eq!(ann.username.as_deref(), Some("ann"));
    }

    #[test]
    fn a_subject_may_be_a_number_where_the_server_counts() {
        let lines = "kind = \"oauth2\"\nclaims = { subject = \"id\" }\n";
        assert_eq!(mapped(lines, json!({ "id": 583_231 })).unwrap().subject.sub(), "583231");
    }

    #[test]
    fn somebody_without_a_subject_is_nobody() {
        for claims in [
            json!({}),
            json!({ "sub": null }),
            json!({ "sub": "" }),
            json!({ "sub": 1.5 }),
            json!({ "sub": ["1"] }),
        ] {
            assert!(mapped("", claims.clone()).is_err(), "{claims}");
        }
    }

    #[test]
    fn an_address_is_verified_only_if_it_is_there_and_the_upstream_says_so() {
        let verified = |claims: Value| mapped("", claims).unwrap().email_verified;

        assert!(verified(json!({ "sub": "1", "email": "a@example.org", "email_verified": true })));
        assert!(!verified(json!({ "sub": "1", "email": "a@example.org", "email_verified": false })));
        assert!(!verified(json!({ "sub": "1", "email": "a@example.org" })));
        assert!(!verified(json!({ "sub": "1", "email": "no address", "email_verified": true })));
        assert!(!verified(json!({ "sub": "1", "email_verified": true })));
    }

    #[test]
    fn roles_that_the_configuration_does_not_name_mean_nothing() {
        let lines =
            "claims = { roles = \"groups\" }\n[upstreams.corp.roles]\nstaff = [\"buyer\", \"editor\"]\n";
        let ann = mapped(lines, json!({ "sub": "1", "groups": ["staff", "admin", "root"] })).unwrap();
        assert_eq!(roles_of(&ann), Some(vec!["buyer", "editor"]));

        let nobody = mapped(lines, json!({ "sub": "1" })).unwrap();
        assert_eq!(roles_of(&nobody), Some(vec![]), "who has lost every role there has lost them here");
    }

    #[test]
    fn without_a_mapping_roles_and_organisation_are_left_alone() {
        let ann = mapped("", json!({ "sub": "1", "roles": ["admin"], "org": "acme" })).unwrap();
        assert_eq!((ann.roles, ann.org), (None, None));
    }

    #[test]
    fn an_organisation_is_taken_from_its_claim() {
        let lines = "claims = { org = \"org\" }\n";
        let org = |claims| mapped(lines, claims).map(|ann| ann.org);

        assert_eq!(
            org(json!({ "sub": "1", "org": "acme" })).unwrap(),
            Some(Membership::In("acme".parse().unwrap()))
        );
        assert_eq!(org(json!({ "sub": "1" })).unwrap(), Some(Membership::Nowhere));
        assert!(matches!(
            org(json!({ "sub": "1", "org": "no org!" })),
            Err(IdentityError::Organization { .. })
        ));
    }

    #[test]
    fn only_openid_connect_says_how_and_when_somebody_signed_in() {
        let claims = json!({ "sub": "1", "amr": ["pwd", "otp"], "auth_time": 1_800_000_000, "sid": "s1" });
        let ann = mapped("", claims.clone()).unwrap();
        assert_eq!(ann.amr, ["pwd", "otp"]);
        assert_eq!(ann.auth_time.unwrap().as_second(), 1_800_000_000);
        assert_eq!(ann.sid.unwrap().as_str(), "s1");

        let lines = "kind = \"oauth2\"\n";
        let plain = mapped(lines, claims).unwrap();
        assert!(plain.amr.is_empty() && plain.auth_time.is_none() && plain.sid.is_none());
    }
}
