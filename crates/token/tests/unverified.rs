use handstamp_token::{MAX_TOKEN_LEN, Part, Rejection, UnverifiedToken};

use crate::support::{claims, encode, header, signed, signed_parts, verify};

#[test]
fn a_token_is_taken_apart_into_what_the_sender_claims() {
    let text = signed(&header(), &claims());
    let token = UnverifiedToken::parse(&text).expect("well-formed");
    assert_eq!(token.unverified_alg(), "HS256");
    assert_eq!(token.unverified_kid(), Some("k1"));
    assert_eq!(token.unverified_typ(), Some("at+jwt"));
}

#[test]
fn a_token_has_exactly_three_parts() {
    let good = signed(&header(), &claims());
    for (text, parts) in
        [(String::new(), 1), ("a.b".to_owned(), 2), (format!("{good}."), 4), (format!("{good}.a.b.c"), 6)]
    {
        assert_eq!(verify(&text).err(), Some(Rejection::NotThreeParts { actual: parts }), "{text:?}");
    }
}

#[test]
fn an_encrypted_token_is_never_taken_for_a_signed_one() {
    assert_eq!(verify("eyJhbGciOiJkaXIifQ..a.b.c").err(), Some(Rejection::Encrypted));
}

#[test]
fn a_token_over_the_limit_is_refused_before_anything_is_decoded() {
    let long = "!".repeat(MAX_TOKEN_LEN + 1);
    let refused = UnverifiedToken::parse(&long).err();
    assert_eq!(refused, Some(Rejection::TooLong { limit: MAX_TOKEN_LEN, actual: MAX_TOKEN_LEN + 1 }));
}

#[test]
fn other_spellings_of_one_token_are_refused() {
    let good = signed(&header(), &claims());
    let [header_part, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let malformed =
        |text: &str| matches!(verify(text).err(), Some(Rejection::Base64 { .. } | Rejection::BadSignature));
    for text in [
        format!("{header_part}.{payload}.{signature}="),
        format!("{header_part}.{payload}.{signature}=="),
        format!("{header_part}=.{payload}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        good.replace('-', "+"),
        good.replace('_', "/"),
        format!("{header_part}.{payload}.{signature}A"),
    ] {
        assert!(text == good || malformed(&text), "{text:?}");
    }
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn left_over_bits_in_the_signature_are_refused() {
    let good = signed(&header(), &claims());
    // 32 bytes leave four bits over in the last of 43 characters: sixteen characters, one of them canonical.
    let last = good.chars().last().expect("a character");
    let value = ALPHABET.find(last).expect("base64url");
    let (body, _) = good.split_at(good.len() - 1);
    for low in 1..4 {
        let other = ALPHABET.chars().nth(value | low).expect("in range");
        let text = format!("{body}{other}");
        assert_eq!(verify(&text).err(), Some(Rejection::Base64 { part: Part::Signature }), "{other}");
    }
}

#[test]
fn left_over_bits_in_the_payload_are_refused_even_when_signed() {
    let claims = claims().to_string();
    // Spaces bring the payload to a length with left-over bits.
    let padded = format!("{claims}{}", " ".repeat((1 + 3 - claims.len() % 3) % 3));
    let encoded = encode(&padded);
    assert_eq!(padded.len() % 3, 1);
    let (body, last) = encoded.split_at(encoded.len() - 1);
    let other = char::from(last.as_bytes()[0] + 1);
    let token = signed_parts(&encode(header().to_string()), &format!("{body}{other}"));
    assert_eq!(verify(&token).err(), Some(Rejection::Base64 { part: Part::Payload }));
}

#[test]
fn an_empty_signature_is_no_signature() {
    let good = signed(&header(), &claims());
    let (input, _) = good.rsplit_once('.').expect("three parts");
    assert_eq!(verify(&format!("{input}.")).err(), Some(Rejection::BadSignature));
}
