use std::time::Duration;

use handstamp_token::{Algorithm, Audience, Validator, ValidatorError};

const ES256: &[Algorithm] = &[Algorithm::Es256];

#[test]
fn a_validator_names_its_issuer() {
    assert_eq!(Validator::access_token("", "a", ES256).err(), Some(ValidatorError::NoIssuer));
}

#[test]
fn a_validator_names_its_audience() {
    assert_eq!(Validator::access_token("i", "", ES256).err(), Some(ValidatorError::NoAudience));
    assert_eq!(
        Validator::jwt("i", Audience::from(Vec::new()), ES256).err(),
        Some(ValidatorError::NoAudience)
    );
    assert_eq!(Validator::jwt("i", ["a", ""], ES256).err(), Some(ValidatorError::NoAudience));
}

#[test]
fn a_validator_lists_its_algorithms() {
    assert_eq!(Validator::access_token("i", "a", &[]).err(), Some(ValidatorError::NoAlgorithm));
}

#[test]
fn secrets_and_public_keys_are_never_allowed_together() {
    let both = [Algorithm::Es256, Algorithm::Hs256];
    assert_eq!(Validator::access_token("i", "a", &both).err(), Some(ValidatorError::MixedAlgorithms));
}

#[test]
fn an_own_kind_of_token_has_a_name_of_its_own() {
    for typ in ["", "JWT", "jwt", "at+jwt"] {
        let refused = Validator::typed(typ, "i", "a", ES256).err();
        assert_eq!(refused, Some(ValidatorError::IndistinctType { typ: typ.to_owned() }));
    }
}

#[test]
fn what_a_validator_accepts_can_be_read_back() {
    let validator = Validator::access_token("i", ["a", "b"], ES256).expect("a validator");
    assert_eq!(validator.issuer(), "i");
    assert_eq!(validator.audiences(), ["a", "b"]);
    assert_eq!(validator.algorithms(), ES256);
}

#[test]
fn leeway_is_capped() {
    use crate::support::{NOW, access_validator, claims, header, keys, signed};
    use handstamp_token::{NoClaims, Rejection};
    let late = NOW.saturating_add(Duration::from_mins(5)).saturating_add(Validator::MAX_LEEWAY);
    let validator = access_validator().leeway(Duration::from_secs(u64::MAX));
    let refused = validator.verify::<NoClaims>(&signed(&header(), &claims()), &keys(), late).err();
    assert!(matches!(refused, Some(Rejection::Expired { leeway: Validator::MAX_LEEWAY, .. })), "{refused:?}");
}
