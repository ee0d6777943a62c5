use serde::Serialize;

use crate::base64url;
use crate::json::Document;
use crate::json::writer::{Unwritable, Writer};
use crate::keys::SigningKey;
use crate::unverified::{MAX_DOCUMENT_LEN, MAX_TOKEN_LEN};
use crate::verified::limits;

/// Why a token could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The claims do not serialise. The calling program's fault.
    #[error("the claims cannot be written as JSON: {problem}")]
    Claims {
        /// What is wrong with them.
        problem: String,
    },
    /// The claims are JSON, but not an object without duplicate names, so that no verifier would take the token.
    #[error("the claims must be a JSON object: {problem}")]
    NotAnObject {
        /// What is wrong with them.
        problem: String,
    },
    /// The `typ` has characters other than those of a media type.
    #[error("{typ:?} cannot be a token type: use letters, digits, '+', '-', '.' and '/'")]
    Type {
        /// The refused value.
        typ: String,
    },
    /// A claim was set twice, by the builder and by the caller's claims.
    #[error("the claim {claim:?} is set twice")]
    DuplicateClaim {
        /// The claim.
        claim: String,
    },
    /// The token has no lifetime.
    #[error("the token needs a lifetime: a token that never expires cannot be taken back")]
    NoLifetime,
    /// The lifetime is zero, or its text is not a duration.
    #[error("not a lifetime: {problem}")]
    Lifetime {
        /// What is wrong with it.
        problem: String,
    },
    /// The token would be longer than verifiers read.
    #[error("the token would have {actual} bytes; verifiers read at most {limit}")]
    TooLong {
        /// The limit.
        limit: usize,
        /// The length it would have.
        actual: usize,
    },
    /// The crypto crate failed to sign.
    #[error("the crypto library could not sign")]
    Crypto,
}

impl SigningKey {
    /// Signs claims as they are, with the header parameters `alg`, `kid` and `typ`.
    ///
    /// This adds and checks no claim; [`TokenBuilder`](crate::TokenBuilder) sets issuer, audience, times and `jti`. Claims that
    /// no verifier would read, such as two flattened parts with one name in common, are refused.
    pub fn sign<T: Serialize + ?Sized>(&self, typ: &str, claims: &T) -> Result<String, SignError> {
        self.sign_up_to(MAX_TOKEN_LEN, typ, claims)
    }

    /// Does the same for a document of up to [`MAX_DOCUMENT_LEN`](crate::MAX_DOCUMENT_LEN) bytes, such as a status list, which
    /// is read with [`UnverifiedToken::parse_document`](crate::UnverifiedToken::parse_document).
    pub fn sign_document<T: Serialize + ?Sized>(&self, typ: &str, claims: &T) -> Result<String, SignError> {
        self.sign_up_to(MAX_DOCUMENT_LEN, typ, claims)
    }

    fn sign_up_to<T: Serialize + ?Sized>(
        &self,
        limit: usize,
        typ: &str,
        claims: &T,
    ) -> Result<String, SignError> {
        let mut writer = Writer::new();
        writer.members(claims)?;
        self.sign_object(limit, typ, writer)
    }

    /// Signs the object that was written.
    pub(crate) fn sign_object(&self, limit: usize, typ: &str, claims: Writer) -> Result<String, SignError> {
        let (json, doubtful) = claims.finish();
        if doubtful {
            check_object(&json)?;
        }
        // Room for the signatures of all but RSA and ML-DSA, which take far longer than one more allocation.
        let mut token = String::with_capacity(base64url::encoded_len(json.len()) + 400);
        if let Some(encoded) = self.known_header(typ) {
            token.push_str(encoded);
        } else {
            base64url::encode_onto(self.header(typ)?.as_bytes(), &mut token);
            self.remember_header(typ, &token);
        }
        token.push('.');
        base64url::encode_onto(&json, &mut token);
        let signature = self.signature(token.as_bytes()).ok_or(SignError::Crypto)?;
        token.push('.');
        base64url::encode_onto(signature.as_ref(), &mut token);
        if token.len() > limit {
            return Err(SignError::TooLong { limit, actual: token.len() });
        }
        Ok(token)
    }

    fn header(&self, typ: &str) -> Result<String, SignError> {
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'/' | b'_');
        if typ.is_empty() || !typ.bytes().all(plain) {
            return Err(SignError::Type { typ: typ.to_owned() });
        }
        let kid = self.key_id().as_str();
        // A key id is visible ASCII: only two of its characters need escaping.
        let kid = if kid.contains(['"', '\\']) {
            std::borrow::Cow::Owned(kid.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            kid.into()
        };
        Ok([r#"{"alg":""#, self.algorithm().name(), r#"","typ":""#, typ, r#"","kid":""#, &kid, r#""}"#]
            .concat())
    }
}

/// Refuses what our own verifier would refuse: a flattened map can bring a name twice.
#[cold]
fn check_object(json: &[u8]) -> Result<(), SignError> {
    match Document::parse(json, limits(json.len())) {
        Ok(_) => Ok(()),
        Err(problem) => Err(match problem.into_duplicate() {
            Ok(claim) => SignError::DuplicateClaim { claim },
            Err(problem) => SignError::NotAnObject { problem: problem.to_string() },
        }),
    }
}

impl From<Unwritable> for SignError {
    fn from(unwritable: Unwritable) -> Self {
        let problem = unwritable.to_string();
        match unwritable {
            Unwritable::NotAnObject => Self::NotAnObject { problem },
            Unwritable::Problem(_) => Self::Claims { problem },
        }
    }
}
