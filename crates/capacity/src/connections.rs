//! The connections of one process, and of all processes together (F6, F7, F15).
//!
//! Sources: `HikariCP`'s "About Pool Sizing" for the deadlock floor and the starting point of twice
//! the cores; the PostgreSQL wiki's "Number Of Database Connections" for the knee; PostgreSQL's
//! documentation of `superuser_reserved_connections`; Supabase's of the clients of its pooler.

mod refusal;

use crate::quantities::{P95, TARGET_USE, at_least, at_most, real};

pub use refusal::{Refusal, WayOut};

/// Connections that stay free for migrations and administration.
pub const ADMINISTRATORS: usize = 4;

/// The demand for connections, for [`pool_floor`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demands {
    /// Connections in use by steady traffic: rate times hold time, summed over all operations.
    pub steady: f64,
    /// Concurrent requests of a burst.
    pub people: usize,
    /// Hold time of each request of the burst, in seconds, from checkout to return.
    pub hold: f64,
    /// Objective for the 95th percentile of the burst, in seconds.
    pub objective: f64,
    /// Tasks that hold several connections at the same time, and the number of each; this server has
    /// none: `(0, 1)`.
    pub greedy: (usize, usize),
}

/// The smallest sufficient pool (F6): steady traffic uses 70 % of it, a burst meets its objective, and
/// tasks that need several connections cannot deadlock.
pub fn pool_floor(demands: &Demands) -> usize {
    let steady = at_least(demands.steady / TARGET_USE);
    let burst = at_least(P95 * real(demands.people) * demands.hold / demands.objective);
    let (tasks, each) = demands.greedy;
    let deadlock = tasks * each.saturating_sub(1) + 1;
    steady.max(burst).max(deadlock)
}

/// The size above which a larger pool makes nothing faster: the knee of a measured ramp, or else twice
/// the cores of the database plus its spindles (F7). A database in memory has no spindles.
pub fn pool_knee(measured: Option<usize>, cores: usize, spindles: usize) -> usize {
    measured.unwrap_or(2 * cores + spindles).max(1)
}

/// The connections that a database allows to all instances together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `max_connections`, or the clients of a pooler.
    pub connections: usize,
    /// `superuser_reserved_connections` and `reserved_connections`; a pooler reserves none.
    pub reserved: usize,
    /// Connections of other programs, as `pg_stat_activity` shows.
    pub others: usize,
}

impl Limits {
    /// The budget of all instances (F7).
    pub fn budget(&self) -> usize {
        self.connections.saturating_sub(self.reserved + self.others + ADMINISTRATORS)
    }
}

/// The connections that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Instances at most.
    pub instances: usize,
    /// Connections of one instance, including those of its commit lanes.
    pub each: usize,
    /// Generations of instances that live at the same time: 2 while a deployment replaces them, 1
    /// where the old ones end first.
    pub overlap: usize,
}

impl Wanted {
    /// Connections of all instances of all generations.
    pub fn total(&self) -> usize {
        self.instances * self.each * self.overlap
    }
}

/// Connections that each of this many instances may hold (F7); 0 when there are fewer than instances.
pub fn pool_ceiling(limits: &Limits, instances: usize, overlap: usize) -> usize {
    at_most(real(limits.budget()) / real((instances * overlap).max(1)))
}

/// Instances that may hold this many connections each (F12).
pub fn instances_ceiling(limits: &Limits, each: usize, overlap: usize) -> usize {
    at_most(real(limits.budget()) / real((each * overlap).max(1)))
}

/// Statements that a database executes concurrently behind a pooler: limited by the pooler, however many
/// connections the pools hold (F15).
pub fn useful(total: usize, pooler_size: Option<usize>) -> usize {
    pooler_size.map_or(total, |size| total.min(size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MICRO: Limits = Limits { connections: 60, reserved: 3, others: 14 };

    #[test]
    fn a_budget_leaves_room_for_others() {
        assert_eq!(MICRO.budget(), 39);
        assert_eq!(pool_ceiling(&MICRO, 3, 2), 6);
        assert_eq!(instances_ceiling(&MICRO, 6, 2), 3);
        assert_eq!(Limits { connections: 5, ..MICRO }.budget(), 0);
    }

    #[test]
    fn fifty_saves_need_one_connection_and_not_fifty() {
        let burst =
            Demands { steady: 0.0, people: 50, hold: 0.015, objective: 1.0, greedy: (0, 1) };
        assert_eq!(pool_floor(&burst), 1);
        assert_eq!(pool_floor(&Demands { objective: 0.1, ..burst }), 8);
        assert_eq!(pool_floor(&Demands { steady: 7.0, ..burst }), 10);
        assert_eq!(pool_floor(&Demands { greedy: (8, 3), ..burst }), 17);
    }

    #[test]
    fn a_pooler_decides_how_much_is_worked_on() {
        assert_eq!((useful(100, Some(15)), useful(10, Some(15)), useful(100, None)), (15, 10, 100));
        assert_eq!((pool_knee(None, 2, 0), pool_knee(Some(7), 2, 0)), (4, 7));
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (0..1000_usize, 0..20_usize, 0..100_usize)
            .prop_map(|(connections, reserved, others)| Limits { connections, reserved, others })
    }

    proptest! {
        #[test]
        fn a_count_at_the_ceiling_fits_and_one_more_is_refused(
            limits in limits(), instances in 1..50_usize, overlap in 1..3_usize,
        ) {
            let each = pool_ceiling(&limits, instances, overlap);
            let fits = |instances, each| Wanted { instances, each, overlap }.prove(&limits).is_ok();
            prop_assert!(fits(instances, each));
            prop_assert!(!fits(instances, each + 1));
            prop_assert!(fits(instances_ceiling(&limits, each + 1, overlap), each + 1));
        }

        #[test]
        fn a_floor_is_monotone(
            steady in 0.0..100.0_f64, people in 0..2000_usize, hold in 1e-4..1.0_f64,
            objective in 0.01..10.0_f64, tasks in 0..50_usize, each in 1..5_usize,
        ) {
            let it = Demands { steady, people, hold, objective, greedy: (tasks, each) };
            let floor = pool_floor(&it);
            prop_assert!(floor >= 1 && real(floor) * TARGET_USE >= steady - 1e-6);
            prop_assert!(floor > tasks * (each - 1));
            let more_people = Demands { people: people + 1, ..it };
            let longer = Demands { hold: hold * 2.0, ..it };
            let patient = Demands { objective: objective * 2.0, ..it };
            prop_assert!(pool_floor(&more_people) >= floor);
            prop_assert!(pool_floor(&longer) >= floor && pool_floor(&patient) <= floor);
        }
    }
}
