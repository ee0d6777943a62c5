//! Duplicate member names. RFC 7519 §4 lets a reader take the last or refuse; two readers that choose differently are two
//! truths about one token, so we refuse, at every level and in every spelling.

use std::borrow::Cow;

use super::{Kind, Node, string};

/// Up to here every pair is compared; beyond, names are sorted, so that cost stays near linear for any input.
const PAIRWISE_UP_TO: usize = 16;

/// Returns the first name that an object's members use twice. `first` is the index of its first name on the tape.
pub(super) fn duplicate(text: &str, tape: &[Node], first: usize, count: usize) -> Option<String> {
    if count < 2 {
        return None;
    }
    let mut names = Names { tape, next: first, left: count };
    if count > PAIRWISE_UP_TO || names.clone().any(|node| node.kind == Kind::Escaped) {
        return duplicate_sorted(text, names);
    }
    let mut seen = [""; PAIRWISE_UP_TO];
    for index in 0..count {
        let name = source(text, names.next()?);
        if seen[..index].contains(&name) {
            return Some(name.to_owned());
        }
        seen[index] = name;
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
