//! Shows events on standard error: a progress bar on a terminal, plain lines elsewhere.
//!
//! Standard output is left to results, so that it can be piped.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crosscut_app::{Events, Level};
use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, at most one progress line in this time.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The receiver of events of the command line.
pub struct Terminal {
    /// Messages that matter less are dropped.
    level: Level,
    /// Whether standard error is a terminal.
    is_terminal: bool,
    /// What is in progress.
    progress: Mutex<Progress>,
}

/// The piece of work in progress.
struct Progress {
    /// What is counted; empty when nothing is in progress.
    what: String,
    /// The bar on a terminal.
    bar: Option<ProgressBar>,
    /// When the last plain line was written, or the work began.
    last_line: Instant,
}

impl Terminal {
    /// Shows messages of `level` and more important ones.
    pub fn new(level: Level) -> Self {
        let progress = Progress { what: String::new(), bar: None, last_line: Instant::now() };
        Self { level, is_terminal: std::io::stderr().is_terminal(), progress: Mutex::new(progress) }
    }

    /// Takes the bar away, before results are printed.
    pub fn clear(&self) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = progress.bar.take() {
            bar.finish_and_clear();
        }
        progress.what.clear();
    }
}

/// Writes one line to standard error. Nobody can be told when that fails.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl Events for Terminal {
    fn message(&self, level: Level, text: &str) {
        if level > self.level {
            return;
        }
        let text = if level == Level::Info { text.to_owned() } else { format!("{}: {text}", level.name()) };
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match &progress.bar {
            Some(bar) => bar.suspend(|| line(&text)),
            None => line(&text),
        }
    }

    fn step(&self, done: u64, total: u64, what: &str) {
        if self.level < Level::Info {
            return;
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.what != what {
            if let Some(bar) = progress.bar.take() {
                bar.finish_and_clear();
            }
            what.clone_into(&mut progress.what);
            progress.last_line = Instant::now();
            progress.bar = self.is_terminal.then(|| new_bar(total, what));
        }
        match &progress.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                if done >= total {
                    bar.finish_and_clear();
                }
            }
            None if progress.last_line.elapsed() >= LINE_EVERY => {
                progress.last_line = Instant::now();
                line(&format!("{what}: {done} of {total}"));
            }
            None => {}
        }
    }
}

/// A bar of plain characters.
fn new_bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = "{msg} [{bar:30}] {pos}/{len} {elapsed}";
    let style = ProgressStyle::with_template(template).expect("the template names known fields");
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(what.to_owned());
    bar
}
