use serde_json::Value;

use super::Resolver;

/// Who may use an operation, as far as its document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// The document says nothing. It is held to be closed: what is forgotten in the code is often forgotten here too.
    NotSaid,
    /// The document says that nobody has to show anything.
    Public,
    /// One of these will do.
    Needs {
        /// The ways in.
        alternatives: Vec<Alternative>,
        /// Whether coming without anything is one of them.
        optional: bool,
    },
}

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Alternative {
    /// A token in the `Authorization` header.
    Bearer {
        /// Scopes or roles that it has to have.
        scopes: Vec<String>,
    },
    /// A token in a cookie.
    Cookie {
        /// The cookie's name.
        name: String,
        /// Scopes or roles that the token has to have.
        scopes: Vec<String>,
    },
    /// A token in a header of its own.
    Header {
        /// The header's name.
        name: String,
        /// Scopes or roles that the token has to have.
        scopes: Vec<String>,
    },
    /// Something that no token helps with, such as a client's secret, or several things at once.
    Other {
        /// What the document calls it.
        scheme: String,
    },
}

impl Access {
    /// Returns whether the document says that coming without anything is one of the ways in.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self, Self::Needs { optional: true, .. })
    }
}

/// Reads `security` of an operation, or that of the whole document where it has none.
pub(super) fn read(operation: &Value, resolver: Resolver<'_>) -> Access {
    let Some(said) = operation.get("security").or_else(|| resolver.root().get("security")) else {
        return Access::NotSaid;
    };
    let Some(requirements) = said.as_array() else { return Access::NotSaid };
    if requirements.is_empty() {
        return Access::Public;
    }
    let optional =
        requirements.iter().any(|requirement| requirement.as_object().is_some_and(serde_json::Map::is_empty));
    let alternatives: Vec<_> =
        requirements.iter().filter_map(|requirement| alternative(requirement, resolver)).collect();
    if alternatives.is_empty() && optional {
        return Access::Public;
    }
    Access::Needs { alternatives, optional }
}

fn alternative(requirement: &Value, resolver: Resolver<'_>) -> Option<Alternative> {
    let all = requirement.as_object()?;
    let mut schemes = all.iter();
    let (name, scopes) = schemes.next()?;
    if schemes.next().is_some() {
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        return Some(Alternative::Other { scheme: names.join(" with ") });
    }
    let scopes: Vec<String> =
        scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let other = || Alternative::Other { scheme: name.clone() };
    let Some(scheme) =
        resolver.root().pointer("/components/securitySchemes").and_then(|schemes| schemes.get(name))
    else {
        return Some(other());
    };
    let Ok(scheme) = resolver.resolve(scheme) else { return Some(other()) };
    let text = |member: &str| scheme.get(member).and_then(Value::as_str).unwrap_or_default();
    Some(match (text("type"), text("scheme").to_ascii_lowercase().as_str(), text("in")) {
        ("http", "bearer", _) | ("oauth2" | "openIdConnect", _, _) => Alternative::Bearer { scopes },
        ("apiKey", _, "cookie") => Alternative::Cookie { name: text("name").to_owned(), scopes },
        ("apiKey", _, "header") if text("name").eq_ignore_ascii_case("authorization") => {
            Alternative::Bearer { scopes }
        }
        ("apiKey", _, "header") => Alternative::Header { name: text("name").to_owned(), scopes },
        _ => other(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Access, Alternative, read};
    use crate::openapi::Resolver;

    fn access(operation: &Value, whole: &Value) -> Access {
        let mut root = json!({ "components": { "securitySchemes": {
            "bearer": { "type": "http", "scheme": "Bearer" },
            "session": { "type": "apiKey", "in": "cookie", "name": "at" },
            "client": { "type": "http", "scheme": "basic" },
        }}});
        if !whole.is_null() {
            root["security"] = whole.clone();
        }
        read(operation, Resolver::new(&root))
    }

    #[test]
    fn what_says_nothing_is_not_public() {
        assert_eq!(access(&json!({}), &Value::Null), Access::NotSaid);
        assert_eq!(access(&json!({ "security": "none" }), &Value::Null), Access::NotSaid);
    }

    #[test]
    fn an_empty_list_and_an_empty_requirement_alone_are_public() {
        assert_eq!(access(&json!({ "security": [] }), &json!([{ "bearer": [] }])), Access::Public);
        assert_eq!(access(&json!({ "security": [{}] }), &Value::Null), Access::Public);
    }

    #[test]
    fn each_way_in_is_read_with_its_scopes() {
        let said = access(
            &json!({}),
            &json!([{ "bearer": ["orders:read"] }, { "session": [] }, { "client": [] }, {}]),
        );

        let Access::Needs { alternatives, optional } = said else { panic!("{said:?}") };
        assert!(optional);
        assert_eq!(
            alternatives,
            [
                Alternative::Bearer { scopes: vec!["orders:read".to_owned()] },
                Alternative::Cookie { name: "at".to_owned(), scopes: Vec::new() },
                Alternative::Other { scheme: "client".to_owned() },
            ]
        );
    }

    #[test]
    fn a_scheme_that_is_described_nowhere_is_no_token() {
        let said =
            access(&json!({ "security": [{ "bearer": [], "client": [] }, { "lost": [] }] }), &Value::Null);

        let Access::Needs { alternatives, .. } = said else { panic!("{said:?}") };
        assert!(alternatives.iter().all(|way| matches!(way, Alternative::Other { .. })), "{alternatives:?}");
    }
}
