//! What stands in the signature's place.

use aws_lc_rs::hmac;
use handstamp_token::{SigningKey, dangerous};

use super::material::{Material, Missing, algorithm, foreign};
use super::steps::{Secret, Sign};
use super::{der, expression, public_key};

/// Returns the bytes for a message. `good` is the good token's signature.
pub(super) fn signature(
    sign: &Sign,
    message: &[u8],
    good: &[u8],
    material: &Material,
) -> Result<Vec<u8>, Missing> {
    match sign {
        Sign::Kept => Ok(good.to_vec()),
        Sign::Own => by(own(material)?, message),
        Sign::OwnAs(name) => {
            let algorithm = algorithm(&expression::text(name, material)?)?;
            let key = SigningKey::from_der(algorithm, &own(material)?.to_private_der());
            by(&key.map_err(|_| Missing::Elsewhere)?, message)
        }
        Sign::Foreign => by(&material.foreign()?, message),
        Sign::ForeignAs(name) => by(&foreign(algorithm(&expression::text(name, material)?)?)?, message),
        Sign::Hmac { bits, secret } => {
            let algorithm = match bits {
                256 => hmac::HMAC_SHA256,
                384 => hmac::HMAC_SHA384,
                512 => hmac::HMAC_SHA512,
                other => return Err(Missing::Unreadable { expression: format!("a MAC of {other} bits") }),
            };
            let key = hmac::Key::new(algorithm, &secret_bytes(secret, material)?);
            Ok(hmac::sign(&key, message).as_ref().to_vec())
        }
        Sign::Empty => Ok(Vec::new()),
        Sign::Zeros => Ok(vec![0; good.len()]),
        Sign::Hex(digits) => unhex(&expression::text(digits, material)?),
        Sign::Flipped => {
            let mut bytes = good.to_vec();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            Ok(bytes)
        }
        Sign::Short => Ok(good.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default()),
        Sign::Long => Ok([good, &[0]].concat()),
        Sign::Der => Ok(ecdsa_der(good)),
    }
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3) for r and s side by side.
pub(super) fn ecdsa_der(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    der::sequence(&[der::unsigned(r), der::unsigned(s)])
}

pub(super) fn unhex(digits: &str) -> Result<Vec<u8>, Missing> {
    let unreadable = || Missing::Unreadable { expression: digits.to_owned() };
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match *pair {
            [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(unreadable)
}

fn own(material: &Material) -> Result<&SigningKey, Missing> {
    material.signing.as_ref().ok_or(Missing::SigningKey)
}

fn by(key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, Missing> {
    dangerous::sign_bytes(key, message).ok_or(Missing::Crypto)
}

fn secret_bytes(secret: &Secret, material: &Material) -> Result<Vec<u8>, Missing> {
    match secret {
        Secret::Text(text) => Ok(expression::text(text, material)?.into_bytes()),
        Secret::Public(form) => {
            let jwk = material.public.as_ref().ok_or(Missing::PublicKey)?;
            public_key::form(jwk, &expression::text(form, material)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_a_secret_all_the_same() {
        // RFC 2104 with no key and no text, as every library has it.
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), b"");

        let known = unhex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad").unwrap();
        assert_eq!(tag.as_ref(), known);
    }

    #[test]
    fn der_drops_leading_zeros_and_keeps_numbers_positive() {
        let fixed = [[0, 0, 0, 1], [0x80, 0, 0, 0]].concat();

        assert_eq!(ecdsa_der(&fixed), [0x30, 10, 2, 1, 1, 2, 5, 0, 0x80, 0, 0, 0]);
    }
}
