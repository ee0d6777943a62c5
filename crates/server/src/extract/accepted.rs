use axum::http::{HeaderMap, HeaderName, header};

/// What a client says it takes: `Accept` and `Accept-Encoding` ([RFC 9110 §12.5](https://www.rfc-editor.org/rfc/rfc9110#section-12.5)).
#[derive(Debug)]
pub(crate) struct Accepted {
    types: Vec<Offer>,
    encodings: Vec<Offer>,
}

#[derive(Debug)]
struct Offer {
    name: String,
    /// Its weight is more than nothing.
    wanted: bool,
}

impl Accepted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { types: offers(headers, &header::ACCEPT), encodings: offers(headers, &header::ACCEPT_ENCODING) }
    }

    /// Returns whether a media type is taken: the most exact range decides. Who says nothing takes everything.
    pub(crate) fn takes(&self, media_type: &str) -> bool {
        let family = media_type.split_once('/').map(|(family, _)| format!("{family}/*")).unwrap_or_default();
        let find = |name: &str| self.types.iter().find(|offer| offer.name == name);
        let offer = find(media_type).or_else(|| find(&family)).or_else(|| find("*/*"));
        offer.map_or(self.types.is_empty(), |offer| offer.wanted)
    }

    /// Returns whether gzip is taken. Who says nothing gets what everybody can read.
    pub(crate) fn takes_gzip(&self) -> bool {
        let find = |name: &str| self.encodings.iter().find(|offer| offer.name == name);
        let offer = find("gzip").or_else(|| find("x-gzip")).or_else(|| find("*"));
        offer.is_some_and(|offer| offer.wanted)
    }
}

fn offers(headers: &HeaderMap, name: &HeaderName) -> Vec<Offer> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let items = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty());
    items.map(offer).collect()
}

fn offer(item: &str) -> Offer {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    // A weight that is no number is none at all: the client wants it.
    let wanted = weight.and_then(|weight| weight.parse::<f32>().ok()).is_none_or(|weight| weight > 0.0);
    Offer { name, wanted }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::Accepted;

    const LIST: &str = "application/statuslist+jwt";

    fn accepted(name: &'static str, lines: &[&'static str]) -> Accepted {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_static(line));
        }
        Accepted::of(&headers)
    }

    #[test]
    fn who_says_nothing_takes_every_type_and_no_encoding() {
        let nothing = accepted("accept", &[]);
        assert!(nothing.takes(LIST));
        assert!(!nothing.takes_gzip());
    }

    #[test]
    fn a_type_is_taken_by_its_name_its_family_or_as_anything() {
        for line in [LIST, "Application/StatusList+JWT", "application/*", "*/*", "text/html, */*;q=0.1"] {
            assert!(accepted("accept", &[line]).takes(LIST), "{line}");
        }
        assert!(accepted("accept", &["text/html", "application/statuslist+jwt"]).takes(LIST));
    }

    #[test]
    fn another_type_is_another_type() {
        for line in
            ["application/statuslist+cwt", "application/json", "text/*", "application/statuslist+json;q=1"]
        {
            assert!(!accepted("accept", &[line]).takes(LIST), "{line}");
        }
    }

    #[test]
    fn the_most_exact_range_decides() {
        assert!(!accepted("accept", &["application/statuslist+jwt;q=0, */*"]).takes(LIST));
        assert!(!accepted("accept", &["application/*; q=0.0, */*;q=1"]).takes(LIST));
        assert!(accepted("accept", &["application/*;q=0, application/statuslist+jwt;q=0.5"]).takes(LIST));
    }

    #[test]
    fn gzip_is_taken_where_it_is_wanted() {
        for (line, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("br", false),
            ("gzip;q=0, *", false),
            ("identity", false),
        ] {
            assert_eq!(accepted("accept-encoding", &[line]).takes_gzip(), expected, "{line}");
        }
    }
}
