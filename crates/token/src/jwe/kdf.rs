//! The Concat KDF of ECDH-ES in direct key agreement (RFC 7518 §4.6.2).

use aws_lc_rs::digest::{self, Context};
use zeroize::Zeroizing;

use super::ContentEncryption;

/// Derives the content key from the agreed secret. One hash suffices: no content here needs more than 256 bits.
pub(super) fn derive(
    shared_secret: &[u8],
    content: ContentEncryption,
    party_u: &[u8],
    party_v: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut hash = Context::new(&digest::SHA256);
    hash.update(&1_u32.to_be_bytes());
    hash.update(shared_secret);
    for field in [content.name().as_bytes(), party_u, party_v] {
        hash.update(&u32::try_from(field.len()).ok()?.to_be_bytes());
        hash.update(field);
    }
    let bits = u32::try_from(content.key_len() * 8).ok()?;
    hash.update(&bits.to_be_bytes());
    let digest = hash.finish();
    Some(Zeroizing::new(digest.as_ref().get(..content.key_len())?.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url::{decode, encode};

    /// RFC 7518 appendix C: the agreed secret of Alice and Bob, and the key derived from it.
    #[test]
    fn rfc_7518_appendix_c() {
        let secret: [u8; 32] = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163,
            218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derive(&secret, ContentEncryption::A128Gcm, b"Alice", b"Bob").expect("derived");
        assert_eq!(encode(&key), "VqqN6vgjbSBcIijNcacQGg");
        assert_eq!(decode("QWxpY2U").as_deref(), Some(&b"Alice"[..]));
    }
}
