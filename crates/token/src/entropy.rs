use std::cell::RefCell;

use zeroize::Zeroize as _;

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

/// The same generator, drawn from for many ids at once: the crypto crate takes as long for one id as for thirty.
///
/// For ids, not for secrets. Each thread keeps up to 512 bytes that it has not handed out. They are there twice if the process
/// forks, or a virtual machine is resumed twice from one image; [`SystemEntropy`] has them once even then.
#[derive(Clone, Copy, Debug, Default)]
pub struct PooledEntropy;

const POOL_LEN: usize = 512;

/// Whoever asks for more than an id goes to the system.
const LONGEST_ID: usize = 32;

struct Pool {
    bytes: [u8; POOL_LEN],
    /// So many of them, at the start, are still to be handed out.
    left: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_LEN], left: 0 }) };
}

impl Entropy for PooledEntropy {
    fn fill(&self, dest: &mut [u8]) {
        // A thread that is ending has no pool any more.
        let pooled =
            dest.len() <= LONGEST_ID && POOL.try_with(|pool| pool.borrow_mut().hand_out(dest)).is_ok();
        if !pooled {
            SystemEntropy.fill(dest);
        }
    }
}

impl Pool {
    /// Hands out bytes and forgets them.
    fn hand_out(&mut self, dest: &mut [u8]) {
        if self.left < dest.len() {
            SystemEntropy.fill(&mut self.bytes);
            self.left = POOL_LEN;
        }
        self.left -= dest.len();
        if let Some(bytes) = self.bytes.get_mut(self.left..self.left + dest.len()) {
            dest.copy_from_slice(bytes);
            bytes.zeroize();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn pooled_bytes_are_handed_out_once() {
        let draw = |len: usize| {
            let mut bytes = vec![0; len];
            PooledEntropy.fill(&mut bytes);
            bytes
        };
        let draws: Vec<Vec<u8>> = (0..500).flat_map(|_| [draw(16), draw(32), draw(9), draw(33)]).collect();
        let different: BTreeSet<&Vec<u8>> = draws.iter().collect();
        assert_eq!(different.len(), draws.len());
        // Nine zeros in a row are drawn once in 2^72 times; a byte never written would be zero.
        assert!(draws.iter().all(|bytes| !bytes.windows(9).any(|run| run == [0; 9])));
        POOL.with_borrow(|pool| assert!(pool.bytes[pool.left..].iter().all(|byte| *byte == 0)));
    }

    #[test]
    fn threads_have_pools_of_their_own() {
        let draw = || {
            let mut bytes = [0; 16];
            PooledEntropy.fill(&mut bytes);
            bytes
        };
        let here = draw();
        let elsewhere = std::thread::spawn(draw).join().unwrap();
        assert_ne!(here, elsewhere);
    }
}
