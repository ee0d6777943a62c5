//! Reads an `OpenAPI` 3.0 or 3.1 description, as JSON or YAML: which operations there are, and what each is sent.
//!
//! The document is input from outside. It is bounded in size and depth, references lead nowhere but into itself, and what cannot be
//! understood makes one operation unreadable, never the whole run.

mod access;
mod error;
mod lines;
mod operation;
mod read;
mod reference;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use access::{Access, Alternative};
pub use error::DocumentError;
pub(crate) use operation::{Operation, Parameter, Place, braces, words};
pub use operation::{OperationName, OperationNameError};
pub(crate) use reference::Resolver;

/// A description of a service.
#[derive(Debug, Clone)]
pub struct Document {
    root: Arc<Value>,
    base_path: String,
    operations: Vec<Operation>,
    unreadable: Vec<(OperationName, String)>,
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// How many bytes a description may have. The largest public ones have about ten million.
    pub const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Reads a description.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(DocumentError::TooLarge { actual: bytes.len(), limit: Self::MAX_BYTES });
        }
        let root = value(bytes)?;
        let version = match root.get("openapi") {
            Some(Value::String(version)) => version.clone(),
            // Without quotes `3.1` is a number in YAML.
            Some(Value::Number(version)) => version.to_string(),
            _ => String::new(),
        };
        if !(version.starts_with("3.0") || version.starts_with("3.1")) {
            let found = match (root.get("openapi"), root.get("swagger")) {
                (Some(version), _) => version.to_string(),
                (None, Some(version)) => format!("missing, and its `swagger` is {version}"),
                (None, None) => "missing".to_owned(),
            };
            return Err(DocumentError::Version { found });
        }
        let read::Read { operations, unreadable } = read::operations(Resolver::new(&root));
        if operations.is_empty() && unreadable.is_empty() {
            return Err(DocumentError::Empty);
        }
        let names = operations.iter().map(|operation| &operation.name);
        let lines = lines::of_operations(
            &String::from_utf8_lossy(bytes),
            names.chain(unreadable.iter().map(|(name, _)| name)),
        );
        Ok(Self { base_path: base_path(&root), root: Arc::new(root), operations, unreadable, lines })
    }

    /// Returns the names of all operations, also of those that could not be read.
    pub fn names(&self) -> impl Iterator<Item = &OperationName> {
        self.operations
            .iter()
            .map(|operation| &operation.name)
            .chain(self.unreadable.iter().map(|(name, _)| name))
    }

    /// Returns every operation that could be read.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Returns the operations that could not be read, and why.
    pub(crate) fn unreadable(&self) -> &[(OperationName, String)] {
        &self.unreadable
    }

    /// Returns the line of the description on which an operation stands, where that could be found out.
    pub(crate) fn line(&self, operation: &str) -> Option<usize> {
        self.lines.get(operation).copied()
    }

    /// Returns the path below which the description says the operations are: that of its first server, without a slash at the end.
    pub(crate) fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Returns what the references of the document lead into.
    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver::new(&self.root)
    }
}

/// JSON is tried first: it is YAML too, and read by a reader that is made for it.
fn value(bytes: &[u8]) -> Result<Value, DocumentError> {
    let not_json = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(cause) => cause,
    };
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return Err(unreadable(&not_json));
    }
    let text = std::str::from_utf8(bytes).map_err(|cause| unreadable(&cause))?;
    serde_saphyr::from_str(text).map_err(|cause| unreadable(&cause))
}

fn unreadable(cause: &dyn std::fmt::Display) -> DocumentError {
    DocumentError::Unreadable { problem: cause.to_string() }
}

/// Only the path counts: the host attacked is the one on the command line, whatever the document says.
fn base_path(root: &Value) -> String {
    let server = root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let path = match server.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| rest.get(at..).unwrap_or_default()),
        None => server,
    };
    // A template such as `/{version}` needs values that only the document's author knows; its default is not guessed at.
    if !path.starts_with('/') || path.contains(['{', '?', '#']) {
        return String::new();
    }
    path.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Document, DocumentError};

    const LAMPS: &str = r#"{"openapi":"3.1.0","servers":[{"url":"https://elsewhere.example/v1/"}],
        "paths":{"/lamps":{"get":{"responses":{}}}}}"#;

    #[test]
    fn json_and_yaml_are_read_alike() {
        let yaml = "openapi: 3.0\npaths:\n  /lamps:\n    get:\n      responses:\n        200:\n          description: fine\n";
        for text in [LAMPS, yaml] {
            let document = Document::parse(text.as_bytes()).unwrap();

            let names: Vec<_> =
                document.operations().iter().map(|operation| operation.name.to_string()).collect();
            assert_eq!(names, ["GET /lamps"], "{text}");
        }
    }

    #[test]
    fn of_a_server_only_the_path_counts() {
        assert_eq!(Document::parse(LAMPS.as_bytes()).unwrap().base_path(), "/v1");
    }

    #[test]
    fn what_is_no_description_is_told() {
        for (text, expected) in [
            ("{", "neither JSON nor YAML"),
            ("a: [", "neither JSON nor YAML"),
            (r#"{"swagger":"2.0","paths":{}}"#, r#"`swagger` is "2.0""#),
            (r#"{"paths":{}}"#, "missing"),
            (r#"{"openapi":"3.1.0","paths":{}}"#, "no operation"),
            (r#"{"openapi":"3.1.0","paths":[1]}"#, "no operation"),
        ] {
            let refused = Document::parse(text.as_bytes()).unwrap_err().to_string();

            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }

    #[test]
    fn a_document_that_is_too_large_is_not_even_read() {
        let refused = Document::parse(&vec![b' '; Document::MAX_BYTES + 1]);

        assert!(matches!(refused, Err(DocumentError::TooLarge { .. })));
    }

    #[test]
    fn a_yaml_bomb_is_refused() {
        let level =
            |level: u32| format!("l{level}: &l{level} [{}]\n", vec![format!("*l{}", level - 1); 9].join(","));
        let levels = (1..12).map(level).collect::<Vec<_>>().concat();
        let bomb = format!("openapi: 3.1.0\nl0: &l0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n{levels}");

        assert!(matches!(Document::parse(bomb.as_bytes()), Err(DocumentError::Unreadable { .. })));
    }
}
