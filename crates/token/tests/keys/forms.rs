use handstamp_token::{Algorithm, KeyError, KeyId, SigningKey, VerifyingKey, dangerous};

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!($name, ".pem"))
    };
}

/// Every form OpenSSL writes for one key pair: private ones, then public ones.
const FORMS: &[(Algorithm, &[&str], &[&str])] = &[
    (
        Algorithm::Rs256,
        &[pem!("rsa.pkcs8"), pem!("rsa.pkcs1")],
        &[pem!("rsa.spki"), pem!("rsa.pkcs1-public"), pem!("rsa.certificate")],
    ),
    (
        Algorithm::Ps512,
        &[pem!("rsa.pkcs8"), pem!("rsa.pkcs1")],
        &[pem!("rsa.spki"), pem!("rsa.pkcs1-public"), pem!("rsa.certificate")],
    ),
    (
        Algorithm::Es256,
        &[pem!("ec-p256.pkcs8"), pem!("ec-p256.sec1")],
        &[pem!("ec-p256.spki"), pem!("ec-p256.certificate")],
    ),
    (
        Algorithm::Es384,
        &[pem!("ec-p384.pkcs8"), pem!("ec-p384.sec1")],
        &[pem!("ec-p384.spki"), pem!("ec-p384.certificate")],
    ),
    (
        Algorithm::Es512,
        &[pem!("ec-p521.pkcs8"), pem!("ec-p521.sec1")],
        &[pem!("ec-p521.spki"), pem!("ec-p521.certificate")],
    ),
    (Algorithm::EdDsa, &[pem!("ed25519.pkcs8")], &[pem!("ed25519.spki"), pem!("ed25519.certificate")]),
    (Algorithm::Ed25519, &[pem!("ed25519.pkcs8")], &[pem!("ed25519.spki"), pem!("ed25519.certificate")]),
];

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64_simd::STANDARD.decode_to_vec(body).expect("base64")
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    for (algorithm, private, public) in FORMS {
        let verifying: Vec<VerifyingKey> = public
            .iter()
            .flat_map(|pem| {
                [VerifyingKey::from_pem(*algorithm, pem), VerifyingKey::from_der(*algorithm, &der(pem))]
            })
            .collect::<Result<_, _>>()
            .expect("public forms");
        for pem in *private {
            for key in [SigningKey::from_pem(*algorithm, pem), SigningKey::from_der(*algorithm, &der(pem))] {
                let key = key.expect("a private form");
                let token = key.sign("JWT", &serde_json::json!({ "a": 1 })).expect("signed");
                for public in &verifying {
                    assert_eq!(public.key_id(), key.key_id(), "{algorithm}: thumbprint");
                    assert!(dangerous::verify_signature_only(&token, public).is_ok(), "{algorithm}");
                }
            }
        }
    }
}

#[test]
fn what_is_stored_reads_back() {
    for &algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).expect("generated");
        let back = SigningKey::from_der(algorithm, &key.to_private_der()).expect("read back");
        assert_eq!(back.key_id(), key.key_id(), "{algorithm}");
    }
}

#[test]
fn openssl_parameters_in_front_of_a_key_are_skipped() {
    assert!(SigningKey::from_pem(Algorithm::Es256, pem!("ec-p256.with-parameters")).is_ok());
}

#[test]
fn a_key_of_another_kind_is_refused_by_name() {
    let wrong = |algorithm, pem| VerifyingKey::from_pem(algorithm, pem).expect_err("refused").to_string();
    insta::assert_snapshot!(wrong(Algorithm::Es256, pem!("rsa.spki")), @"ES256 needs an EC key on P-256, this is an RSA key");
    insta::assert_snapshot!(wrong(Algorithm::Rs256, pem!("ed25519.spki")), @"RS256 needs an RSA key, this is an Ed25519 key");
    insta::assert_snapshot!(wrong(Algorithm::Es384, pem!("ec-p256.certificate")), @"ES384 needs an EC key on P-384, this is an EC key on P-256");
    for (algorithm, private, public) in FORMS {
        for other in Algorithm::ALL.iter().filter(|other| !other.is_symmetric()) {
            let family = |name: &str| match &name[..2] {
                "RS" | "PS" => "RSA".to_owned(),
                "Ed" => "Ed25519".to_owned(),
                _ => name.to_owned(),
            };
            if family(other.name()) != family(algorithm.name()) {
                assert!(SigningKey::from_pem(*other, private[0]).is_err(), "{algorithm} as {other}");
                assert!(VerifyingKey::from_pem(*other, public[0]).is_err(), "{algorithm} as {other}");
            }
        }
    }
}

#[test]
fn a_key_pair_is_no_shared_secret() {
    let refused = SigningKey::from_pem(Algorithm::Hs256, pem!("rsa.pkcs8")).err();
    assert!(matches!(refused, Some(KeyError::WrongAlgorithm { algorithm: Algorithm::Hs256, .. })));
    let refused = SigningKey::from_secret(Algorithm::Rs256, &[7; 64]).err();
    assert!(matches!(refused, Some(KeyError::WrongAlgorithm { algorithm: Algorithm::Rs256, .. })));
    assert!(VerifyingKey::from_pem(Algorithm::Hs256, pem!("rsa.spki")).is_err());
}

#[test]
fn a_key_file_is_no_shared_secret() {
    for pem in [pem!("rsa.spki"), pem!("rsa.pkcs8"), pem!("ec-p256.certificate"), pem!("ed25519.spki")] {
        for secret in [pem.as_bytes().to_vec(), der(pem)] {
            let expected =
                KeyError::WrongKind { algorithm: Algorithm::Hs256, actual: "a key or certificate file" };
            assert_eq!(SigningKey::from_secret(Algorithm::Hs256, &secret).err(), Some(expected.clone()));
            assert_eq!(SigningKey::from_der(Algorithm::Hs256, &secret).err(), Some(expected.clone()));
            assert_eq!(VerifyingKey::from_secret(Algorithm::Hs256, &secret).err(), Some(expected));
        }
    }
}

#[test]
fn private_and_public_are_not_mixed_up() {
    for pem in [pem!("rsa.pkcs8"), pem!("rsa.pkcs1")] {
        assert_eq!(VerifyingKey::from_pem(Algorithm::Rs256, pem).err(), Some(KeyError::PrivateKey));
        assert_eq!(VerifyingKey::from_der(Algorithm::Rs256, &der(pem)).err(), Some(KeyError::PrivateKey));
    }
    assert_eq!(
        VerifyingKey::from_pem(Algorithm::Es256, pem!("ec-p256.sec1")).err(),
        Some(KeyError::PrivateKey)
    );
    for pem in [pem!("rsa.spki"), pem!("rsa.pkcs1-public"), pem!("rsa.certificate")] {
        assert_eq!(SigningKey::from_pem(Algorithm::Rs256, pem).err(), Some(KeyError::PublicKey));
        assert_eq!(SigningKey::from_der(Algorithm::Rs256, &der(pem)).err(), Some(KeyError::PublicKey));
    }
}

#[test]
fn a_short_rsa_key_is_refused() {
    let refused = VerifyingKey::from_pem(Algorithm::Rs256, pem!("rsa-1024.spki")).err();
    assert_eq!(refused, Some(KeyError::RsaSize { bits: 1024 }));
    assert!(SigningKey::from_pem(Algorithm::Rs256, pem!("rsa-1024.pkcs8")).is_err());
}

#[test]
fn a_small_public_exponent_is_refused() {
    let refused = VerifyingKey::from_pem(Algorithm::Rs256, pem!("rsa-e3.spki")).err();
    assert_eq!(refused, Some(KeyError::RsaExponent));
    let refused = SigningKey::from_pem(Algorithm::Ps256, pem!("rsa-e3.pkcs8")).err();
    assert_eq!(refused, Some(KeyError::RsaExponent));
}

#[test]
fn curves_and_keys_outside_jose_are_refused() {
    for pem in [pem!("ec-k256.pkcs8"), pem!("ed448.pkcs8")] {
        assert!(matches!(SigningKey::from_pem(Algorithm::Es256, pem).err(), Some(KeyError::Der { .. })));
    }
    assert!(matches!(
        VerifyingKey::from_pem(Algorithm::Es256, pem!("ec-k256.spki")).err(),
        Some(KeyError::Der { .. })
    ));
}

#[test]
fn an_encrypted_key_says_what_to_do() {
    let refused = SigningKey::from_pem(Algorithm::Rs256, pem!("rsa.encrypted")).expect_err("refused");
    insta::assert_snapshot!(refused, @"not a usable PEM text: the key is encrypted with a passphrase; decrypt it first");
}

#[test]
fn a_pem_text_holds_exactly_one_key() {
    let two = format!("{}{}", pem!("rsa.spki"), pem!("ec-p256.spki"));
    for text in
        ["", "no key", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\nAAAA\n", two.as_str()]
    {
        assert!(
            matches!(VerifyingKey::from_pem(Algorithm::Rs256, text).err(), Some(KeyError::Pem { .. })),
            "{text:?}"
        );
    }
    let swapped = pem!("rsa.spki").replace("END PUBLIC", "END PRIVATE");
    assert!(matches!(VerifyingKey::from_pem(Algorithm::Rs256, &swapped).err(), Some(KeyError::Pem { .. })));
}

#[test]
fn cut_or_extended_der_is_refused() {
    for (algorithm, private, public) in FORMS {
        for pem in *public {
            let der = der(pem);
            for len in (0..der.len()).step_by(7) {
                assert!(VerifyingKey::from_der(*algorithm, &der[..len]).is_err(), "{algorithm} cut to {len}");
            }
            assert!(
                VerifyingKey::from_der(*algorithm, &[&der[..], &[0]].concat()).is_err(),
                "{algorithm} with a byte more"
            );
        }
        for pem in *private {
            let der = der(pem);
            assert!(
                SigningKey::from_der(*algorithm, &[&der[..], &[0]].concat()).is_err(),
                "{algorithm} with a byte more"
            );
            assert!(SigningKey::from_der(*algorithm, &der[..der.len() - 1]).is_err(), "{algorithm} cut");
        }
    }
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let mut der = der(pem!("ec-p256.spki"));
    let last = der.len() - 1;
    der[last] ^= 1;
    let refused = VerifyingKey::from_der(Algorithm::Es256, &der).err();
    assert_eq!(refused, Some(KeyError::InvalidPoint { curve: "P-256" }));
}

#[test]
fn a_compressed_point_is_refused() {
    // JWK has only the uncompressed form (RFC 7518 §6.2.1); one form for one key.
    let spki = der(pem!("ec-p256.spki"));
    let point = &spki[spki.len() - 64..];
    let mut compressed = spki[..spki.len() - 65].to_vec();
    compressed.push(if point[63] & 1 == 1 { 3 } else { 2 });
    compressed.extend(&point[..32]);
    compressed[1] -= 32;
    let bits = compressed.len() - 34 - 1;
    compressed[bits] -= 32;
    let refused = VerifyingKey::from_der(Algorithm::Es256, &compressed).err();
    assert_eq!(refused, Some(KeyError::InvalidPoint { curve: "P-256" }));
}

#[test]
fn a_key_id_is_visible_ascii_of_bounded_length() {
    for bad in ["", " ", "a b", "a\n", "é", &"x".repeat(129)] {
        assert_eq!(KeyId::new(bad).err(), Some(KeyError::KeyId { kid: bad.to_owned() }));
    }
    for len in 1..=128 {
        let text: String = ('!'..='~').cycle().take(len).collect();
        assert_eq!(KeyId::new(text.as_str()).map(|kid| kid.as_str().to_owned()), Ok(text));
    }
}

#[test]
fn a_key_id_with_quotes_survives_the_header() {
    let key = SigningKey::generate(Algorithm::Es256)
        .expect("a key")
        .with_key_id(KeyId::new(r#"a"b\c"#).expect("visible"));
    let token = key.sign("JWT", &serde_json::json!({})).expect("signed");
    assert!(dangerous::verify_signature_only(&token, &key.verifying_key()).is_ok());
}
