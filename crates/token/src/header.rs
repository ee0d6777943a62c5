use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{Document, Limits, Value};
use crate::rejection::{Part, Rejection};
use crate::text::Text;

/// The header parameters that count (RFC 7515 §4.1), as the token claims them.
///
/// `jwk`, `jku`, `x5u` and `x5c` are not among them: a key that a token brings along proves nothing, and no address in a
/// token is ever fetched.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) alg: Text,
    /// What `alg` names, if it is one of ours.
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kid: Option<Text>,
    pub(crate) typ: Option<Text>,
}

/// Real headers are below 200 bytes; some issuers add a certificate chain.
pub(crate) const MAX_LEN: usize = 8 * 1024;

const LIMITS: Limits = Limits { depth: 4, children: 32 };

impl Header {
    /// Decodes and checks the first part of a token.
    pub(crate) fn parse(encoded: &str) -> Result<Self, Rejection> {
        if encoded.len() > MAX_LEN {
            return Err(Rejection::TooLong { limit: MAX_LEN, actual: encoded.len() });
        }
        let bytes = base64url::decode(encoded).ok_or(Rejection::Base64 { part: Part::Header })?;
        let document = Document::parse(&bytes, LIMITS)
            .map_err(|problem| Rejection::Json { part: Part::Header, problem: problem.to_string() })?;
        let root = document.root();
        if !root.is_object() {
            return Err(Rejection::NotAnObject { part: Part::Header, actual: root.kind_name() });
        }
        let (mut alg, mut kid, mut typ) = (None, None, None);
        for (name, value) in root.members() {
            match &*name {
                "alg" => alg = Some(text("alg", value)?),
                "kid" => kid = Some(text("kid", value)?),
                "typ" => typ = Some(text("typ", value)?),
                "crit" => refuse_critical(value)?,
                "b64" if value.as_bool() != Some(true) => return Err(Rejection::UnencodedPayload),
                _ => {}
            }
        }
        let alg = alg.ok_or(Rejection::HeaderParameter { name: "alg", expected: "there" })?;
        if alg.as_str().eq_ignore_ascii_case("none") {
            return Err(Rejection::Unsigned { actual: alg.as_str().to_owned() });
        }
        Ok(Self { algorithm: Algorithm::from_name(alg.as_str()), alg, kid, typ })
    }
}

/// We understand no extension, so `crit` in any valid form names one that is not understood.
fn refuse_critical(value: Value<'_, '_>) -> Result<(), Rejection> {
    let first = value.elements().next().and_then(Value::as_str);
    match first {
        Some(name) => Err(Rejection::CriticalHeader { name: name.into_owned() }),
        None => Err(Rejection::HeaderParameter { name: "crit", expected: "an array of at least one name" }),
    }
}

fn text(name: &'static str, value: Value<'_, '_>) -> Result<Text, Rejection> {
    value
        .as_str()
        .map(|text| Text::new(&text))
        .ok_or(Rejection::HeaderParameter { name, expected: "a string" })
}
