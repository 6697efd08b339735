//! Sizes for the platform: instances, concurrency, processor, memory.

use capacity::instances::{self, Load, Memory};
use serde::{Deserialize, Serialize};

use super::Fault;
use super::numbers::Sizes;
use crate::calibration::{Calibration, whole};
use crate::target::{Platform, Target};

/// Memory of an open socket: its buffers in both directions and its place in its channels. Assumed
/// until sockets are part of what is measured.
const SOCKET_MIB: f64 = 0.1;

/// Memory of a connection to the database: its buffers and prepared statements. Assumed.
const CONNECTION_MIB: f64 = 0.25;

/// bcrypt works in 4 KiB.
const HASH_MIB: f64 = 0.004;

/// The longest that Cloud Run lets a request, and so a socket, last.
const TIMEOUT_SECS: usize = 3600;

/// Sizes for the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deployment {
    pub(crate) instances_min: usize,
    pub(crate) instances_max: usize,
    /// Instances that the steady traffic needs.
    pub(crate) instances_needed: usize,
    /// Requests and sockets that are sent to one instance at once.
    pub(crate) concurrency: usize,
    pub(crate) cores: f64,
    pub(crate) memory_mib: usize,
    /// The part of it that is accounted for.
    pub(crate) memory_needed_mib: usize,
    pub(crate) timeout_secs: usize,
}

impl Deployment {
    pub(super) fn of(
        target: &Target,
        sizes: &Sizes,
        calibration: &Calibration,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let (limit, queue) = (sizes.requests.value, sizes.queue.value);
        let concurrency = match target.platform {
            Platform::CloudRun if target.cores < 1.0 => 1,
            _ => instances::concurrency(limit, queue, target.sockets),
        };
        let save = &calibration.save;
        let load = Load {
            rate: target.rate,
            core_seconds: save.server_us / 1e6,
            response: save.alone(),
            sockets: target.sockets,
        };
        let needed = instances::instances_for(&load, target.cores, concurrency);
        let memory = memory(target, sizes, calibration);
        if needed > target.instances_max {
            faults.push(Fault {
                what: format!(
                    "{:.0}/s need {needed} instances (F12) and {} are allowed",
                    target.rate, target.instances_max
                ),
                ways_out: vec![format!("{needed} instances"), "more cores each".to_owned()],
            });
        }
        if memory > target.memory_mib {
            faults.push(Fault {
                what: format!("{memory} MiB are needed (F13) and {} are there", target.memory_mib),
                ways_out: vec![format!("{memory} MiB"), "a smaller admission.queue".to_owned()],
            });
        }
        let has_sockets = target.sockets > 0;
        let one = target.cores / (save.server_us / 1e6);
        Self {
            instances_min: match target.platform {
                Platform::Machine => 1,
                Platform::CloudRun => instances::instances_min(0.0, one, has_sockets),
            },
            instances_max: target.instances_max,
            instances_needed: needed,
            concurrency,
            cores: target.cores,
            memory_mib: target.memory_mib,
            memory_needed_mib: memory,
            timeout_secs: TIMEOUT_SECS,
        }
    }
}

fn memory(target: &Target, sizes: &Sizes, calibration: &Calibration) -> usize {
    let requests = sizes.requests.value + sizes.queue.value;
    let needed = Memory {
        base: calibration.resident_mib,
        requests: (requests, calibration.connection_kib / 1024.0),
        sockets: (target.sockets, SOCKET_MIB),
        hashes: (sizes.hashing, HASH_MIB),
        connections: (sizes.connections.unwrap_or_default(), CONNECTION_MIB),
    };
    whole(needed.needed().ceil())
}
