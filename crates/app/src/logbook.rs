//! The log files of jobs that write to the hub: `logs/<job>.log` beside the hub's folder, one line per message.
//!
//! Lines are appended, with the time of the wall clock. Progress steps are not logged.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crosscut_model::format_iso;

use crate::desk::Desk;
use crate::events::{Events, Level};

/// Passes events on and keeps the messages in a file.
pub struct Logbook<'a> {
    /// Who listens.
    events: &'a dyn Events,
    /// The wall clock, microseconds since the epoch.
    clock: fn() -> i64,
    /// The file; `None` when it could not be opened.
    file: Option<Mutex<File>>,
}

impl<'a> Logbook<'a> {
    /// Opens the log of a job. A log that cannot be written is a warning, not a reason to stop.
    pub fn open(desk: &'a Desk<'_>, job: &str) -> Self {
        let hub = desk.hub_root();
        let folder = hub.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")).join("logs");
        let path = folder.join(format!("{job}.log"));
        let opened =
            fs::create_dir_all(&folder).and_then(|()| OpenOptions::new().create(true).append(true).open(&path));
        let file = match opened {
            Ok(file) => Some(Mutex::new(file)),
            Err(error) => {
                desk.events.message(Level::Warning, &format!("cannot write the log {}: {error}", path.display()));
                None
            }
        };
        Self { events: desk.events, clock: desk.clock, file }
    }

    /// Writes a line to the file only.
    pub fn note(&self, level: Level, text: &str) {
        if let Some(file) = &self.file {
            let line = format!("{} {:<7} {text}\n", format_iso((self.clock)()), level.name());
            // The job goes on when the disk of the log is full.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }
}

impl Events for Logbook<'_> {
    fn message(&self, level: Level, text: &str) {
        self.note(level, text);
        self.events.message(level, text);
    }

    fn step(&self, done: u64, total: u64, what: &str) {
        self.events.step(done, total, what);
    }
}

impl crosscut_model::Progress for Logbook<'_> {
    fn message(&self, text: &str) {
        Events::message(self, Level::Info, text);
    }

    fn step(&self, done: u64, total: u64, what: &str) {
        Events::step(self, done, total, what);
    }
}
