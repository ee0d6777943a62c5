use crate::base64url;
use crate::json::{Document, Limits, Value};

use super::JweError;
use super::key::AgreementCurve;

/// The header parameters of an encrypted token (RFC 7516 §4.1, RFC 7518 §4.6.1).
#[derive(Debug)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) enc: String,
    pub(super) kid: Option<String>,
    pub(super) epk: Option<(AgreementCurve, Vec<u8>)>,
    pub(super) apu: Vec<u8>,
    pub(super) apv: Vec<u8>,
}

const MAX_LEN: usize = 4 * 1024;
const LIMITS: Limits = Limits { depth: 4, children: 32 };
const NEVER: [&str; 4] = ["zip", "crit", "p2s", "p2c"];

impl Header {
    pub(super) fn parse(encoded: &str) -> Result<Self, JweError> {
        if encoded.len() > MAX_LEN {
            return Err(JweError::TooLong { limit: MAX_LEN, actual: encoded.len() });
        }
        let bytes = base64url::decode(encoded).ok_or(JweError::Base64 { part: "header" })?;
        let document = Document::parse(&bytes, LIMITS).map_err(|fault| problem(&fault.to_string()))?;
        let root = document.root();
        if !root.is_object() {
            return Err(problem("it is not an object"));
        }
        let member = |name: &str| root.members().find(|(other, _)| other == name).map(|(_, value)| value);
        if let Some(name) = NEVER.into_iter().find(|name| member(name).is_some()) {
            return Err(JweError::ForbiddenParameter { name });
        }
        let text = |name: &str| match member(name).map(Value::as_str) {
            None => Ok(None),
            Some(Some(text)) => Ok(Some(text.into_owned())),
            Some(None) => Err(problem(&format!("{name:?} must be a string"))),
        };
        // Only a nested token is what this crate decrypts, and it says so (RFC 7519 §5.2).
        if !text("cty")?.is_some_and(|cty| cty.eq_ignore_ascii_case("JWT")) {
            return Err(JweError::NotNested);
        }
        let party = |name: &str| match text(name)? {
            None => Ok(Vec::new()),
            Some(text) => {
                base64url::decode(&text).ok_or_else(|| problem(&format!("{name:?} is not base64url")))
            }
        };
        Ok(Self {
            alg: text("alg")?.ok_or_else(|| problem("\"alg\" is missing"))?,
            enc: text("enc")?.ok_or_else(|| problem("\"enc\" is missing"))?,
            kid: text("kid")?,
            epk: member("epk").map(ephemeral).transpose()?,
            apu: party("apu")?,
            apv: party("apv")?,
        })
    }
}

/// Reads the sender's ephemeral public key.
fn ephemeral(value: Value<'_, '_>) -> Result<(AgreementCurve, Vec<u8>), JweError> {
    let jwk: crate::keys::Jwk = value.deserialize().map_err(|fault| problem(&format!("epk: {fault}")))?;
    AgreementCurve::point_of(&jwk).map_err(|error| problem(&format!("epk: {error}")))
}

fn problem(problem: &str) -> JweError {
    JweError::Header { problem: problem.to_owned() }
}
