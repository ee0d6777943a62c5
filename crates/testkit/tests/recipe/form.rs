use std::collections::BTreeSet;

use handstamp_testkit::recipe::{Case, FILE, Recipe, RecipeError};
use serde_json::{Value, json};

fn changed(change: impl FnOnce(&mut Value)) -> Result<Recipe, RecipeError> {
    let mut file: Value = serde_json::from_str(FILE).unwrap();
    change(&mut file);
    Recipe::from_json(&file.to_string())
}

#[test]
fn the_built_in_recipe_is_read_whole() {
    let recipe = Recipe::built_in();

    assert!(recipe.cases().len() > 250, "{}", recipe.cases().len());
    for class in recipe.classes() {
        assert!(recipe.cases().any(|case| case.class().name() == class.name()), "{} is empty", class.name());
    }
}

#[test]
fn a_case_for_each_value_has_the_value_in_its_name_and_title() {
    let case = Recipe::built_in().case("unsigned/stripped/mixed").unwrap();

    assert_eq!(case.title(), "alg `nOnE`, no signature");
}

#[test]
fn none_is_there_in_every_spelling() {
    let cases = Recipe::built_in().cases().filter(|case| case.name().starts_with("unsigned/stripped/"));
    let spellings: BTreeSet<&str> = cases.map(Case::title).collect();

    assert_eq!(spellings.len(), 1 << "none".len());
    assert!(
        spellings.iter().all(|title| title.to_lowercase() == "alg `none`, no signature"),
        "{spellings:?}"
    );
}

#[test]
fn a_recipe_of_another_form_is_refused_by_its_number() {
    let refused = changed(|file| file["form"] = json!(2)).unwrap_err();

    assert!(matches!(refused, RecipeError::Version { found: 2 }), "{refused}");
}

#[test]
fn a_member_that_this_runner_does_not_know_is_refused() {
    let refused = changed(|file| file["cases"][0]["signn"] = json!("own")).unwrap_err();

    assert!(refused.to_string().contains("signn"), "{refused}");
}

#[test]
fn two_cases_of_one_name_are_refused() {
    let refused = changed(|file| file["cases"][1]["name"] = file["cases"][0]["name"].clone()).unwrap_err();

    assert!(matches!(refused, RecipeError::SameName { .. }), "{refused}");
}

#[test]
fn a_case_of_no_class_is_refused() {
    let refused = changed(|file| file["cases"][0]["class"] = json!("nonsense")).unwrap_err();

    assert!(matches!(refused, RecipeError::UnknownClass { .. }), "{refused}");
}

#[test]
fn every_code_is_one_that_services_answer_and_has_the_cases_status() {
    use handstamp_api_types::ErrorCode;
    for case in Recipe::built_in().cases() {
        let Some(code) = case.code() else { continue };
        let known = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
        assert_eq!(known.map(|known| known.status()), Some(case.status()), "{}", case.name());
    }
}
