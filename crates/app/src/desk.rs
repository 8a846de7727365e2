//! What every use case is given: settings, clock, machine, and who listens.

use std::path::PathBuf;

use crosscut_hub::Hub;

use crate::config::Config;
use crate::error::AppError;
use crate::events::Events;

/// The machine the program runs on, told by the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Operating system, `linux`.
    pub os: String,
    /// Processor architecture, `x86_64`.
    pub arch: String,
    /// Threads the machine can run at once, at least 1.
    pub n_cpus: usize,
}

/// The surroundings of a use case.
pub struct Desk<'a> {
    /// All settings.
    pub config: Config,
    /// Who listens.
    pub events: &'a dyn Events,
    /// The wall clock, microseconds since the epoch, UTC.
    pub clock: fn() -> i64,
    /// The machine.
    pub machine: Machine,
    /// Worker threads to use, at least 1.
    pub threads: usize,
}

/// The version of the program, which is part of a run's identity.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Worker threads per processor where tables are written: a thread that writes waits for the disk meanwhile.
const WRITERS_PER_CPU: usize = 3;

impl Desk<'_> {
    /// Worker threads of a job that writes large tables: as many as were asked for, several per processor otherwise.
    pub fn writing_threads(&self) -> usize {
        let asked = ["threads", "pipeline.workers"].iter().any(|key| self.config.count(key).is_some_and(|n| n > 0));
        if asked { self.threads } else { self.threads * WRITERS_PER_CPU }
    }

    /// The hub's folder, whether or not it exists.
    pub fn hub_root(&self) -> PathBuf {
        PathBuf::from(self.config.text("hub").unwrap_or_default())
    }

    /// The folder of the archive of runs, whether or not it exists.
    pub fn results_root(&self) -> PathBuf {
        PathBuf::from(self.config.text("results").unwrap_or_default())
    }

    /// Opens the hub for reading.
    ///
    /// # Errors
    /// When the folder does not exist or is no hub.
    pub fn hub(&self) -> Result<Hub, AppError> {
        Ok(Hub::open(&self.hub_root())?)
    }

    /// The venue asked for, or the only one in the hub that has bars.
    ///
    /// # Errors
    /// When none is asked for and the hub has none or several.
    pub fn venue(&self, hub: &Hub) -> Result<String, AppError> {
        self.venue_among(&hub.venues()?, "bars")
    }

    /// The venue asked for, or the only one in the hub that has ticks.
    ///
    /// # Errors
    /// As [`Desk::venue`].
    pub fn tick_venue(&self, hub: &Hub) -> Result<String, AppError> {
        self.venue_among(&hub.tick_venues()?, "ticks")
    }

    /// The venue asked for, or the only one of `venues`.
    fn venue_among(&self, venues: &[String], what: &str) -> Result<String, AppError> {
        if let Some(venue) = self.config.text("venue") {
            return Ok(venue.to_owned());
        }
        match venues {
            [only] => Ok(only.clone()),
            [] => Err(AppError::new(format!("the hub {} has no {what} of any venue yet", self.hub_root().display()))
                .hint("bring data in first: crosscut data import --venue NAME FILE...")),
            several => Err(AppError::new(format!("the hub has {what} of several venues: {}", several.join(", ")))
                .hint(format!("say which one, such as --venue {}", several[0]))),
        }
    }
}

/// Most worker threads, whatever was asked for; with more than 16 processors, four of each. Computing gains nothing from more
/// threads than processors, and fetching nothing from more connections than this.
const THREADS_MAX: usize = 64;

/// The number of threads asked for by the first of `keys` that is not 0, as far as that makes sense; all of the machine's
/// otherwise. It never changes a result.
pub fn n_threads(config: &Config, machine: &Machine, keys: &[&str]) -> usize {
    let asked = keys.iter().filter_map(|key| config.count(key)).find(|&n| n > 0);
    let most = THREADS_MAX.max(4 * machine.n_cpus);
    asked.map_or(machine.n_cpus.max(1), |n| usize::try_from(n).unwrap_or(most).min(most))
}

/// Sizes the pool of worker threads, once per process.
pub fn start_threads(threads: usize) {
    // A second call in one process (tests) finds the pool built; its size never changes a result.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

#[cfg(test)]
mod tests {
    //! Numbers of threads.

    use super::*;
    use crate::config::{Given, Sources};

    #[test]
    fn no_more_threads_than_make_sense() {
        let started = |asked: &str, n_cpus: usize| {
            let flags = vec![Given { path: "sweep.workers", text: asked.to_owned() }];
            let config = Config::resolve(&Sources { flags, ..Sources::default() }).unwrap();
            let machine = Machine { os: String::new(), arch: String::new(), n_cpus };
            n_threads(&config, &machine, &["sweep.workers", "threads"])
        };
        let found = [("0", 2), ("1", 2), ("7", 2), ("100000", 2), ("100000", 32), ("18446744073709551615", 1)]
            .map(|(asked, n_cpus)| started(asked, n_cpus));
        assert_eq!(found, [2, 1, 7, 64, 128, 64]);
    }
}
