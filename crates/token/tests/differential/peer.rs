//! Talks to another implementation: one JSON document in, one out.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use handstamp_token::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::tokens::NOW;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    Jose,
    PyJwt,
}

/// A key to verify with, in the peer's terms.
pub(crate) struct Task {
    alg: &'static str,
    key: Value,
}

/// What a peer made: a key and tokens signed with it.
pub(crate) struct Made {
    pub(crate) public_jwk: Option<Value>,
    pub(crate) public_pem: Option<String>,
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) tokens: Vec<String>,
}

impl Task {
    pub(crate) fn of(key: &SigningKey) -> Self {
        let alg = key.algorithm().name();
        let key = match key.verifying_key().to_jwk() {
            Some(jwk) => serde_json::to_value(jwk).expect("a JWK"),
            None => json!({ "kty": "oct", "alg": alg, "k": base64url(&key.to_private_der()) }),
        };
        Self { alg, key }
    }
}

impl Peer {
    /// Returns whether the pinned version of the peer has this algorithm.
    pub(crate) fn knows(self, algorithm: Algorithm) -> bool {
        let name = algorithm.name();
        // jose has ML-DSA only on a newer node; PyJWT knows neither it nor the newer name of Ed25519.
        !name.starts_with("ML-DSA") && (matches!(self, Self::Jose) || name != "Ed25519")
    }

    /// Verifies tokens; the claims of each, or nothing where the peer refuses.
    pub(crate) fn verify(self, task: &Task, tokens: &[String]) -> Vec<Option<Value>> {
        let answer = self
            .ask(&json!({ "do": "verify", "alg": task.alg, "key": task.key, "tokens": tokens, "now": NOW }));
        let answers = answer.as_array().expect("a list").clone();
        assert_eq!(answers.len(), tokens.len());
        answers.into_iter().map(|claims| Some(claims).filter(|claims| !claims.is_null())).collect()
    }

    /// Lets the peer draw a key and sign claims.
    pub(crate) fn make(self, algorithm: Algorithm, claims: &[Value]) -> Made {
        let answer = self.ask(&json!({ "do": "make", "alg": algorithm.name(), "claims": claims }));
        let secret = answer["secret"]
            .as_str()
            .map(|secret| base64_simd::URL_SAFE_NO_PAD.decode_to_vec(secret).expect("base64url"));
        let tokens = answer["tokens"].as_array().expect("a list").iter();
        Made {
            public_jwk: answer.get("jwk").filter(|jwk| !jwk.is_null()).cloned(),
            public_pem: answer["pem"].as_str().map(str::to_owned),
            secret,
            tokens: tokens.map(|token| token.as_str().expect("a token").to_owned()).collect(),
        }
    }

    /// Lets the peer draw private keys for encryption: RSA-OAEP-256, ECDH-ES on both curves, and a shared one.
    #[cfg(feature = "jwe")]
    pub(crate) fn encryption_keys(self, enc: &str) -> Vec<Value> {
        self.ask(&json!({ "do": "encryption-keys", "enc": enc })).as_array().expect("a list").clone()
    }

    /// Lets the peer encrypt `text` and decrypt `token`; returns its token and its text.
    #[cfg(feature = "jwe")]
    pub(crate) fn encrypt_and_decrypt(
        self,
        jwk: &Value,
        alg: &str,
        enc: &str,
        text: &str,
        token: &str,
    ) -> (String, String) {
        let task =
            json!({ "do": "encrypt", "key": jwk, "alg": alg, "enc": enc, "text": text, "token": token });
        let answer = self.ask(&task);
        let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
        (text("token"), text("text"))
    }

    fn ask(self, task: &Value) -> Value {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential");
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
        let (program, script, needed) = match self {
            Self::Jose => {
                (PathBuf::from("node"), here.join("peer.mjs"), peers.join("node/node_modules/jose"))
            }
            Self::PyJwt => {
                (peers.join("python/bin/python"), here.join("peer.py"), peers.join("python/bin/python"))
            }
        };
        assert!(needed.exists(), "{} is missing: run `cargo xtask install` first", needed.display());
        // The script finds its packages from the folder it is told, not from where it lies.
        let mut child = Command::new(program)
            .arg(script)
            .arg(peers.canonicalize().expect("the folder exists"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(task.to_string().as_bytes()).expect("the peer reads");
        drop(stdin);
        let output = child.wait_with_output().expect("the peer ends");
        assert!(output.status.success(), "{self:?} failed on {task}");
        serde_json::from_slice(&output.stdout).expect("the peer answers in JSON")
    }
}

fn base64url(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}
