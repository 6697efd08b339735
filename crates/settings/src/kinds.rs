//! Readers for the kinds of values.

use std::fmt::Display;
use std::ops::RangeInclusive;

use secrecy::SecretString;

use crate::entries::Value;
use crate::keys::{Keys, ReadResult, Reading};

/// Shown for an empty value.
const NONE: &str = "(none)";

/// Characters of a bad value that a problem quotes, at most.
const SHOWN_MAX: usize = 80;

impl Keys {
    /// A whole number within `range`.
    pub(crate) fn number<N: Whole>(&mut self, key: &'static str, range: RangeInclusive<N>) -> N {
        let accepted = format!("a whole number from {} to {}", range.start(), range.end());
        let read = self.shown(key, &accepted, |text| {
            let number = whole(text, &range)?;
            Ok(Reading::new(number, number.to_string()))
        });
        read.unwrap_or(*range.start())
    }

    /// A number of threads up to `max`, where 0 stands for one per core.
    pub(crate) fn threads(&mut self, key: &'static str, max: usize) -> usize {
        let cores = self.cores();
        let accepted = format!("a whole number from 0 to {max}; 0 is one per core");
        let read = self.shown(key, &accepted, |text| match whole(text, &(0..=max))? {
            0 => Ok(Reading::new(cores, format!("{cores} (one per core)"))),
            threads => Ok(Reading::new(threads, threads.to_string())),
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
            choice.map(|(word, value)| Reading::new(*value, *word)).ok_or("is no choice".into())
        });
        read.unwrap_or(choices[0].1)
    }

    /// A text that `parse` converts, or that it refuses with a sentence.
    pub(crate) fn text<T: Display>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        self.shown(key, accepted, |text| {
            let value = parse(text)?;
            let shown = value.to_string();
            Ok(Reading { value, shown })
        })
    }

    /// A list, separated by commas in a variable. `check` refuses an item with a sentence.
    pub(crate) fn list(
        &mut self,
        key: &'static str,
        accepted: &str,
        check: impl Fn(&str) -> Result<(), &'static str>,
    ) -> Vec<String> {
        let read = self.read(key, accepted, |value| {
            let items = items(value);
            for item in &items {
                check(item).map_err(|what| format!("{} {what}", quoted(item)))?;
            }
            let shown = or_none(items.join(", "));
            Ok(Reading { value: items, shown })
        });
        read.unwrap_or_default()
    }

    /// A value that `parse` converts and that no problem may quote.
    pub(crate) fn secret<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> ReadResult<T>,
    ) -> Option<T> {
        self.read(key, accepted, |value| match value {
            Value::Text(text) => parse(text),
            Value::List(_) => Err("is a list".into()),
        })
    }

    /// As [`Keys::secret`], and none when the value is empty.
    pub(crate) fn optional_secret<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> ReadResult<T>,
    ) -> Option<T> {
        let read = self.secret(key, accepted, |text| match text {
            "" => Ok(Reading::new(None, NONE)),
            text => parse(text).map(|it| Reading { value: Some(it.value), shown: it.shown }),
        });
        read.flatten()
    }

    /// A text that is shown as `***`; empty when the value is. `check` refuses it with a sentence.
    pub(crate) fn masked(
        &mut self,
        key: &'static str,
        accepted: &str,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> SecretString {
        let read = self.optional_secret(key, accepted, |text| {
            check(text)?;
            Ok(Reading::new(text.into(), "***"))
        });
        read.unwrap_or_else(|| "".into())
    }

    /// A text without surrounding blanks, which a problem may quote.
    fn shown<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> ReadResult<T>,
    ) -> Option<T> {
        self.read(key, accepted, |value| match value {
            Value::Text(text) => {
                parse(text.trim()).map_err(|what| format!("{} {what}", quoted(text)))
            }
            Value::List(_) => Err("is a list".into()),
        })
    }
}

/// The integer types of settings.
pub(crate) trait Whole: Copy + Display + PartialOrd + TryFrom<i128> {}

impl<N: Copy + Display + PartialOrd + TryFrom<i128>> Whole for N {}

fn whole<N: Whole>(text: &str, range: &RangeInclusive<N>) -> Result<N, &'static str> {
    let number: i128 = text.parse().map_err(|_| "is not a whole number")?;
    let number = N::try_from(number).ok();
    number.filter(|number| range.contains(number)).ok_or("is out of range")
}

/// The items of a list. A text is split at its commas; empty items are dropped.
fn items(value: &Value) -> Vec<String> {
    let parts = match value {
        Value::Text(text) => text.split(',').collect(),
        Value::List(items) => items.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let trimmed = parts.into_iter().map(str::trim);
    trimmed.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A bad value in quotes, on one line, shortened to [`SHOWN_MAX`].
fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn or_none(shown: String) -> String {
    if shown.is_empty() { NONE.into() } else { shown }
}
