use handstamp_token::dangerous;
use serde::Serialize;

use crate::wire::{Answer, Shot};

/// How much of a body is shown.
const EXCERPT: usize = 400;

/// Headers of a reply that say something about how it was refused or who may read it.
const TELLING: [&str; 8] = [
    "content-type",
    "location",
    "www-authenticate",
    "cache-control",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "set-cookie",
    "server",
];

/// What was sent, as it may be shown: good tokens are left out, whoever reads a report must not be able to use one.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// Method, path and query.
    pub line: String,
    /// The headers, with what stood for a token named instead.
    pub headers: Vec<(String, String)>,
    /// The body's beginning.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The forged token, taken apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenView>,
}

/// A forged token, as it may be shown.
#[derive(Debug, Clone, Serialize)]
pub struct TokenView {
    /// The header's text; empty where it is none.
    pub header: String,
    /// The claims' text; empty where they are none.
    pub claims: String,
    /// How many characters the token has.
    pub length: usize,
    /// The token itself, where somebody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// The status, or what happened instead.
    pub status: String,
    /// The headers that say something.
    pub headers: Vec<(String, String)>,
    /// The body's beginning.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// What must not be shown in full, and what is shown instead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Veil {
    good: Vec<String>,
    forged: Option<String>,
    show_forged: bool,
}

impl Veil {
    /// Hides good tokens always, and forged ones unless they may be shown.
    pub(crate) fn new(good: Vec<String>, show_forged: bool) -> Self {
        Self { good, forged: None, show_forged }
    }

    /// The same for a request that carries a forged token.
    pub(crate) fn over(&self, forged: Option<&str>) -> Self {
        // Some cases carry a good token in a bad way.
        let forged = forged.filter(|token| !self.good.iter().any(|good| good == token));
        Self { forged: forged.map(str::to_owned), ..self.clone() }
    }

    fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(forged) = self.forged.as_deref().filter(|forged| forged.len() > 8 && !self.show_forged) {
            text = text.replace(forged, "[forged token]");
        }
        // Last, since a forged token may contain the good one.
        for good in &self.good {
            text = text.replace(good.as_str(), "[good token]");
            // Its signature makes a token good; with another header it is not worth hiding.
            if let Some(signature) = good.rsplit('.').next().filter(|signature| signature.len() > 20) {
                text = text.replace(signature, "[good signature]");
            }
        }
        text
    }
}

impl Sent {
    pub(crate) fn of(shot: &Shot, veil: &Veil) -> Self {
        let headers = shot.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), excerpt(&veil.hide(&String::from_utf8_lossy(value.as_bytes()))))
        });
        Self {
            line: veil.hide(&format!("{} {}", shot.method, shot.target)),
            headers: headers.collect(),
            body: excerpt(&veil.hide(&String::from_utf8_lossy(&shot.body))),
            token: veil.forged.as_deref().map(|token| TokenView::of(token, veil)),
        }
    }
}

impl TokenView {
    fn of(token: &str, veil: &Veil) -> Self {
        let (header, claims) = dangerous::decode_unverified(token)
            .map(|decoded| (decoded.unverified_header, decoded.unverified_payload))
            .unwrap_or_default();
        let raw = veil.show_forged.then(|| excerpt(&veil.hide(token)));
        Self { header: excerpt(&header), claims: excerpt(&claims), length: token.len(), raw }
    }
}

impl Received {
    pub(crate) fn of(answer: &Answer, veil: &Veil) -> Self {
        let Some(reply) = answer.reply() else {
            return Self { status: answer.in_words(), headers: Vec::new(), body: String::new() };
        };
        let telling = TELLING.iter().filter_map(|name| {
            let value = reply.headers.get(*name)?;
            Some(((*name).to_owned(), excerpt(&veil.hide(&String::from_utf8_lossy(value.as_bytes())))))
        });
        Self {
            status: reply.status.to_string(),
            headers: telling.collect(),
            body: excerpt(&veil.hide(&reply.text())),
        }
    }
}

/// The beginning of a text, without anything that moves a terminal's cursor.
fn excerpt(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(EXCERPT)
        .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::{Sent, Veil};
    use crate::wire::Shot;

    fn shot(token: &str) -> Shot {
        let mut shot = Shot {
            method: Method::GET,
            target: "/lamps".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        shot.add_header("authorization", &format!("Bearer {token}"));
        shot
    }

    const GOOD: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";

    #[test]
    fn a_good_token_is_never_shown() {
        let veil = Veil::new(vec![GOOD.to_owned()], true);

        for token in [GOOD.to_owned(), format!("{GOOD}."), "x.y.".to_owned() + &GOOD[GOOD.len() - 38..]] {
            let sent = format!("{:?}", Sent::of(&shot(&token), &veil.over(Some(&token))));
            assert!(!sent.contains("c2lnbmF0dXJl"), "{sent}");
        }
    }

    #[test]
    fn a_forged_token_is_taken_apart_and_shown_in_full_only_when_asked_for() {
        let forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.";
        for show in [false, true] {
            let veil = Veil::new(vec![GOOD.to_owned()], show).over(Some(forged));

            let sent = Sent::of(&shot(forged), &veil);

            let token = sent.token.unwrap();
            assert_eq!(
                (token.header.as_str(), token.claims.as_str()),
                (r#"{"alg":"none"}"#, r#"{"sub":"ada"}"#)
            );
            assert_eq!(token.raw.is_some(), show);
            assert_eq!(sent.headers[0].1.contains(forged), show);
        }
    }
}
