//! Passwords that are generated, to be handed over and changed.

use rand::seq::{IndexedRandom, SliceRandom};

use crate::passwords::Password;

/// The kinds of characters, of which a generated password has at least one each.
const KINDS: [&[u8]; 4] =
    [b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789", b"!@#$%^&*"];

/// Characters of a generated password.
const LENGTH: usize = 12;

/// A random password of twelve characters with at least one of each kind: 70 bits.
pub(crate) fn generate() -> Password {
    let mut random = rand::rng();
    let every = KINDS.concat();
    let one_each = KINDS.iter().filter_map(|kind| kind.choose(&mut random).copied());
    let mut characters: Vec<u8> = one_each.collect();
    while characters.len() < LENGTH {
        characters.extend(every.choose(&mut random));
    }
    characters.shuffle(&mut random);
    Password::from(String::from_utf8_lossy(&characters).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_has_every_kind_of_character() {
        for _ in 0..100 {
            let password = generate();
            assert_eq!(password.check_rules(), Ok(()));
            let text = password.expose();
            assert_eq!(text.len(), 12);
            for kind in [char::is_lowercase, char::is_uppercase, |it| char::is_ascii_digit(&it)] {
                assert!(text.chars().any(kind), "{text}");
            }
            assert!(text.contains(|it| "!@#$%^&*".contains(it)), "{text}");
        }
    }
}
