use bytes::Bytes;

use super::Hashed;

/// Larger ones make the sign-in page slow on a phone.
const LARGEST: usize = 256 * 1024;

/// The operator's image above the sign-in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    bytes: Bytes,
    kind: Kind,
}

/// The bytes cannot be the logo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogoError {
    /// More than a page should make people wait for.
    #[error("the image has {size} bytes, at most {LARGEST} are good")]
    TooLarge {
        /// How many it has.
        size: usize,
    },
    /// Not one of the kinds that every browser shows.
    #[error("the file is no SVG, PNG, JPEG or WebP image")]
    UnknownKind,
}

/// The kinds of image that every browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Png,
    Jpeg,
    WebP,
    Svg,
}

impl Kind {
    /// Tells the kind by how the bytes begin: the name of a file proves nothing.
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Self::WebP);
        }
        let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
        let is_svg = text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"));
        is_svg.then_some(Self::Svg)
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
            Self::Svg => "svg",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }
}

impl Logo {
    /// Takes the bytes of an SVG, PNG, JPEG or WebP file.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, LogoError> {
        let bytes = bytes.into();
        if bytes.len() > LARGEST {
            return Err(LogoError::TooLarge { size: bytes.len() });
        }
        let kind = Kind::of(&bytes).ok_or(LogoError::UnknownKind)?;
        Ok(Self { bytes, kind })
    }

    pub(super) fn hashed(&self) -> Hashed {
        Hashed::new("logo", self.kind.extension(), self.kind.media_type(), self.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Logo, LogoError};

    #[test]
    fn the_kind_is_told_by_the_bytes() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "image/png"),
            (b"\xff\xd8\xff\xe0....", "image/jpeg"),
            (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "image/svg+xml"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<svg/>", "image/svg+xml"),
        ] {
            assert_eq!(Logo::new(bytes).unwrap().kind.media_type(), media_type);
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for bytes in
            [&b""[..], b"<!doctype html><svg/>", b"GIF89a", b"RIFF\0\0\0\0WAVE", b"\x89PNG", b"<?xml?><x/>"]
        {
            assert_eq!(Logo::new(bytes), Err(LogoError::UnknownKind));
        }
    }

    #[test]
    fn a_huge_image_is_refused() {
        let bytes = vec![0; LARGEST + 1];

        assert_eq!(Logo::new(bytes), Err(LogoError::TooLarge { size: LARGEST + 1 }));
    }
}
