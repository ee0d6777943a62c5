//! A strict view of the `Cookie` header, shared by the layer and the auth service.
//!
//! Cookies of other applications on the same host are none of our business, whatever they look like. The cookie that is asked
//! for is: two of one name are refused, because nothing tells which of them the server set
//! ([RFC 6265 §8.6](https://www.rfc-editor.org/rfc/rfc6265#section-8.6)), and names are compared byte for byte, because a
//! lenient comparison lets a neighbour plant `__Host-` cookies under a look-alike name.

use http::{HeaderMap, header};

/// The cookies of one request.
#[derive(Debug, Clone, Copy)]
pub struct Cookies<'h> {
    headers: &'h HeaderMap,
}

/// Why a cookie cannot be used. The sender's fault, or its neighbour's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is there more than once, and nothing tells which one is ours.
    #[error("there is more than one cookie named {name:?}")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The value has bytes that no cookie of ours has.
    #[error("the cookie {name:?} has bytes that no cookie value may have")]
    Malformed {
        /// The name.
        name: String,
    },
}

impl<'h> Cookies<'h> {
    /// Returns the cookies of a request with these headers. HTTP/2 may split them over several `Cookie` headers.
    pub fn new(headers: &'h HeaderMap) -> Self {
        Self { headers }
    }

    /// Returns the value of a cookie, `None` if it is absent or empty.
    pub fn get(&self, name: &str) -> Result<Option<&'h str>, CookieError> {
        let mut found = None;
        for value in self.all(name) {
            if found.replace(value).is_some() {
                return Err(CookieError::Duplicate { name: name.to_owned() });
            }
        }
        match found {
            None | Some([]) => Ok(None),
            Some(value) if value.iter().all(|byte| is_cookie_octet(*byte)) => {
                // Cookie octets are ASCII.
                std::str::from_utf8(value)
                    .map(Some)
                    .map_err(|_| CookieError::Malformed { name: name.to_owned() })
            }
            Some(_) => Err(CookieError::Malformed { name: name.to_owned() }),
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        let pairs = self
            .headers
            .get_all(header::COOKIE)
            .into_iter()
            .flat_map(|value| value.as_bytes().split(|b| *b == b';'));
        pairs.filter_map(move |pair| {
            let pair = pair.strip_prefix(b" ").unwrap_or(pair);
            pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
        })
    }
}

/// `cookie-octet` of [RFC 6265 §4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1).
fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{CookieError, Cookies};

    fn get(lines: &[&[u8]], name: &str) -> Result<Option<String>, CookieError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        Cookies::new(&headers).get(name).map(|value| value.map(str::to_owned))
    }

    #[test]
    fn a_cookie_is_found_by_its_exact_name() {
        let line: &[u8] = b"a=1; __Host-at=token; b=2";

        assert_eq!(get(&[line], "__Host-at"), Ok(Some("token".to_owned())));
        for other in ["__host-at", "__Host-a", "Host-at", "__Host-at=t"] {
            assert_eq!(get(&[line], other), Ok(None), "{other}");
        }
    }

    #[test]
    fn a_look_alike_name_with_white_space_is_another_cookie() {
        for line in
            [&b"__Host-at =evil"[..], b"\t__Host-at=evil", b"  __Host-at=evil", b"\xc2\xa0__Host-at=evil"]
        {
            assert_eq!(get(&[line], "__Host-at"), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn two_cookies_of_one_name_are_refused_in_one_header_and_in_two() {
        let duplicate = Err(CookieError::Duplicate { name: "at".to_owned() });

        assert_eq!(get(&[b"at=1; at=2"], "at"), duplicate);
        assert_eq!(get(&[b"at=1", b"b=2; at=1"], "at"), duplicate);
        assert_eq!(get(&[b"at=; at=1"], "at"), duplicate);
    }

    #[test]
    fn duplicates_of_other_applications_do_not_matter() {
        assert_eq!(get(&[b"x=1; x=2; at=3; broken; =; \xff=1"], "at"), Ok(Some("3".to_owned())));
    }

    #[test]
    fn a_cleared_cookie_counts_as_absent() {
        assert_eq!(get(&[b"at="], "at"), Ok(None));
        assert_eq!(get(&[], "at"), Ok(None));
    }

    #[test]
    fn a_value_with_bytes_outside_the_grammar_is_refused() {
        for line in [&b"at=a b"[..], b"at=\"a\"", b"at=a,b", b"at=a\\b", b"at=\xff"] {
            assert_eq!(get(&[line], "at"), Err(CookieError::Malformed { name: "at".to_owned() }), "{line:?}");
        }
    }
}
