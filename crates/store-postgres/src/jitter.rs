use std::time::Duration;

use handstamp_token::Entropy;

/// Returns a time between half of this and all of it: those who were thrown out together do not come back together.
pub(crate) fn around(time: Duration, entropy: &dyn Entropy) -> Duration {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    let part = f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX);
    time.mul_f64(0.5 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use handstamp_token::SystemEntropy;

    use super::*;

    #[test]
    fn the_pause_is_between_half_and_all_of_it() {
        let all = Duration::from_secs(2);
        for _ in 0..1000 {
            let pause = around(all, &SystemEntropy);
            assert!((all / 2..=all).contains(&pause), "{pause:?}");
        }
    }
}
