use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Repetition};

/// How often something that may be repeated is, until the text is long enough.
const REPEATS: [u32; 6] = [0, 1, 4, 16, 64, 256];

/// Nothing longer is made: a pattern may ask for more than there is memory.
const MAX_LEN: usize = 10_000;

/// So many parts of a pattern are looked at: what repeats what may be empty takes long to write nothing.
const MAX_STEPS: usize = 100_000;

/// Returns a text that matches the pattern and is as long as it must be; none where the pattern cannot be read, which is a
/// dialect of ECMAScript and knows things that ours does not.
pub(super) fn matching(pattern: &str, least: usize, most: usize) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new().nest_limit(50).build().parse(pattern).ok()?;
    let texts = REPEATS.iter().filter_map(|more| {
        let mut writer = Writer { more: *more, text: String::new(), steps: 0 };
        writer.write(&hir)?;
        Some(writer.text)
    });
    texts.into_iter().find(|text| (least..=most).contains(&text.chars().count()))
}

/// Writes what matches a pattern.
struct Writer {
    /// How often everything that repeats does, beyond what it needs.
    more: u32,
    text: String,
    steps: usize,
}

impl Writer {
    /// Fails where the text would become too long, or take too long.
    fn write(&mut self, hir: &Hir) -> Option<()> {
        self.steps += 1;
        if self.text.len() > MAX_LEN || self.steps > MAX_STEPS {
            return None;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(std::str::from_utf8(&literal.0).ok()?),
            HirKind::Class(class) => self.text.push(member(class)?),
            HirKind::Repetition(repetition) => self.repeat(repetition)?,
            HirKind::Capture(capture) => self.write(&capture.sub)?,
            HirKind::Concat(all) => all.iter().try_for_each(|part| self.write(part))?,
            HirKind::Alternation(choices) => self.write(choices.first()?)?,
        }
        Some(())
    }

    fn repeat(&mut self, repetition: &Repetition) -> Option<()> {
        let most = repetition.max.unwrap_or(u32::MAX);
        let times = repetition.min.saturating_add(self.more).min(most).max(repetition.min);
        (0..times).try_for_each(|_| self.write(&repetition.sub))
    }
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
        assert_eq!(matching("(((a?){1000}){1000}){1000}", 0, 100), None);
    }
}
