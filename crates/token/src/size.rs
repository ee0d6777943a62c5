use std::fmt;

use crate::base64url;
use crate::json::Document;
use crate::verified::LIMITS;

/// Where the bytes of a token go, to keep it within a cookie.
///
/// It prints as `612 of 3,800 bytes; largest claim: roles (120 bytes)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeReport {
    /// The whole token.
    pub total: usize,
    /// What it should stay within.
    pub budget: usize,
    /// The encoded header.
    pub header: usize,
    /// The encoded payload.
    pub payload: usize,
    /// The encoded signature.
    pub signature: usize,
    /// Each claim with the bytes it takes up in the token, the largest first.
    pub claims: Vec<(String, usize)>,
}

impl SizeReport {
    /// What fits a cookie: browsers keep 4,096 bytes of name and value (RFC 6265bis §5.6), some of it the name's.
    pub const COOKIE_BUDGET: usize = 3_800;

    /// Returns the report for another budget.
    #[must_use]
    pub fn with_budget(mut self, budget: usize) -> Self {
        self.budget = budget;
        self
    }

    /// Returns whether the token stays within its budget.
    pub fn fits(&self) -> bool {
        self.total <= self.budget
    }

    /// Reports on any text; what is not a token counts as header.
    pub fn of_parts(token: &str) -> Self {
        let mut parts = token.split('.');
        let mut next = || parts.next().unwrap_or_default();
        let (header, payload, signature) = (next(), next(), next());
        Self {
            total: token.len(),
            budget: Self::COOKIE_BUDGET,
            header: header.len(),
            payload: payload.len(),
            signature: signature.len(),
            claims: claims(payload),
        }
    }
}

impl fmt::Display for SizeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", Grouped(self.total), Grouped(self.budget))?;
        match self.claims.first() {
            Some((name, size)) => write!(f, "; largest claim: {name} ({} bytes)", Grouped(*size)),
            None => Ok(()),
        }
    }
}

/// A number with commas between thousands.
struct Grouped(usize);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1_000 {
            return write!(f, "{}", self.0);
        }
        write!(f, "{},{:03}", Grouped(self.0 / 1_000), self.0 % 1_000)
    }
}

fn claims(payload: &str) -> Vec<(String, usize)> {
    let Some(bytes) = base64url::decode(payload) else { return Vec::new() };
    let Ok(document) = Document::parse(&bytes, LIMITS) else { return Vec::new() };
    let starts: Vec<(String, usize)> =
        document.root().named_offsets().map(|(name, offset)| (name.into_owned(), offset)).collect();
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([bytes.len()]);
    let mut claims: Vec<(String, usize)> = starts
        .iter()
        .zip(ends)
        .map(|((name, start), end)| (name.clone(), base64url::encoded_len(end - start)))
        .collect();
    claims.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    claims
}
