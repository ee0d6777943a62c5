//! The id under which a request stands in the log of every program that it passes.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Where it stands in requests and in replies.
pub static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the id that somebody in front has given, if it can break no log line.
pub fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let id = headers.get(&X_REQUEST_ID)?;
    ((1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain)).then_some(id)
}

/// Makes an id of random bytes. They are no secret.
pub fn of(random: [u8; 8]) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (digits, byte) in text.as_chunks_mut().0.iter_mut().zip(random) {
        *digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]];
    }
    // Hexadecimal digits are a header value.
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{X_REQUEST_ID, given, of};

    #[test]
    fn an_id_that_could_break_a_log_line_is_none() {
        let is_taken = |id: &[u8]| {
            given(&HeaderMap::from_iter([(X_REQUEST_ID.clone(), HeaderValue::from_bytes(id).unwrap())]))
                .is_some()
        };

        assert!(is_taken(b"abc-123_X.y") && is_taken(&[b'x'; 64]));
        for strange in [&b""[..], b"two words", b"a\"b", b"\xff", &[b'x'; 65]] {
            assert!(!is_taken(strange), "{strange:?}");
        }
        assert!(given(&HeaderMap::new()).is_none());
    }

    #[test]
    fn random_bytes_become_digits() {
        assert_eq!(of([0, 1, 0x23, 0xab, 0xff, 0x10, 9, 0xc0]), "000123abff1009c0");
    }
}
