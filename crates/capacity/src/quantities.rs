//! The shares and percentiles of objectives, and rounding that never panics.

/// Share of a resource that steady traffic may use: above it waits grow steeply (M/M/c), and no capacity
/// is left for a burst.
pub const TARGET_USE: f64 = 0.7;

/// The percentile of objectives.
pub const P95: f64 = 0.95;

/// `value` rounded up, and at least 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
pub(crate) fn at_least(value: f64) -> usize {
    // A quotient that differs from an integer only by a rounding error counts as that integer.
    let value = (value - 1e-9).ceil();
    if value.is_nan() { 1 } else { value.clamp(1.0, f64::from(u32::MAX)) as usize }
}

/// `value` rounded down, and at least 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
pub(crate) fn at_most(value: f64) -> usize {
    let value = (value + 1e-9).floor();
    if value.is_nan() { 0 } else { value.clamp(0.0, f64::from(u32::MAX)) as usize }
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 of anything")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_ignores_the_last_bit_and_accepts_nan() {
        assert_eq!((at_least(0.1 + 0.2), at_least(3.000_000_000_1), at_least(3.1)), (1, 3, 4));
        assert_eq!((at_least(f64::NAN), at_least(-1.0), at_most(f64::NAN)), (1, 1, 0));
        assert_eq!((at_most(2.999_999_999_9), at_most(-1.0)), (3, 0));
    }
}
