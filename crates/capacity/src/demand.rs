//! What an operation needs of each resource, and what that allows (F1, F2).
//!
//! Source: operational analysis; Denning and Buzen, "The Operational Analysis of Queueing Network
//! Models", ACM Computing Surveys 10 (1978).

/// Seconds of a resource that one completed operation needs (F1, the utilisation law).
///
/// `busy` is the busy time of the resource, in seconds, summed over all of its servers.
pub fn demand(busy: f64, completions: f64) -> f64 {
    if completions > 0.0 { (busy / completions).max(0.0) } else { 0.0 }
}

/// A limited resource that operations need.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its name in reports.
    pub name: &'static str,
    /// Operations that it serves at the same time, 0.01 or more; fractions of cores count.
    pub servers: f64,
    /// Its service demand: seconds of it that one operation needs.
    pub demand: f64,
}

/// The bottleneck: the resource that saturates first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// The resource.
    pub bottleneck: &'static str,
    /// Operations a second that it allows.
    pub rate: f64,
}

/// The highest possible rate, and the resource that sets it: the least of servers over demand (F2).
///
/// `None` when no resource is needed.
pub fn ceiling(resources: &[Resource]) -> Option<Ceiling> {
    let rates = resources
        .iter()
        .filter(|it| it.demand > 0.0)
        .map(|it| Ceiling { bottleneck: it.name, rate: it.servers / it.demand });
    rates.min_by(|one, other| one.rate.total_cmp(&other.rate))
}

/// Users at which the two asymptotes meet (F2, N*), with a response time of `response` without load and a
/// think time of `think`: fewer users cannot reach the ceiling, more wait for each other.
pub fn saturating_users(response: f64, think: f64, ceiling: f64) -> f64 {
    ceiling * (response + think)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resource(name: &'static str, servers: f64, demand: f64) -> Resource {
        Resource { name, servers, demand }
    }

    #[test]
    fn the_bottleneck_is_the_resource_that_saturates_first() {
        let all = [resource("cores", 2.0, 0.001), resource("lanes", 1.0, 0.002)];
        let ceiling = ceiling(&all).unwrap();
        assert_eq!(ceiling.bottleneck, "lanes");
        assert!((ceiling.rate - 500.0).abs() < 1e-9);
        assert!(super::ceiling(&[resource("cores", 2.0, 0.0)]).is_none());
    }

    #[test]
    fn a_demand_is_busy_time_by_completions() {
        assert!((demand(3.0, 1500.0) - 0.002).abs() < 1e-12);
        assert!(demand(3.0, 0.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn nothing_exceeds_the_ceiling_of_any_resource(
            servers in prop::collection::vec(0.1..64.0_f64, 1..6),
            demands in prop::collection::vec(1e-6..1.0_f64, 6),
            think in 0.0..10.0_f64,
        ) {
            let all: Vec<_> =
                servers.iter().zip(&demands).map(|(&c, &d)| resource("it", c, d)).collect();
            let ceiling = ceiling(&all).unwrap();
            for it in &all {
                prop_assert!(ceiling.rate * it.demand <= it.servers * (1.0 + 1e-9));
            }
            let response: f64 = all.iter().map(|it| it.demand).sum();
            // This many users, each with one request at a time, just saturate it.
            let users = saturating_users(response, think, ceiling.rate);
            prop_assert!((users / (response + think) / ceiling.rate - 1.0).abs() < 1e-9);
        }
    }
}
