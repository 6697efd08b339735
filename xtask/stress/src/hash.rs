//! The rate at which passwords can be hashed: log-ins cannot be faster.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::statistics::real;

/// Hashes a second of so many threads together, measured for `time`.
///
/// # Errors
/// When bcrypt does not take the cost.
pub fn rate(cost: u32, threads: usize, time: Duration) -> Result<f64> {
    let hash = bcrypt::hash("a password", cost)?;
    let start = Instant::now();
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let hash = hash.clone();
            thread::spawn(move || one_thread(&hash, start, time))
        })
        .collect();
    threads.into_iter().map(|it| it.join().ok().context("a hash panicked")?).sum()
}

/// Hashes a second on all cores.
pub(crate) fn rate_of_all_cores(cost: u32) -> Result<f64> {
    rate(cost, thread::available_parallelism()?.get(), Duration::from_secs(3))
}

/// Hashes a second of one thread, counted over the hashes that it finished.
fn one_thread(hash: &str, start: Instant, time: Duration) -> Result<f64> {
    let mut count = 0;
    while start.elapsed() < time {
        bcrypt::verify("a password", hash)?;
        count += 1;
    }
    Ok(real(count) / start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_cost_is_slower() {
        let [low, high] = [4, 6].map(|cost| rate(cost, 1, Duration::from_millis(50)).unwrap());
        assert!(high < low, "{high} of cost 6, {low} of cost 4");
        assert!(rate(99, 1, Duration::ZERO).is_err());
    }
}
