//! Why a number of connections exceeds the budget, and the remedies.

use std::fmt::{self, Display, Formatter};

use super::{ADMINISTRATORS, Limits, Wanted, instances_ceiling, pool_ceiling};

/// More connections are wanted than the database allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was wanted.
    pub wanted: Wanted,
    /// The budget.
    pub limits: Limits,
}

/// A remedy that is sufficient by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Smaller pools, of this many connections, lanes included. They cost nothing: requests wait in a queue.
    SmallerPools(usize),
    /// Instances at most.
    FewerInstances(usize),
    /// Old instances end before new ones start; then all connections fit.
    DrainFirst,
    /// A database, or a pooler, with this many connections.
    LargerDatabase(usize),
}

impl Wanted {
    /// Proves that instances x pool x overlap <= budget.
    ///
    /// # Errors
    /// When the connections do not fit, with the remedies.
    pub fn prove(&self, limits: &Limits) -> Result<(), Refusal> {
        if self.total() <= limits.budget() {
            Ok(())
        } else {
            Err(Refusal { wanted: *self, limits: *limits })
        }
    }
}

impl Refusal {
    /// All remedies that are proved to be sufficient, the cheapest first. An instance needs at least `least`
    /// connections.
    pub fn ways_out(&self, least: usize) -> Vec<WayOut> {
        let Self { wanted, limits } = *self;
        let smaller = pool_ceiling(&limits, wanted.instances, wanted.overlap);
        let fewer = instances_ceiling(&limits, wanted.each, wanted.overlap);
        let drained = Wanted { overlap: 1, ..wanted };
        let needed = wanted.total() + limits.reserved + limits.others + ADMINISTRATORS;
        let ways = [
            (smaller >= least.max(1)).then_some(WayOut::SmallerPools(smaller)),
            (fewer > 0).then_some(WayOut::FewerInstances(fewer)),
            (drained.total() <= limits.budget()).then_some(WayOut::DrainFirst),
            Some(WayOut::LargerDatabase(needed)),
        ];
        ways.into_iter().flatten().collect()
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Wanted { instances, each, overlap } = self.wanted;
        let Limits { connections, reserved, others } = self.limits;
        write!(
            f,
            "{instances} instances x {each} connections x {overlap} generations = {} > {} = \
             {connections} - {reserved} reserved - {others} of others - {ADMINISTRATORS} for \
             migrations and administrators",
            self.wanted.total(),
            self.limits.budget(),
        )
    }
}

impl Display for WayOut {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::SmallerPools(each) => write!(f, "{each} connections for each instance"),
            Self::FewerInstances(count) => write!(f, "{count} instances at most"),
            Self::DrainFirst => f.write_str("end the old instances before the new ones begin"),
            Self::LargerDatabase(count) => {
                write!(f, "a database or a pooler that takes {count} connections")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pool_of_75_for_ten_instances_is_refused_with_the_arithmetic() {
        let wanted = Wanted { instances: 10, each: 75, overlap: 2 };
        let micro = Limits { connections: 60, reserved: 3, others: 14 };
        let refusal = wanted.prove(&micro).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "10 instances x 75 connections x 2 generations = 1500 > 39 = 60 - 3 reserved - 14 of \
             others - 4 for migrations and administrators"
        );
        let ways: Vec<_> = refusal.ways_out(3).iter().map(ToString::to_string).collect();
        assert_eq!(ways, ["a database or a pooler that takes 1521 connections"]);
        assert_eq!(refusal.ways_out(1)[0], WayOut::SmallerPools(1));
    }

    proptest! {
        #[test]
        fn every_way_out_leads_out(
            instances in 1..50_usize, each in 1..100_usize, overlap in 1..3_usize,
            connections in 0..1000_usize, reserved in 0..20_usize, others in 0..100_usize,
        ) {
            let wanted = Wanted { instances, each, overlap };
            let limits = Limits { connections, reserved, others };
            let Err(refusal) = wanted.prove(&limits) else { return Ok(()) };
            for way in refusal.ways_out(1) {
                let (wanted, limits) = match way {
                    WayOut::SmallerPools(each) => (Wanted { each, ..wanted }, limits),
                    WayOut::FewerInstances(instances) => (Wanted { instances, ..wanted }, limits),
                    WayOut::DrainFirst => (Wanted { overlap: 1, ..wanted }, limits),
                    WayOut::LargerDatabase(connections) => {
                        (wanted, Limits { connections, ..limits })
                    }
                };
                prop_assert!(wanted.each > 0 && wanted.instances > 0);
                prop_assert!(wanted.prove(&limits).is_ok(), "{way}");
            }
        }
    }
}
