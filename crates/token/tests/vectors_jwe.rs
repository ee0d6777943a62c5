//! The encrypted examples of the RFCs. Those of RFC 7516 use what we refuse: each is shown to be intact, and then refused for
//! the reason that holds, and not for a slip in copying.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::Rejection;
use handstamp_token::jwe::{ContentEncryption, DecryptionKey, JweError};
use serde_json::{Value, json};

use crate::support::{claims, encode, header, signed, verify, with};

macro_rules! vector {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("vectors/rfc7520/", $path))).expect("JSON")
    };
}

/// RFC 7516 appendix A.1: RSA-OAEP (with SHA-1) and A256GCM.
const A1_KEY: &str = "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7\
                      YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgf\
                      wX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6\
                      vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg";
const A1_REST: &str = "48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ";
/// Appendix A.2: `RSA1_5`.
const A2_KEY: &str = "UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1NJn8LE9XShH59_i8J0PH5ZZyNfGy2xGdU\
                      LU7sHNF6Gp2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5Cl_p-ko3YvkkysZIFNPcc\
                      xRU7qve1WYPxqbb2Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE4X-ncOIM8hAYHHi29NX0mcKiRaD0-D\
                      -ljQTP-cFPgwCp6X-nZZd9OHBv-B3oWh2TbqmScqXMR4gp_A";
/// Appendix A.3: A128KW.
const A3_KEY: &str = "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ";
/// Appendices A.2 to A.4 encrypt one text with A128CBC-HS256 under one key, so that only the tags differ.
const IV: &str = "AxY8DCtDaGlsbGljb3RoZQ";
const CIPHERTEXT: &str = "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY";
const CBC_HS256_KEY: [u8; 32] = [
    4, 211, 31, 197, 84, 157, 252, 254, 11, 100, 157, 250, 63, 170, 106, 206, 107, 124, 212, 45, 111, 107, 9,
    219, 200, 177, 0, 240, 143, 156, 44, 207,
];

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode_to_vec(text).expect("base64url")
}

fn rsa_key() -> DecryptionKey {
    let rsa = with(vector!("jwk/3_4.rsa_private_key.json"), "use", json!("enc"));
    DecryptionKey::from_jwk_json(rsa.to_string().as_bytes(), ContentEncryption::A256Gcm).expect("a key")
}

/// The tag of A128CBC-HS256 (RFC 7518 §5.2.2.1): it covers header, initialisation vector and ciphertext.
fn cbc_hs256_tag(header: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &CBC_HS256_KEY[..16]);
    let mut input = header.as_bytes().to_vec();
    input.extend(decode(IV));
    input.extend(decode(CIPHERTEXT));
    input.extend((header.len() as u64 * 8).to_be_bytes());
    encode(&hmac::sign(&key, &input).as_ref()[..16])
}

/// Refused where signed tokens are asked for, and refused by a key for encrypted ones: first because nothing says that a signed
/// token is inside, and for who adds that, because of the algorithm.
fn is_refused(token: &str, alg: &str) {
    assert_eq!(verify(token).err(), Some(Rejection::Encrypted));
    assert_eq!(rsa_key().decrypt(token).err(), Some(JweError::NotNested));
    let (encoded, rest) = token.split_once('.').expect("a header");
    let given: Value = serde_json::from_slice(&decode(encoded)).expect("JSON");
    assert_eq!(given["alg"], alg);
    let nested = with(given, "cty", json!("JWT"));
    let token = format!("{}.{rest}", encode(nested.to_string()));
    let wrong_alg =
        JweError::WrongAlgorithm { name: "alg", expected: "RSA-OAEP-256", actual: alg.to_owned() };
    assert_eq!(rsa_key().decrypt(&token).err(), Some(wrong_alg));
}

/// And for who replaces the algorithm as well, because of the encryption of the content.
fn content_is_refused(token: &str) {
    let (_, rest) = token.split_once('.').expect("a header");
    let header = json!({ "alg": "RSA-OAEP-256", "enc": "A128CBC-HS256", "cty": "JWT" });
    let refused = rsa_key().decrypt(&format!("{}.{rest}", encode(header.to_string()))).err();
    let actual = "A128CBC-HS256".to_owned();
    assert_eq!(refused, Some(JweError::WrongAlgorithm { name: "enc", expected: "A256GCM", actual }));
}

#[test]
fn rfc_7516_a1_rsa_oaep_with_sha1_is_refused() {
    let header = encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
    let [iv, ciphertext, tag] = [0, 1, 2].map(|part| decode(A1_REST.split('.').nth(part).expect("a part")));
    let content_key = [
        177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91, 112, 46,
        34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
    ];
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).expect("a key"));
    let nonce = Nonce::try_assume_unique_for_key(&iv).expect("a nonce");
    let mut text = [ciphertext, tag].concat();
    let text = key.open_in_place(nonce, Aad::from(&header), &mut text).expect("intact");
    assert_eq!(text, b"The true sign of intelligence is not knowledge but imagination.");

    is_refused(&format!("{header}.{A1_KEY}.{A1_REST}"), "RSA-OAEP");
}

#[test]
fn rfc_7516_a2_rsa1_5_is_refused() {
    let header = encode(r#"{"alg":"RSA1_5","enc":"A128CBC-HS256"}"#);
    assert_eq!(cbc_hs256_tag(&header), "9hH0vgRfYgPnAHOd8stkvw");
    let token = format!("{header}.{A2_KEY}.{IV}.{CIPHERTEXT}.9hH0vgRfYgPnAHOd8stkvw");
    is_refused(&token, "RSA1_5");
    content_is_refused(&token);
}

#[test]
fn rfc_7516_a3_aes_key_wrap_is_refused() {
    let header = encode(r#"{"alg":"A128KW","enc":"A128CBC-HS256"}"#);
    assert_eq!(cbc_hs256_tag(&header), "U0m_YmjN04DJvceFICbCVQ");
    let token = format!("{header}.{A3_KEY}.{IV}.{CIPHERTEXT}.U0m_YmjN04DJvceFICbCVQ");
    is_refused(&token, "A128KW");
    content_is_refused(&token);
}

#[test]
fn rfc_7516_a4_json_serialization_is_refused() {
    let protected = encode(r#"{"enc":"A128CBC-HS256"}"#);
    assert_eq!(cbc_hs256_tag(&protected), "Mz-VPPyU4RlcuYv1IwIvzw");
    let token = json!({
        "protected": protected,
        "unprotected": { "jku": "https://server.example.com/keys.jwks" },
        "recipients": [
            { "header": { "alg": "RSA1_5", "kid": "2011-04-29" }, "encrypted_key": A2_KEY },
            { "header": { "alg": "A128KW", "kid": "7" }, "encrypted_key": A3_KEY },
        ],
        "iv": IV,
        "ciphertext": CIPHERTEXT,
        "tag": "Mz-VPPyU4RlcuYv1IwIvzw",
    });
    // The dots are those of its URL.
    assert_eq!(rsa_key().decrypt(&token.to_string()).err(), Some(JweError::NotFiveParts { actual: 4 }));
    assert_eq!(verify(&token.to_string()).err(), Some(Rejection::NotThreeParts { actual: 4 }));
}

#[test]
fn rfc_7520_encryption_outside_our_list_is_refused() {
    // None of them says that it holds a signed token, which is asked before anything else but what is never accepted.
    let key = rsa_key();
    for (vector, refused) in [
        (vector!("jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json"), JweError::NotNested),
        (vector!("jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json"), JweError::NotNested),
        (
            vector!("jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json"),
            JweError::ForbiddenParameter { name: "p2s" },
        ),
        (vector!("jwe/5_6.direct_encryption_using_aes-gcm.json"), JweError::NotNested),
        (vector!("jwe/5_9.compressed_content.json"), JweError::ForbiddenParameter { name: "zip" }),
    ] {
        let token = vector["output"]["compact"].as_str().expect("a token");
        assert_eq!(key.decrypt(token).err(), Some(refused), "{}", vector["title"]);
    }
}

fn bob() -> DecryptionKey {
    let key = vector!("curve25519/ecdh-es.json")["input"]["key"].to_string();
    DecryptionKey::from_jwk_json(key.as_bytes(), ContentEncryption::A128Gcm).expect("a key")
}

/// RFC 8037 appendix A.6 with a signed token inside: encrypted here under the secret that the RFC prints, and decrypted by
/// whoever comes to that secret from Bob's key.
#[test]
fn rfc_8037_a6_agrees_on_the_secret_of_the_rfc() {
    const SECRET: [u8; 32] = [
        0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35, 0x0f, 0x25, 0xe0,
        0x7e, 0x21, 0xc9, 0x47, 0xd1, 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42,
    ];
    let mut ephemeral = vector!("curve25519/ecdh-es.json")["encrypting_key"]["epk"].clone();
    assert_eq!(ephemeral["x"], "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo");
    ephemeral = with(ephemeral, "d", Value::Null);
    let protected =
        json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "Bob", "cty": "JWT", "epk": ephemeral });
    let protected = encode(protected.to_string());
    // RFC 7518 §4.6.2: round 1, the secret, "A128GCM", no party, 128 bits.
    let derived = [&[0, 0, 0, 1][..], &SECRET, &[0, 0, 0, 7], b"A128GCM", &[0; 8], &[0, 0, 0, 128]];
    let derived = digest::digest(&digest::SHA256, &derived.concat());
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &derived.as_ref()[..16]).expect("a key"));
    let token = signed(&header(), &claims());
    let mut text = token.clone().into_bytes();
    let nonce = Nonce::assume_unique_for_key([1; 12]);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&protected), &mut text).expect("encrypted");
    let encrypted = format!("{protected}..{}.{}.{}", encode([1; 12]), encode(text), encode(tag));

    assert_eq!(bob().decrypt(&encrypted).expect("decrypted").as_unverified_str(), token);
}

/// The example beside RFC 8037's holds a text that nobody signed.
#[test]
fn curve25519_example_without_a_signed_token_is_refused() {
    let vector = vector!("curve25519/ecdh-es.json");
    let token = vector["output"]["compact"].as_str().expect("a token");
    assert_eq!(bob().decrypt(token).err(), Some(JweError::NotNested));
}
