//! Just enough ASN.1 DER to write public keys, a certificate and an ECDSA signature.

pub(super) const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(super) const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
pub(super) const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub(super) const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
pub(super) const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
pub(super) const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
pub(super) const OID_COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x31, &parts.concat())
}

pub(super) fn oid(encoded: &[u8]) -> Vec<u8> {
    element(0x06, encoded)
}

pub(super) fn null() -> Vec<u8> {
    element(0x05, &[])
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    element(0x0c, text.as_bytes())
}

/// `GeneralizedTime`, such as `20200101000000Z`.
pub(super) fn time(text: &str) -> Vec<u8> {
    element(0x18, text.as_bytes())
}

pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes].concat())
}

/// `[number] EXPLICIT`.
pub(super) fn tagged(number: u8, inner: &[u8]) -> Vec<u8> {
    element(0xa0 | number, inner)
}

/// A number that is not negative, from its big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = &bytes[start..];
    let needs_zero = digits.first().is_none_or(|first| first & 0x80 != 0);
    element(0x02, &[if needs_zero { &[0][..] } else { &[] }, digits].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = vec![tag];
    match u8::try_from(len) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = len.to_be_bytes();
            let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(0)..];
            // A usize has eight bytes at most.
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_needless_zeros_and_are_never_negative() {
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn long_contents_say_how_long_their_length_is() {
        assert_eq!(utf8(&"x".repeat(127))[..2], [0x0c, 127]);
        assert_eq!(utf8(&"x".repeat(128))[..3], [0x0c, 0x81, 128]);
        assert_eq!(utf8(&"x".repeat(300))[..4], [0x0c, 0x82, 1, 44]);
    }
}
