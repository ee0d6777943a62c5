use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::Entropy;

/// What binds an answer to the attempt that asked for it: drawn anew for each, and sealed in the browser's cookie.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// Names the attempt: 128 bits that come back with the answer.
    pub(crate) state: String,
    nonce: [u8; Self::NONCE_LEN],
    verifier: [u8; Self::VERIFIER_LEN],
}

impl Secrets {
    /// What the ID token has to repeat: 128 bits, as all that must not be guessed.
    pub(super) const NONCE_LEN: usize = 16;
    /// What proves that the code is exchanged by who asked for it: the 256 bits that RFC 7636 §4.1 recommends.
    pub(super) const VERIFIER_LEN: usize = 32;

    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        let (mut state, mut nonce, mut verifier) = ([0; 16], [0; Self::NONCE_LEN], [0; Self::VERIFIER_LEN]);
        entropy.fill(&mut state);
        entropy.fill(&mut nonce);
        entropy.fill(&mut verifier);
        Self { state: URL_SAFE_NO_PAD.encode_to_string(state), nonce, verifier }
    }

    /// Returns those of the attempt of this name, as they were sealed.
    pub(super) fn of(state: &str, nonce: [u8; Self::NONCE_LEN], verifier: [u8; Self::VERIFIER_LEN]) -> Self {
        Self { state: state.to_owned(), nonce, verifier }
    }

    pub(super) fn sealed_parts(&self) -> (&[u8; Self::NONCE_LEN], &[u8; Self::VERIFIER_LEN]) {
        (&self.nonce, &self.verifier)
    }

    pub(super) fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode_to_string(self.nonce)
    }

    pub(super) fn code_verifier(&self) -> String {
        URL_SAFE_NO_PAD.encode_to_string(self.verifier)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("state", &self.state).finish_non_exhaustive()
    }
}
