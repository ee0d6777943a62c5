//! The little of DER (X.690) that keys need: definite lengths, minimal form, no tag above 30. Strict on purpose: a
//! reader that guesses lets two readers see two keys.

/// Tags used by key structures.
pub(super) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const CONTEXT_0: u8 = 0xa0;
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    /// Returns whether the next element has this tag.
    pub(super) fn next_is(self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// Returns the content of the next element, which must have this tag.
    pub(super) fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (actual, content) = self.element()?;
        (actual == tag).then_some(content)
    }

    /// Returns the next element whatever it is: its tag and content.
    pub(super) fn element(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.rest.split_first()?;
        // 31 announces a tag of several bytes, which no key structure has.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (len, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some((tag, content))
    }

    /// Returns the next element with its tag and length, as it stands.
    pub(super) fn raw(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.rest;
        self.read(tag)?;
        before.get(..before.len() - self.rest.len())
    }

    /// Returns a reader over the next element, a SEQUENCE.
    pub(super) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.read(tag::SEQUENCE).map(Reader::new)
    }

    /// Returns the magnitude of the next element, a non-negative INTEGER in minimal form.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.read(tag::INTEGER)? {
            [] => None,
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Some(rest),
            [0] => Some(&[]),
            [first, ..] if *first == 0 || first & 0x80 != 0 => None,
            bytes => Some(bytes),
        }
    }

    /// Returns the bytes of the next element, a BIT STRING of whole bytes.
    pub(super) fn whole_bits(&mut self) -> Option<&'a [u8]> {
        match self.read(tag::BIT_STRING)? {
            [0, bytes @ ..] => Some(bytes),
            _ => None,
        }
    }
}

/// Writes an element.
pub(super) fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = content.len();
    if len < 0x80 {
        out.push(low_byte(len));
    } else {
        let bytes = len.to_be_bytes();
        let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | low_byte(significant.len()));
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

/// Writes a non-negative INTEGER from its big-endian magnitude.
pub(super) fn write_unsigned(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let mut content = magnitude[zeros..].to_vec();
    if content.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    write(tag::INTEGER, &content)
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    // Three bytes of length, 16 MiB, is more than any key; zero announces BER's indefinite form.
    let count = usize::from(first & 0x7f);
    if !(1..=3).contains(&count) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let len = digits.iter().fold(0_usize, |len, digit| len << 8 | usize::from(*digit));
    let minimal = digits[0] != 0 && len >= 0x80;
    minimal.then_some((len, rest))
}

fn low_byte(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_form() {
        assert_eq!(length(&[0x05, 9]), Some((5, &[9][..])));
        assert_eq!(length(&[0x81, 0x80]), Some((128, &[][..])));
        for bad in [&[0x81, 0x7f][..], &[0x82, 0x00, 0x80], &[0x80], &[0x84, 1, 0, 0, 0], &[0x82, 1], &[]] {
            assert_eq!(length(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn integers_have_one_form_and_no_sign() {
        assert_eq!(Reader::new(&[2, 1, 0]).unsigned(), Some(&[][..]));
        assert_eq!(Reader::new(&[2, 2, 0, 0x80]).unsigned(), Some(&[0x80][..]));
        for bad in [&[2, 0][..], &[2, 1, 0x80], &[2, 2, 0, 1], &[2, 2, 0], &[4, 1, 1]] {
            assert_eq!(Reader::new(bad).unsigned(), None, "{bad:?}");
        }
        assert_eq!(write_unsigned(&[0, 0, 0xff]), [2, 2, 0, 0xff]);
        assert_eq!(write_unsigned(&[]), [2, 1, 0]);
    }

    #[test]
    fn what_is_written_reads_back() {
        for len in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; len];
            assert_eq!(
                Reader::new(&write(tag::OCTET_STRING, &content)).read(tag::OCTET_STRING),
                Some(&content[..])
            );
        }
    }
}
