//! Fuzzing on stable Rust: inputs of a corpus are mutated, and the server must answer or refuse them.
//!
//! Each target runs for `CARDROOM_FUZZ_SECONDS` (2 by default) from `CARDROOM_FUZZ_SEED` (1 by default);
//! `cargo xtask fuzz --minutes 60` runs them for long. An input that fails is written to a file that the
//! message names; it belongs into `tests/corpus` with the fix.

mod documents;
mod http;
mod mutator;
mod settings;
mod tokens;
mod websocket;

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use mutator::Mutator;

/// The mutated inputs of one target, until its time is over.
struct Inputs {
    target: &'static str,
    corpus: Vec<Vec<u8>>,
    mutator: Mutator,
    random: StdRng,
    seed: u64,
    end: Instant,
    count: u64,
}

impl Inputs {
    /// Mutations of all files in the folder of the target in `tests/corpus`.
    fn of(target: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
        let mut files: Vec<_> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        Self::from(target, files.iter().map(|file| fs::read(file).unwrap()).collect())
    }

    /// Mutations of these.
    fn from(target: &'static str, corpus: Vec<Vec<u8>>) -> Self {
        let seconds: f64 = variable("CARDROOM_FUZZ_SECONDS").unwrap_or(2.0);
        let seed = variable("CARDROOM_FUZZ_SEED").unwrap_or(1);
        Self {
            target,
            mutator: Mutator::of(&corpus),
            corpus,
            random: StdRng::seed_from_u64(seed),
            seed,
            end: Instant::now() + Duration::from_secs_f64(seconds),
            count: 0,
        }
    }

    /// The next input, or nothing once the time is over. The corpus itself comes first, unchanged.
    fn next(&mut self) -> Option<Vec<u8>> {
        self.count += 1;
        if let Some(whole) = usize::try_from(self.count - 1).ok().and_then(|n| self.corpus.get(n)) {
            return Some(whole.clone());
        }
        if self.end < Instant::now() {
            println!("{}: {} inputs from seed {}", self.target, self.count, self.seed);
            return None;
        }
        let mut input = self.corpus.choose(&mut self.random)?.clone();
        for _ in 0..self.random.random_range(1..=4) {
            self.mutator.mutate(&mut input, &mut self.random);
        }
        Some(input)
    }

    /// Keeps the input in a file, and fails.
    fn fail(&self, input: &[u8], fault: impl Display) -> ! {
        let name = format!("cardroom-fuzz-{}-{}-{}", self.target, self.seed, self.count);
        let file = env::temp_dir().join(name);
        fs::write(&file, input).unwrap();
        panic!("{}: {fault}\n{}\nkept in {}", self.target, input.escape_ascii(), file.display());
    }
}

/// The number that a variable of the environment holds.
fn variable<N: std::str::FromStr>(name: &str) -> Option<N> {
    env::var(name).ok()?.parse().ok()
}

/// The text with a name in braces replaced by what it stands for in this run, in every file of a corpus.
fn filled(input: &[u8], values: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for (name, value) in values {
        while let Some(at) = bytes.windows(name.len()).position(|it| it == name.as_bytes()) {
            bytes.splice(at..at + name.len(), value.bytes());
        }
    }
    bytes
}
