//! Claims with limits.

use stress::statistics;

/// Prints whether the median of the values is within a limit, and returns it.
pub(crate) fn claim(name: &str, values: &[f64], most: f64) -> bool {
    let held = median(values) <= most;
    let word = if held { "HELD" } else { "MISSED" };
    println!("  {word:<6} {name}: {}, must be at most {most}", summary(values));
    held
}

/// Prints values that have no limit.
pub(crate) fn print_fact(name: &str, values: &[f64]) {
    println!("         {name}: {}", summary(values));
}

/// The median and the range of the values.
fn summary(values: &[f64]) -> String {
    let value = median(values);
    if values.len() < 2 {
        return format!("{value:.2}");
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{value:.2} ({least:.2} to {greatest:.2})")
}

/// The median; NaN without a value.
pub(crate) fn median(values: &[f64]) -> f64 {
    statistics::median(values.iter().copied()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_round_decides_nothing() {
        assert!(claim("p99", &[0.9, 7.0, 0.8], 1.0));
        assert!(!claim("p99", &[1.1, 0.2, 1.2], 1.0));
        assert!(!claim("nothing was measured", &[], 1.0));
    }
}
