//! Claims with limits.

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

/// The median, of an even number the mean of the middle two; NaN without a value.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    f64::midpoint(values[last / 2], values[last.div_ceil(2)])
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

    #[test]
    fn of_an_even_number_the_median_is_in_between() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
    }
}
