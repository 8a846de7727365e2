//! How often a host may be asked: pauses it orders (`Retry-After`), the share of its weight that is used up, a least time
//! between two questions, and hosts that do not answer from here at all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Refusals (403, 451) in a row after which a host is not asked any more.
const REFUSALS_MAX: u32 = 3;

/// The gates of all hosts.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    /// By host.
    hosts: Mutex<BTreeMap<String, Gate>>,
}

/// One host's gate.
#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    /// The next place in the queue.
    next: Option<Instant>,
    /// Nothing is sent before, by order of the host.
    paused_until: Option<Instant>,
    /// Refusals in a row.
    n_refusals: u32,
}

impl Gates {
    /// Takes the next free place in a host's queue and tells how long to wait for it; the one after is `spacing` later.
    pub fn enter(&self, host: &str, spacing: Duration, now: Instant) -> Duration {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = hosts.entry(host.to_owned()).or_default();
        let at = gate.next.map_or(now, |next| next.max(now));
        gate.next = Some(at + spacing);
        at - now
    }

    /// How long the host is paused still.
    pub fn paused_for(&self, host: &str, now: Instant) -> Duration {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let until = hosts.get(host).and_then(|gate| gate.paused_until);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Closes a host for some time.
    pub fn pause(&self, host: &str, wait: Duration, now: Instant) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = hosts.entry(host.to_owned()).or_default();
        let until = now + wait;
        gate.paused_until = Some(gate.paused_until.map_or(until, |before| before.max(until)));
    }

    /// Notes that the host refused, or served, a request.
    pub fn note(&self, host: &str, refused: bool) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = hosts.entry(host.to_owned()).or_default();
        gate.n_refusals = if refused { gate.n_refusals.saturating_add(1) } else { 0 };
    }

    /// Whether the host has refused so often that it is not worth asking.
    pub fn is_shut(&self, host: &str) -> bool {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(host).is_some_and(|gate| gate.n_refusals >= REFUSALS_MAX)
    }
}
