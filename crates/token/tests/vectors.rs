//! The signed examples of the RFCs. Each proves itself: a slip in copying would break its signature or digest.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::dangerous::verify_signature_only;
use handstamp_token::{
    Algorithm, KeyError, KeySet, NoClaims, Rejection, SigningKey, UnixTime, Validator, VerifyingKey,
};
use serde_json::{Value, json};

use crate::support::{encode, with};

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

/// RFC 7515 appendix A.1.1: the key of its HMAC examples, and of RFC 7519's.
fn hmac_key() -> VerifyingKey {
    let key = json!({
        "kty": "oct", "alg": "HS256",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    });
    SigningKey::from_jwk_json(key.to_string().as_bytes()).expect("a key").verifying_key()
}

fn hmac_token() -> String {
    format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
}

#[test]
fn rfc_7515_a1_hmac() {
    assert!(verify_signature_only(&hmac_token(), &hmac_key()).is_ok());
}

#[test]
fn rfc_7515_a2_rsa() {
    let key = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd\
              2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WT\
              BEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91k\
              zk2PAcDTW9gb54h4FRWyuXpoQ",
    });
    let key = VerifyingKey::from_jwk_json(key.to_string().as_bytes()).expect("a key");
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbd\
                     s9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0Gar\
                     ZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9F\
                     s98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert!(verify_signature_only(&format!("eyJhbGciOiJSUzI1NiJ9.{JOE}.{signature}"), &key).is_ok());
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
fn rfc_7515_a4_ecdsa_p521() {
    let key = json!({
        "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    });
    let key = VerifyingKey::from_jwk_json(key.to_string().as_bytes()).expect("a key");
    let signature = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKd\
                     CAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    let payload = verify_signature_only(&format!("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.{signature}"), &key);
    assert_eq!(payload.as_deref(), Ok(&b"Payload"[..]));
}

/// RFC 7519 §6.1 shows the same token.
#[test]
fn rfc_7515_a5_unsecured_jws_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{JOE}.");
    let unsigned = Rejection::Unsigned { actual: "none".to_owned() };
    assert_eq!(crate::support::verify(&token).err(), Some(unsigned.clone()));
    assert_eq!(verify_signature_only(&token, &hmac_key()).err(), Some(unsigned));
}

/// The first example of a JWT. It names no audience, so it is nobody's token, and its signature is all that can be verified.
#[test]
fn rfc_7519_3_1_example_jwt() {
    let payload = verify_signature_only(&hmac_token(), &hmac_key()).expect("verified");
    let text = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    assert_eq!(payload, text.as_bytes());
    let validator = Validator::jwt("joe", "anybody", &[Algorithm::Hs256]).expect("a validator");
    let keys = crate::support::key_set([hmac_key()]);
    let refused = validator.verify::<NoClaims>(&hmac_token(), &keys, UnixTime::from_secs(1_300_819_379));
    assert_eq!(refused.err(), Some(Rejection::MissingClaim { claim: "aud" }));
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

/// Ed25519 is deterministic: whoever signs the RFC's text with its key comes to its signature, and to no other. We sign no text
/// of others, so the primitive is held to the RFC first, and what we sign to the primitive.
#[test]
fn rfc_8037_a4_signature_is_the_one_we_make() {
    let vector = vector!("curve25519/jws.json");
    let seed =
        URL_SAFE_NO_PAD.decode_to_vec("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("base64url");
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
    let primitive = |input: &str| encode(pair.sign(input.as_bytes()));
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(
        primitive(input),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );

    let key = signing_key(&vector["input"]["key"], &vector["input"]["alg"]);
    let token = key.sign("JWT", &json!({ "a": 1 })).expect("signed");
    let (input, signature) = token.rsplit_once('.').expect("a token");
    assert_eq!(signature, primitive(input));
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
