/// What may be used once alone. Ids of different purposes never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OneTimePurpose {
    /// A client's assertion ([RFC 7523 §3](https://www.rfc-editor.org/rfc/rfc7523#section-3), `jti`).
    ClientAssertion,
}

impl OneTimePurpose {
    /// Returns the purpose's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientAssertion => "client_assertion",
        }
    }
}
