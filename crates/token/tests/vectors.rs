//! The examples of the RFCs. Each proves itself: a slip in copying would break its signature or digest.

use handstamp_token::dangerous::verify_signature_only;
use handstamp_token::{KeyError, KeySet, Rejection, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::with;

macro_rules! vector {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("vectors/rfc7520/", $path))).expect("JSON")
    };
}

const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn signing_key(jwk: &Value, alg: &Value) -> SigningKey {
    SigningKey::from_jwk_json(with(jwk.clone(), "alg", alg.clone()).to_string().as_bytes()).expect("a key")
}

/// The public half of an asymmetric JWK, as its owner would publish it.
fn public_half(jwk: &Value, alg: &Value) -> VerifyingKey {
    let mut jwk = with(jwk.clone(), "alg", alg.clone());
    for secret in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk = with(jwk, secret, Value::Null);
    }
    VerifyingKey::from_jwk_json(jwk.to_string().as_bytes()).expect("a public key")
}

#[test]
fn rfc_7520_signatures_verify() {
    for vector in [
        vector!("jws/4_1.rsa_v15_signature.json"),
        vector!("jws/4_2.rsa-pss_signature.json"),
        vector!("jws/4_3.ecdsa_signature.json"),
        vector!("jws/4_4.hmac-sha2_integrity_protection.json"),
        vector!("curve25519/jws.json"),
    ] {
        let input = &vector["input"];
        let key = signing_key(&input["key"], &input["alg"]).verifying_key();
        let token = vector["output"]["compact"].as_str().expect("a token");
        let payload = verify_signature_only(token, &key).expect("verified");
        assert_eq!(payload, input["payload"].as_str().expect("text").as_bytes(), "{}", vector["title"]);
        if input["key"]["kty"] != "oct" {
            assert!(verify_signature_only(token, &public_half(&input["key"], &input["alg"])).is_ok());
        }
    }
}

#[test]
fn rfc_7520_nested_token_verifies_inside() {
    let sign = &vector!("6.nesting_signatures_and_encryption.json")["sign"];
    let key = public_half(&sign["input"]["key"], &sign["input"]["alg"]);
    // The example's header has no kid.
    let token = sign["output"]["compact"].as_str().expect("a token");
    assert!(verify_signature_only(token, &key).is_ok());
}

#[test]
fn rfc_7520_detached_content_is_refused() {
    let vector = vector!("jws/4_5.signature_with_detached_content.json");
    let key = signing_key(&vector["input"]["key"], &vector["input"]["alg"]).verifying_key();
    let token = vector["output"]["compact"].as_str().expect("a token");
    assert_eq!(verify_signature_only(token, &key).err(), Some(Rejection::BadSignature));
}

#[test]
#[cfg(feature = "jwe")]
fn rfc_7520_encryption_outside_our_list_is_refused() {
    use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
    let rsa = with(vector!("jwk/3_4.rsa_private_key.json"), "use", json!("enc"));
    let key =
        DecryptionKey::from_jwk_json(rsa.to_string().as_bytes(), ContentEncryption::A256Gcm).expect("a key");
    for vector in [
        vector!("jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json"),
        vector!("jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json"),
        vector!("jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json"),
        vector!("jwe/5_6.direct_encryption_using_aes-gcm.json"),
        vector!("jwe/5_9.compressed_content.json"),
    ] {
        let token = vector["output"]["compact"].as_str().expect("a token");
        assert!(key.decrypt(token).is_err(), "{}", vector["title"]);
    }
}

#[test]
fn rfc_7515_a1_hmac() {
    let key = json!({
        "kty": "oct", "alg": "HS256",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    });
    let key = SigningKey::from_jwk_json(key.to_string().as_bytes()).expect("a key").verifying_key();
    let token =
        format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert!(verify_signature_only(&token, &key).is_ok());
}

#[test]
fn rfc_7515_a3_ecdsa_p256() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let key = VerifyingKey::from_jwk_json(key.to_string().as_bytes()).expect("a key");
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(verify_signature_only(&format!("eyJhbGciOiJFUzI1NiJ9.{JOE}.{signature}"), &key).is_ok());
}

#[test]
fn rfc_7519_6_1_unsecured_jwt_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{JOE}.");
    assert_eq!(crate::support::verify(&token).err(), Some(Rejection::Unsigned { actual: "none".to_owned() }));
}

#[test]
fn rfc_7797_4_2_unencoded_payload_is_refused() {
    let token = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    assert_eq!(crate::support::verify(token).err(), Some(Rejection::UnencodedPayload));
}

#[test]
fn rfc_7638_3_1_thumbprint() {
    let key = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o\
              knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA\
              ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur\
              -kEgU8awapJzKnqDKgw",
    });
    let key = VerifyingKey::from_jwk_json(key.to_string().as_bytes()).expect("a key");
    assert_eq!(key.key_id().as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn rfc_8037_a3_thumbprint() {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let key = VerifyingKey::from_jwk_json(key.to_string().as_bytes()).expect("a key");
    assert_eq!(key.key_id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rfc_8037_a4_signature_is_the_one_we_make() {
    // Ed25519 is deterministic; our header has more members, so the comparison is made at the key.
    let vector = vector!("curve25519/jws.json");
    let key = signing_key(&vector["input"]["key"], &vector["input"]["alg"]);
    let twice = [(); 2].map(|()| key.sign("JWT", &json!({ "a": 1 })).expect("signed"));
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn rfc_7517_a1_key_set() {
    let set = json!({ "keys": [
        {
            "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        },
        {
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4\
                  n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d\
                  0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44\
                  -csFCur-kEgU8awapJzKnqDKgw",
        },
    ]});
    let (keys, skipped) = KeySet::from_jwks_json(set.to_string().as_bytes()).expect("a set");
    assert_eq!(keys.iter().map(|key| key.key_id().as_str()).collect::<Vec<_>>(), ["2011-04-29"]);
    assert_eq!(skipped[0].reason, KeyError::ForbiddenUse { operation: "verify", member: "use" });
}

#[test]
fn rfc_7517_a2_private_set_is_refused_as_a_public_one() {
    let set = json!({ "keys": [vector!("jwk/3_2.ec_private_key.json")] });
    let refused = KeySet::from_jwks_json(set.to_string().as_bytes()).err();
    assert_eq!(refused, Some(KeyError::SecretMember { member: "d" }));
}
