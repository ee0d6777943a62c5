use std::collections::BTreeMap;

use bytes::Bytes;
use handstamp_token::UnixTime;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use url::form_urlencoded;

use super::merge::Budget;
use super::value::Maker;
use super::{Mark, Variant, body, query};
use crate::openapi::{Operation, Parameter, Place, Resolver};

/// A request without credentials, ready to be sent or changed.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    /// As it goes over the wire, without the query.
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Draft {
    /// Returns path and query as they go over the wire.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Sets a header, instead of one of that name.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
    }
}

/// What a request is made of.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) resolver: Resolver<'a>,
    pub(crate) base_path: &'a str,
    pub(crate) operation: &'a Operation,
    /// What somebody said a parameter is, and what was found in earlier answers for the path.
    pub(crate) known: &'a BTreeMap<String, String>,
    pub(crate) mark: &'a Mark,
    pub(crate) now: UnixTime,
}

/// Makes the request in one of its ways; fails where the document asks for what cannot be made.
pub(crate) fn draft(parts: Parts<'_>, variant: Variant) -> Result<Draft, String> {
    let Parts { resolver, operation, mark, now, .. } = parts;
    let budget = Budget::new();
    let maker = Maker { resolver, variant, mark, now, budget: &budget };
    let mut draft = Draft {
        method: operation.name.method.clone(),
        path: path(parts, maker)?,
        query: None,
        headers: Vec::new(),
        cookies: Vec::new(),
        body: Bytes::new(),
    };
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    let sent = operation.parameters.iter().filter(|parameter| {
        parameter.place != Place::Path
            && (parameter.required || variant.whole || parts.known.contains_key(&parameter.name))
    });
    for parameter in sent {
        let value = value_of(parameter, parts, maker)?;
        match parameter.place {
            Place::Query => query::add(&mut pairs, parameter, &value),
            Place::Header => draft.headers.push(header(parameter, &value)?),
            Place::Cookie => draft.cookies.push((parameter.name.clone(), query::plain(&value))),
            Place::Path => {}
        }
    }
    let pairs = pairs.finish();
    draft.query = (!pairs.is_empty()).then_some(pairs);
    add_body(&mut draft, operation, maker)?;
    Ok(draft)
}

fn value_of(parameter: &Parameter, parts: Parts<'_>, maker: Maker<'_>) -> Result<Value, String> {
    if let Some(known) = parts.known.get(&parameter.name) {
        return Ok(Value::from(known.as_str()));
    }
    match &parameter.example {
        Some(example) if maker.variant.examples => Ok(example.clone()),
        _ => maker.value(&parameter.schema),
    }
}

fn path(parts: Parts<'_>, maker: Maker<'_>) -> Result<String, String> {
    let template = parts.operation.name.path.as_str();
    let mut path = parts.base_path.to_owned();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) =
            behind.split_once('}').ok_or_else(|| format!("the path {template:?} has a brace too few"))?;
        path.push_str(&literal(before));
        let described = parts
            .operation
            .parameters
            .iter()
            .find(|parameter| parameter.place == Place::Path && parameter.name == name);
        let value = match (parts.known.get(name), described) {
            (Some(known), _) => known.clone(),
            (None, Some(parameter)) => query::plain(&value_of(parameter, parts, maker)?),
            (None, None) => parts.mark.as_str().to_owned(),
        };
        path.push_str(&path_segment(&value));
        rest = after;
    }
    path.push_str(&literal(rest));
    Ok(path)
}

/// Writes what stands between the braces of a path, where somebody wrote it as they would read it: `/straße`.
fn literal(template: &str) -> String {
    percent_encoded(template, |byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

/// Writes a value as one segment of a path.
pub(crate) fn path_segment(value: &str) -> String {
    percent_encoded(value, |byte| byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte))
}

fn percent_encoded(value: &str, stays: impl Fn(u8) -> bool) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if stays(byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for digit in [byte >> 4, byte & 0x0f] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
        text
    })
}

fn header(parameter: &Parameter, value: &Value) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("the header {:?} cannot be written", parameter.name);
    let name = HeaderName::from_bytes(parameter.name.as_bytes()).map_err(|_| wrong())?;
    let value = HeaderValue::try_from(query::plain(value)).map_err(|_| wrong())?;
    Ok((name, value))
}

fn add_body(draft: &mut Draft, operation: &Operation, maker: Maker<'_>) -> Result<(), String> {
    let Some(body) = operation.body.as_ref().filter(|body| body.required || maker.variant.whole) else {
        return Ok(());
    };
    let Some(media) = body.media.get(maker.variant.media) else {
        return if body.media.is_empty() { Ok(()) } else { Err("there is no such media type".to_owned()) };
    };
    let value = match &media.example {
        Some(example) if maker.variant.examples => example.clone(),
        _ => maker.value(&media.schema)?,
    };
    let written = body::write(&media.name, &value)
        .ok_or_else(|| format!("no body of the type {:?} can be made from a schema", media.name))?;
    let content_type = HeaderValue::try_from(written.content_type)
        .map_err(|_| format!("the media type {:?} cannot be written", media.name))?;
    draft.set(CONTENT_TYPE, content_type);
    draft.body = written.bytes;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use handstamp_token::UnixTime;

    use super::{Parts, draft};
    use crate::openapi::Document;
    use crate::synthesis::{Mark, Variant};

    const LAMPS: &str = r#"{"openapi":"3.1.0","paths":{"/rooms/{room}/lamps/{id}":{"post":{
        "parameters":[
            {"name":"room","in":"path","required":true,"schema":{"type":"string"}},
            {"name":"id","in":"path","required":true,"schema":{"type":"integer"},"example":7},
            {"name":"tag","in":"query","required":true,"schema":{"type":"array","items":{"enum":["a b"]}}},
            {"name":"page","in":"query","schema":{"type":"integer"}},
            {"name":"X-Trace","in":"header","required":true,"schema":{"const":"on"}},
            {"name":"look","in":"cookie","required":true,"schema":{"const":"dark"}}],
        "requestBody":{"required":true,"content":{
            "application/json":{"schema":{"type":"object","required":["on"],"properties":{"on":{"type":"boolean"},"note":{"type":"string"}}}},
            "multipart/form-data":{"schema":{"type":"object","required":["plan"],"properties":{"plan":{"type":"string","format":"binary"}}}}
        }}}}}}"#;

    fn made(variant: Variant, known: &[(&str, &str)]) -> super::Draft {
        let document = Document::parse(LAMPS.as_bytes()).unwrap();
        let known = known
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>();
        let parts = Parts {
            resolver: document.resolver(),
            base_path: "/v1",
            operation: &document.operations()[0],
            known: &known,
            mark: &Mark::new("r", 1),
            now: UnixTime::from_secs(1_800_000_000),
        };
        draft(parts, variant).unwrap()
    }

    #[test]
    fn everything_that_must_be_there_is_in_its_place() {
        let draft = made(Variant { whole: false, examples: true, media: 0 }, &[("room", "a/b")]);

        assert_eq!(draft.path_and_query(), "/v1/rooms/a%2Fb/lamps/7?tag=a+b");
        assert_eq!(draft.headers[0].0, "x-trace");
        assert_eq!(draft.cookies, [("look".to_owned(), "dark".to_owned())]);
        assert_eq!(draft.body, r#"{"on":true}"#);
    }

    #[test]
    fn a_path_is_written_as_an_address() {
        let text = r#"{"openapi":"3.1.0","paths":{"/stra\u00dfe n/%20/{id}":{"get":{}}}}"#;
        let document = Document::parse(text.as_bytes()).unwrap();
        let parts = Parts {
            resolver: document.resolver(),
            base_path: "",
            operation: &document.operations()[0],
            known: &BTreeMap::from([("id".to_owned(), "7".to_owned())]),
            mark: &Mark::new("r", 1),
            now: UnixTime::from_secs(1_800_000_000),
        };

        let draft = draft(parts, Variant { whole: false, examples: true, media: 0 }).unwrap();

        assert_eq!(draft.path, "/stra%C3%9Fe%20n/%20/7");
    }

    #[test]
    fn what_may_be_left_out_is_there_when_the_whole_is_asked_for() {
        let draft = made(Variant { whole: true, examples: true, media: 0 }, &[]);

        assert_eq!(draft.query.as_deref(), Some("tag=a+b&page=1"));
        assert_eq!(draft.body, r#"{"note":"audit-r-0000001","on":true}"#);
    }

    #[test]
    fn a_file_goes_into_a_form_as_a_file() {
        let draft = made(Variant { whole: false, examples: true, media: 1 }, &[]);

        let body = String::from_utf8(draft.body.to_vec()).unwrap();
        assert!(
            body.contains(
                "name=\"plan\"; filename=\"audit.txt\"\r\nContent-Type: text/plain\r\n\r\naudit-r-0000001\r\n"
            ),
            "{body}"
        );
    }
}
