//! Canonical, unpadded base64url (RFC 4648 §5, RFC 7515 §2): one byte string, one spelling. A second spelling would let
//! the same token slip past a list keyed by its text.

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};

/// Returns the bytes, or `None` for padding, another alphabet, white space, an impossible length or trailing bits.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text.as_bytes()).ok()
}

/// Appends the bytes to `out`; `None` as for [`decode`].
pub(crate) fn decode_onto(text: &str, out: &mut Vec<u8>) -> Option<()> {
    URL_SAFE_NO_PAD.decode_append(text.as_bytes(), out).ok()
}

/// Decodes into `buffer` and returns the part that was filled; `None` as for [`decode`], or where the buffer is too short.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    if text.len() > encoded_len(buffer.len()) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text.as_bytes(), buffer.as_out()).ok().map(|filled| &*filled)
}

/// Returns the encoded form.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Appends the encoded form to `out`.
pub(crate) fn encode_onto(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// Returns the length of `len` bytes once encoded.
pub(crate) const fn encoded_len(len: usize) -> usize {
    (len * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_string_has_one_spelling() {
        for len in 0..70_u8 {
            let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_mul(37).wrapping_add(len)).collect();
            let text = encode(&bytes);
            assert_eq!(decode(&text).as_deref(), Some(bytes.as_slice()));
            assert_eq!(text.len(), encoded_len(bytes.len()));
            let mut appended = b"before ".to_vec();
            assert_eq!(decode_onto(&text, &mut appended), Some(()));
            assert_eq!(appended.strip_prefix(b"before "), Some(bytes.as_slice()));
            let mut buffer = [0; 70];
            assert_eq!(decode_into(&text, &mut buffer), Some(bytes.as_slice()));
            assert!(bytes.is_empty() || decode_into(&text, &mut buffer[..bytes.len() - 1]).is_none());
        }
    }

    #[test]
    fn trailing_bits_padding_and_foreign_characters_are_refused() {
        // "Zg" is "f"; "Zh" to "Zv" decode to the same byte in a lenient decoder.
        assert_eq!(decode("Zg").as_deref(), Some(&b"f"[..]));
        for text in [
            "Zh", "Zv", "Zm9", "Zg==", "Zg=", "Z", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zm9vZ", "Zm9vZh",
            "Zm9vé",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
            assert_eq!(decode_into(text, &mut [0; 16]), None, "{text:?}");
            assert_eq!(decode_onto(text, &mut Vec::new()), None, "{text:?}");
        }
        for tail in ["Zh", "Zm9", "Z"] {
            let long = format!("{}{tail}", "Zm9v".repeat(40));
            assert_eq!(decode(&long), None, "{tail:?} after a long run");
        }
    }
}
