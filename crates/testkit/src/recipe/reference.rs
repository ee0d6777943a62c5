//! The page of `docs/reference/` about the recipe: how it is read, and what is in it.

use std::fmt::Write as _;

use super::{Case, Recipe};

const HEAD: &str = include_str!("reference.md");

/// Returns the page `invalid-tokens.md` of the reference.
pub fn reference_page() -> String {
    let recipe = Recipe::built_in();
    let mut page = HEAD.to_owned();
    let _ = write!(
        page,
        "\n## The set\n\n{} cases in {} classes.\n",
        recipe.cases().len(),
        recipe.classes().len()
    );
    for class in recipe.classes() {
        let _ = write!(page, "\n### {}\n\n{} *{}*\n\n", class.title(), class.why(), class.fix());
        page.push_str("| case | what is bad | severity | status | `code` |\n|---|---|---|---|---|\n");
        for case in recipe.cases().filter(|case| case.class().name() == class.name()) {
            page.push_str(&row(case));
        }
    }
    page
}

fn row(case: &Case) -> String {
    let status: Vec<String> = std::iter::once(case.status())
        .chain(case.also.iter().copied())
        .map(|status| status.to_string())
        .collect();
    let code = case.code().map_or_else(String::new, |code| format!("`{code}`"));
    format!(
        "| `{}` | {} | {} | {} | {code} |\n",
        case.name(),
        cell(case.title()),
        case.severity(),
        status.join(", ")
    )
}

/// A table's cell is one line without bars, and control characters are shown.
fn cell(text: &str) -> String {
    let shown = text.chars().map(|letter| match letter {
        '|' => "\\|".to_owned(),
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    });
    shown.collect()
}
