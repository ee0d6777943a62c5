/// The one door for randomness: ids and nonces are drawn through it, so tests can seed them.
///
/// Key generation does not use it: the crypto crate draws key material from its own system generator.
pub trait Entropy: Send + Sync {
    /// Fills `dest` with unpredictable bytes.
    fn fill(&self, dest: &mut [u8]);
}

/// The operating system's generator, through the crypto crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, dest: &mut [u8]) {
        // Without randomness nothing that follows can be safe, and no caller could do better than stop.
        aws_lc_rs::rand::fill(dest).expect("the operating system has a random generator");
    }
}
