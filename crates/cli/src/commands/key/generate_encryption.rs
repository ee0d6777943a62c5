use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use handstamp_core::settings::TokenEncryption;
use handstamp_token::KeyError;
use handstamp_token::jwe::DecryptionKey;
use serde_json::json;

use crate::edge::secret_file;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Make a key that access tokens are encrypted to
///
/// Writes a private JWK that its owner alone can read. The auth service and every service that verifies tokens need it:
/// `[tokens] encryption_key_file` here, `.decryption_key(…)` there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key generate-encryption /etc/handstamp/tokens.jwk
  HANDSTAMP_TOKENS_ENCRYPTION_KEY_FILE=/etc/handstamp/tokens.jwk handstamp serve")]
pub(super) struct GenerateEncryption {
    /// The file to make. One that is there is left alone
    file: PathBuf,

    /// The curve of the key agreement (ECDH-ES)
    #[arg(long, value_enum, default_value_t = Curve::X25519)]
    curve: Curve,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Curve {
    /// Fast, and hard to get wrong
    X25519,
    /// Where a rule book asks for NIST's curves
    P256,
}

pub(super) fn run(command: &GenerateEncryption) -> Result<(), Failure> {
    let key =
        generate(command.curve).map_err(|cause| Failure::because("cannot make an encryption key", &cause))?;
    let shown = command.file.display();
    secret_file::write_new(&command.file, &key.to_private_jwk_json()).map_err(|cause| {
        match cause.kind() {
            // Overwritten, it could no more read the tokens that are out.
            io::ErrorKind::AlreadyExists => {
                Failure::new(format!("{shown} is there already: name a new file, or move the old one away"))
            }
            _ => Failure::because(format_args!("cannot write the encryption key {shown}"), &cause),
        }
    })?;
    if command.output.json {
        return output::json(&json!({ "kid": key.key_id().as_str(), "file": command.file }));
    }
    output::line(format_args!("{}", key.key_id()))
}

fn generate(curve: Curve) -> Result<DecryptionKey, KeyError> {
    match curve {
        Curve::X25519 => DecryptionKey::generate_x25519(TokenEncryption::CONTENT),
        Curve::P256 => DecryptionKey::generate_p256(TokenEncryption::CONTENT),
    }
}
