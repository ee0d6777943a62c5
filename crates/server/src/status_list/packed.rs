use std::io::{self, Write as _};

use base64_simd::URL_SAFE_NO_PAD;
use flate2::{Compression, write::ZlibEncoder};
use handstamp_api_types::status_list::PackedStatuses;
use handstamp_core::model::{StatusBits, TokenStatus};

/// What a list says of its places.
pub(super) enum Statuses {
    /// All are good but these.
    AllBut(Vec<(u32, TokenStatus)>),
    /// None is good: the list is of an earlier epoch, and what became of its sessions was lost with it.
    NoneGood,
}

/// Packs the statuses of a list.
///
/// Places that nobody has are good too, so that nobody can count those who have one (§13.3 of the draft).
pub(super) fn pack(bits: StatusBits, size: u32, statuses: &Statuses) -> io::Result<PackedStatuses> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(&bytes(bits, size, statuses))?;
    let lst = URL_SAFE_NO_PAD.encode_to_string(zlib.finish()?);
    Ok(PackedStatuses { bits: bits.count(), lst })
}

fn bytes(bits: StatusBits, size: u32, statuses: &Statuses) -> Vec<u8> {
    let per_byte = 8 / u32::from(bits.count());
    let len = size.div_ceil(per_byte) as usize;
    let bad = match (statuses, bits) {
        (Statuses::NoneGood, StatusBits::One) => return vec![0b1111_1111; len],
        (Statuses::NoneGood, StatusBits::Two) => return vec![0b0101_0101; len],
        (Statuses::AllBut(bad), _) => bad,
    };
    let mut bytes = vec![0; len];
    for (place, status) in bad {
        // No store has a place outside its list; if one had, it could not be said here.
        if let Some(byte) = bytes.get_mut((place / per_byte) as usize) {
            *byte |= value(bits, *status) << (place % per_byte * u32::from(bits.count()));
        }
    }
    bytes
}

fn value(bits: StatusBits, status: TokenStatus) -> u8 {
    match (bits, status) {
        (StatusBits::Two, TokenStatus::Suspended) => 0b10,
        // One bit cannot say "not for now": what counts is that the token is not good.
        (StatusBits::One, TokenStatus::Suspended) | (_, TokenStatus::Invalid) => 0b01,
    }
}

#[cfg(test)]
mod tests {
    use handstamp_core::model::{StatusBits, TokenStatus};
    use handstamp_verify::revocation::status_list::{Status, StatusList};

    use super::{Statuses, bytes, pack};

    const INVALID: TokenStatus = TokenStatus::Invalid;
    const SUSPENDED: TokenStatus = TokenStatus::Suspended;

    fn read(bits: StatusBits, size: u32, bad: &[(u32, TokenStatus)]) -> StatusList {
        let packed = pack(bits, size, &Statuses::AllBut(bad.to_vec())).unwrap();
        StatusList::read(packed.bits.into(), &packed.lst).unwrap()
    }

    /// §4.1 of the draft: its example of 16 statuses of one bit.
    #[test]
    fn the_example_of_one_bit_is_packed_as_the_specification_packs_it() {
        let bad = Statuses::AllBut([0, 3, 4, 5, 7, 8, 9, 13, 15].map(|place| (place, INVALID)).into());
        assert_eq!(bytes(StatusBits::One, 16, &bad), [0xb9, 0xa3]);
        assert_eq!(pack(StatusBits::One, 16, &bad).unwrap().lst, "eNrbuRgAAhcBXQ");
    }

    /// The draft's example of two bits, without its application-specific values.
    #[test]
    fn two_bits_lie_lowest_first() {
        let bad = [(0, INVALID), (1, SUSPENDED), (5, INVALID), (7, INVALID), (8, INVALID), (9, SUSPENDED)];
        let bad = Statuses::AllBut(bad.into());
        assert_eq!(bytes(StatusBits::Two, 12, &bad), [0b0000_1001, 0b0100_0100, 0b0000_1001]);
    }

    #[test]
    fn every_place_reads_back() {
        let bad = [(0, INVALID), (1, SUSPENDED), (1_023, INVALID)];
        let (narrow, wide) = (read(StatusBits::One, 1_024, &bad), read(StatusBits::Two, 1_024, &bad));
        assert_eq!((narrow.len(), wide.len()), (1_024, 1_024));
        for place in 0..1_024 {
            let (one, two) = match place {
                0 | 1_023 => (Status::Invalid, Status::Invalid),
                1 => (Status::Invalid, Status::Suspended),
                _ => (Status::Valid, Status::Valid),
            };
            assert_eq!((narrow.status(place), wide.status(place)), (Ok(one), Ok(two)), "{place}");
        }
    }

    #[test]
    fn a_place_outside_the_list_changes_nothing() {
        let bad = Statuses::AllBut(vec![(16, INVALID), (u32::MAX, INVALID)]);
        assert_eq!(bytes(StatusBits::One, 16, &bad), [0, 0]);
    }

    #[test]
    fn of_an_earlier_epoch_no_place_is_good() {
        for bits in [StatusBits::One, StatusBits::Two] {
            let packed = pack(bits, 1_024, &Statuses::NoneGood).unwrap();
            let list = StatusList::read(packed.bits.into(), &packed.lst).unwrap();
            assert!((0..1_024).all(|place| list.status(place) == Ok(Status::Invalid)));
        }
    }
}
