//! How large everything is to be: the arithmetic behind `cargo xtask tune`, without I/O.
//!
//! | | what | where |
//! |---|---|---|
//! | F1, F2 | demands, the ceiling and what sets it | [`demand`] |
//! | F4, F5 | waits in steady traffic and in a burst | [`waiting`] |
//! | F6, F7, F15 | the least and the largest pool, and what all may hold | [`connections`] |
//! | F8, F14 | threads that hash, and log-ins that they carry | [`hashing`] |
//! | F9 | a simulation, where no closed form is to be trusted | [`simulation`] |
//! | F10 | requests worked on at once, and those that wait | [`slots`] |
//! | F12, F13 | instances, and the memory of one | [`instances`] |
//! | | curves through measured rates, and which of them to believe | [`curve`] |
//!
//! Little's law (F3) is among the checks of `xtask/stress`, and the shares of priorities (F11) are
//! those of `admission::Priority`.
//!
//! Times are seconds, rates are per second, memory is MiB, unless a name says otherwise. Rates and
//! times that are not positive give the least that makes sense rather than nonsense: nothing here
//! panics, and no count is 0 where one is needed.

pub mod connections;
pub mod curve;
pub mod demand;
pub mod hashing;
pub mod instances;
pub mod simulation;
pub mod slots;
pub mod waiting;

/// Share of a resource that steady traffic may use: above it waits grow steeply (M/M/c), and there
/// is nothing left for a burst.
pub const TARGET_USE: f64 = 0.7;

/// The percentile that objectives are about.
pub const P95: f64 = 0.95;

/// A whole number at least as large as `value`, and at least 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
pub(crate) fn at_least(value: f64) -> usize {
    // What is whole but for the last bit of a division stays what it is.
    let value = (value - 1e-9).ceil();
    if value.is_nan() { 1 } else { value.clamp(1.0, f64::from(u32::MAX)) as usize }
}

/// The largest whole number that is not above `value`; 0 where there is none.
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
    fn rounding_respects_the_last_bit_and_what_is_no_number() {
        assert_eq!((at_least(0.1 + 0.2), at_least(3.000_000_000_1), at_least(3.1)), (1, 3, 4));
        assert_eq!((at_least(f64::NAN), at_least(-1.0), at_most(f64::NAN)), (1, 1, 0));
        assert_eq!((at_most(2.999_999_999_9), at_most(-1.0)), (3, 0));
    }
}
