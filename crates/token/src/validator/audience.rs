/// The names this service goes by in `aud`; a token must carry one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(pub(crate) Names);

/// A list of one, which is the usual one, takes no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    One(String),
    AnyOf(Vec<String>),
}

impl Audience {
    pub(crate) fn into_list(self) -> Vec<String> {
        match self.0 {
            Names::One(one) => vec![one],
            Names::AnyOf(any_of) => any_of,
        }
    }
}

impl From<&str> for Audience {
    fn from(one: &str) -> Self {
        Self(Names::One(one.to_owned()))
    }
}

impl From<String> for Audience {
    fn from(one: String) -> Self {
        Self(Names::One(one))
    }
}

impl From<&String> for Audience {
    fn from(one: &String) -> Self {
        Self(Names::One(one.clone()))
    }
}

impl From<Vec<String>> for Audience {
    fn from(any_of: Vec<String>) -> Self {
        Self(Names::AnyOf(any_of))
    }
}

impl From<&[String]> for Audience {
    fn from(any_of: &[String]) -> Self {
        Self(Names::AnyOf(any_of.to_vec()))
    }
}

impl<const N: usize> From<[&str; N]> for Audience {
    fn from(any_of: [&str; N]) -> Self {
        Self(Names::AnyOf(any_of.into_iter().map(str::to_owned).collect()))
    }
}
