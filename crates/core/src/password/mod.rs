//! Passwords: what they must be, and how they are hashed and verified.

mod hasher;
mod phc;
pub mod rules;
mod workers;

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

pub use hasher::{HashError, PasswordHasher, PasswordProof};

/// A password as somebody typed it, normalised (NFKC). Prints as `[redacted]`, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a typed password.
    ///
    /// One password has one spelling: the same `é` comes as one code point from one keyboard and as two from another
    /// (NIST SP 800-63B-4 §3.1.1.2).
    pub fn new(typed: impl Into<String>) -> Self {
        let typed = Zeroizing::new(typed.into());
        if typed.is_ascii() {
            return Self(typed);
        }
        // Room enough for every expansion, or growing would leave copies behind in freed memory.
        let mut normal = Zeroizing::new(String::with_capacity(typed.len() * 18));
        normal.extend(typed.nfkc());
        Self(normal)
    }

    /// Returns how many characters it has, counted as code points.
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
