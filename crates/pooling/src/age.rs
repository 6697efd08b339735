//! The maximum age and idle time of connections.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use deadpool::managed::Metrics;

/// Limits of age and idle time. `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// Maximum age; up to an eighth less for each connection, so that they do not all end at the same time.
    pub life: Option<Duration>,
    /// Maximum idle time, since the last checkout.
    pub idle: Option<Duration>,
}

impl Ages {
    pub(crate) fn of(settings: &settings::Database) -> Self {
        let limit = |secs| (secs > 0).then(|| Duration::from_secs(secs));
        Self {
            life: limit(settings.connection_age_max_secs),
            idle: limit(settings.connection_idle_max_secs),
        }
    }

    /// Whether a connection may be checked out again.
    pub(crate) fn admit(&self, connection: &Metrics) -> bool {
        let lives =
            self.life.is_none_or(|most| connection.age() < shortened(most, connection.created));
        lives && self.idle.is_none_or(|most| connection.last_used() < most)
    }
}

/// The maximum age of the connection that was opened at `created`: from seven eighths of `most` to `most`.
fn shortened(most: Duration, created: Instant) -> Duration {
    let mut hasher = DefaultHasher::new();
    created.hash(&mut hasher);
    let steps = u32::from(hasher.finish().to_le_bytes()[0]);
    most.saturating_sub(most / 8 * steps / 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn opened(ago: Duration) -> Metrics {
        Metrics { created: Instant::now().checked_sub(ago).unwrap(), ..Metrics::default() }
    }

    #[test]
    fn a_connection_is_lent_until_it_is_too_old_or_was_idle_for_too_long() {
        let none = Ages::default();
        let life = Ages { life: Some(8 * MINUTE), idle: None };
        let idle = Ages { life: None, idle: Some(MINUTE) };
        assert!(none.admit(&opened(100 * MINUTE)));
        assert!(life.admit(&opened(6 * MINUTE)) && !life.admit(&opened(8 * MINUTE)));
        assert!(idle.admit(&opened(MINUTE / 2)) && !idle.admit(&opened(MINUTE)));
        let mut used = opened(100 * MINUTE);
        used.recycled = Some(Instant::now());
        assert!(idle.admit(&used));
    }

    #[test]
    fn connections_that_were_opened_together_do_not_end_together() {
        let now = Instant::now();
        let lives: Vec<_> = (0..100)
            .map(|nanos| shortened(8 * MINUTE, now + Duration::from_nanos(nanos)))
            .collect();
        assert!(lives.iter().all(|it| (7 * MINUTE..=8 * MINUTE).contains(it)));
        let (min, max) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
        assert!(max.abs_diff(*min) > MINUTE / 2, "{min:?} to {max:?}");
    }
}
