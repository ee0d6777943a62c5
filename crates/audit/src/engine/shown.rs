use http::StatusCode;

use crate::wire::Reply;

/// A word of so many characters with a digit in it is a time, a token or an id, and another one in the next answer.
const PASSING: usize = 8;

/// What everybody is shown, so that it tells nothing when it is shown again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Vec<Page>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    status: StatusCode,
    media_type: Option<String>,
    words: Vec<String>,
}

impl Shown {
    /// Adds what came back from an address, if anything was shown there.
    pub(crate) fn add(&mut self, reply: &Reply, target: &str) {
        if reply.status.is_success() {
            self.0.push(Page::of(reply, target));
        }
    }

    /// Returns whether an answer is what everybody is shown. What changes from one answer to the next does not count: the address
    /// repeated, a time, a token against forged requests.
    pub(crate) fn contains(&self, reply: &Reply, target: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&Page::of(reply, target))
    }
}

impl Page {
    fn of(reply: &Reply, target: &str) -> Self {
        let text = reply.text();
        let repeated: Vec<&str> = words(target).collect();
        let passes = |word: &str| word.len() >= PASSING && word.contains(|c: char| c.is_ascii_digit());
        let stays = |word: &&str| !repeated.contains(word) && !passes(word);
        Self {
            status: reply.status,
            media_type: reply.media_type(),
            words: words(&text).filter(stays).map(str::to_owned).collect(),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode, header};

    use super::Shown;
    use crate::wire::Reply;

    fn reply(status: u16, media_type: &str, body: &str) -> Reply {
        let headers = [(header::CONTENT_TYPE, media_type.parse().unwrap())];
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter(headers),
            body: Bytes::from(body.to_owned()),
        }
    }

    const PAGE: &str = "<h1>Sign in</h1><a href=\"/nothing\"><input name=csrf value=Zx81kQ22mmA0>";

    #[test]
    fn a_page_is_the_same_with_another_address_and_another_token() {
        let mut shown = Shown::default();
        shown.add(&reply(200, "text/html", PAGE), "/nothing");

        let again = PAGE.replace("/nothing", "/lamps/17?x=1").replace("Zx81kQ22mmA0", "0pLm2Yt7wQ");
        assert!(shown.contains(&reply(200, "text/html; charset=utf-8", &again), "/lamps/17?x=1"));
    }

    #[test]
    fn another_status_type_or_text_is_another_page() {
        let mut shown = Shown::default();
        shown.add(&reply(200, "text/html", PAGE), "/nothing");

        for other in [
            reply(201, "text/html", PAGE),
            reply(200, "application/json", PAGE),
            reply(200, "text/html", "<h1>Lamps</h1>"),
        ] {
            assert!(!shown.contains(&other, "/nothing"), "{other:?}");
        }
    }

    #[test]
    fn a_refusal_shows_nothing() {
        let mut shown = Shown::default();
        shown.add(&reply(404, "text/plain", "no"), "/nothing");

        assert!(!shown.contains(&reply(404, "text/plain", "no"), "/nothing"));
    }
}
