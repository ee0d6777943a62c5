//! What a case says about making its token, as it stands in the file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Mode;

/// How a token is made from a good one, and sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    pub(super) header: Edit,
    pub(super) claims: Edit,
    pub(super) encoding: Encodings,
    pub(super) sign: Sign,
    /// The parts put together. Default: joined by dots.
    pub(super) token: Option<Value>,
    pub(super) carry: Option<Carry>,
}

/// To what a case applies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct When {
    /// The good token's algorithm begins with one of these. Empty: any.
    pub(super) alg: Vec<String>,
    /// The good token's algorithm is not this one.
    pub(super) other_alg: Option<String>,
    /// The good token's type. None: any.
    pub(super) typ: Option<String>,
    pub(super) mode: Option<Mode>,
    pub(super) unsafe_method: bool,
    pub(super) role: bool,
}

/// Changes of a JSON object. Without any, the part of the good token stays as it is, to the byte.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Edit {
    /// Members to set, each to an expression.
    pub(super) set: BTreeMap<String, Value>,
    /// Members to leave out.
    pub(super) remove: Vec<String>,
    /// JSON text put before all members: a name can so be there twice.
    pub(super) first: Option<Value>,
    /// JSON text put after all members.
    pub(super) last: Option<Value>,
    /// The whole text, in place of the object's.
    pub(super) text: Option<Value>,
    /// The same for bytes that are no text, in hexadecimal digits.
    pub(super) hex: Option<String>,
}

impl Edit {
    pub(super) fn changes_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// How the parts are written. What is not named here is base64url as it should be.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Encodings {
    pub(super) header: Encoding,
    pub(super) claims: Encoding,
    pub(super) signature: Encoding,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Encoding {
    #[default]
    Base64url,
    /// With `=` to a multiple of four; always at least one.
    Padded,
    /// With `+` and `/`. Where the bytes need neither, `+` is put in front.
    Standard,
    /// With a bit set that stands for nothing, so that a lenient reader sees the same bytes. A part without such bits gets one
    /// more character.
    SpareBits,
    /// Not encoded at all.
    Plain,
}

/// What is put in the signature's place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sign {
    /// The good token's signature, whatever became of the rest.
    #[default]
    Kept,
    /// A signature by the issuer's own key.
    Own,
    /// A signature by the issuer's own key, used for another algorithm.
    OwnAs(Value),
    /// A signature by a key of somebody else, of the same algorithm.
    Foreign,
    /// A signature by a key of somebody else, of this algorithm.
    ForeignAs(Value),
    /// A MAC.
    Hmac { bits: u16, secret: Secret },
    /// Nothing.
    Empty,
    /// As many zeros as the good signature has bytes.
    Zeros,
    /// These bytes, in hexadecimal digits.
    Hex(Value),
    /// The good signature with its last bit turned over.
    Flipped,
    /// The good signature without its last byte.
    Short,
    /// The good signature and one byte more.
    Long,
    /// The good ECDSA signature in ASN.1 DER.
    Der,
}

/// The key of a MAC.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Secret {
    /// The bytes of a text.
    Text(Value),
    /// The issuer's public key in one of its forms.
    Public(Value),
}

/// How a request carries the token. Default: where every client of the mode puts it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Carry {
    /// Names and values; `{token}`, `{good}` and `{cookie}` (the cookie's name) are filled in.
    pub(super) headers: Vec<(String, String)>,
    /// The query, filled in the same way.
    pub(super) query: Option<String>,
}
