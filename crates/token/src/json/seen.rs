use super::names::mark;
use super::words::to_u32;

/// More names in one object than this are left to the tape.
const AT_A_GLANCE: usize = 32;

/// The names of one object as far as they can be compared at a glance: for readers and writers in a hurry, who leave the rest to
/// the tape.
#[derive(Clone, Default)]
pub(super) struct Seen {
    marks: u64,
    count: usize,
    /// Where each name starts. It ends at a quote, and has no escapes.
    starts: [u32; AT_A_GLANCE],
}

impl Seen {
    /// Takes note of the name that stands at `start` and returns whether it is certainly none of those before it.
    #[inline]
    pub(super) fn is_new(&mut self, text: &[u8], start: usize, name: &[u8]) -> bool {
        let mark = mark(name);
        if self.marks & mark != 0 && self.may_hold(text, name) {
            return false;
        }
        self.marks |= mark;
        let Some(place) = self.starts.get_mut(self.count) else { return false };
        *place = to_u32(start);
        self.count += 1;
        true
    }

    fn may_hold(&self, text: &[u8], name: &[u8]) -> bool {
        let ends = |rest: &[u8]| rest.first() == Some(&b'"');
        self.starts.iter().take(self.count).any(|start| {
            text.get(*start as usize..).and_then(|text| text.strip_prefix(name)).is_some_and(ends)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_new(text: &str) -> bool {
        let mut seen = Seen::default();
        let mut start = 0;
        text.split_inclusive('"').all(|name| {
            let (from, to) = (start, start + name.len() - 1);
            start += name.len();
            seen.is_new(text.as_bytes(), from, &text.as_bytes()[from..to])
        })
    }

    #[test]
    fn a_name_is_new_until_it_comes_again() {
        assert!(all_new(r#"a"b"ab"abc"bc"c""A""#));
        assert!(!all_new(r#"a"b"ab"a""#));
        assert!(!all_new(r#""b"""#), "the empty name is one too");
    }

    #[test]
    fn names_too_many_to_compare_are_not_called_new() {
        let names: Vec<String> = (0..=AT_A_GLANCE).map(|index| format!("{index}\"")).collect();
        assert!(all_new(&names[..AT_A_GLANCE].concat()));
        assert!(!all_new(&names.concat()));
    }
}
