use http::Method;
use serde_json::Value;

use super::operation::{Body, Media, Operation, OperationName, Parameter, Place};
use super::{Resolver, access};

/// The methods a path item may have.
const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

/// What else stands in a path item.
const BESIDE_METHODS: [&str; 5] = ["$ref", "summary", "description", "servers", "parameters"];

/// What was found in a document.
pub(super) struct Read {
    pub(super) operations: Vec<Operation>,
    pub(super) unreadable: Vec<(OperationName, String)>,
}

/// Reads every operation. One that cannot be read takes none of the others with it.
pub(super) fn operations(resolver: Resolver<'_>) -> Read {
    let mut read = Read { operations: Vec::new(), unreadable: Vec::new() };
    let paths = resolver.root().get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        if path.starts_with("x-") {
            continue;
        }
        // What cannot be seen must not look as if it were not there.
        let whole_path = || OperationName { method: any_method(), path: path.clone() };
        if !path.starts_with('/') {
            read.unreadable.push((whole_path(), "a path begins with a slash".to_owned()));
            continue;
        }
        let (beside, item) = match resolver.resolve(item) {
            Ok(target) => (item, target),
            Err(problem) => {
                read.unreadable.push((whole_path(), problem));
                continue;
            }
        };
        for (member, method) in &METHODS {
            // A path may have operations beside its reference.
            let Some(operation) = item.get(*member).or_else(|| beside.get(*member)) else { continue };
            let name = OperationName { method: method.clone(), path: path.clone() };
            match self::operation(name.clone(), item, operation, resolver) {
                Ok(operation) => read.operations.push(operation),
                Err(problem) => read.unreadable.push((name, problem)),
            }
        }
        for member in [item, beside].into_iter().filter_map(Value::as_object).flatten() {
            read.unreadable.extend(unknown(path, member).filter(|known| !read.unreadable.contains(known)));
        }
    }
    read
}

/// Returns what is said of an operation by no name that an operation has: `GET` in capitals, say.
fn unknown(path: &str, (member, described): (&String, &Value)) -> Option<(OperationName, String)> {
    let is_known = METHODS.iter().any(|(method, _)| method == member)
        || BESIDE_METHODS.contains(&member.as_str())
        || member.starts_with("x-")
        || !described.is_object();
    let method = || Method::from_bytes(member.to_ascii_uppercase().as_bytes());
    let name = || OperationName { method: method().unwrap_or_else(|_| any_method()), path: path.to_owned() };
    (!is_known).then(|| (name(), format!("{member:?} is not the name of a method, which has small letters")))
}

/// Stands for all methods of a path that cannot be read.
fn any_method() -> Method {
    Method::from_bytes(b"ANY").unwrap_or_default()
}

fn operation(
    name: OperationName,
    item: &Value,
    operation: &Value,
    resolver: Resolver<'_>,
) -> Result<Operation, String> {
    let mut parameters = Vec::new();
    // What the operation says comes second and wins over what its path says.
    for source in [item, operation] {
        for parameter in source.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let Some(parameter) = self::parameter(resolver.resolve(parameter)?, resolver)? else { continue };
            parameters
                .retain(|known: &Parameter| known.name != parameter.name || known.place != parameter.place);
            parameters.push(parameter);
        }
    }
    let body = match operation.get("requestBody") {
        Some(body) => Some(self::body(resolver.resolve(body)?, resolver)?),
        None => None,
    };
    Ok(Operation { access: access::read(operation, resolver), name, parameters, body })
}

fn parameter(parameter: &Value, resolver: Resolver<'_>) -> Result<Option<Parameter>, String> {
    let name = text(parameter, "name");
    let place = match text(parameter, "in") {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        other => return Err(format!("the parameter {name:?} goes into {other:?}, which is no place")),
    };
    // These three are described elsewhere in the document, and ignored here (OpenAPI 3.1 §4.8.12.2).
    let elsewhere = ["accept", "content-type", "authorization"];
    if place == Place::Header && elsewhere.iter().any(|header| name.eq_ignore_ascii_case(header)) {
        return Ok(None);
    }
    let flag = |member: &str| parameter.get(member).and_then(Value::as_bool);
    let content =
        parameter.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
    let holder = content.unwrap_or(parameter);
    let style = text(parameter, "style");
    Ok(Some(Parameter {
        name: name.to_owned(),
        place,
        required: place == Place::Path || flag("required").unwrap_or(false),
        schema: holder.get("schema").cloned().unwrap_or(Value::Bool(true)),
        example: example(holder, resolver)?,
        explode: flag("explode").unwrap_or(matches!(style, "" | "form")),
        deep_object: style == "deepObject",
    }))
}

fn body(body: &Value, resolver: Resolver<'_>) -> Result<Body, String> {
    let mut media = Vec::new();
    for (media_type, described) in body.get("content").and_then(Value::as_object).into_iter().flatten() {
        media.push(Media {
            name: media_type.clone(),
            schema: described.get("schema").cloned().unwrap_or(Value::Bool(true)),
            example: example(described, resolver)?,
        });
    }
    media.sort_by_key(|media| effort(&media.name));
    let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
    Ok(Body { required, media })
}

/// JSON says exactly what is meant; the others lose types on the way.
fn effort(media_type: &str) -> u8 {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence {
        "application/json" => 0,
        _ if essence.ends_with("+json") => 1,
        "application/x-www-form-urlencoded" => 2,
        "multipart/form-data" => 3,
        _ => 4,
    }
}

fn example(holder: &Value, resolver: Resolver<'_>) -> Result<Option<Value>, String> {
    if let Some(example) = holder.get("example") {
        return Ok(Some(example.clone()));
    }
    let Some(first) = holder.get("examples").and_then(Value::as_object).and_then(|all| all.values().next())
    else {
        return Ok(None);
    };
    Ok(resolver.resolve(first)?.get("value").cloned())
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::operations;
    use crate::openapi::{Place, Resolver};

    #[test]
    fn an_operation_overrides_the_parameters_of_its_path() {
        let root = json!({ "paths": { "/lamps/{id}": {
            "parameters": [
                { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                { "$ref": "#/components/parameters/Colour" },
            ],
            "get": { "parameters": [{ "name": "id", "in": "path", "schema": { "type": "integer" }, "example": 7 }] },
        }}, "components": { "parameters": { "Colour": { "name": "colour", "in": "query" } } }});

        let read = operations(Resolver::new(&root));

        let parameters = &read.operations[0].parameters;
        assert_eq!(parameters.len(), 2);
        let id = parameters.iter().find(|parameter| parameter.name == "id").unwrap();
        assert_eq!((id.place, id.required, id.example.clone()), (Place::Path, true, Some(json!(7))));
        assert_eq!(read.operations[0].path_names().collect::<Vec<_>>(), ["id"]);
    }

    #[test]
    fn json_is_tried_before_other_bodies() {
        let root = json!({ "paths": { "/lamps": { "post": { "requestBody": { "content": {
            "multipart/form-data": {}, "application/json": { "examples": { "one": { "value": { "a": 1 } } } },
        }}}}}});

        let read = operations(Resolver::new(&root));

        let body = read.operations[0].body.as_ref().unwrap();
        assert_eq!(body.media[0].name, "application/json");
        assert_eq!(body.media[0].example, Some(json!({ "a": 1 })));
    }

    #[test]
    fn one_operation_that_cannot_be_read_leaves_the_others() {
        let root = json!({ "paths": {
            "/broken": { "get": { "parameters": [{ "$ref": "other.yaml#/x" }] } },
            "/lamps": { "get": {} },
        }});

        let read = operations(Resolver::new(&root));

        assert_eq!(read.operations.len(), 1);
        assert_eq!(read.unreadable[0].0.to_string(), "GET /broken");
    }

    #[test]
    fn a_path_that_cannot_be_read_is_told_of() {
        let root = json!({ "paths": {
            "/elsewhere": { "$ref": "lamps.yaml#/lamps" },
            "lamps": { "get": {} },
            "x-internal": { "get": {} },
        }});

        let read = operations(Resolver::new(&root));

        let mut told: Vec<_> = read.unreadable.iter().map(|(name, _)| name.to_string()).collect();
        told.sort_unstable();
        assert_eq!(told, ["ANY /elsewhere", "ANY lamps"]);
    }

    #[test]
    fn what_is_written_like_no_operation_is_told_of() {
        let root =
            json!({ "paths": { "/lamps": { "GET": {}, "post": {}, "x-a": {}, "summary": "", "frob": {} } } });

        let read = operations(Resolver::new(&root));

        let mut told: Vec<_> = read.unreadable.iter().map(|(name, _)| name.to_string()).collect();
        told.sort_unstable();
        assert_eq!(
            (read.operations.len(), told),
            (1, vec!["FROB /lamps".to_owned(), "GET /lamps".to_owned()])
        );
    }

    #[test]
    fn operations_beside_a_reference_are_seen() {
        let root = json!({ "paths": {
            "/lamps": { "$ref": "#/items/lamps", "post": {} },
        }, "items": { "lamps": { "get": {} } } });

        let read = operations(Resolver::new(&root));

        let names: Vec<_> = read.operations.iter().map(|operation| operation.name.to_string()).collect();
        assert_eq!(names, ["GET /lamps", "POST /lamps"]);
    }
}
