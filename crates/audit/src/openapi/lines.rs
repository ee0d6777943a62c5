//! Where in its text a description says what: people who read a finding want to be led there.

use std::collections::BTreeMap;

use super::OperationName;

/// Returns the lines, counted from 1, on which these operations stand. One that is not seen, because it is behind a reference or all is
/// written in one line, has that of its path, or none.
pub(super) fn of_operations<'a>(
    text: &str,
    names: impl Iterator<Item = &'a OperationName>,
) -> BTreeMap<String, usize> {
    let mut paths: BTreeMap<&str, Vec<&OperationName>> = BTreeMap::new();
    for name in names {
        paths.entry(&name.path).or_default().push(name);
    }
    let mut lines = BTreeMap::new();
    // The path above, its indentation, and that of what stands directly below it.
    let mut above: Option<(Vec<&OperationName>, usize, Option<usize>)> = None;
    for (number, line) in text.lines().enumerate() {
        let Some(key) = key(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        if let Some(operations) = paths.remove(key.as_str()) {
            for name in &operations {
                lines.insert(name.to_string(), number + 1);
            }
            above = Some((operations, indent, None));
            continue;
        }
        let Some((operations, outer, inner)) = &mut above else { continue };
        if indent <= *outer {
            above = None;
        } else if *inner.get_or_insert(indent) == indent {
            let is_it = |name: &&&OperationName| name.method.as_str().to_ascii_lowercase() == key;
            if let Some(name) = operations.iter().find(is_it) {
                lines.insert(name.to_string(), number + 1);
            }
        }
    }
    lines
}

/// Returns the name that a line of JSON or YAML begins with, where a value follows.
fn key(line: &str) -> Option<String> {
    let line = line.trim_start();
    let Some(quote) = line.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        let end = line.find(": ").or_else(|| line.trim_end().strip_suffix(':').map(str::len))?;
        return line.get(..end).map(|name| name.trim_end().to_owned());
    };
    let inner = line.get(1..)?;
    let is_escaped = |at: usize| inner.get(..at).is_some_and(|before| before.ends_with('\\'));
    let (end, _) = inner.match_indices(quote).find(|(at, _)| !is_escaped(*at))?;
    let (name, behind) = (inner.get(..end)?, inner.get(end + 1..)?);
    behind.trim_start().starts_with(':').then(|| name.replace("\\/", "/"))
}

#[cfg(test)]
mod tests {
    use super::of_operations;
    use crate::openapi::OperationName;

    fn lines(text: &str, names: &[&str]) -> Vec<Option<usize>> {
        let names: Vec<OperationName> = names.iter().map(|name| name.parse().unwrap()).collect();
        let lines = of_operations(text, names.iter());
        names.iter().map(|name| lines.get(&name.to_string()).copied()).collect()
    }

    const NAMES: [&str; 3] = ["GET /lamps/{id}", "PUT /lamps/{id}", "GET /health"];

    #[test]
    fn an_operation_is_found_in_yaml() {
        let text = "openapi: 3.1.0\npaths:\n  /lamps/{id}:\n    parameters:\n      - name: id\n    get:\n      put: no\n    \
                    put: {}\n  '/health':\n    get: {}\n";

        assert_eq!(lines(text, &NAMES), [Some(6), Some(8), Some(10)]);
    }

    #[test]
    fn an_operation_is_found_in_json() {
        let text = "{\n \"paths\": {\n  \"\\/lamps/{id}\": {\n   \"get\": {\n    \"put\": 1\n   },\n   \"put\": {}\n  },\n  \
                    \"/health\": { \"get\": {} }\n }\n}";

        assert_eq!(lines(text, &NAMES), [Some(4), Some(7), Some(9)]);
    }

    #[test]
    fn what_is_behind_a_reference_has_the_line_of_its_path() {
        let text = "paths:\n  /health:\n    $ref: '#/x'\n/lamps/{id}: {get: {}}\nget: {}\n";

        assert_eq!(lines(text, &NAMES), [Some(4), Some(4), Some(2)]);
    }
}
