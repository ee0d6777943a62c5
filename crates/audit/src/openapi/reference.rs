use serde_json::Value;

/// How many references may lead to the next one.
const MAX_HOPS: usize = 16;

/// Follows `$ref` within the document, and nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver<'a> {
    root: &'a Value,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// Returns the whole document.
    pub(crate) fn root(self) -> &'a Value {
        self.root
    }

    /// Returns what a value stands for: itself, or where its `$ref` leads.
    pub(crate) fn resolve(self, value: &'a Value) -> Result<&'a Value, String> {
        let mut current = value;
        for _ in 0..MAX_HOPS {
            let Some(reference) = current.get("$ref").and_then(Value::as_str) else { return Ok(current) };
            current = self.find(reference)?;
        }
        Err("references that lead in a circle".to_owned())
    }

    fn find(self, reference: &str) -> Result<&'a Value, String> {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(format!(
                "the reference {reference:?} leads out of the document, and none is followed there"
            ));
        };
        // A pointer in a URI is percent-encoded (RFC 6901 §6).
        let pointer = percent_decoded(pointer);
        self.root.pointer(&pointer).ok_or_else(|| format!("the reference {reference:?} leads to nothing"))
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = match (first, tail) {
            (b'%', [high, low, behind @ ..]) => {
                hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, behind))
            }
            _ => None,
        };
        match escaped {
            Some((byte, behind)) => {
                bytes.push(byte);
                rest = behind;
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Resolver;

    #[test]
    fn a_reference_leads_into_the_document_only() {
        let root = json!({
            "a": { "$ref": "#/paths/~1lamps~1%7Bid%7D" },
            "circle": { "$ref": "#/circle" },
            "out": { "$ref": "http://169.254.169.254/x" },
            "lost": { "$ref": "#/nowhere" },
            "paths": { "/lamps/{id}": 1 },
        });
        let resolver = Resolver::new(&root);

        assert_eq!(resolver.resolve(&root["a"]), Ok(&json!(1)));
        for (name, told) in [("circle", "circle"), ("out", "out of the document"), ("lost", "nothing")] {
            let refused = resolver.resolve(&root[name]).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
