//! Duplicate member names. RFC 7519 §4 lets a reader take the last or refuse; two readers that choose differently are two
//! truths about one token, so we refuse, at every level and in every spelling.

use std::borrow::Cow;

use super::{Kind, Node, string};

/// Up to here a name that may be a duplicate is compared with all before it; beyond, names are sorted, so that cost stays
/// near linear for any input.
const COMPARED_UP_TO: usize = 32;

/// Returns the first name that an object's members use twice. `first` is the index of its first name on the tape.
pub(super) fn duplicate(text: &str, tape: &[Node], first: usize, count: usize) -> Option<String> {
    let names = Names { tape, next: first, left: count };
    if count > COMPARED_UP_TO {
        return duplicate_sorted(text, names);
    }
    let mut marks = 0_u64;
    for (index, node) in names.clone().enumerate() {
        if node.kind == Kind::Escaped {
            return duplicate_sorted(text, names);
        }
        // Equal names have equal marks; only a mark seen before is worth comparing texts.
        let name = source(text, node);
        let mark = mark(name.as_bytes());
        if marks & mark != 0 && names.clone().take(index).any(|other| source(text, other) == name) {
            return Some(name.to_owned());
        }
        marks |= mark;
    }
    None
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
fn mark(name: &[u8]) -> u64 {
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
