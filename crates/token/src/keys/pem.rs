//! PEM in its textual form of RFC 7468: one block, known label, plain base64.

use zeroize::Zeroizing;

use super::KeyError;

/// A decoded block. The bytes may be a private key, so they are wiped.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) label: Label,
    pub(super) der: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// `PRIVATE KEY`: PKCS#8.
    Pkcs8,
    /// `EC PRIVATE KEY`: SEC1.
    Sec1,
    /// `RSA PRIVATE KEY`: PKCS#1.
    Pkcs1Private,
    /// `PUBLIC KEY`: SPKI.
    Spki,
    /// `RSA PUBLIC KEY`: PKCS#1.
    Pkcs1Public,
    /// `CERTIFICATE`: X.509.
    Certificate,
}

/// A bundle of certificates is far below this; anything longer is not a key.
const MAX_LEN: usize = 64 * 1024;

/// Returns the one key block of `text`. OpenSSL's `EC PARAMETERS` in front of a SEC1 key is skipped: the key repeats it.
pub(super) fn read(text: &str) -> Result<Block, KeyError> {
    let problem = |problem| KeyError::Pem { problem };
    if text.len() > MAX_LEN {
        return Err(problem("it is longer than 64 KiB"));
    }
    let mut found = None;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (name, after) = after.split_once("-----").ok_or(problem("the BEGIN line does not end"))?;
        let end = format!("-----END {name}-----");
        let (body, after) =
            after.split_once(&end).ok_or(problem("the END line is missing or names something else"))?;
        rest = after;
        if name == "EC PARAMETERS" {
            continue;
        }
        if found.is_some() {
            return Err(problem("it holds more than one key or certificate; give exactly one"));
        }
        found = Some(Block { label: label(name)?, der: decode(body)? });
    }
    found.ok_or(problem("there is no -----BEGIN line"))
}

fn label(name: &str) -> Result<Label, KeyError> {
    match name {
        "PRIVATE KEY" => Ok(Label::Pkcs8),
        "EC PRIVATE KEY" => Ok(Label::Sec1),
        "RSA PRIVATE KEY" => Ok(Label::Pkcs1Private),
        "PUBLIC KEY" => Ok(Label::Spki),
        "RSA PUBLIC KEY" => Ok(Label::Pkcs1Public),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Ok(Label::Certificate),
        "ENCRYPTED PRIVATE KEY" => {
            Err(KeyError::Pem { problem: "the key is encrypted with a passphrase; decrypt it first" })
        }
        "OPENSSH PRIVATE KEY" => Err(KeyError::Pem {
            problem: "it is an OpenSSH key; convert it to PKCS#8 (ssh-keygen -p -m PKCS8)",
        }),
        _ => Err(KeyError::Pem { problem: "its label is not one of a key or certificate" }),
    }
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // RFC 1421 headers, which OpenSSL's older encrypted form has: no base64 text holds a hyphen.
    if body.contains("Proc-Type") {
        return Err(KeyError::Pem { problem: "the key is encrypted with a passphrase; decrypt it first" });
    }
    let compact: Zeroizing<Vec<u8>> =
        Zeroizing::new(body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    let der = base64_simd::STANDARD.decode_to_vec(compact.as_slice());
    der.map(Zeroizing::new).map_err(|_| KeyError::Pem { problem: "its body is not base64" })
}
