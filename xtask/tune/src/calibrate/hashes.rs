//! What hashing passwords costs here, by threads: cores that are shared are not what they seem.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::calibration::{HASH_COST, real};

/// How long each number of threads hashes.
const TIME: Duration = Duration::from_millis(1500);

/// Hashes a second by 1 to twice as many threads as there are cores; and how often a hash is done in
/// the time of one that costs two more.
pub(super) fn measure(cores: usize) -> Result<(Vec<f64>, f64)> {
    let rates: Result<Vec<_>> = (1..=2 * cores).map(|threads| rate(HASH_COST, threads)).collect();
    let rates = rates?;
    let dear = rate(HASH_COST + 2, 1)?;
    let step = rates.first().context("no cores")? / dear;
    Ok((rates, step))
}

/// Hashes a second of so many threads together.
fn rate(cost: u32, threads: usize) -> Result<f64> {
    let hash = bcrypt::hash("a password", cost)?;
    let start = Instant::now();
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let hash = hash.clone();
            thread::spawn(move || count(&hash, start))
        })
        .collect();
    let mut rate = 0.0;
    for thread in threads {
        rate += thread.join().ok().context("a hash panicked")??;
    }
    Ok(rate)
}

/// Hashes a second of one thread, by the hashes that it finished.
fn count(hash: &str, start: Instant) -> Result<f64> {
    let mut count = 0;
    while start.elapsed() < TIME {
        bcrypt::verify("a password", hash)?;
        count += 1;
    }
    Ok(real(count) / start.elapsed().as_secs_f64())
}
