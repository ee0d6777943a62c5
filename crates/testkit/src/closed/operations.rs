//! Which operations there are.

use axum::http::Method;
use handstamp_verify::axum::Routes;

/// A path, and what is known about its methods.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) pattern: String,
    /// None: to be found out.
    pub(super) method: Option<Method>,
    pub(super) rule: Rule,
}

impl Path {
    /// Returns whether a name is that of this path, or of one operation of it as far as that is known.
    pub(super) fn goes_by(&self, name: &str) -> bool {
        let Some((method, path)) = name.split_once(' ') else { return self.pattern == name };
        let is_known =
            |known: &Method| known.as_str() == method || (*known == Method::HEAD && method == "GET");
        self.pattern == path && self.method.as_ref().is_none_or(is_known)
    }
}

/// What a route says about who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nobody gets in without a token.
    Closed {
        /// Who has all of these gets in.
        roles: Vec<String>,
        /// Every method of the path asks for a role or a scope.
        all_ask: bool,
    },
    /// Everybody gets in, but for those who come with a bad token.
    Optional,
    /// Everybody gets in.
    Open,
    /// Nothing, so it answers 403 to everybody.
    Undeclared,
    /// It is not known: the app is a plain router.
    Unknown,
}

/// The methods that are tried: all that axum has routes for. `HEAD` comes after `GET`, which answers it unless somebody else does.
pub(super) const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

/// Returns the paths of a table, each once. One with several rules needs a token if any of them does.
pub(super) fn of_routes<S>(routes: &Routes<S>) -> Vec<Path>
where
    S: Clone + Send + Sync + 'static,
{
    let mut paths: Vec<Path> = Vec::new();
    let declared = routes.declared().map(|(path, access)| {
        // Of each list one role is enough.
        let roles: Vec<_> = access.roles().filter_map(|any_of| any_of.first().cloned()).collect();
        let all_ask = !roles.is_empty() || access.scopes().next().is_some();
        let rule = match (access.demands_caller(), access.verifies_credentials()) {
            (true, _) => Rule::Closed { roles, all_ask },
            (false, true) => Rule::Optional,
            (false, false) => Rule::Open,
        };
        (path, rule)
    });
    let undeclared = routes.undeclared().iter().map(|path| (path.as_str(), Rule::Undeclared));
    for (path, rule) in declared.chain(undeclared) {
        match paths.iter_mut().find(|known| known.pattern == path) {
            Some(known) => known.rule = std::mem::replace(&mut known.rule, Rule::Unknown).and(rule),
            None => paths.push(Path { pattern: path.to_owned(), method: None, rule }),
        }
    }
    paths
}

impl Rule {
    /// Which rule is for which method is not known from outside. A method that is open beside closed ones shows when it is
    /// attacked; rights are only asked about where all ask for some.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Undeclared, _) | (_, Self::Undeclared) => Self::Undeclared,
            (Self::Closed { mut roles, all_ask }, Self::Closed { roles: more, all_ask: others_ask }) => {
                roles.extend(more);
                Self::Closed { roles, all_ask: all_ask && others_ask }
            }
            (Self::Closed { roles, .. }, _) | (_, Self::Closed { roles, .. }) => {
                Self::Closed { roles, all_ask: false }
            }
            (Self::Optional, Self::Optional) => Self::Optional,
            _ => Self::Open,
        }
    }
}

/// Writes the name of an operation, or of a path, as reports do: the method in capitals.
pub(super) fn spelled(name: String) -> String {
    match name.split_once(' ') {
        Some((method, path)) => format!("{} {path}", method.to_uppercase()),
        None => name,
    }
}

/// Reads `GET /orders/{id}`.
pub(super) fn named(operation: &str) -> Path {
    let parts = operation.split_once(' ').filter(|(_, path)| path.starts_with('/'));
    let method = parts.and_then(|(method, _)| Method::from_bytes(method.to_uppercase().as_bytes()).ok());
    match (parts, method) {
        (Some((_, path)), Some(method)) => {
            Path { pattern: path.to_owned(), method: Some(method), rule: Rule::Unknown }
        }
        _ => panic!(
            "{operation:?} is no operation: write a method, a space and a path, as in \"GET /orders/{{id}}\""
        ),
    }
}
