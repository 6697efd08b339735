//! Mutations of bytes, as fuzzers make them: small changes, pieces of other inputs, words that parsers know.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// Longer inputs are not grown further.
const LENGTH_MAX: usize = 16_384;

/// Bytes that parsers treat specially.
const WORDS: [&[u8]; 44] = [
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\t",
    b" ",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[[[[[[[[[",
    b":",
    b",",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"1e-999",
    b"0.1",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"%00",
    b"%2e%2e%2f",
    b"%ff",
    b"../",
    b"//",
    b"?",
    b"#",
    b"&",
    b"=",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae",
    b"transfer-encoding: chunked\r\n",
    b"content-length: 18446744073709551615\r\n",
    b"expect: 100-continue\r\n",
    b"0\r\n\r\n",
];

/// Mutates inputs, with pieces of a corpus.
pub(super) struct Mutator {
    pieces: Vec<Vec<u8>>,
}

impl Mutator {
    pub(super) fn of(corpus: &[Vec<u8>]) -> Self {
        Self { pieces: corpus.to_vec() }
    }

    /// Changes the input at one place.
    pub(super) fn mutate(&self, input: &mut Vec<u8>, random: &mut StdRng) {
        let at = random.random_range(0..=input.len());
        let end = random.random_range(at..=input.len().min(at + 32));
        match random.random_range(0..9) {
            0 if at < input.len() => input[at] ^= 1 << random.random_range(0..8),
            1 if at < input.len() => input[at] = random.random(),
            2 => drop(input.drain(at..end)),
            3 => input.truncate(at),
            _ if input.len() > LENGTH_MAX => input.truncate(LENGTH_MAX / 2),
            4 => insert(input, at, one_of(&WORDS, random)),
            5 => drop(input.splice(at..end, one_of(&WORDS, random).iter().copied())),
            6 => insert(input, at, &input[at..end].repeat(random.random_range(1..=64))),
            7 => {
                let other = one_of(&self.pieces, random);
                let start = random.random_range(0..=other.len());
                let stop = random.random_range(start..=other.len());
                insert(input, at, &other[start..stop]);
            }
            _ => change_number(input, random),
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}

/// Replaces a digit, so that numbers and lengths become others.
fn change_number(input: &mut [u8], random: &mut StdRng) {
    let digits: Vec<usize> = (0..input.len()).filter(|&n| input[n].is_ascii_digit()).collect();
    if let Some(&at) = digits.choose(random) {
        input[at] = random.random_range(b'0'..=b'9');
    }
}

/// A random one of `all`, which is not empty.
fn one_of<'a>(all: &'a [impl AsRef<[u8]>], random: &mut StdRng) -> &'a [u8] {
    all.choose(random).unwrap().as_ref()
}
