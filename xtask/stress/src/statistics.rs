//! Confidence intervals, as pure functions.
//!
//! They assume independent measurements. Requests of one burst or one connection are not quite
//! independent, so that the true intervals are a little wider.

/// The normal quantile of a two-sided interval at 95 %.
const Z95: f64 = 1.959_964;

/// Probability beyond each end of an interval.
const TAIL: f64 = 0.025;

/// Above this many measurements the normal approximation of the binomial is used.
const EXACT_MAX: u64 = 5000;

/// The ranks (from 1) between which the quantile `q` of everything lies with 95 % confidence.
///
/// By order statistics: the number of values below the quantile is binomial. None where no measurement
/// is low or high enough.
pub(crate) fn quantile_ranks(n: u64, q: f64) -> (Option<u64>, Option<u64>) {
    let within = |rank: u64| (1..=n).contains(&rank).then_some(rank);
    if n > EXACT_MAX {
        let (mean, spread) = (real(n) * q, Z95 * (real(n) * q * (1.0 - q)).sqrt());
        return (within(whole((mean - spread).floor())), within(whole((mean + spread).ceil()) + 1));
    }
    // Below: P(B < lower) <= tail. Above: P(B >= upper) <= tail.
    let (mut below, mut lower, mut upper) = (0.0, 0, n + 1);
    for successes in 0..=n {
        let next = below + binomial(n, successes, q);
        if next <= TAIL {
            lower = successes + 1;
        }
        if next >= 1.0 - TAIL {
            upper = successes + 1;
            break;
        }
        below = next;
    }
    (within(lower), within(upper))
}

/// The 95 % confidence interval of a share (Wilson's score interval).
pub(crate) fn wilson(successes: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (real(n), real(successes) / real(n));
    let denominator = 1.0 + Z95 * Z95 / n;
    let middle = share + Z95 * Z95 / (2.0 * n);
    let spread = Z95 * (share * (1.0 - share) / n + Z95 * Z95 / (4.0 * n * n)).sqrt();
    (((middle - spread) / denominator).max(0.0), ((middle + spread) / denominator).min(1.0))
}

/// The mean of the values and half of its 95 % interval (Student's t).
pub(crate) fn mean_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len();
    if n < 2 {
        return (values.first().copied().unwrap_or(f64::NAN), f64::INFINITY);
    }
    let mean = values.iter().sum::<f64>() / real(n as u64);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / real(n as u64 - 1)).sqrt();
    (mean, student(n - 1) * deviation / real(n as u64).sqrt())
}

/// The median, of an even number the mean of the middle two; `None` without a value.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(f64::midpoint(values[last / 2], values[last.div_ceil(2)]))
}

/// Student's t at 97.5 %, by degrees of freedom.
fn student(degrees: usize) -> f64 {
    const TABLE: [f64; 20] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    ];
    TABLE.get(degrees.saturating_sub(1)).copied().unwrap_or(Z95 + 2.4 / real(degrees as u64))
}

/// The probability of `k` successes in `n` trials.
fn binomial(n: u64, k: u64, p: f64) -> f64 {
    let choose = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    (choose + real(k) * p.ln() + real(n - k) * (1.0 - p).ln()).exp()
}

/// ln(n!), by Stirling's series above the first few.
fn ln_factorial(n: u64) -> f64 {
    if n < 20 {
        return (2..=n).map(|i| real(i).ln()).sum();
    }
    let n = real(n);
    let tau = std::f64::consts::TAU;
    n * n.ln() - n + 0.5 * (tau * n).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
}

/// A count as a real number; counts stay below 2^52.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 of anything")]
pub fn real(n: u64) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks are in range")]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }

    #[test]
    fn fifty_measurements_do_not_bound_their_95th_percentile() {
        assert_eq!(quantile_ranks(50, 0.95), (Some(44), None));
    }

    #[test]
    fn five_hundred_measurements_do() {
        let (lower, upper) = quantile_ranks(500, 0.95);

        assert!(lower.is_some_and(|it| (464..=466).contains(&it)), "{lower:?}");
        assert!(upper.is_some_and(|it| (484..=486).contains(&it)), "{upper:?}");
    }

    #[test]
    fn many_measurements_are_treated_as_few_are() {
        let (few, many) = (quantile_ranks(5000, 0.99), quantile_ranks(5001, 0.99));

        assert!(few.0.is_some_and(|it| it.abs_diff(many.0.unwrap()) <= 2), "{few:?} {many:?}");
        assert!(few.1.is_some_and(|it| it.abs_diff(many.1.unwrap()) <= 2), "{few:?} {many:?}");
    }

    #[test]
    fn nothing_measured_bounds_nothing() {
        assert_eq!(quantile_ranks(0, 0.5), (None, None));
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn success_has_the_intervals_of_wilson() {
        near(wilson(48, 50).0, 0.865, 0.001);
        near(wilson(48, 50).1, 0.989, 0.001);
        near(wilson(50, 50).0, 0.929, 0.001);
        near(wilson(500, 500).0, 0.992, 0.001);
        near(wilson(500, 500).1, 1.0, 1e-9);
    }

    #[test]
    fn of_an_even_number_the_median_is_in_between() {
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!((median([3.0, 1.0, 2.0]), median([])), (Some(2.0), None));
    }

    #[test]
    fn a_mean_has_the_interval_of_student() {
        let (mean, half) = mean_interval(&[1.0, 2.0, 3.0]);

        near(mean, 2.0, 1e-9);
        near(half, 4.303 / 3.0_f64.sqrt(), 1e-3);
        assert!(mean_interval(&[1.0]).1.is_infinite());
    }
}
