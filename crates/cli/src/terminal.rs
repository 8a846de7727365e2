//! Shows events on standard error: a progress bar on a terminal, plain lines elsewhere.
//!
//! Standard output is left to results, so that it can be piped.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crosscut_app::{Events, Level};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Without a terminal, at most one progress line in this time.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The receiver of events of the command line.
pub struct Terminal {
    /// Messages that matter less are dropped.
    level: Level,
    /// Whether standard error is a terminal.
    is_terminal: bool,
    /// The bars on a terminal, one below the other.
    bars: MultiProgress,
    /// What is in progress.
    tasks: Mutex<Vec<Task>>,
}

/// A piece of work in progress.
struct Task {
    /// What is counted.
    what: String,
    /// The bar on a terminal.
    bar: Option<ProgressBar>,
    /// When the last plain line was written, or the work began.
    last_line: Instant,
    /// Whether all pieces are done.
    is_done: bool,
    /// When the work began, and how much was done then.
    began: Option<(Instant, u64)>,
}

impl Terminal {
    /// Shows messages of `level` and more important ones.
    pub fn new(level: Level) -> Self {
        let bars = MultiProgress::new();
        Self { level, is_terminal: std::io::stderr().is_terminal(), bars, tasks: Mutex::default() }
    }

    /// Takes the bars away, before results are printed.
    pub fn clear(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).filter_map(|task| task.bar).for_each(|bar| bar.finish_and_clear());
    }

    /// The place of a piece of work among those in progress; one that begins takes the place of those that are done.
    fn place(&self, tasks: &mut Vec<Task>, what: &str, total: u64) -> usize {
        if let Some(at) = tasks.iter().position(|task| task.what == what) {
            return at;
        }
        tasks.retain(|task| !task.is_done);
        let bar = self.is_terminal.then(|| self.bars.add(new_bar(total, what)));
        tasks.push(Task { what: what.to_owned(), bar, last_line: Instant::now(), is_done: false, began: None });
        tasks.len() - 1
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
        if self.is_terminal {
            self.bars.suspend(|| line(&text));
        } else {
            line(&text);
        }
    }

    fn step(&self, done: u64, total: u64, what: &str) {
        if self.level < Level::Info {
            return;
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.place(&mut tasks, what, total);
        let task = &mut tasks[at];
        task.is_done = done >= total;
        let began = *task.began.get_or_insert((Instant::now(), done));
        match &task.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                if task.is_done {
                    bar.finish_and_clear();
                }
            }
            None if task.last_line.elapsed() >= LINE_EVERY => {
                task.last_line = Instant::now();
                line(&format!("{what}: {done} of {total}{}", time_left(began, done, total)));
            }
            None => {}
        }
    }
}

/// How long the rest takes at the pace so far, in words; nothing when there is no pace yet.
fn time_left((began, before): (Instant, u64), done: u64, total: u64) -> String {
    let (n_done, n_left) = (done.saturating_sub(before), total.saturating_sub(done));
    if n_done == 0 {
        return String::new();
    }
    let seconds = began.elapsed().as_secs_f64() * n_left as f64 / n_done as f64;
    let text = match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    };
    format!(", about {text} left")
}

/// A bar of plain characters.
fn new_bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = "{msg} [{bar:30}] {pos}/{len} {elapsed}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template names known fields");
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(what.to_owned());
    bar
}
