use handstamp_testkit::recipe::{Material, Missing, Mode, Recipe};
use handstamp_token::{Algorithm, dangerous};
use serde_json::{Map, Value};

use super::support::{House, NOW};

/// Returns the names of the cases that cannot be made, each with the reason.
fn left_out(material: &Material) -> Vec<String> {
    let cases = Recipe::built_in().cases();
    cases.filter_map(|case| Some(format!("{}: {}", case.name(), case.make(material).err()?))).collect()
}

#[test]
fn with_the_issuers_key_every_case_can_be_made_but_what_takes_an_issuer_with_state() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
        let house = House::new(algorithm);
        let material = house.material();
        for case in Recipe::built_in().cases() {
            match case.make(&material) {
                Ok(_) | Err(Missing::Made { .. } | Missing::Elsewhere | Missing::PublicForm { .. }) => {}
                Err(Missing::PublicKey | Missing::Algorithm { .. }) if algorithm.is_symmetric() => {}
                Err(missing) => panic!("{algorithm}, {}: {missing}", case.name()),
            }
        }
    }
}

#[test]
fn an_rsa_key_has_every_form() {
    let house = House::new(Algorithm::Rs256);

    let left_out = left_out(&house.material());

    insta::assert_snapshot!(left_out.join("\n"), @r"
    signature/der: it is not about tokens like the good one
    foreign-key/rsa-as/rs256: it is not about tokens like the good one
    type/refresh-token: the issuer has to make it: refresh-token
    revoked/session-ended: the issuer has to make it: session-ended
    revoked/token-revoked: the issuer has to make it: token-revoked
    revoked/account-disabled: the issuer has to make it: account-disabled
    revoked/org-suspended: the issuer has to make it: org-suspended
    revoked/client-removed: the issuer has to make it: client-removed
    revoked/roles-changed: the issuer has to make it: roles-changed
    ");
}

#[test]
fn without_any_key_what_can_be_made_of_a_good_token_alone_is_made() {
    let house = House::new(Algorithm::Es256);
    let material = Material::of_token(&house.good, NOW).unwrap();

    let recipe = Recipe::built_in();
    let makes = |name: &str| recipe.case(name).unwrap().make(&material).map(drop);

    assert_eq!(makes("unsigned/stripped/lower"), Ok(()));
    assert_eq!(makes("signature/subject-changed"), Ok(()));
    assert_eq!(makes("foreign-key/same-algorithm"), Ok(()));
    assert_eq!(makes("weak-secret/hs256/secret"), Ok(()));
    assert_eq!(makes("time/no-exp"), Err(Missing::SigningKey));
    assert_eq!(makes("confusion/hs256/spki-pem"), Err(Missing::PublicKey));
    let made = Missing::Made { name: "session-ended".to_owned() };
    assert_eq!(makes("revoked/session-ended"), Err(made));
}

#[test]
fn a_token_without_rights_has_no_scopes_either_and_says_the_rest_as_the_good_one_does() {
    let house = House::new(Algorithm::Es256);
    let claims = |token: &str| -> Map<String, Value> {
        serde_json::from_str(&dangerous::decode_unverified(token).unwrap().unverified_payload).unwrap()
    };
    let mut good = claims(&house.good);
    good.insert("scope".to_owned(), "orders:write".into());
    let token = house.key.sign("at+jwt", &good).unwrap();
    let material = Material::of_token(&token, NOW).unwrap().signing_key(house.key.clone());

    for case in Recipe::built_in().cases().filter(|case| case.class().name() == "rights") {
        let mut without = claims(case.make(&material).unwrap().token());

        assert!(!without.contains_key("scope"), "{}: {without:?}", case.name());
        assert_ne!(without.remove("roles"), good.get("roles").cloned(), "{}", case.name());
        let rest = good.clone().into_iter().filter(|(name, _)| name != "scope" && name != "roles");
        assert_eq!(without, rest.collect(), "{}", case.name());
    }
}

#[test]
fn a_type_that_is_written_as_a_media_type_is_the_same_type() {
    let house = House::new(Algorithm::Es256);
    let claims = dangerous::decode_unverified(&house.good).unwrap().unverified_payload;
    let claims: Value = serde_json::from_str(&claims).unwrap();
    let names = |typ: &str| -> Vec<String> {
        let good = house.key.sign(typ, &claims).unwrap();
        let material = Material::of_token(&good, NOW).unwrap().signing_key(house.key.clone());
        let made = Recipe::built_in().cases().filter(|case| case.make(&material).is_ok());
        made.map(|case| case.name().to_owned()).collect()
    };

    let short = names("at+jwt");

    assert!(short.iter().any(|name| name.starts_with("type/other/")), "{short:?}");
    for long in ["application/at+jwt", "Application/AT+JWT"] {
        assert_eq!(names(long), short, "{long}");
    }
    assert!(!names("JWT").iter().any(|name| name.starts_with("type/other/")));
}

#[test]
fn claims_that_are_not_encoded_are_those_of_the_good_token() {
    let house = House::new(Algorithm::Es256);
    let good = dangerous::decode_unverified(&house.good).unwrap().unverified_payload;
    for name in ["extensions/b64-false", "encoding/plain"] {
        let forged = Recipe::built_in().case(name).unwrap().make(&house.material()).unwrap();

        let parts: Vec<&str> = forged.token().split('.').collect();
        assert_eq!(parts.len(), 3, "{name}: {parts:?}");
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(parts[1]), json(&good), "{name}");
    }
}

#[test]
fn what_the_issuer_has_made_is_used() {
    let house = House::new(Algorithm::Es256);
    let material = house.material().made("session-ended", "a.b.c");

    let forged = Recipe::built_in().case("revoked/session-ended").unwrap().make(&material).unwrap();

    assert_eq!(forged.token(), "a.b.c");
}

#[test]
fn a_part_that_nothing_changes_stays_to_the_byte() {
    let house = House::new(Algorithm::Es256);
    let good: Vec<&str> = house.good.split('.').collect();

    let forged = Recipe::built_in().case("unsigned/stripped/lower").unwrap().make(&house.material()).unwrap();

    let parts: Vec<&str> = forged.token().split('.').collect();
    assert_ne!(parts[0], good[0]);
    assert_eq!((parts[1], parts[2]), (good[1], ""));
}

#[test]
fn the_token_goes_where_clients_of_the_mode_put_it() {
    let house = House::new(Algorithm::Es256);
    let forged = Recipe::built_in().case("signature/stripped").unwrap().make(&house.material()).unwrap();
    let token = forged.token();

    assert_eq!(forged.headers(Mode::Bearer, "at"), [("authorization".to_owned(), format!("Bearer {token}"))]);
    assert_eq!(forged.headers(Mode::Cookie, "at")[0], ("cookie".to_owned(), format!("at={token}")));
    assert_eq!(forged.query("at"), None);
}

#[test]
fn a_case_about_how_a_token_is_sent_says_how() {
    let house = House::new(Algorithm::Es256);
    let make = |name: &str| Recipe::built_in().case(name).unwrap().make(&house.material()).unwrap();

    let query = make("transport/query");
    assert_eq!(query.headers(Mode::Bearer, "at"), []);
    assert_eq!(query.query("at"), Some(format!("access_token={}", house.good)));
    let twice = make("transport/two-cookies");
    let cookie = format!("at={}; at={}", twice.token(), house.good);
    assert_eq!(twice.headers(Mode::Cookie, "at")[0], ("cookie".to_owned(), cookie));
}

#[test]
fn every_case_can_be_sent_by_every_client() {
    let house = House::new(Algorithm::Es256);
    let is_plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    for case in Recipe::built_in().cases() {
        let Ok(forged) = case.make(&house.material()) else { continue };
        for mode in [Mode::Bearer, Mode::Cookie] {
            for (name, value) in forged.headers(mode, "at") {
                assert!(is_plain(&value), "{}: {name}: {value:?}", case.name());
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name:?}");
            }
        }
        assert!(!forged.query("at").is_some_and(|query| query.contains([' ', '#', '?'])), "{}", case.name());
    }
}

#[test]
fn neither_the_material_nor_what_is_made_of_it_prints_a_token() {
    let house = House::new(Algorithm::Es256);
    let material = house.material();
    let forged = Recipe::built_in().case("transport/query").unwrap().make(&material).unwrap();

    let signature = house.good.rsplit('.').next().unwrap();
    assert!(!format!("{material:?}{forged:?}").contains(signature));
}
