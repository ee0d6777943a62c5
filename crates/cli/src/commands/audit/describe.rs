use handstamp_audit::{Document, OperationName, Target};

use crate::edge::{fetch, input};
use crate::failure::Failure;

/// What it is called where it cannot be read.
const WHAT: &str = "the OpenAPI description";

/// So many operations are named to whoever has mistyped one.
const NAMED: usize = 40;

/// Reads the description, from where somebody says or from where services have it.
pub(super) fn document(target: &Target, source: Option<&str>) -> Result<Document, Failure> {
    let usual = usual_address(target);
    let source = source.unwrap_or(&usual);
    let bytes = if is_address(source) {
        fetch::get_up_to(source, WHAT, Document::MAX_BYTES)?
    } else {
        input::read_up_to(source, WHAT, Document::MAX_BYTES)?.to_vec()
    };
    Document::parse(&bytes).map_err(|cause| Failure::because(format_args!("{source} cannot be used"), &cause))
}

/// Returns where services have their description.
pub(super) fn usual_address(target: &Target) -> String {
    format!("{target}/openapi.json")
}

/// Returns whether a description is fetched, and not read from a file.
pub(super) fn is_address(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

/// Refuses names of operations that are not there: a slip in `--public` must not go unnoticed.
pub(super) fn are_there(document: &Document, named: [&Vec<OperationName>; 3]) -> Result<(), Failure> {
    for name in named.into_iter().flatten() {
        if !document.names().any(|known| known == name) {
            let all: Vec<String> = document.names().map(ToString::to_string).collect();
            let named = all.get(..NAMED).unwrap_or(&all).join(", ");
            let more = all.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Err(Failure::usage(format!(
                "the description has no operation {name:?}: it has {named}{more}",
                name = name.to_string()
            )));
        }
    }
    Ok(())
}
