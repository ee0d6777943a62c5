use aws_lc_rs::hmac;

use super::{KeyError, import};
use crate::algorithm::Algorithm;

/// Secrets from tutorials, framework templates and word lists, in lower case. Attackers try these first.
const KNOWN: &[&str] = &[
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "your-secret-key",
    "your_secret_key",
    "your_jwt_secret",
    "your-jwt-secret",
    "yoursecretkey",
    "my-secret-key",
    "mysecretkey",
    "my_secret_key",
    "secretkey",
    "secret-key",
    "secret_key",
    "jwtsecret",
    "jwt_secret",
    "jwt-secret",
    "supersecret",
    "super-secret",
    "super_secret",
    "supersecretkey",
    "topsecret",
    "secret",
    "shhhhh",
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "default",
    "example",
    "password",
    "passw0rd",
    "letmein",
    "qwerty",
    "keyboard cat",
    "abc123",
    "admin",
    "token",
    "test",
    "private",
    "gzsecret",
    "thisisasecret",
    "this is a secret",
    "this-is-a-secret",
    "you-will-never-guess",
    "django-insecure-",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
];

/// Words that tell a typed or template secret from a drawn one.
const TELLTALES: &[&str] = &[
    "secret",
    "password",
    "changeme",
    "change-me",
    "change_me",
    "django-insecure",
    "0123456789abcdef",
    "qwertyui",
];

/// Fewer different bytes than this in 32 or more drawn bytes happens once in 10^24 draws; hexadecimal text has up to 16.
const MIN_DISTINCT_BYTES: usize = 8;

/// Returns whether a shared secret is one that others know or can guess: a published example, a typed phrase around a
/// word like `secret`, a repeated or counted-up pattern.
///
/// `false` is no proof of strength: draw secrets, never type them ([RFC 8725 §3.5]).
///
/// [RFC 8725 §3.5]: https://www.rfc-editor.org/rfc/rfc8725#section-3.5
pub fn known_weak_secret(secret: &[u8]) -> bool {
    if has_pattern(secret) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(secret) else { return false };
    let text = text.trim().to_ascii_lowercase();
    KNOWN.iter().any(|known| is_repeated(text.as_bytes(), known.as_bytes()))
        || TELLTALES.iter().any(|word| text.contains(word))
}

/// Checks a shared secret for `algorithm` and prepares it.
pub(super) fn prepare(algorithm: Algorithm, secret: &[u8]) -> Result<hmac::Key, KeyError> {
    let (hmac, needed) = match algorithm {
        Algorithm::Hs256 => (hmac::HMAC_SHA256, 32),
        Algorithm::Hs384 => (hmac::HMAC_SHA384, 48),
        Algorithm::Hs512 => (hmac::HMAC_SHA512, 64),
        _ => {
            return Err(KeyError::WrongAlgorithm {
                algorithm,
                problem: "it takes a key pair, not a shared secret",
            });
        }
    };
    // A key file as a secret is algorithm confusion by configuration: its public half is known to everybody.
    if secret.starts_with(b"-----BEGIN ") || import::sniff(secret).is_ok() {
        return Err(KeyError::WrongKind { algorithm, actual: "a key or certificate file" });
    }
    if secret.len() < needed {
        return Err(KeyError::SecretTooShort { algorithm, needed, actual: secret.len() });
    }
    if known_weak_secret(secret) {
        return Err(KeyError::WeakSecret { needed });
    }
    Ok(hmac::Key::new(hmac, secret))
}

/// Returns the number of bytes to draw for `algorithm`.
pub(super) const fn drawn_len(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => 32,
    }
}

fn has_pattern(secret: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in secret {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.into_iter().filter(|seen| *seen).count();
    let mut steps = [0_usize; 256];
    for pair in secret.windows(2) {
        steps[usize::from(pair[1].wrapping_sub(pair[0]))] += 1;
    }
    // `abcd…`, `0123…` and their like take the same step nearly always.
    let steps_evenly = steps.into_iter().max().unwrap_or(0) * 4 >= secret.len() * 3;
    let repeats = (1..=secret.len() / 2).any(|len| is_repeated(secret, &secret[..len]));
    distinct < MIN_DISTINCT_BYTES || steps_evenly || repeats
}

/// Returns whether `text` is `unit` over and over, the last one possibly cut.
fn is_repeated(text: &[u8], unit: &[u8]) -> bool {
    !text.is_empty()
        && text.chunks(unit.len()).all(|chunk| unit.starts_with(chunk))
        && text.len() >= unit.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_phrases_and_patterns_are_weak() {
        for secret in [
            "your-256-bit-secret",
            "Your-256-Bit-Secret",
            "secretsecretsecretsecretsecretsecret",
            "my-company-jwt-secret-for-production-2026",
            "keyboard cat",
            "abcdefghijklmnopqrstuvwxyzabcdef",
            "a-string-secret-at-least-256-bits-long",
            "correct-horse-correct-horse-correct-horse-",
        ] {
            assert!(known_weak_secret(secret.as_bytes()), "{secret}");
        }
        assert!(known_weak_secret(&[0; 64]));
        assert!(known_weak_secret(&(0..64).collect::<Vec<u8>>()));
        assert!(known_weak_secret(b""));
    }

    #[test]
    fn drawn_secrets_pass_raw_or_as_text() {
        let mut drawn = [0; 32];
        aws_lc_rs::rand::fill(&mut drawn).expect("random bytes");
        assert!(!known_weak_secret(&drawn));
        assert!(!known_weak_secret(crate::base64url::encode(&drawn).as_bytes()));
        assert!(!known_weak_secret(b"3f9c1be07a6d4258e1b0f4a97c36d58203e6a1c94b7f5d82e0397c1fa45b6d80"));
    }

    #[test]
    fn a_secret_below_the_hash_length_is_refused() {
        for (algorithm, needed) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
            let mut secret = vec![0; needed - 1];
            aws_lc_rs::rand::fill(&mut secret).expect("random bytes");
            let refused = prepare(algorithm, &secret).expect_err("too short");
            assert_eq!(refused, KeyError::SecretTooShort { algorithm, needed, actual: needed - 1 });
        }
    }
}
