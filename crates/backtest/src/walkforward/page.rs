//! `report.html` of a walk-forward: the curve no choice has seen, window by window, and cross-validation.

use crosscut_kernels::metrics as formula;
use crosscut_model::format_iso;
use crosscut_report::{Align, Cell, Chart, Figure, Mark, Page, Section, Table, Tile};

use super::{Crossed, Stitched, Window, walk_text};
use crate::criteria::Verdict;
use crate::results::metrics::shown;
use crate::results::{Deflation, ENGINE_VERSION};
use crate::stress::verdicts_table;
use crate::sweep::short;

/// What was chosen in a window, and what came of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Tested {
    /// First label of training, ISO.
    pub train_start: String,
    /// End of training, exclusive, ISO.
    pub train_end: String,
    /// First moment of the test, ISO.
    pub test_start: String,
    /// End of the test, exclusive, ISO.
    pub test_end: String,
    /// The chosen sets by number, the best first; empty when none had a value.
    pub sets: Vec<usize>,
    /// Their values as text.
    pub values: Vec<String>,
    /// The runs of the test.
    pub run_ids: Vec<String>,
    /// What sets were chosen by, in training: the mean over the chosen ones.
    pub trained: Option<f64>,
    /// The same in the test.
    pub tested: Option<f64>,
    /// Total return of the test.
    pub total_return: Option<f64>,
    /// Part of the test's rows before its first trade.
    pub waited: Option<f64>,
    /// Trades that the test closed, of all its runs.
    pub n_trades: Option<f64>,
    /// Part of them that gained.
    pub win_rate: Option<f64>,
    /// Why there was no test.
    pub problem: Option<String>,
}

/// A walk-forward as its page shows it.
#[derive(Debug, Clone)]
pub struct WalkPage<'a> {
    /// What it is called.
    pub title: String,
    /// Its id.
    pub id: String,
    /// The metric that sets are chosen by.
    pub by: &'a str,
    /// The windows.
    pub windows: &'a [Tested],
    /// The tests in a row.
    pub stitched: &'a Stitched,
    /// Starting cash, quote units.
    pub capital: f64,
    /// Metrics of the tests in a row, by name.
    pub metrics: &'a [(String, Option<f64>)],
    /// Cross-validation and the labels of its samples, when there was one.
    pub crossed: Option<(&'a Crossed, &'a [i64])>,
    /// What the curve's Sharpe ratio is worth after all trials in the ledger when the page was written.
    pub trials: Option<&'a Deflation>,
    /// Each go-live criterion, held against the tests in a row.
    pub verdicts: &'a [Verdict],
    /// What was asked for, name and value.
    pub facts: Vec<(String, String)>,
    /// What a reader should know.
    pub notes: &'a [String],
}

impl Tested {
    /// A window before anything is known of it.
    pub fn of(window: &Window) -> Self {
        Self {
            train_start: format_iso(window.train.start),
            train_end: format_iso(window.train.end),
            test_start: format_iso(window.test.start),
            test_end: format_iso(window.test.end),
            sets: Vec::new(),
            values: Vec::new(),
            run_ids: Vec::new(),
            trained: None,
            tested: None,
            total_return: None,
            waited: None,
            n_trades: None,
            win_rate: None,
            problem: None,
        }
    }
}

impl WalkPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut page = Page::new(&self.title);
        page.subtitle(format!("Walk-forward {}, chosen by {}", self.id, self.by));
        page.footer(format!("Crosscut engine {ENGINE_VERSION}. Times are UTC; amounts are in quote units."));
        self.headline(page.section("Out of sample"));
        if !self.verdicts.is_empty() {
            page.section("Go-live criteria").table(verdicts_table(self.verdicts));
        }
        self.curve(page.section("Equity out of sample"));
        self.windows(page.section("Windows"));
        if let Some((crossed, labels)) = self.crossed {
            paths(page.section("Combinatorial purged cross-validation"), crossed, labels);
        }
        page.section("Settings").facts(self.facts.clone());
        if !self.notes.is_empty() {
            page.section("Notes").list(self.notes.to_vec());
        }
        page.render()
    }

    /// Metrics of the tests in a row.
    fn headline(&self, section: &mut Section) {
        let tile = |(name, value): &(String, Option<f64>)| Tile {
            label: name.replace('_', " "),
            value: walk_text(name, *value, self.by),
            note: String::new(),
        };
        section.tiles(self.metrics.iter().map(tile).collect());
        if let Some(found) = self.trials {
            worth(section, found);
        }
        section.note(
            "Each test runs parameters that were chosen on data before it. It is a backtest of its own: it begins from cash, \
             pays for its first positions, and waits for its first decision (`waiting` is the part of the time that takes); \
             at its end positions are valued, not closed.",
        );
    }

    /// Equity and drawdown of the tests in a row.
    fn curve(&self, section: &mut Section) {
        if self.stitched.labels.len() < 2 {
            section.note("There is no curve: no window had a test.");
            return;
        }
        let equity: Vec<f64> = self.stitched.equity.iter().map(|value| value / self.capital).collect();
        let chart = Chart::new("Equity over the capital", &self.stitched.labels);
        section.chart(chart.series("out of sample", Mark::Line, &equity).log_switch());
        let fall = formula::drawdowns(&self.stitched.equity);
        section.chart(Chart::new("Drawdown", &self.stitched.labels).series("drawdown", Mark::Area, &fall).percent());
    }

    /// Window by window.
    fn windows(&self, section: &mut Section) {
        let (trained_name, tested_name) = (format!("{} trained", self.by), format!("{} tested", self.by));
        let mut table = Table::new(&[
            ("#", Align::Right),
            ("train", Align::Line),
            ("test", Align::Line),
            ("chosen", Align::Left),
            (&trained_name, Align::Right),
            (&tested_name, Align::Right),
            ("return of the test", Align::Right),
            ("waited", Align::Right),
        ]);
        let number = |name: &str, value: Option<f64>| Cell::number(value.unwrap_or(f64::NAN), shown(name, value));
        for (nth, window) in self.windows.iter().enumerate() {
            let chosen = window.problem.clone().unwrap_or_else(|| {
                window.values.iter().map(|values| keys_shortened(values)).collect::<Vec<_>>().join("; ")
            });
            table.row(vec![
                Cell::number((nth + 1) as f64, (nth + 1).to_string()),
                Cell::text(format!("{} to {}", day(&window.train_start), day(&window.train_end))),
                Cell::text(format!("{} to {}", day(&window.test_start), day(&window.test_end))),
                Cell::text(chosen),
                number(self.by, window.trained),
                number(self.by, window.tested),
                number("total_return", window.total_return),
                number("total_return", window.waited),
            ]);
        }
        section.table(table);
        let both: Vec<(f64, f64)> =
            self.windows.iter().filter_map(|window| Some((window.trained?, window.tested?))).collect();
        let (trained, tested): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
        if trained.len() > 1 {
            let title = format!("{} in test against training, one point per window", self.by);
            section.figure(Figure::points(title, "trained", &trained).series("tested", &tested, &[]).diagonal());
        }
    }
}

/// What the curve's Sharpe ratio is worth after all trials.
fn worth(section: &mut Section, found: &Deflation) {
    let trials = if found.n_trials == 1 { "trial" } else { "trials" };
    section.facts(vec![
        ("Deflated Sharpe of the curve".to_owned(), shown("sharpe", found.deflated_sharpe)),
        ("Highest Sharpe expected by luck".to_owned(), shown("sharpe", found.sharpe_threshold)),
        ("Measured against".to_owned(), format!("{} {trials} of {}", found.n_trials, found.hypothesis)),
    ]);
    section.note(
        "The deflated Sharpe ratio is the chance that the curve's true ratio is above the highest expected by luck; 0.95 is \
         asked for. Trials are those in the ledger when this page was written: runs, sets of sweeps, and one for each \
         walk-forward, this one too. The sets it chose among are none, for no choice has seen its test.",
    );
}

/// A set's `key=value` pairs as tables of sets head them.
fn keys_shortened(values: &str) -> String {
    values.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

/// The day of an ISO time.
fn day(iso: &str) -> &str {
    iso.split('T').next().unwrap_or(iso)
}

/// The paths of cross-validation.
fn paths(section: &mut Section, crossed: &Crossed, labels: &[i64]) {
    let mut chart = Chart::new("Equity of each path over the capital", labels);
    for (nth, path) in crossed.paths.iter().enumerate() {
        let mut equity = 1.0;
        let curve: Vec<f64> = path
            .iter()
            .map(|period| {
                equity *= 1.0 + period;
                equity
            })
            .collect();
        chart = chart.series(format!("path {}", nth + 1), Mark::Line, &curve);
    }
    section.chart(chart.log_switch());
    let mut table = Table::new(&[("path", Align::Right), ("sharpe", Align::Right)]);
    for (nth, ratio) in crossed.sharpes.iter().enumerate() {
        let ratio = Cell::number(ratio.unwrap_or(f64::NAN), shown("sharpe", *ratio));
        table.row(vec![Cell::number((nth + 1) as f64, (nth + 1).to_string()), ratio]);
    }
    section.table(table);
    let n = crossed.chosen.len();
    section.note(format!(
        "{n} splits; each path is a whole history none of whose parts was seen by the choice made for it."
    ));
}
