//! Duplicate member names. RFC 7519 §4 lets a reader take the last or refuse; two readers that choose differently are two
//! truths about one token, so we refuse, at every level and in every spelling.

use std::borrow::Cow;

use super::{Kind, Node, string};

/// Up to here suspicious names are compared in pairs; beyond, they are sorted, so that cost stays near linear for any input.
const COMPARED_UP_TO: usize = 32;

/// Notices while an object is scanned whether a name may have been there before.
#[derive(Default)]
pub(super) struct Suspicion {
    marks: u64,
    count: usize,
    suspicious: bool,
}

impl Suspicion {
    /// Takes note of the next name. Equal names have equal marks; an escaped name may equal any.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], kind: Kind) {
        let mark = mark(name);
        self.suspicious |= self.marks & mark != 0 || kind == Kind::Escaped;
        self.marks |= mark;
        self.count += 1;
    }

    /// Returns the name that stands twice, if one does. `first` is the index of the first name on the tape.
    #[inline]
    pub(super) fn duplicate(&self, text: &str, tape: &[Node], first: usize) -> Option<String> {
        if self.suspicious { duplicate(text, Names { tape, next: first, left: self.count }) } else { None }
    }
}

fn duplicate(text: &str, names: Names<'_>) -> Option<String> {
    if names.left > COMPARED_UP_TO || names.clone().any(|node| node.kind == Kind::Escaped) {
        return duplicate_sorted(text, names);
    }
    names.clone().enumerate().find_map(|(index, node)| {
        let name = source(text, node);
        names.clone().take(index).any(|other| source(text, other) == name).then(|| name.to_owned())
    })
}

fn duplicate_sorted(text: &str, names: Names<'_>) -> Option<String> {
    let mut all: Vec<Cow<'_, str>> = names
        .map(|node| match node.kind {
            Kind::Escaped => Cow::Owned(string::unescape(source(text, node))),
            _ => Cow::Borrowed(source(text, node)),
        })
        .collect();
    all.sort_unstable();
    all.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone().into_owned())
}

/// One of 64 bits, from the name's length and its outer and middle bytes: claim names rarely collide.
#[inline]
pub(super) fn mark(name: &[u8]) -> u64 {
    let [Some(first), Some(middle), Some(last)] = [name.first(), name.get(name.len() / 2), name.last()]
    else {
        return 1;
    };
    let mixed = u32::from(*first) ^ (u32::from(*middle) << 3) ^ (u32::from(*last) << 1);
    let mixed = mixed.wrapping_add(u32::try_from(name.len()).unwrap_or(0)).wrapping_mul(0x9e37_79b1);
    1 << (mixed >> 26)
}

fn source(text: &str, node: Node) -> &str {
    &text[node.start as usize..node.end as usize]
}

/// The name nodes of one object, in order.
#[derive(Clone)]
struct Names<'t> {
    tape: &'t [Node],
    next: usize,
    left: usize,
}

impl Iterator for Names<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        self.left = self.left.checked_sub(1)?;
        let name = *self.tape.get(self.next)?;
        self.next = self.tape.get(self.next + 1)?.next as usize;
        Some(name)
    }
}
