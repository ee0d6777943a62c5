use super::{UpstreamError, error::excerpt};
use crate::extract::Query;

/// What an upstream sends the browser back with ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
/// Anybody can make one up: nothing of it is believed before the attempt is found that it belongs to.
pub(crate) struct Answer {
    unverified_state: Option<String>,
    iss: Repeatable,
    code: Repeatable,
    error: Repeatable,
    error_description: Option<String>,
}

/// A parameter that must not stand there twice: each reader would believe another one.
enum Repeatable {
    Absent,
    Once(String),
    Twice,
}

impl Answer {
    pub(crate) fn read(query: &mut Query) -> Self {
        let mut take = |name| Repeatable::of(query.take(name));
        Self {
            unverified_state: match take("state") {
                Repeatable::Once(state) => Some(state),
                Repeatable::Absent | Repeatable::Twice => None,
            },
            iss: take("iss"),
            code: take("code"),
            error: take("error"),
            error_description: match take("error_description") {
                Repeatable::Once(text) => Some(text),
                Repeatable::Absent | Repeatable::Twice => None,
            },
        }
    }

    /// Returns the name of the attempt that it says it belongs to.
    pub(crate) fn unverified_state(&self) -> Option<&str> {
        self.unverified_state.as_deref()
    }

    /// Returns the code, if this issuer has given one.
    ///
    /// The issuer is compared first, and for refusals as well ([RFC 9207 §2.4](https://www.rfc-editor.org/rfc/rfc9207#section-2.4)):
    /// a code of one upstream must not be shown to another.
    pub(super) fn code_from(self, issuer: Option<&str>, names_itself: bool) -> Result<String, UpstreamError> {
        match (self.iss, issuer) {
            (Repeatable::Once(iss), Some(issuer)) if iss == issuer => {}
            (Repeatable::Absent, _) if !names_itself => {}
            (Repeatable::Absent, _) => return Err(UpstreamError::IssuerMissing),
            // There is nothing to compare it with; the address that it came to is this upstream's alone.
            (Repeatable::Once(_), None) => {}
            (Repeatable::Once(actual), Some(issuer)) => {
                return Err(UpstreamError::OtherIssuer {
                    expected: issuer.to_owned(),
                    actual: excerpt(&actual),
                });
            }
            (Repeatable::Twice, _) => {
                let (expected, actual) = (issuer.unwrap_or_default().to_owned(), "several".to_owned());
                return Err(UpstreamError::OtherIssuer { expected, actual });
            }
        }
        match (self.error, self.code) {
            (Repeatable::Once(error), _) => Err(UpstreamError::Refused {
                error: excerpt(&error),
                description: self.error_description.as_deref().map(excerpt),
            }),
            (Repeatable::Absent, Repeatable::Once(code)) if !code.is_empty() => Ok(code),
            _ => Err(UpstreamError::NoCode),
        }
    }
}

impl Repeatable {
    fn of(mut values: Vec<String>) -> Self {
        match (values.pop(), values.is_empty()) {
            (None, _) => Self::Absent,
            (Some(value), true) => Self::Once(value),
            (Some(_), false) => Self::Twice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::{extract::Query, upstreams::UpstreamError};

    const ISSUER: &str = "https://id.example";

    fn code(query: &str, names_itself: bool) -> Result<String, UpstreamError> {
        Answer::read(&mut Query::parse(query)).code_from(Some(ISSUER), names_itself)
    }

    #[test]
    fn a_code_of_this_issuer_is_taken() {
        assert_eq!(code("state=s&code=c", false).unwrap(), "c");
        for names_itself in [true, false] {
            assert_eq!(code("code=c&iss=https%3A%2F%2Fid.example", names_itself).unwrap(), "c");
        }
    }

    /// RFC 9207 §2.4, and RFC 9700 §4.4.2: the mix-up of two upstreams.
    #[test]
    fn rfc9207_a_code_of_another_issuer_is_refused() {
        for iss in ["https://evil.example", "https://id.example/", "HTTPS://id.example", ""] {
            let refused = code(&format!("code=c&iss={iss}"), false);
            assert!(matches!(refused, Err(UpstreamError::OtherIssuer { .. })), "{iss}");
        }
        let twice = code("code=c&iss=https://id.example&iss=https://id.example", false);
        assert!(matches!(twice, Err(UpstreamError::OtherIssuer { .. })));
    }

    #[test]
    fn rfc9207_one_that_promises_its_name_has_to_give_it() {
        for query in ["code=c", "error=access_denied"] {
            assert!(matches!(code(query, true), Err(UpstreamError::IssuerMissing)), "{query}");
        }
    }

    #[test]
    fn rfc9207_a_refusal_of_another_issuer_is_not_this_ones() {
        let refused = code("error=access_denied&iss=https://evil.example", false);
        assert!(matches!(refused, Err(UpstreamError::OtherIssuer { .. })));
    }

    #[test]
    fn a_refusal_counts_whatever_stands_beside_it() {
        let refused = code("error=access_denied&error_description=no&code=c", false);
        let Err(UpstreamError::Refused { error, description }) = refused else { panic!("it is a refusal") };
        assert_eq!((error.as_str(), description.as_deref()), ("access_denied", Some("no")));
    }

    #[test]
    fn an_answer_without_one_code_is_none() {
        for query in ["", "code=", "code=a&code=b", "code=a&error=x&error=y", "state=s"] {
            assert!(matches!(code(query, false), Err(UpstreamError::NoCode)), "{query}");
        }
    }

    #[test]
    fn two_states_are_none() {
        let state = |query| Answer::read(&mut Query::parse(query)).unverified_state().map(str::to_owned);

        assert_eq!(state("state=a").as_deref(), Some("a"));
        assert_eq!((state("state=a&state=b"), state("")), (None, None));
    }

    #[test]
    fn what_is_logged_of_an_answer_is_short() {
        let refused = code(&format!("error={}", "x".repeat(5000)), false).unwrap_err();
        assert!(refused.to_string().len() < 300);
    }
}
