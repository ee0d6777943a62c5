//! The words of JSON: white space, strings, numbers and literals. Each function takes the position at which a word starts and
//! returns the one at which it ended.

use super::scan::Fault;
use super::{Kind, string};

/// A number, checked to the last digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) kind: Kind,
    pub(super) end: usize,
    /// Its digits as an integer, if it is an integer of so few that they always fit.
    pub(super) digits: Option<u64>,
}

/// So many digits always fit an `i64`.
const SHORT: usize = 18;

#[inline]
pub(super) fn peek(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

#[inline]
pub(super) fn after_space(bytes: &[u8], mut at: usize) -> usize {
    // Compact JSON has no white space: one comparison settles most calls.
    while peek(bytes, at).is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Steps over one byte that has to be there.
#[inline]
pub(super) fn after(bytes: &[u8], at: usize, byte: u8) -> Result<usize, Fault> {
    if peek(bytes, at) == Some(byte) { Ok(at + 1) } else { Err(unexpected(bytes, at)) }
}

pub(super) fn unexpected(bytes: &[u8], at: usize) -> Fault {
    if at < bytes.len() { Fault::Unexpected(to_u32(at)) } else { Fault::UnexpectedEnd }
}

/// Reads the string whose inside starts at `start`; returns the position of its closing quote.
#[inline]
pub(super) fn string(bytes: &[u8], start: usize) -> Result<(Kind, usize), Fault> {
    let end = string::plain_run(bytes, start);
    match peek(bytes, end) {
        Some(b'"') => Ok((Kind::Plain, end)),
        _ => Ok((Kind::Escaped, end_of_escaped(bytes, end)?)),
    }
}

/// Returns where the string ends that has something at `at` which is neither plain nor its end.
#[cold]
fn end_of_escaped(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        match peek(bytes, at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at += string::escape_len(rest(bytes, at))?,
            Some(_) => return Err(Fault::ControlCharacter(to_u32(at))),
            None => return Err(Fault::UnexpectedEnd),
        }
        at = string::plain_run(bytes, at);
    }
}

#[inline]
pub(super) fn number(text: &str, start: usize) -> Result<Number, Fault> {
    let bytes = text.as_bytes();
    let first = start + usize::from(peek(bytes, start) == Some(b'-'));
    let (end, digits) = integer(bytes, first);
    let count = end - first;
    let leading_zero = count > 1 && peek(bytes, first) == Some(b'0');
    if count == 0 || leading_zero {
        return Err(Fault::BadNumber(to_u32(start)));
    }
    if count <= SHORT && !matches!(peek(bytes, end), Some(b'.' | b'e' | b'E')) {
        return Ok(Number { kind: Kind::Integer, end, digits: Some(digits) });
    }
    long_number(text, start, end)
}

/// A number with more digits, a fraction or an exponent, whose integer part ends at `end`.
fn long_number(text: &str, start: usize, mut end: usize) -> Result<Number, Fault> {
    let bytes = text.as_bytes();
    let malformed = Err(Fault::BadNumber(to_u32(start)));
    let mut whole = true;
    if peek(bytes, end) == Some(b'.') {
        whole = false;
        let (after, _) = integer(bytes, end + 1);
        if after == end + 1 {
            return malformed;
        }
        end = after;
    }
    if matches!(peek(bytes, end), Some(b'e' | b'E')) {
        whole = false;
        let first = end + 1 + usize::from(matches!(peek(bytes, end + 1), Some(b'+' | b'-')));
        let (after, _) = integer(bytes, first);
        if after == first {
            return malformed;
        }
        end = after;
    }
    let source = &text[start..end];
    let kind = if whole && (source.parse::<i64>().is_ok() || source.parse::<u64>().is_ok()) {
        Kind::Integer
    } else if source.parse::<f64>().is_ok_and(f64::is_finite) {
        Kind::Float
    } else {
        return malformed;
    };
    Ok(Number { kind, end, digits: None })
}

/// Returns where a run of digits ends and what the digits say, which has wrapped around if there are more than [`SHORT`].
#[inline]
fn integer(bytes: &[u8], mut at: usize) -> (usize, u64) {
    let mut value = 0_u64;
    while let Some(digit) = peek(bytes, at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (at, value)
}

pub(super) fn literal(bytes: &[u8], at: usize, word: &str) -> Result<usize, Fault> {
    if rest(bytes, at).starts_with(word.as_bytes()) {
        Ok(at + word.len())
    } else {
        Err(Fault::Unexpected(to_u32(at)))
    }
}

#[inline]
fn rest(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// Positions fit: longer texts are refused before anything else, and a node takes at least one byte of text.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
pub(super) const fn to_u32(position: usize) -> u32 {
    position as u32
}
