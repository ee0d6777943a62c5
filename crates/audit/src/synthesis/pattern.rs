use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Repetition};

/// How often something that may be repeated is, until the text is long enough.
const REPEATS: [u32; 6] = [0, 1, 4, 16, 64, 256];

/// Nothing longer is made: a pattern may ask for more than there is memory.
const MAX_LEN: usize = 10_000;

/// Returns a text that matches the pattern and is as long as it must be; none where the pattern cannot be read, which is a
/// dialect of ECMAScript and knows things that ours does not.
pub(super) fn matching(pattern: &str, least: usize, most: usize) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new().nest_limit(50).build().parse(pattern).ok()?;
    let texts = REPEATS.iter().filter_map(|more| {
        let mut text = String::new();
        write(&hir, *more, &mut text)?;
        Some(text)
    });
    texts.into_iter().find(|text| (least..=most).contains(&text.chars().count()))
}

/// Writes what matches, every repetition `more` times beyond what it needs. Fails where it would become too long.
fn write(hir: &Hir, more: u32, text: &mut String) -> Option<()> {
    if text.len() > MAX_LEN {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(member(class)?),
        HirKind::Repetition(repetition) => repeat(repetition, more, text)?,
        HirKind::Capture(capture) => write(&capture.sub, more, text)?,
        HirKind::Concat(all) => all.iter().try_for_each(|part| write(part, more, text))?,
        HirKind::Alternation(choices) => write(choices.first()?, more, text)?,
    }
    Some(())
}

fn repeat(repetition: &Repetition, more: u32, text: &mut String) -> Option<()> {
    let times =
        repetition.min.saturating_add(more).min(repetition.max.unwrap_or(u32::MAX)).max(repetition.min);
    (0..times).try_for_each(|_| write(&repetition.sub, more, text))
}

/// Returns a letter or digit of the class, or what it begins with.
fn member(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let within =
        |wanted: char| class.ranges().iter().any(|range| range.start() <= wanted && wanted <= range.end());
    ['a', 'A', '0']
        .into_iter()
        .find(|wanted| within(*wanted))
        .or_else(|| class.ranges().first().map(ClassUnicodeRange::start))
}

#[cfg(test)]
mod tests {
    use super::matching;

    #[test]
    fn a_text_matches_its_pattern() {
        for (pattern, expected) in [
            ("^[0-9a-f]{8}$", "aaaaaaaa"),
            (r"^\d{4}-\d{2}$", "0000-00"),
            ("^(red|blue)$", "red"),
            ("^a+b*$", "a"),
            ("[äö]", "ä"),
        ] {
            assert_eq!(matching(pattern, 0, 100).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn it_is_as_long_as_it_must_be() {
        assert_eq!(matching("^[a-z]+$", 5, 100).as_deref(), Some("aaaaa"));
        assert_eq!(matching("^[a-z]{3}$", 5, 100), None);
    }

    #[test]
    fn a_pattern_that_explodes_is_given_up() {
        assert_eq!(matching("((a{1000}){1000}){1000}", 0, 100), None);
    }
}
