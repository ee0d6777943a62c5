//! The inside of JSON strings: finding their end, checking escapes, undoing them.

use super::scan::Fault;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Returns where the run of bytes from `start` on ends that need no attention: no quote, no backslash, no control character.
///
/// Eight bytes at a time: this loop sees every byte of every token.
#[inline]
pub(super) fn plain_run(bytes: &[u8], start: usize) -> usize {
    let mut rest = bytes.get(start..).unwrap_or_default();
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return bytes.len() - rest.len() + special.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)).unwrap_or(rest.len());
    bytes.len() - rest.len() + plain
}

/// Returns whether all bytes need no attention, like [`plain_run`], but for a text that ends where its bytes do: its end is not
/// looked at byte by byte.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks::<8>();
    let special = words.iter().fold(0, |special, word| special | special_bytes(u64::from_le_bytes(*word)));
    let last = match (bytes.last_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The last words may overlap the ones before: looking twice does no harm.
        (Some(last), _, _) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => return special == 0 && !bytes.iter().any(|byte| matches!(byte, b'"' | b'\\' | ..0x20)),
    };
    special | special_bytes(last) == 0
}

/// Marks the first byte of a word that is a quote, a backslash or a control character, and perhaps others after it.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    // Flipping bit 1 moves the quote, 0x22, next to the control characters: one comparison finds both.
    bytes_below(word ^ (ONES * 0x02), 0x21) | bytes_below(word ^ (ONES * b'\\' as u64), 1)
}

/// Returns the length of the escape sequence at the start of `bytes`, which starts with a backslash.
pub(super) fn escape_len(bytes: &[u8]) -> Result<usize, Fault> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => match code_unit(bytes)? {
            0xD800..=0xDBFF => {
                let low =
                    bytes.get(6..).filter(|rest| rest.starts_with(b"\\u")).ok_or(Fault::LoneSurrogate)?;
                if matches!(code_unit(low)?, 0xDC00..=0xDFFF) { Ok(12) } else { Err(Fault::LoneSurrogate) }
            }
            0xDC00..=0xDFFF => Err(Fault::LoneSurrogate),
            _ => Ok(6),
        },
        Some(_) => Err(Fault::BadEscape),
        None => Err(Fault::UnexpectedEnd),
    }
}

/// Returns the string that `source`, the checked inside of a JSON string, stands for.
#[cold]
pub(super) fn unescape(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let bytes = &rest.as_bytes()[at..];
        // The scanner let only complete sequences through; a stray one would end the string here.
        let Ok(len) = escape_len(bytes) else { return out };
        out.push(escaped_char(bytes));
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    out
}

fn escaped_char(bytes: &[u8]) -> char {
    match bytes.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let units = [code_unit(bytes).ok(), bytes.get(6..).and_then(|low| code_unit(low).ok())];
            char::decode_utf16(units.into_iter().flatten())
                .next()
                .and_then(Result::ok)
                .unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Some(other) => char::from(*other),
        None => char::REPLACEMENT_CHARACTER,
    }
}

/// Reads the four hexadecimal digits of `\uXXXX`.
fn code_unit(bytes: &[u8]) -> Result<u16, Fault> {
    let digits = bytes.get(2..6).ok_or(Fault::UnexpectedEnd)?;
    digits.iter().try_fold(0, |unit, digit| {
        let value = char::from(*digit).to_digit(16).ok_or(Fault::BadEscape)?;
        Ok(unit << 4 | u16::try_from(value).map_err(|_| Fault::BadEscape)?)
    })
}

/// Marks the bytes of `word` below `limit`; bytes above the first mark may be marked wrongly, which is why only it is used.
const fn bytes_below(word: u64, limit: u64) -> u64 {
    word.wrapping_sub(ONES * limit) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_at_the_first_special_byte_wherever_it_stands() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for at in 0..40 {
                let mut bytes = vec![b'a'; 41];
                bytes[at] = special;
                assert_eq!(plain_run(&bytes, 0), at);
                assert_eq!(plain_run(&bytes[..at], 0), at);
                assert_eq!(plain_run(&bytes, at / 2), at);
                for start in 0..=at {
                    assert!(!is_plain(&bytes[start..]) && !is_plain(&bytes[start..=at]));
                    assert!(is_plain(&bytes[start..at]));
                }
            }
        }
        let plain: Vec<u8> = (0x20..=0xff).filter(|byte| !b"\"\\".contains(byte)).collect();
        assert_eq!(plain_run(&plain, 0), plain.len());
        assert!(is_plain(&plain));
        assert_eq!(plain_run("grüße, ¡señor! \u{7f}\u{80}\u{20ac}".as_bytes(), 0), 25);
    }
}
