use bytes::Bytes;
use serde_json::Value;
use url::form_urlencoded;

use super::query::plain;
use super::text::FILE;

/// Between the parts of a form. The values are made here and never contain it.
const BOUNDARY: &str = "handstamp-audit-7f3a9c";

/// A body that is written out, and what its `Content-Type` says.
pub(super) struct Written {
    pub(super) content_type: String,
    pub(super) bytes: Bytes,
}

/// Writes a value in a media type; none for one that cannot be made from a schema.
pub(super) fn write(media_type: &str, value: &Value) -> Option<Written> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (content_type, text) = match essence.as_str() {
        "multipart/form-data" => (format!("multipart/form-data; boundary={BOUNDARY}"), multipart(value)?),
        "application/x-www-form-urlencoded" => (essence, form(value)?),
        "*/*" | "application/*" => ("application/json".to_owned(), value.to_string()),
        _ if essence == "application/json" || essence.ends_with("+json") => (essence, value.to_string()),
        "text/plain" | "application/octet-stream" => (essence, content(value)),
        _ => return None,
    };
    Some(Written { content_type, bytes: Bytes::from(text) })
}

fn form(value: &Value) -> Option<String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in value.as_object()? {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            form.append_pair(name, &plain(value));
        }
    }
    Some(form.finish())
}

fn multipart(value: &Value) -> Option<String> {
    let parts: String = value
        .as_object()?
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Array(items) => items.iter().map(|item| part(name, item)).collect(),
            other => vec![part(name, other)],
        })
        .collect();
    Some(format!("{parts}--{BOUNDARY}--\r\n"))
}

fn part(name: &str, value: &Value) -> String {
    // How a browser writes these inside a name (HTML, "multipart/form-data encoding algorithm").
    let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let is_file = value.as_str().is_some_and(|text| text.starts_with(FILE));
    let head = if is_file { "; filename=\"audit.txt\"\r\nContent-Type: text/plain" } else { "" };
    let content = content(value);
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{head}\r\n\r\n{content}\r\n")
}

fn content(value: &Value) -> String {
    let content = plain(value);
    content.strip_prefix(FILE).map(str::to_owned).unwrap_or(content)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::write;

    fn text(media_type: &str, value: &serde_json::Value) -> String {
        String::from_utf8(write(media_type, value).unwrap().bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_value_is_written_in_each_media_type() {
        let value = json!({ "a": "b c", "n": [1, 2] });

        assert_eq!(text("application/json; charset=utf-8", &value), value.to_string());
        assert_eq!(text("application/x-www-form-urlencoded", &value), "a=b+c&n=1&n=2");
        assert!(text("multipart/form-data", &value).contains("name=\"a\"\r\n\r\nb c\r\n--"));
        assert!(write("application/xml", &value).is_none());
        assert!(write("multipart/form-data", &json!(1)).is_none());
    }
}
