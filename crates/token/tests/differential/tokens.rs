//! Generated claims and damaged tokens. The same numbers give the same claims, so that a failure can be repeated.

use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const NOW: i64 = 1_800_000_000;

/// Claims of a valid access token with something odd in them.
pub(crate) fn any_claims(round: u64) -> Value {
    let mut draw = Draw(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let mut claims = json!({
        "iss": ISSUER,
        "aud": if draw.next().is_multiple_of(2) { json!(AUDIENCE) } else { json!(["https://other.example.com", AUDIENCE]) },
        "sub": draw.text(),
        "jti": format!("t{round}"),
        "iat": NOW,
        "exp": NOW + 300,
    });
    for index in 0..draw.next() % 6 {
        claims[format!("claim {index} {}", draw.text())] = draw.value(3);
    }
    claims
}

/// The token in several broken or odd forms, and as it is.
pub(crate) fn damaged(token: &str, round: u64) -> Vec<String> {
    let mut draw = Draw(round + 77);
    let mut bytes = token.as_bytes().to_vec();
    let at = draw.below(bytes.len());
    bytes[at] = b"AZaz09-_.=+/ "[draw.below(13)];
    let changed = String::from_utf8(bytes).unwrap_or_default();
    let (input, signature) = token.rsplit_once('.').unwrap_or_default();
    let (header, payload) = input.split_once('.').unwrap_or_default();
    let cut = &token[..draw.below(token.len())];
    vec![
        token.to_owned(),
        changed,
        cut.to_owned(),
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{input}."),
        format!("{header}..{signature}"),
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        format!("{header}.{payload}A.{signature}"),
        format!("{header}.{header}.{signature}"),
    ]
}

/// A small xorshift generator.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap_or(1).max(1)).unwrap_or(0)
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 12] =
            ["a", "Z9", "\"", "\\", "/", "\n", "\u{7f}", "é", "漢", "\u{1F600}", "\u{2028}", "</script>"];
        (0..=self.below(6)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.next().is_multiple_of(2)),
            // Beyond 2^53 readers in JavaScript lose digits; a half is exact everywhere.
            2 => json!(self.next() % (1 << 53)),
            3 => json!(-0.5),
            4 => json!(i64::from(self.next().to_le_bytes()[0]) - 200),
            5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => (0..self.below(4))
                .map(|index| (format!("{index}{}", self.text()), self.value(depth - 1)))
                .collect(),
        }
    }
}
