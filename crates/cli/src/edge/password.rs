use std::io::{self, IsTerminal};

use handstamp_core::password::Password;
use handstamp_token::Entropy;
use zeroize::Zeroizing;

use super::input;
use crate::failure::Failure;

/// 144 random bits: nobody guesses them, and they end on no `=`.
const GENERATED_BYTES: usize = 18;

/// Where a new password comes from.
pub(crate) enum NewPassword {
    /// Somebody chose it.
    Given(Password),
    /// We did: it has to be shown once.
    Generated(Zeroizing<String>),
}

impl NewPassword {
    /// Reads the password from standard input where that was asked for, and draws one where it was not.
    ///
    /// It never comes from an argument, which every process on the machine can read.
    pub(crate) fn obtain(from_stdin: bool, entropy: &dyn Entropy) -> Result<Self, Failure> {
        if from_stdin { read().map(Self::Given) } else { Ok(Self::Generated(draw(entropy))) }
    }

    /// Returns the password itself.
    pub(crate) fn password(&self) -> Password {
        match self {
            Self::Given(password) => password.clone(),
            Self::Generated(text) => Password::new(text.as_str()),
        }
    }

    /// Returns what has to be shown: only what nobody knows yet.
    pub(crate) fn to_show(&self) -> Option<&str> {
        match self {
            Self::Given(_) => None,
            Self::Generated(text) => Some(text),
        }
    }
}

fn read() -> Result<Password, Failure> {
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password("New password: ")
            .map_err(|cause| Failure::because("cannot read the password", &cause))?;
        return Ok(Password::new(typed));
    }
    let bytes = input::read("-", "the password")?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|cause| Failure::because("the password on standard input is not text", &cause))?;
    // `echo` and text files end with a line feed that nobody means. One: a password may end with a space.
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Password::new(text.strip_suffix('\r').unwrap_or(text)))
}

fn draw(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; GENERATED_BYTES]);
    entropy.fill(bytes.as_mut());
    Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes.as_slice()))
}
