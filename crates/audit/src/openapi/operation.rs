use std::fmt;
use std::str::FromStr;

use http::Method;
use serde_json::Value;

use super::Access;

/// One operation: a method on a path.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// What it is called here.
    pub(crate) name: OperationName,
    /// What goes into path, query, headers and cookies.
    pub(crate) parameters: Vec<Parameter>,
    /// What is sent along.
    pub(crate) body: Option<Body>,
    /// Who may use it, as far as the document says.
    pub(crate) access: Access,
}

impl Operation {
    /// Returns whether the operation is meant to change nothing ([RFC 9110 §9.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1)).
    pub(crate) fn is_safe(&self) -> bool {
        self.name.method.is_safe()
    }

    /// Returns the names in the braces of the path, in their order.
    pub(crate) fn path_names(&self) -> impl Iterator<Item = &str> {
        braces(&self.name.path).map(|(_, name)| name)
    }
}

/// Returns where each brace of a path template opens, and the name inside.
pub(crate) fn braces(template: &str) -> impl Iterator<Item = (usize, &str)> {
    template.match_indices('{').filter_map(|(at, _)| {
        let rest = template.get(at + 1..)?;
        Some((at, rest.get(..rest.find('}')?)?))
    })
}

/// Returns the segments of a path template that are words and hold no name, and which segments they are.
pub(crate) fn words(template: &str) -> impl Iterator<Item = (usize, &str)> {
    template.split('/').enumerate().filter(|(_, segment)| !segment.is_empty() && !segment.contains('{'))
}

/// The name of an operation: `GET /orders/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationName {
    /// The method.
    pub method: Method,
    /// The path with names in braces, as the document has it.
    pub path: String,
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The text is not a method, a blank and a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an operation: expected a method and a path such as \"GET /health\"")]
pub struct OperationNameError(String);

impl FromStr for OperationName {
    type Err = OperationNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || OperationNameError(text.to_owned());
        let (method, path) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|_| wrong())?;
        let path = path.trim();
        if !path.starts_with('/') {
            return Err(wrong());
        }
        Ok(Self { method, path: path.to_owned() })
    }
}

/// One parameter.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: String,
    /// Where it goes.
    pub(crate) place: Place,
    /// Whether the operation cannot do without.
    pub(crate) required: bool,
    /// What it may hold; references not followed yet.
    pub(crate) schema: Value,
    /// What the document gives as an example.
    pub(crate) example: Option<Value>,
    /// Whether each item of a list is a parameter of its own.
    pub(crate) explode: bool,
    /// Whether an object is written `name[member]=value`.
    pub(crate) deep_object: bool,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into the path.
    Path,
    /// Into the query string.
    Query,
    /// Into a header.
    Header,
    /// Into a cookie.
    Cookie,
}

/// What an operation is sent along, in one of several media types.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    /// Whether the operation cannot do without.
    pub(crate) required: bool,
    /// The ways to write it, those that are easiest to get right first.
    pub(crate) media: Vec<Media>,
}

/// One way to write a body.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    /// The media type.
    pub(crate) name: String,
    /// What it may hold; references not followed yet.
    pub(crate) schema: Value,
    /// What the document gives as an example.
    pub(crate) example: Option<Value>,
}
