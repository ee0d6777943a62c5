/// The names this service goes by in `aud`; a token must carry one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(pub(crate) Vec<String>);

impl From<&str> for Audience {
    fn from(one: &str) -> Self {
        Self(vec![one.to_owned()])
    }
}

impl From<String> for Audience {
    fn from(one: String) -> Self {
        Self(vec![one])
    }
}

impl From<&String> for Audience {
    fn from(one: &String) -> Self {
        Self(vec![one.clone()])
    }
}

impl From<Vec<String>> for Audience {
    fn from(any_of: Vec<String>) -> Self {
        Self(any_of)
    }
}

impl From<&[String]> for Audience {
    fn from(any_of: &[String]) -> Self {
        Self(any_of.to_vec())
    }
}

impl<const N: usize> From<[&str; N]> for Audience {
    fn from(any_of: [&str; N]) -> Self {
        Self(any_of.into_iter().map(str::to_owned).collect())
    }
}
