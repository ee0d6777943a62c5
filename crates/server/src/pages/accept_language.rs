use http::{HeaderMap, header};

use crate::config::Language;

/// Far more than any browser sends.
const MOST_RANGES: usize = 50;

/// Returns the language of ours that a browser likes best (RFC 9110 §12.5.4, lookup as in RFC 4647 §3.4).
///
/// The first of ours is for those who name none of them.
pub(super) fn choose(headers: &HeaderMap, ours: &[Language]) -> Language {
    let fallback = ours.first().copied().unwrap_or(Language::En);
    let lines = headers.get_all(header::ACCEPT_LANGUAGE);
    let ranges = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let mut best = (0, fallback);
    for (range, weight) in ranges.take(MOST_RANGES).filter_map(read) {
        let language = if range == "*" { Some(fallback) } else { matching(range, ours) };
        if let Some(language) = language.filter(|_| weight > best.0) {
            best = (weight, language);
        }
    }
    best.1
}

/// `de-AT` asks for German.
fn matching(range: &str, ours: &[Language]) -> Option<Language> {
    let primary = range.split('-').next().unwrap_or_default();
    ours.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
}

/// Reads `de-AT;q=0.8`. The weight counts in thousandths.
fn read(item: &str) -> Option<(&str, u16)> {
    let (range, parameters) = item.split_once(';').unwrap_or((item, "q=1"));
    let (name, value) = parameters.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    Some((range.trim(), weight(value.trim())?))
}

/// `qvalue` of RFC 9110 §12.4.2: at most three digits after the point, and nothing above 1.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::choose;
    use crate::config::Language::{self, De, En};

    fn chosen(wish: &str, ours: &[Language]) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", wish.parse().unwrap());
        choose(&headers, ours)
    }

    #[test]
    fn rfc9110_12_5_4_the_language_with_the_highest_weight_wins() {
        for (wish, language) in [
            ("de", De),
            ("de-AT", De),
            ("DE-ch", De),
            ("en-GB,en;q=0.9,de;q=0.8", En),
            ("de;q=0.8, en;q=0.9", En),
            ("de;q=0.8,en;q=0.79", De),
            ("fr,de;q=0.5", De),
            ("de, en", De),
            ("en;q=0,de;q=0.001", De),
            ("en ; q=0.3 , de ; q=0.4", De),
            ("fr;q=1.000, de;q=0.1, *;q=0.5", En),
        ] {
            assert_eq!(chosen(wish, &[En, De]), language, "{wish}");
        }
    }

    #[test]
    fn whoever_asks_for_none_of_ours_gets_the_first() {
        for wish in [
            "",
            "fr",
            "fr-FR,it;q=0.8",
            "de;q=0",
            "*",
            "*;q=0.1",
            "den",
            "x-de",
            ";q=1",
            "de;q=1.1",
            "de;q=0.1234",
        ] {
            assert_eq!(chosen(wish, &[En, De]), En, "{wish}");
        }
        assert_eq!(chosen("fr", &[De, En]), De);
        assert_eq!(choose(&HeaderMap::new(), &[De]), De);
    }

    #[test]
    fn a_language_that_the_operator_does_not_offer_is_not_spoken() {
        assert_eq!(chosen("de", &[En]), En);
    }
}
