//! The server's own `/metrics`, before and after a load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::{Answer, Client};
use crate::http::Request;
use crate::processors::Cores;
use crate::statistics::real;

/// Stages of a request that the server measures.
const DURATIONS: [(&str, &str); 5] = [
    ("cardroom_http_request_duration_seconds", "request"),
    ("cardroom_pool_wait_duration_seconds", "pool wait"),
    ("cardroom_group_commit_duration_seconds", "group commit"),
    ("cardroom_hashing_wait_seconds", "hashing wait"),
    ("cardroom_hashing_duration_seconds", "hashing"),
];

/// Values by name and labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrape(BTreeMap<String, f64>);

/// The time of one stage during a load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wait {
    pub(crate) stage: String,
    pub(crate) labels: String,
    pub(crate) count: u64,
    pub(crate) mean_us: f64,
}

/// Resources that the server used for a load.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// None of a server that was not spawned.
    pub(crate) cores: Option<Cores>,
    pub(crate) resident_bytes: Option<f64>,
    pub(crate) waits: Vec<Wait>,
}

impl Scrape {
    /// Reads the metrics of a server; nothing where it has none to show.
    pub(crate) async fn of(client: &Client) -> Self {
        let answer = client.send(&Request::new("GET", "/metrics")).await;
        let text = answer.ok().filter(Answer::is_success).map(|it| it.text());
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let numbers = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(numbers.collect())
    }

    /// `debug` or `release`; `None` where the server does not report it.
    pub(crate) fn build(&self) -> Option<String> {
        let info = self.0.keys().find(|name| name.starts_with("cardroom_build_info"))?;
        let (_, rest) = info.split_once("build=\"")?;
        rest.split('"').next().map(str::to_owned)
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The change from `before` to now.
    pub(crate) fn since(&self, before: &Self) -> Cost {
        let waits = DURATIONS.iter().flat_map(|(name, stage)| self.waits(before, name, stage));
        Cost {
            cores: None,
            resident_bytes: self.number("process_resident_memory_bytes"),
            waits: waits.collect(),
        }
    }

    fn waits(&self, before: &Self, name: &str, stage: &str) -> Vec<Wait> {
        let prefix = format!("{name}_count");
        let counts = self.0.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        counts
            .filter_map(|(key, _)| {
                let labels = &key[prefix.len()..];
                let sum = format!("{name}_sum{labels}");
                let grown =
                    |key: &str| Some(self.number(key)? - before.number(key).unwrap_or_default());
                let (count, sum) = (grown(key)?, grown(&sum)?);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count"
                )]
                let whole = count.max(0.0) as u64;
                let labels = labels.trim_matches(['{', '}']).replace('"', "");
                (whole > 0).then(|| Wait {
                    stage: stage.to_owned(),
                    labels,
                    count: whole,
                    mean_us: sum * 1e6 / real(whole),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# TYPE cardroom_pool_wait_duration_seconds histogram\n\
        cardroom_pool_wait_duration_seconds_sum{pool=\"main\"} 1.5\n\
        cardroom_pool_wait_duration_seconds_count{pool=\"main\"} 10\n\
        cardroom_build_info{version=\"0.1.0\",build=\"debug\"} 1\n";

    #[test]
    fn a_wait_is_what_was_added_during_the_load() {
        let after = BEFORE.replace("1.5", "1.7").replace(" 10", " 30");

        let cost = Scrape::parse(&after).since(&Scrape::parse(BEFORE));

        let [wait] = &cost.waits[..] else { panic!("{:?}", cost.waits) };
        assert_eq!((wait.stage.as_str(), wait.count), ("pool wait", 20));
        assert!((wait.mean_us - 10_000.0).abs() < 1e-6 && wait.labels == "pool=main");
    }

    #[test]
    fn a_server_says_how_it_was_built() {
        assert_eq!(Scrape::parse(BEFORE).build().as_deref(), Some("debug"));
        assert_eq!(Scrape::default().build(), None);
    }
}
