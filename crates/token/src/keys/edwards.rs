//! Whether 32 bytes are a usable Ed25519 public key (RFC 8032 §5.1.3).
//!
//! The crypto crate finds out at the first verification that a point is not on the curve, and takes points of small order,
//! under which one signature fits many messages. A key should be refused when it is read, so the curve equation is checked
//! here. Everything in this file is public: nothing needs to run in constant time.

/// An element of the field of integers modulo 2^255 - 19, as five limbs of 51 bits, each a little over at most.
#[derive(Clone, Copy)]
struct Element([u64; 5]);

const MASK: u64 = (1 << 51) - 1;

/// Returns whether the bytes encode a point, in its one canonical form, outside the small subgroup.
pub(super) fn is_usable(key: &[u8; 32]) -> bool {
    let y = Element::from_bytes(key);
    let mut without_sign = *key;
    without_sign[31] &= 0x7f;
    if y.to_bytes() != without_sign {
        return false;
    }
    // With d = -121665/121666, the curve says x^2 = (y^2 - 1) / (d y^2 + 1). Scaled by 121666, no fraction is left.
    let numerator = Element::small(121_665);
    let denominator = Element::small(121_666);
    let y2 = y.times(y);
    let u = y2.minus(Element::small(1));
    let v = denominator.minus(numerator.times(y2));
    if y.is_zero() || u.is_zero() {
        return false; // order 1, 2 or 4
    }
    // A point of order 8 doubles to one with y = 0: d y^4 + 2 y^2 - 1 = 0.
    let order_eight = denominator.times(y2).plus(denominator.times(u)).minus(numerator.times(y2.times(y2)));
    if order_eight.is_zero() {
        return false;
    }
    u.times(v).times(denominator).is_square()
}

impl Element {
    const fn small(value: u64) -> Self {
        Self([value, 0, 0, 0, 0])
    }

    /// Reads 255 bits, little-endian; the sign bit is left out.
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let bit = |index: usize| u64::from(bytes[index / 8] >> (index % 8) & 1);
        Self(std::array::from_fn(|limb| {
            (0..51).fold(0, |value, offset| value | bit(limb * 51 + offset) << offset)
        }))
    }

    /// Writes the one representative below the modulus.
    fn to_bytes(self) -> [u8; 32] {
        let limbs = self.reduced().0;
        let bit = |index: usize| u8::from(index < 255 && limbs[index / 51] >> (index % 51) & 1 == 1);
        std::array::from_fn(|byte| (0..8).fold(0, |value, offset| value | bit(byte * 8 + offset) << offset))
    }

    fn is_zero(self) -> bool {
        self.to_bytes() == [0; 32]
    }

    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|limb| self.0[limb] + other.0[limb])).carried()
    }

    fn minus(self, other: Self) -> Self {
        // Adding four times the modulus first keeps every limb positive.
        const FOUR_P: [u64; 5] = [4 * (MASK - 18), 4 * MASK, 4 * MASK, 4 * MASK, 4 * MASK];
        Self(std::array::from_fn(|limb| self.0[limb] + FOUR_P[limb] - other.0[limb])).carried()
    }

    fn times(self, other: Self) -> Self {
        let mut wide = [0_u128; 5];
        for (i, a) in self.0.into_iter().enumerate() {
            for (j, b) in other.0.into_iter().enumerate() {
                // 2^255 = 19: what runs over the top comes back in nineteenfold.
                let fold = if i + j >= 5 { 19 } else { 1 };
                wide[(i + j) % 5] += u128::from(a) * u128::from(b) * fold;
            }
        }
        let mut limbs = [0; 5];
        let mut carry = 0;
        for (limb, value) in limbs.iter_mut().zip(wide) {
            let value = value + carry;
            *limb = low_limb(value);
            carry = value >> 51;
        }
        let first = u128::from(limbs[0]) + carry * 19;
        limbs[0] = low_limb(first);
        limbs[1] += low_limb(first >> 51);
        Self(limbs).carried()
    }

    /// Brings every limb back to 51 bits, save for a trace in the first.
    fn carried(mut self) -> Self {
        let mut carry = 0;
        for limb in &mut self.0 {
            let value = *limb + carry;
            *limb = value & MASK;
            carry = value >> 51;
        }
        self.0[0] += carry * 19;
        self
    }

    /// Returns the representative below the modulus.
    fn reduced(self) -> Self {
        let mut element = self.carried().carried();
        // The value is below 2^255 now; adding 19 reaches 2^255 exactly when it is not below the modulus.
        let mut with_19 = element;
        with_19.0[0] += 19;
        let mut carry = 0;
        for limb in &mut with_19.0 {
            let value = *limb + carry;
            *limb = value & MASK;
            carry = value >> 51;
        }
        if carry == 1 {
            element = with_19;
        }
        element
    }

    /// Euler's criterion: the power (p - 1) / 2 = 2^254 - 10 of a non-zero square is one.
    fn is_square(self) -> bool {
        let mut power = Self::small(1);
        for bit in (0..254).rev() {
            power = power.times(power);
            // 2^254 - 10 is 250 ones followed by 0110.
            if bit >= 4 || bit == 2 || bit == 1 {
                power = power.times(self);
            }
        }
        power.minus(Self::small(1)).is_zero()
    }
}

fn low_limb(value: u128) -> u64 {
    // Masked to 51 bits, the value always fits.
    u64::try_from(value & u128::from(MASK)).unwrap_or(MASK)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn bytes(hex: &str) -> [u8; 32] {
        std::array::from_fn(|index| u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).expect("hex"))
    }

    #[test]
    fn real_keys_are_usable() {
        for _ in 0..64 {
            let pair = Ed25519KeyPair::generate().expect("generated");
            let key: [u8; 32] = pair.public_key().as_ref().try_into().expect("32 bytes");
            assert!(is_usable(&key), "{key:?}");
            let mut mirrored = key;
            mirrored[31] ^= 0x80;
            assert!(is_usable(&mirrored), "the point with the other sign");
        }
    }

    #[test]
    fn about_half_of_all_strings_are_no_points() {
        let no_points = (0..=255_u8).filter(|byte| !is_usable(&[*byte & 0x7f; 32])).count();
        assert!((80..=176).contains(&no_points), "{no_points} of 256");
    }

    #[test]
    fn points_of_small_order_are_refused_in_every_encoding() {
        let zero = "0000000000000000000000000000000000000000000000000000000000000000";
        let one = "0100000000000000000000000000000000000000000000000000000000000000";
        let minus_one = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
        let eight = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
        let minus_eight = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        for hex in [zero, one, minus_one, eight, minus_eight] {
            let mut key = bytes(hex);
            assert!(!is_usable(&key), "{hex}");
            key[31] |= 0x80;
            assert!(!is_usable(&key), "{hex} with the sign bit");
        }
    }

    #[test]
    fn a_value_at_or_above_the_modulus_is_refused() {
        for hex in [
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert!(!is_usable(&bytes(hex)), "{hex}");
        }
    }
}
