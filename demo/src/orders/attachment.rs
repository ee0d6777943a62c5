use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use handstamp_api_types::FieldError;
use http::{HeaderValue, header};
use serde::Serialize;

/// The largest file that may come with an order, in bytes.
pub(super) const MAX_SIZE: usize = 1024 * 1024;

/// What people attach to an order. Nothing a browser would run.
const MEDIA_TYPES: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "text/plain"];

/// The longest file name kept, in characters.
const MAX_NAME: usize = 100;

/// What is told of an attachment without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct AttachmentInfo {
    /// What the file is called.
    pub(super) name: String,
    /// One of the types taken here.
    pub(super) media_type: String,
    /// In bytes.
    pub(super) size: u64,
}

/// A file that came with an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) content: Vec<u8>,
}

impl Attachment {
    /// Takes a file as a browser sent it.
    pub(super) fn new(name: &str, media_type: &str, content: Vec<u8>) -> Result<Self, FieldError> {
        let wrong = |detail: String| Err(FieldError { pointer: "/attachment".to_owned(), detail });
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !MEDIA_TYPES.contains(&essence.as_str()) {
            return wrong(format!("One of these is taken: {}.", MEDIA_TYPES.join(", ")));
        }
        if content.is_empty() {
            return wrong("The file is empty.".to_owned());
        }
        if content.len() > MAX_SIZE {
            return wrong(format!("The file has {} bytes, at most {MAX_SIZE} are taken.", content.len()));
        }
        Ok(Self { name: tidy(name), media_type: essence, content })
    }

    pub(super) fn info(&self) -> AttachmentInfo {
        let size = u64::try_from(self.content.len()).unwrap_or(u64::MAX);
        AttachmentInfo { name: self.name.clone(), media_type: self.media_type.clone(), size }
    }
}

/// A folder in a file's name, or a control character, is nobody's business.
fn tidy(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    match name.trim().trim_start_matches('.') {
        "" => "attachment".to_owned(),
        name => name.to_owned(),
    }
}

/// Hands the file out to be saved. Somebody else wrote it: it is never shown or run under this service's name.
impl IntoResponse for Attachment {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename*=UTF-8''{}", percent_encoded(&self.name));
        // Both are made of plain ASCII above.
        let value =
            |text: &str| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"));
        let headers = [
            (header::CONTENT_TYPE, value(&self.media_type)),
            (header::CONTENT_DISPOSITION, value(&disposition)),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, self.content).into_response()
    }
}

/// Writes a name as [RFC 8187 §3.2](https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1) has it, with the fewest
/// characters left as they are.
fn percent_encoded(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::{Attachment, MAX_SIZE};

    fn named(name: &str) -> Attachment {
        Attachment::new(name, "text/plain; charset=utf-8", b"hello".to_vec()).unwrap()
    }

    #[test]
    fn a_name_is_no_path() {
        for (given, kept) in [
            ("offer.pdf", "offer.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"C:\Users\ada\offer.pdf", "offer.pdf"),
            (".profile", "profile"),
            ("a\r\nb.txt", "ab.txt"),
            ("  ", "attachment"),
        ] {
            assert_eq!(named(given).name, kept, "{given:?}");
        }
        assert_eq!(named(&"ä".repeat(500)).name.chars().count(), 100);
    }

    #[test]
    fn what_a_browser_would_run_is_refused() {
        for media_type in ["text/html", "image/svg+xml", "application/javascript", ""] {
            let refused = Attachment::new("a", media_type, b"<script>".to_vec());

            assert_eq!(refused.unwrap_err().pointer, "/attachment", "{media_type}");
        }
    }

    #[test]
    fn what_is_empty_or_too_large_is_refused() {
        assert!(Attachment::new("a", "image/png", Vec::new()).is_err());
        assert!(Attachment::new("a", "image/png", vec![0; MAX_SIZE]).is_ok());
        assert!(Attachment::new("a", "image/png", vec![0; MAX_SIZE + 1]).is_err());
    }

    #[test]
    fn it_is_handed_out_to_be_saved_and_never_run() {
        let reply = named("Angebot “März”.txt").into_response();

        let headers = reply.headers();
        assert_eq!(
            headers["content-disposition"],
            "attachment; filename*=UTF-8''Angebot%20%E2%80%9CM%C3%A4rz%E2%80%9D.txt"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
    }
}
