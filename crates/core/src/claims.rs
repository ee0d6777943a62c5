//! What an access token says.

use std::collections::BTreeMap;

use handstamp_token::{Entropy, UnixTime};
use serde::Serialize;
use serde_json::Value;

use crate::{
    model::{ClientId, LogPosition, OrgId, Role, Session, SessionId, StatusListId, Step, UserId},
    settings::Settings,
    store::Subject,
};

/// The claims of an access token ([RFC 9068 §2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2) and our own).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccessClaims {
    /// The auth service.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// Who may accept the token.
    pub aud: Vec<String>,
    /// From this second on the token is dead.
    pub exp: UnixTime,
    /// When it was issued.
    pub iat: UnixTime,
    /// The token's own id, which also says under which refresh token it was issued: see [`issued_under`].
    pub jti: String,
    /// Which client it was issued to.
    pub client_id: ClientId,
    /// Which session it belongs to.
    pub sid: SessionId,
    /// When the user last proved who they are.
    pub auth_time: UnixTime,
    /// How they proved it.
    pub amr: Vec<String>,
    /// The user name, for show.
    pub preferred_username: String,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// System-wide roles.
    pub roles: Vec<Role>,
    /// The organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// Where the revocation log stood when all this was read.
    pub rev: LogPosition,
    /// Where a verifier that does not follow the log finds out whether the session is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusClaim>,
    /// Who acts on the user's behalf, where somebody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// The custom claims that the configuration lets through.
    #[serde(flatten)]
    pub custom: BTreeMap<String, Value>,
}

/// The claims of a machine client's own access token: no user, no session, no roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientClaims {
    /// The auth service.
    pub iss: String,
    /// The client.
    pub sub: ClientId,
    /// Who may accept the token.
    pub aud: Vec<String>,
    /// From this second on the token is dead.
    pub exp: UnixTime,
    /// When it was issued.
    pub iat: UnixTime,
    /// The token's own id.
    pub jti: String,
    /// The client again: that both are the same tells a machine's token from a user's (RFC 9068 §2.2).
    pub client_id: ClientId,
    /// What it may be used for, side by side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Where the revocation log stood when all this was read.
    pub rev: LogPosition,
}

/// The claim `act`: which client acts, and through which ones before it the token came
/// ([RFC 8693 §4.1](https://www.rfc-editor.org/rfc/rfc8693#section-4.1)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The client.
    pub sub: String,
    /// The one that acted before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
}

impl Actor {
    /// Returns the chain that ends with this client, after those that acted before, the last of them first.
    pub(crate) fn chain(client: &str, before: &[String]) -> Self {
        let act = before.split_first().map(|(last, earlier)| Box::new(Self::chain(last, earlier)));
        Self { sub: client.to_owned(), act }
    }
}

/// The claim `status`: where the token's status stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusClaim {
    /// The one mechanism we have.
    pub status_list: StatusListReference,
}

/// A place in a status list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusListReference {
    /// The place, from 0.
    pub idx: u32,
    /// The list's address, and the `sub` of the list itself.
    pub uri: String,
}

/// Names that a custom claim must not take: ours, those of the JWT registry that readers give a meaning, and those that
/// other parts of Handstamp will.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "sid",
    "auth_time",
    "amr",
    "acr",
    "preferred_username",
    "email",
    "email_verified",
    "roles",
    "groups",
    "entitlements",
    "org_id",
    "rev",
    "scope",
    "cnf",
    "act",
    "may_act",
    "azp",
    "nonce",
    "at_hash",
    "c_hash",
    "events",
    "status",
    "typ",
];

/// Returns whether a custom claim must not have this name, in whatever letters: a service whose JSON library does not tell capitals
/// from small ones, as that of Go, would take `Roles` for `roles`.
pub fn is_reserved(name: &str) -> bool {
    // Up and down again: that is how such libraries meet letters like ſ.
    RESERVED.contains(&name.to_uppercase().to_lowercase().as_str())
}

/// Returns the address of a status list.
pub fn status_list_uri(issuer: &str, list: StatusListId) -> String {
    format!("{issuer}/status-lists/{list}")
}

impl AccessClaims {
    pub(crate) fn new(
        settings: &Settings,
        session: &Session,
        subject: &Subject,
        jti: String,
        iat: UnixTime,
    ) -> Self {
        let user = &subject.user;
        // No token outlives its session.
        let last = UnixTime::from_secs(session.absolute_expiry.as_second());
        let custom = settings.tokens.custom_claims.iter().filter(|name| !is_reserved(name));
        Self {
            iss: settings.issuer.clone(),
            sub: user.id,
            aud: settings.audiences.clone(),
            exp: iat.saturating_add(settings.tokens.lifetime).min(last),
            iat,
            jti,
            client_id: session.client_id.clone(),
            sid: session.id,
            auth_time: UnixTime::from_secs(session.auth_time.as_second()),
            amr: session.amr.clone(),
            preferred_username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            roles: user.roles.iter().cloned().collect(),
            org_id: user.org_id.clone(),
            rev: subject.rev,
            status: status(settings, session),
            act: None,
            custom: custom.filter_map(|name| Some((name.clone(), user.claims.get(name)?.clone()))).collect(),
        }
    }
}

/// While there are no lists a session keeps its place and its tokens do not name it.
fn status(settings: &Settings, session: &Session) -> Option<StatusClaim> {
    settings.status_lists.as_ref()?;
    let place = session.status?;
    let uri = status_list_uri(&settings.issuer, place.list);
    Some(StatusClaim { status_list: StatusListReference { idx: place.index, uri } })
}

const JTI_RANDOM: usize = 12;
const JTI_LEN: usize = JTI_RANDOM + 4 + 2;
/// As base64url without padding.
const JTI_TEXT: usize = JTI_LEN / 3 * 4;
const SESSIONLESS_JTI_LEN: usize = 16;

/// Draws a `jti` that says under which refresh token the access token is issued.
///
/// When it comes back, the refresh token is known to have reached the client. The time of issue could not say so: `iat`
/// has whole seconds.
pub(crate) fn new_jti(issued_under: Step, entropy: &dyn Entropy) -> String {
    let mut bytes = [0; JTI_LEN];
    entropy.fill(&mut bytes[..JTI_RANDOM]);
    bytes[JTI_RANDOM..JTI_RANDOM + 4].copy_from_slice(&issued_under.generation.to_be_bytes());
    bytes[JTI_RANDOM + 4..].copy_from_slice(&issued_under.branch.to_be_bytes());
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Draws the `jti` of a token that was not issued under a refresh token. Its length sets it apart from those that were.
pub(crate) fn new_sessionless_jti(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; SESSIONLESS_JTI_LEN];
    entropy.fill(&mut bytes);
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Returns under which refresh token a verified access token was issued, if its `jti` is one of a session's.
pub fn issued_under(jti: &str) -> Option<Step> {
    let mut bytes = [0; JTI_LEN];
    // Of another length it is no id of ours, or one without a session.
    if jti.len() != JTI_TEXT {
        return None;
    }
    base64_simd::URL_SAFE_NO_PAD.decode(jti.as_bytes(), base64_simd::Out::from_slice(&mut bytes)).ok()?;
    let &[g0, g1, g2, g3, b0, b1] = bytes.last_chunk()?;
    Some(Step { generation: u32::from_be_bytes([g0, g1, g2, g3]), branch: u16::from_be_bytes([b0, b1]) })
}

#[cfg(test)]
mod tests {
    use super::{Actor, is_reserved, issued_under, new_jti, new_sessionless_jti};
    use crate::model::Step;
    use crate::test_support::Sevens;

    #[test]
    fn a_name_that_some_reader_takes_for_a_reserved_one_is_reserved() {
        for name in ["roles", "Roles", "ORG_ID", "role\u{17f}", "\u{17f}ub", "Client_Id"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["role", "plan", "Department", "org-id"] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn a_jti_says_under_which_refresh_token_it_was_issued() {
        let step = Step { generation: 70_000, branch: 300 };
        assert_eq!(issued_under(&new_jti(step, &Sevens)), Some(step));
    }

    #[test]
    fn the_jti_of_a_token_without_a_refresh_token_says_nothing() {
        assert_eq!(issued_under(&new_sessionless_jti(&Sevens)), None);
    }

    #[test]
    fn the_client_that_acts_now_stands_outermost() {
        let chain = Actor::chain("billing", &["profiles".to_owned(), "orders".to_owned()]);

        assert_eq!(
            serde_json::to_string(&chain).unwrap(),
            r#"{"sub":"billing","act":{"sub":"profiles","act":{"sub":"orders"}}}"#
        );
    }

    #[test]
    fn a_foreign_jti_says_nothing() {
        for jti in ["", "abc", "6b1c7a52-8d0a-4c0e-9d3e-7a1f5e1c2b3d", "!!!!!!!!!!!!!!!!!!!!!!!!"] {
            assert_eq!(issued_under(jti), None, "{jti:?}");
        }
    }
}
