//! The log of the writers: the outcome of each request.

use std::collections::BTreeMap;

use rand::Rng;

use crate::http::Request;

/// A version of a document, and the marker in it. No two saves or patches have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Version {
    pub(super) number: i64,
    pub(super) marker: u64,
}

/// The requests of one writer, or of all.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) games: BTreeMap<String, Writes>,
    /// Sessions with the visitors that their joins returned.
    pub(super) joins: Vec<(String, String)>,
    /// Patches that are repeated after the restart.
    pub(super) patches: Vec<Patch>,
    pub(super) refused: usize,
    pub(super) cut: usize,
}

/// The writes of one game.
#[derive(Debug, Default)]
pub(super) struct Writes {
    pub(super) saved: Vec<Version>,
    /// The restored versions, and the acknowledged numbers of the new ones; none without an answer.
    pub(super) restored: Vec<(i64, Option<i64>)>,
}

impl Log {
    pub(super) fn add(&mut self, other: Self) {
        for (game, writes) in other.games {
            let all = self.games.entry(game).or_default();
            all.saved.extend(writes.saved);
            all.restored.extend(writes.restored);
        }
        self.joins.extend(other.joins);
        self.patches.extend(other.patches);
        self.refused += other.refused;
        self.cut += other.cut;
    }

    /// Notes a save or a patch; without an answer only that the game was written.
    pub(super) fn write(&mut self, game: &str, version: Option<i64>, marker: u64) {
        let writes = self.games.entry(game.to_owned()).or_default();
        writes.saved.extend(version.map(|number| Version { number, marker }));
    }

    pub(super) fn restore(&mut self, game: &str, of: i64, version: Option<i64>) {
        self.games.entry(game.to_owned()).or_default().restored.push((of, version));
    }

    /// A version of a game that was acknowledged to this writer.
    pub(super) fn any_version(&self, game: &str, random: &mut impl Rng) -> Option<i64> {
        let saved = &self.games.get(game)?.saved;
        saved.get(random.random_range(0..saved.len().max(1))).map(|it| it.number)
    }
}

impl Writes {
    /// The number of acknowledged versions.
    pub(super) fn acknowledged(&self) -> usize {
        self.saved.len() + self.restored.iter().filter(|it| it.1.is_some()).count()
    }
}

/// A patch with its key.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) game: String,
    pub(super) key: String,
    pub(super) marker: u64,
    pub(super) body: String,
    /// None of one without an answer.
    pub(super) version: Option<i64>,
}

impl Patch {
    pub(super) fn request<'a>(&'a self, path: &'a str, token: &'a str) -> Request<'a> {
        let request = Request::new("PATCH", path).token(token).body(&self.body);
        Request { content_type: "application/merge-patch+json", key: &self.key, ..request }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn writers_are_added_up() {
        let mut log = Log::default();
        for writer in 0..2 {
            let mut own = Log { refused: 1, ..Log::default() };
            own.write("common", Some(writer + 1), 10);
            own.restore("common", 1, Some(writer + 3));
            own.restore("common", 1, None);
            log.add(own);
        }
        assert_eq!((log.games["common"].acknowledged(), log.refused), (4, 2));
    }

    #[test]
    fn a_version_can_be_restored_once_it_was_acknowledged() {
        let (mut log, mut random) = (Log::default(), StdRng::seed_from_u64(1));
        assert_eq!(log.any_version("game", &mut random), None);
        log.write("game", None, 10);
        assert_eq!(log.any_version("game", &mut random), None);
        log.write("game", Some(3), 11);
        assert_eq!(log.any_version("game", &mut random), Some(3));
    }
}
