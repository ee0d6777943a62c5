use handstamp_testkit::recipe::Recipe;
use handstamp_token::Algorithm;
use serde::Deserialize;

use super::support::{House, NOW};

/// What every service reads: two claims of agreed types.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that they can be read is the point")]
struct Claims {
    roles: Vec<String>,
    org_id: Option<String>,
}

/// The cases that are about what the token crate decides: neither how a token is sent, nor what a route asks for, nor what was
/// taken back.
#[test]
fn the_token_crate_refuses_every_case_with_the_code_of_the_recipe() {
    let mut wrong = Vec::new();
    for algorithm in
        [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Hs256]
    {
        let house = House::new(algorithm);
        let material = house.material();
        for case in Recipe::built_in().cases().filter(|case| case.class().name() != "rights") {
            let Ok(forged) = case.make(&material) else { continue };
            if forged.has_own_carriage() {
                continue;
            }
            let verified = house.validator.verify::<Claims>(forged.token(), &house.keys, NOW);
            let code = match verified.as_ref().map_err(handstamp_token::Rejection::code) {
                Ok(_) => "accepted",
                Err(code @ ("token_malformed" | "token_expired")) => code,
                Err(_) => "token_invalid",
            };
            if case.code().is_some_and(|expected| expected != code) || code == "accepted" {
                wrong.push(format!("{algorithm} {}: {code}, {:?}", case.name(), verified.err()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
