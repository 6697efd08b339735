//! Fuzzing on stable Rust: inputs of a corpus are mutated, and the server must answer or refuse them.
//!
//! Each target runs for `CARDROOM_FUZZ_SECONDS` (2 by default) from `CARDROOM_FUZZ_SEED` (1 by default);
//! `cargo xtask fuzz --minutes 60` runs them for long. An input that fails is written to `tests/corpus`,
//! where every later run begins with it; it is committed with the fix.

mod documents;
mod http;
mod mutator;
mod settings;
mod tokens;
mod websocket;

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::PathBuf;
use std::thread;
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
    /// The last input, which is written to the corpus if the test fails.
    last: Vec<u8>,
    /// When the next line about the progress is printed.
    report_at: Instant,
}

/// Interval of lines about the progress.
const REPORT_EVERY: Duration = Duration::from_secs(30);

impl Inputs {
    /// Mutations of all files in the folder of the target in `tests/corpus`.
    fn of(target: &'static str) -> Self {
        Self::from(target, Vec::new())
    }

    /// Mutations of these, and of the files of the target in `tests/corpus` if there are any.
    fn from(target: &'static str, mut corpus: Vec<Vec<u8>>) -> Self {
        let files = fs::read_dir(folder(target)).into_iter().flatten();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        corpus.extend(files.iter().map(|file| fs::read(file).unwrap()));
        assert!(!corpus.is_empty(), "{target} has no corpus");
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
            last: Vec::new(),
            report_at: Instant::now() + REPORT_EVERY,
        }
    }

    /// The next input, or nothing once the time is over. The corpus itself comes first, unchanged.
    fn next(&mut self) -> Option<Vec<u8>> {
        self.last = self.draw()?;
        Some(self.last.clone())
    }

    fn draw(&mut self) -> Option<Vec<u8>> {
        self.count += 1;
        if self.report_at < Instant::now() {
            self.report_at += REPORT_EVERY;
            let left = self.end.saturating_duration_since(Instant::now()).as_secs();
            println!("{}: {} inputs, {left} s left", self.target, self.count);
        }
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

    /// Fails because of an input.
    fn fail(&self, input: &[u8], fault: impl Display) -> ! {
        panic!("{}: {fault}\n{}", self.target, input.escape_ascii());
    }
}

/// Writes the last input to the corpus when the test panics.
impl Drop for Inputs {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let folder = folder(self.target);
        let file = folder.join(format!("failed-{}-{}.txt", self.seed, self.count));
        let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &self.last));
        match kept {
            Ok(()) => eprintln!("{}: the input is kept in {}", self.target, file.display()),
            Err(error) => eprintln!("{}: the input is lost: {error}", self.target),
        }
    }
}

/// The folder of a target's corpus.
fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target)
}

/// The number that a variable of the environment holds.
fn variable<N: std::str::FromStr>(name: &str) -> Option<N> {
    env::var(name).ok()?.parse().ok()
}

/// The input with each name in braces replaced by its value in this run.
fn filled(input: &[u8], values: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for (name, value) in values {
        while let Some(at) = bytes.windows(name.len()).position(|it| it == name.as_bytes()) {
            bytes.splice(at..at + name.len(), value.bytes());
        }
    }
    bytes
}

#[test]
fn the_input_that_failed_is_kept_and_comes_first_in_the_next_run() {
    const TARGET: &str = "of_a_test";
    let failing = || {
        let mut inputs = Inputs::from(TARGET, vec![b"first".to_vec(), b"second".to_vec()]);
        inputs.next();
        let second = inputs.next().unwrap();
        inputs.fail(&second, "meant to fail");
    };
    assert!(thread::spawn(failing).join().is_err());
    let next = Inputs::from(TARGET, Vec::new()).next();
    fs::remove_dir_all(folder(TARGET)).unwrap();
    assert_eq!(next.as_deref(), Some(&b"second"[..]));
}
