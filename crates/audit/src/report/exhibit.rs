use handstamp_token::dangerous;
use serde::Serialize;
use serde_json::Value;

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
    /// What somebody gave to be sent along: it may be a secret too.
    given: Vec<String>,
    forged: Option<String>,
    show_forged: bool,
}

/// A shorter value is a word or a number, and stands in texts that have nothing to do with it.
const SECRET_FROM: usize = 8;

impl Veil {
    /// Hides good tokens always, and forged ones unless they may be shown.
    pub(crate) fn new(good: Vec<String>, show_forged: bool) -> Self {
        Self { good, given: Vec::new(), forged: None, show_forged }
    }

    /// Hides these values too.
    pub(crate) fn with_given(mut self, given: Vec<String>) -> Self {
        self.given = given.into_iter().filter(|value| value.len() >= SECRET_FROM).collect();
        self
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
            text = without_signature(&text, good);
            // Its signature makes a token good; with another header it is not worth hiding.
            if let Some(signature) = good.rsplit('.').next().filter(|signature| signature.len() > 20) {
                text = text.replace(signature, "[good signature]");
            }
        }
        for given in &self.given {
            text = text.replace(given.as_str(), "[given]");
        }
        text
    }

    /// Hides in addition what nobody here has handed out: a service that was tricked may answer with somebody's token.
    fn hide_received(&self, text: &str) -> String {
        without_tokens(&self.hide(&without_secrets(text)))
    }
}

/// What a member is called whose value nobody else should read, token or not: a refresh token looks like any other word.
const SECRET: [&str; 6] = ["token", "secret", "password", "api_key", "apikey", "private_key"];

/// Takes the values away from such members, where a text is JSON.
fn without_secrets(text: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    if blot_out(&mut json) > 0 { json.to_string() } else { text.to_owned() }
}

/// Returns how many values had to be blotted out.
fn blot_out(json: &mut Value) -> usize {
    match json {
        Value::Object(members) => members.iter_mut().map(|(name, value)| blot_out_of(name, value)).sum(),
        Value::Array(items) => items.iter_mut().map(blot_out).sum(),
        _ => 0,
    }
}

fn blot_out_of(name: &str, value: &mut Value) -> usize {
    let name = name.to_ascii_lowercase();
    let is_secret = name != "token_type" && SECRET.iter().any(|secret| name.contains(secret));
    if is_secret && value.is_string() {
        *value = "[secret]".into();
        return 1;
    }
    blot_out(value)
}

/// Takes away what follows the good token's claims: with another spelling of its signature it is the good token still.
fn without_signature(text: &str, good: &str) -> String {
    let Some(claims) = good.split('.').nth(1).filter(|claims| claims.len() > 20) else {
        return text.to_owned();
    };
    let mark = format!(".{claims}.");
    let mut parts = text.split(mark.as_str());
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(&mark);
        let rest = part.trim_start_matches(|c: char| is_token_char(c) || "+/=".contains(c));
        if rest.len() < part.len() {
            kept.push_str("[signature]");
        }
        kept.push_str(rest);
    }
    kept
}

/// Takes the signature away from everything that looks like a signed token.
fn without_tokens(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !is_token_char(c) && c != '.') {
        let token = word.trim_end_matches(|c: char| !is_token_char(c));
        let is_token = token.starts_with("eyJ") && token.matches('.').count() == 2;
        match token.rsplit_once('.').filter(|(_, signature)| is_token && !signature.is_empty()) {
            Some((said, _)) => {
                kept.push_str(said);
                kept.push_str(".[signature]");
                kept.push_str(word.get(token.len()..).unwrap_or_default());
            }
            None => kept.push_str(word),
        }
    }
    kept
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// Returns a `Set-Cookie` with its value left out: it may be a session of somebody's.
fn without_value(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_at(cookie.find(';').unwrap_or(cookie.len()));
    let name = pair.split('=').next().unwrap_or_default();
    format!("{name}=[value]{attributes}")
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
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = if *name == "set-cookie" { without_value(&value) } else { value.into_owned() };
            Some(((*name).to_owned(), excerpt(&veil.hide_received(&value))))
        });
        Self {
            status: reply.status.to_string(),
            headers: telling.collect(),
            body: excerpt(&veil.hide_received(&reply.text())),
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

    use super::{Received, Sent, Veil};
    use crate::wire::{Answer, Reply, Shot};

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

    #[test]
    fn a_good_token_with_its_signature_in_another_spelling_is_not_shown_either() {
        let good =
            "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEgbG92ZWxhY2UifQ.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";
        let respelled = format!("{}V=", good.strip_suffix('U').unwrap());
        let veil = Veil::new(vec![good.to_owned()], true).over(Some(&respelled));

        let sent = format!("{:?}", Sent::of(&shot(&respelled), &veil));

        assert!(!sent.contains("c2lnbmF0dXJl") && sent.contains("[signature]"), "{sent}");
    }

    #[test]
    fn a_token_that_a_service_hands_out_is_not_shown() {
        let headers = [("set-cookie", "sid=very-secret-session; HttpOnly")];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let body = Bytes::from(format!(r#"{{"text":"{GOOD}","v":"1.2.3"}}"#));
        let reply = Reply { status: http::StatusCode::OK, headers: HeaderMap::from_iter(headers), body };

        let received = Received::of(&Answer::Reply(reply), &Veil::default());

        assert_eq!(received.headers, [("set-cookie".to_owned(), "sid=[value]; HttpOnly".to_owned())]);
        assert_eq!(received.body, r#"{"text":"eyJhbGciOiJFUzI1NiJ9.e30.[signature]","v":"1.2.3"}"#);
    }

    #[test]
    fn what_is_called_a_secret_is_not_shown_whatever_it_looks_like() {
        let body = r#"[{"refreshToken":"rt_1","token_type":"Bearer","v":1},{"user":{"password":"pw_1"}}]"#;
        let reply =
            Reply { status: http::StatusCode::OK, headers: HeaderMap::new(), body: Bytes::from(body) };

        let received = Received::of(&Answer::Reply(reply), &Veil::default());

        assert_eq!(
            received.body,
            r#"[{"refreshToken":"[secret]","token_type":"Bearer","v":1},{"user":{"password":"[secret]"}}]"#
        );
    }

    #[test]
    fn a_header_that_somebody_gave_is_not_shown() {
        let mut shot = shot("x");
        shot.add_header("x-api-key", "key-of-the-house");
        let veil = Veil::new(Vec::new(), false).with_given(vec!["key-of-the-house".to_owned()]);

        let sent = format!("{:?}", Sent::of(&shot, &veil));

        assert!(!sent.contains("key-of-the-house") && sent.contains("[given]"), "{sent}");
    }
}
