use handstamp_core::{
    model::{SessionId, Step},
    refresh_token::{PREFIX, PresentedToken, RefreshKeyId, RefreshKeys, RefreshTokenError},
    test_support::SeededEntropy,
};
use proptest::prelude::*;
use zeroize::Zeroizing;

const SESSION: SessionId = SessionId::from_bytes([5; 16]);

fn key_id(seed: u64) -> RefreshKeyId {
    RefreshKeyId::random(&SeededEntropy::new(seed))
}

fn keys() -> RefreshKeys {
    RefreshKeys::new((key_id(1), &[1; 32]), &[])
}

#[test]
fn every_replica_derives_the_same_token() {
    assert_eq!(keys().mint(SESSION, Step::FIRST), keys().mint(SESSION, Step::FIRST));
}

#[test]
fn a_token_looks_like_one_and_never_prints() {
    let token = keys().mint(SESSION, Step::FIRST);
    assert!(token.reveal().starts_with(PREFIX));
    assert_eq!(token.reveal().len(), 83);
    assert_eq!(format!("{token:?}"), "[redacted]");
}

#[test]
fn a_retired_key_authenticates_and_the_active_one_mints() {
    let old = keys().mint(SESSION, Step::FIRST);
    let rotated = RefreshKeys::new((key_id(2), &[2; 32]), &[(key_id(1), Zeroizing::new(vec![1; 32]))]);
    let expected = PresentedToken { session: SESSION, step: Step::FIRST };
    assert_eq!(rotated.authenticate(old.reveal()), Ok(expected));
    assert_ne!(rotated.mint(SESSION, Step::FIRST), old);
}

#[test]
fn a_token_of_a_removed_key_is_refused() {
    let other = RefreshKeys::new((key_id(2), &[2; 32]), &[]);
    let token = keys().mint(SESSION, Step::FIRST);
    assert_eq!(other.authenticate(token.reveal()), Err(RefreshTokenError::UnknownKey));
}

#[test]
fn a_token_under_the_right_key_id_and_the_wrong_key_is_refused() {
    let other = RefreshKeys::new((key_id(1), &[2; 32]), &[]);
    let token = keys().mint(SESSION, Step::FIRST);
    assert_eq!(other.authenticate(token.reveal()), Err(RefreshTokenError::BadMac));
}

#[test]
fn a_token_of_another_version_is_refused() {
    let token = keys().mint(SESSION, Step::FIRST);
    let other = format!("{PREFIX}Ag{}", &token.reveal()[PREFIX.len() + 2..]);
    assert_eq!(keys().authenticate(&other), Err(RefreshTokenError::UnknownVersion));
}

#[test]
fn what_is_no_token_is_refused() {
    let token = keys().mint(SESSION, Step::FIRST);
    let text = token.reveal();
    let long = "x".repeat(1 << 20);
    for wrong in [
        "",
        "hsr_",
        &text[4..],
        &text[..82],
        &format!("{text}A"),
        &text.replace("hsr_", "HSR_"),
        &long,
        "hsr_ß",
    ] {
        assert_eq!(keys().authenticate(wrong), Err(RefreshTokenError::Malformed), "{wrong:.90}");
    }
    let padded = format!("{}=", &text[..82]);
    assert_eq!(keys().authenticate(&padded), Err(RefreshTokenError::Malformed));
}

proptest! {
    #[test]
    fn a_token_says_what_it_was_minted_for(session: [u8; 16], generation: u32, branch: u16) {
        let (session, step) = (SessionId::from_bytes(session), Step { generation, branch });
        let token = keys().mint(session, step);
        prop_assert_eq!(keys().authenticate(token.reveal()), Ok(PresentedToken { session, step }));
    }

    #[test]
    fn no_changed_byte_gets_through(at in 0..59_usize, change in 1..=255_u8) {
        let token = keys().mint(SESSION, Step::FIRST);
        let mut bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&token.reveal()[4..]).expect("it is base64url");
        bytes[at] ^= change;
        let changed = format!("{PREFIX}{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(&bytes));
        prop_assert!(keys().authenticate(&changed).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,120}") {
        prop_assert!(keys().authenticate(&text).is_err());
        let prefixed = format!("{PREFIX}{text}");
        prop_assert!(keys().authenticate(&prefixed).is_err());
    }
}
