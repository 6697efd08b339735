//! The kinds of values, and how each is read.

use std::fmt::Display;
use std::ops::RangeInclusive;

use secrecy::SecretString;

use crate::keys::{Keys, Reading};
use crate::layers::Value;

/// How an empty value is shown.
const NONE: &str = "(none)";

/// Letters of a bad value, at most, that a problem repeats.
const SHOWN_MAX: usize = 80;

impl Keys {
    /// A whole number within `range`.
    pub(crate) fn number<N: Whole>(&mut self, key: &'static str, range: RangeInclusive<N>) -> N {
        let accepted = format!("a whole number from {} to {}", range.start(), range.end());
        let read = self.shown(key, &accepted, |text| {
            let number = whole(text, &range)?;
            Ok((number, number.to_string()))
        });
        read.unwrap_or(*range.start())
    }

    /// A number of threads up to `max`, where 0 stands for one per core.
    pub(crate) fn threads(&mut self, key: &'static str, max: usize) -> usize {
        let cores = self.cores();
        let accepted = format!("a whole number from 0 to {max}; 0 is one per core");
        let read = self.shown(key, &accepted, |text| match whole(text, &(0..=max))? {
            0 => Ok((cores, format!("{cores} (one per core)"))),
            threads => Ok((threads, threads.to_string())),
        });
        read.unwrap_or(cores)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> bool {
        self.choice(key, [("true", true), ("false", false)])
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy, const N: usize>(
        &mut self,
        key: &'static str,
        choices: [(&str, T); N],
    ) -> T {
        let accepted = choices.map(|(word, _)| word).join(" or ");
        let read = self.shown(key, &accepted, |text| {
            let choice = choices.iter().find(|(word, _)| *word == text);
            choice.map(|(word, value)| (*value, (*word).to_owned())).ok_or("is no choice".into())
        });
        read.unwrap_or(choices[0].1)
    }

    /// What `parse` makes of a text, or what it says is wrong with it.
    pub(crate) fn text<T: Display>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        self.shown(key, accepted, |text| {
            let value = parse(text)?;
            let shown = value.to_string();
            Ok((value, shown))
        })
    }

    /// A list, in a variable separated by commas, of which every item `fits`.
    pub(crate) fn list(
        &mut self,
        key: &'static str,
        accepted: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let read = self.read(key, accepted, |value| {
            let items = items(value);
            match items.iter().find(|item| !fits(item)) {
                Some(item) => Err(format!("{} does not fit", quoted(item))),
                None => Ok((items.clone(), or_none(items.join(", ")))),
            }
        });
        read.unwrap_or_default()
    }

    /// What `parse` makes of a value that no problem may repeat.
    pub(crate) fn secret<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Reading<T>,
    ) -> Option<T> {
        self.read(key, accepted, |value| match value {
            Value::Text(text) => parse(text),
            Value::List(_) => Err("is a list".into()),
        })
    }

    /// As [`Keys::secret`], and nothing when the value is empty.
    pub(crate) fn optional_secret<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Reading<T>,
    ) -> Option<T> {
        let read = self.secret(key, accepted, |text| match text {
            "" => Ok((None, NONE.into())),
            text => parse(text).map(|(value, shown)| (Some(value), shown)),
        });
        read.flatten()
    }

    /// A text that `fits` and is shown as `***`; empty when the value is.
    pub(crate) fn masked(
        &mut self,
        key: &'static str,
        accepted: &str,
        fits: impl FnOnce(&str) -> bool,
    ) -> SecretString {
        let read = self.optional_secret(key, accepted, |text| {
            if fits(text) { Ok((text.into(), "***".into())) } else { Err("does not fit".into()) }
        });
        read.unwrap_or_else(|| "".into())
    }

    /// Reads a text, blanks around it left out, whose value a problem may repeat.
    fn shown<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Reading<T>,
    ) -> Option<T> {
        self.read(key, accepted, |value| match value {
            Value::Text(text) => {
                parse(text.trim()).map_err(|what| format!("{} {what}", quoted(text)))
            }
            Value::List(_) => Err("is a list".into()),
        })
    }
}

/// The types that count something.
pub(crate) trait Whole: Copy + Display + PartialOrd + TryFrom<i128> {}

impl<N: Copy + Display + PartialOrd + TryFrom<i128>> Whole for N {}

fn whole<N: Whole>(text: &str, range: &RangeInclusive<N>) -> Result<N, &'static str> {
    let number: i128 = text.parse().map_err(|_| "is not a whole number")?;
    let number = N::try_from(number).ok();
    number.filter(|number| range.contains(number)).ok_or("is out of range")
}

/// The items of a list; a text is split at its commas, empty items are left out.
fn items(value: &Value) -> Vec<String> {
    let parts = match value {
        Value::Text(text) => text.split(',').collect(),
        Value::List(items) => items.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let trimmed = parts.into_iter().map(str::trim);
    trimmed.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A bad value in quotes, on one line and not too long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn or_none(shown: String) -> String {
    if shown.is_empty() { NONE.into() } else { shown }
}
