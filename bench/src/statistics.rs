//! Medians and percentiles.

use std::time::Duration;

/// Returns the middle of the values, or not-a-number for none.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// Returns the value below which this share of the values lies, or not-a-number for none.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a list in memory"
    )]
    let index = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// Returns the nanoseconds of one of `count` operations that took this long together.
pub fn nanos_each(total: Duration, count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts and durations of a benchmark are far below 2^53")]
    let each = total.as_nanos() as f64 / count.max(1) as f64;
    each
}

/// Returns operations in a second.
pub fn per_second(total: Duration, count: u64) -> f64 {
    1e9 / nanos_each(total, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_list() {
        let values: Vec<f64> = (1..=101).rev().map(f64::from).collect();
        assert!((median(&values) - 51.0).abs() < 1e-9);
        assert!((percentile(&values, 0.99) - 100.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
