//! What hashing passwords reaches alone: log-ins cannot be faster.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::statistics::real;

/// How long all cores hash.
const TIME: Duration = Duration::from_secs(3);

/// Hashes a second on all cores together.
pub(crate) fn rate(cost: u32) -> Result<f64> {
    let hash = bcrypt::hash("a password", cost)?;
    let cores = thread::available_parallelism()?.get();
    let start = Instant::now();
    let threads: Vec<_> = (0..cores)
        .map(|_| {
            let hash = hash.clone();
            thread::spawn(move || {
                let mut count = 0;
                while start.elapsed() < TIME {
                    bcrypt::verify("a password", &hash)?;
                    count += 1;
                }
                Ok::<u64, bcrypt::BcryptError>(count)
            })
        })
        .collect();
    let mut count = 0;
    for thread in threads {
        count += thread.join().ok().context("a hash panicked")??;
    }
    Ok(real(count) / start.elapsed().as_secs_f64())
}
