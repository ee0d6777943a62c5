use aws_lc_rs::digest::{SHA384, digest};
use bytes::Bytes;
use http::HeaderValue;

/// How much of the hash stands in a name: 96 bits, which tell versions apart. Integrity is another thing: see [`Hashed::integrity`].
const SHORT: usize = 16;

/// A file with a name that changes with its content, so that it may be kept for ever.
#[derive(Debug, Clone)]
pub(crate) struct Hashed {
    /// As it stands in the repository: `page.css`.
    plain_name: String,
    name: String,
    hash: String,
    media_type: HeaderValue,
    bytes: Bytes,
}

impl Hashed {
    /// Hashes a file that is called `stem.extension`.
    pub(super) fn new(
        stem: &str,
        extension: &str,
        media_type: &'static str,
        bytes: impl Into<Bytes>,
    ) -> Self {
        let bytes = bytes.into();
        let hash = digest(&SHA384, &bytes);
        let short = base64_simd::URL_SAFE_NO_PAD.encode_to_string(hash.as_ref());
        Self {
            plain_name: format!("{stem}.{extension}"),
            name: format!("{stem}-{}.{extension}", &short[..SHORT]),
            hash: base64_simd::STANDARD.encode_to_string(hash.as_ref()),
            media_type: HeaderValue::from_static(media_type),
            bytes,
        }
    }

    /// Returns the name without the hash, such as `page.css`.
    pub(crate) fn plain_name(&self) -> &str {
        &self.plain_name
    }

    /// Returns the name, such as `page-Zk3…x.css`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path at which it is served.
    pub(crate) fn path(&self) -> String {
        format!("/auth/assets/{}", self.name)
    }

    /// Returns the value of an `integrity` attribute.
    pub(crate) fn integrity(&self) -> String {
        format!("sha384-{}", self.hash)
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.hash)
    }

    pub(crate) fn media_type(&self) -> HeaderValue {
        self.media_type.clone()
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Hashed, SHORT};

    #[test]
    fn another_content_has_another_name() {
        let [one, same, other] = ["a", "a", "b"].map(|text| Hashed::new("page", "css", "text/css", text));

        assert_eq!(one.name(), same.name());
        assert_ne!(one.name(), other.name());
        let hash = one.name().strip_prefix("page-").and_then(|rest| rest.strip_suffix(".css"));
        assert_eq!(hash.map(str::len), Some(SHORT), "{}", one.name());
    }

    /// The value that `openssl dgst -sha384 -binary | base64` prints.
    #[test]
    fn integrity_is_what_browsers_compute() {
        let abc = Hashed::new("x", "js", "text/javascript", "abc");

        assert_eq!(
            abc.integrity(),
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"
        );
    }
}
