use argon2::{Argon2, Params, Version};

use crate::model::PasswordHash;

/// Salts have 128 random bits, as RFC 9106 §3.1 recommends.
pub(super) const SALT_LEN: usize = 16;
pub(super) const HASH_LEN: usize = 32;
/// More memory than any setting allows is a damaged row, not a reason to allocate.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;

/// An Argon2id hash, taken apart.
pub(super) struct Phc {
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl Phc {
    /// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, exactly as [`Phc::to_hash`] writes it.
    pub(super) fn parse(hash: &PasswordHash) -> Option<Self> {
        let mut parts = hash.as_phc().strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let params = parse_costs(costs)?;
        let decode = |text: &str| base64_simd::STANDARD_NO_PAD.decode_to_vec(text).ok();
        let (salt, hash) = (decode(salt)?, decode(hash)?);
        (salt.len() >= argon2::MIN_SALT_LEN && hash.len() == HASH_LEN).then_some(Self { params, salt, hash })
    }

    pub(super) fn to_hash(&self) -> PasswordHash {
        let encode = |bytes: &[u8]| base64_simd::STANDARD_NO_PAD.encode_to_string(bytes);
        PasswordHash::from_phc(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            encode(&self.salt),
            encode(&self.hash),
        ))
    }

    pub(super) fn argon2(params: &Params) -> Argon2<'static> {
        Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params.clone())
    }
}

fn parse_costs(text: &str) -> Option<Params> {
    let mut costs = text.split(',');
    let mut cost = |name| costs.next()?.strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok();
    let (memory, passes, lanes) = (cost("m")?, cost("t")?, cost("p")?);
    if costs.next().is_some() || memory > MOST_MEMORY_KIB {
        return None;
    }
    Params::new(memory, passes, lanes, Some(HASH_LEN)).ok()
}

#[cfg(test)]
mod tests {
    use super::Phc;
    use crate::model::PasswordHash;

    fn parse(text: &str) -> Option<Phc> {
        Phc::parse(&PasswordHash::from_phc(text.to_owned()))
    }

    const GOOD: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_hash_reads_back_as_it_was_written() {
        let phc = parse(GOOD).expect("it is a good one");
        assert_eq!((phc.params.m_cost(), phc.params.t_cost(), phc.params.p_cost()), (19456, 2, 1));
        assert_eq!(phc.to_hash().as_phc(), GOOD);
    }

    #[test]
    fn what_we_did_not_write_is_not_read() {
        for wrong in [
            "",
            "$argon2id$",
            &GOOD.replace("argon2id", "argon2i"),
            &GOOD.replace("v=19", "v=16"),
            &GOOD.replace("m=19456", "m=4294967295"),
            &GOOD.replace("m=19456", "m=x"),
            &GOOD.replace(",p=1", ""),
            &GOOD.replace(",p=1", ",p=1,q=1"),
            &format!("{GOOD}$more"),
            &GOOD[..GOOD.len() - 4],
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
