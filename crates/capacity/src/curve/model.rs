//! Three ways in which a rate may depend on the number of users.

/// Users, and the rate that they reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Users of a closed loop, 1 or more.
    pub users: usize,
    /// Requests a second, above 0.
    pub rate: f64,
}

/// A rate by the number of users. `one` is the rate of a single user, the limit of small numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Model {
    /// Gunther's universal scalability law, λN / (1 + σ(N-1) + κN(N-1)).
    Universal {
        /// λ.
        one: f64,
        /// σ, the contention: the share of serial work.
        contention: f64,
        /// κ, the coherency: the cost of each pair of users.
        coherence: f64,
    },
    /// ((λN)^-m + X^-m)^(-1/m): proportional to the users, then X.
    Capped {
        /// λ.
        one: f64,
        /// X.
        most: f64,
        /// m, how sharp the bend is: 1 to 16.
        sharpness: f64,
    },
    /// min(λN, X): the asymptotes of operational analysis (F2).
    Bounds {
        /// λ.
        one: f64,
        /// X.
        most: f64,
    },
}

impl Model {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Universal { .. } => "usl",
            Self::Capped { .. } => "capped",
            Self::Bounds { .. } => "bounds",
        }
    }

    /// The rate of `users`.
    pub fn rate(&self, users: f64) -> f64 {
        match *self {
            Self::Universal { one, contention, coherence } => {
                let others = users - 1.0;
                one * users / (1.0 + contention * others + coherence * users * others)
            }
            Self::Capped { one, most, sharpness } => {
                let ratio = one * users / most;
                one * users / (1.0 + ratio.powf(sharpness)).powf(1.0 / sharpness)
            }
            Self::Bounds { one, most } => (one * users).min(most),
        }
    }

    /// Users beyond which the rate falls: sqrt((1-σ)/κ) of the universal law, `None` of the other models.
    pub fn retrograde(&self) -> Option<f64> {
        match *self {
            Self::Universal { contention, coherence, .. } if coherence > 0.0 => {
                Some(((1.0 - contention).max(0.0) / coherence).sqrt())
            }
            _ => None,
        }
    }
}
