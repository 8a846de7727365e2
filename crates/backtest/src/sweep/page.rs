//! `report.html` of a sweep: the best sets, all sets to look through, in-sample against out-of-sample, the best curves.
//! Everything in it follows from the sets and what came of them.

use std::collections::BTreeMap;

use crosscut_kernels::metrics as formula;
use crosscut_model::format_iso;
use crosscut_model::time::DAY;
use crosscut_report::{Align, Cell, Chart, Explorer, Figure, Mark, Page, Section, Table, Tile};

use super::histories::Histories;
use super::judged::Judged;
use super::luck::SweepLuck;
use super::table::{done, short};
use super::{Note, ParameterSet, SetOutcome};
use crate::results::ENGINE_VERSION;
use crate::results::metrics::shown;
use crate::statistics::Ground;
use crate::stress::{Row, rows_table};

/// Rows of the table of the best.
const BEST_SHOWN: usize = 100;

/// Curves drawn.
const CURVES_SHOWN: usize = 5;

/// Sets to look through; of more, the best and some spread evenly over the rest.
const EXPLORED_MAX: usize = 5_000;

/// Values of parameters shown.
const VALUES_SHOWN: usize = 200;

/// Errors shown.
const ERRORS_SHOWN: usize = 20;

/// The Sharpe ratio the statistics judge.
const SAMPLED_SHARPE: &str = "Sharpe of the kept curve";

/// Stands where a set leaves a key to the settings, and these show no value that is surely the set's.
const UNSET: &str = "(base)";

/// Metrics in the table of the best and among the measures.
const MEASURES: [&str; 9] = [
    "sharpe",
    "total_return",
    "cagr",
    "max_drawdown",
    "calmar",
    "sortino",
    "volatility",
    "turnover_yearly",
    "n_trades",
];

/// A sweep as its page shows it.
#[derive(Debug, Clone)]
pub struct SweepPage<'a> {
    /// What it is called.
    pub title: String,
    /// Its id.
    pub id: String,
    /// The keys that vary.
    pub keys: Vec<String>,
    /// The sets.
    pub sets: &'a [ParameterSet],
    /// Values that keys have in the settings, for sets that leave them.
    pub base: BTreeMap<String, String>,
    /// What came of them.
    pub notes: &'a [Option<Note>],
    /// The metric they are ordered by.
    pub by: &'a str,
    /// Sets that have it, the best first.
    pub ranked: &'a [usize],
    /// Part of the time at the end that counts as out of sample.
    pub out_of_sample: f64,
    /// Points that broke a constraint.
    pub n_refused: usize,
    /// Points that were there already.
    pub n_repeated: usize,
    /// The best set as it is, at other execution prices, later, and at other costs.
    pub frictions: &'a [Row],
    /// The best sets held against go-live criteria; `None` without criteria.
    pub judged: Option<Judged>,
}

/// Annualised Sharpe ratios before and after a split.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Halves {
    /// The first label that counts as out of sample; `None` when nothing can be split.
    pub split_at: Option<i64>,
    /// For each set its ratio before it; NaN where it is undefined.
    pub before: Vec<f64>,
    /// For each set its ratio from it on.
    pub after: Vec<f64>,
}

impl SweepPage<'_> {
    /// The page.
    pub fn render(&self, luck: Option<&SweepLuck>) -> String {
        let mut page = Page::new(&self.title);
        page.subtitle(format!("Sweep {}. {}", self.id, self.period()));
        page.footer(format!(
            "Crosscut engine {ENGINE_VERSION}. Times are UTC labels of bars; amounts are in quote units."
        ));
        self.headline(page.section("Headline"));
        if let Some(judged) = &self.judged {
            judged.show(page.section("Go-live criteria"));
        }
        self.luck_section(page.section("Luck or skill"), luck);
        self.best(page.section("The best sets"), luck);
        self.explorer(page.section("All sets"), luck);
        self.halves_section(page.section("In sample and out of sample"));
        if let Some(found) = luck.and_then(|luck| Histories::find(luck, |at| done(&self.notes[at]))) {
            found.show(page.section("Other histories of the best"));
        }
        self.sensitivity(page.section("What each value did"), luck);
        self.frictions(page.section("Costs and execution"));
        self.curves(page.section("Curves of the best"));
        self.failures(page.section("Sets that failed"));
        page.render()
    }

    /// The value of a key in a set, its own or that of the settings.
    pub(super) fn value(&self, at: usize, key: &str) -> Option<&str> {
        self.sets[at].get_over(&self.base, key)
    }

    /// First and last label of the curves.
    fn period(&self) -> String {
        let spans = self
            .notes
            .iter()
            .filter_map(done)
            .filter_map(|outcome| Some((*outcome.sampled.labels.first()?, *outcome.sampled.labels.last()?)));
        match spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) {
            Some((first, last)) => format!("{} to {}", format_iso(first), format_iso(last)),
            None => "No curve was kept".to_owned(),
        }
    }

    /// Counts and the best set.
    fn headline(&self, section: &mut Section) {
        let n_failed = self.notes.iter().flatten().filter(|note| note.is_err()).count();
        let tile =
            |label: &str, value: String, note: &str| Tile { label: label.to_owned(), value, note: note.to_owned() };
        let mut tiles = vec![
            tile("Sets", self.sets.len().to_string(), ""),
            tile("Failed", n_failed.to_string(), ""),
            tile("Broke a constraint", self.n_refused.to_string(), "points left out"),
            tile("Repeated", self.n_repeated.to_string(), "points left out"),
        ];
        if let Some(outcome) = self.ranked.first().and_then(|&at| done(&self.notes[at])) {
            let value = outcome.metric(self.by);
            tiles.push(tile(
                &format!("Best {}", self.by),
                shown(self.by, value),
                "the highest of all sets: luck is in it",
            ));
        }
        section.tiles(tiles);
    }

    /// The table of the best.
    fn best(&self, section: &mut Section, luck: Option<&SweepLuck>) {
        let mut names: Vec<&str> = vec![self.by];
        names.extend(MEASURES.iter().copied().filter(|name| *name != self.by));
        let mut columns = vec![("#", Align::Right), ("set", Align::Right)];
        let has_names = self.sets.iter().any(|set| set.name.is_some());
        if has_names {
            columns.push(("name", Align::Left));
        }
        columns.extend(self.keys.iter().map(|key| (short(key), Align::Left)));
        columns.extend(names.iter().map(|name| (*name, Align::Right)));
        if luck.is_some() {
            columns.extend([("deflated Sharpe", Align::Right), ("5 % line", Align::Right), ("stands on", Align::Left)]);
        }
        columns.push(("run", Align::Left));
        let mut table = Table::new(&columns).sortable();
        for (place, &at) in self.ranked.iter().take(BEST_SHOWN).enumerate() {
            let Some(outcome) = done(&self.notes[at]) else { continue };
            let mut cells = vec![whole(place + 1), whole(at)];
            if has_names {
                cells.push(Cell::text(self.sets[at].name.clone().unwrap_or_default()));
            }
            cells.extend(self.keys.iter().map(|key| value_cell(self.value(at, key).unwrap_or(UNSET))));
            cells.extend(names.iter().map(|name| {
                let value = outcome.metric(name);
                Cell::number(value.unwrap_or(f64::NAN), shown(name, value))
            }));
            cells.extend(luck.into_iter().flat_map(|luck| luck_cells(luck, at)));
            cells.push(Cell::text(&outcome.run_id));
            table.row(cells);
        }
        section.table(table);
        if self.ranked.len() > BEST_SHOWN {
            let n = self.ranked.len();
            section.note(format!("The first {BEST_SHOWN} of {n}; sets.parquet has all of them with every metric."));
        }
        let n_without = self.notes.len() - self.ranked.len();
        if n_without > 0 {
            section.note(format!(
                "{n_without} of {} sets have no {} and are not among these: they failed, did not trade, or their equity was gone. \
                 Medians below are of the others.",
                self.notes.len(),
                self.by
            ));
        }
    }

    /// All sets to look through.
    fn explorer(&self, section: &mut Section, luck: Option<&SweepLuck>) {
        let rows = self.explored();
        let name = |&at: &usize| {
            self.sets[at].name.clone().map_or_else(|| format!("set {at}"), |name| format!("set {at}, {name}"))
        };
        let mut explorer = Explorer::new("Parameters and what came of them", rows.iter().map(name).collect());
        for key in &self.keys {
            let texts: Vec<&str> = rows.iter().map(|&at| self.value(at, key).unwrap_or(UNSET)).collect();
            explorer.parameter(short(key), &texts);
        }
        if let Some(luck) = luck {
            let ratio = |&at: &usize| luck.of(at).and_then(|one| one.sharpe).unwrap_or(f64::NAN);
            let values: Vec<f64> = rows.iter().map(ratio).collect();
            let threshold = luck.report.trials.sharpe_threshold.unwrap_or(f64::NAN);
            let best = values.iter().copied().fold(f64::NAN, f64::max);
            explorer.measure(SAMPLED_SHARPE, &values, &[("highest expected by luck alone", threshold), ("best", best)]);
            let deflated = |&at: &usize| luck.of(at).and_then(|one| one.deflated_sharpe).unwrap_or(f64::NAN);
            let values: Vec<f64> = rows.iter().map(deflated).collect();
            explorer.measure("deflated Sharpe", &values, &[("95 %", 0.95)]);
        }
        let mut names: Vec<&str> = vec![self.by];
        names.extend(MEASURES.iter().copied().filter(|name| *name != self.by));
        for name in names {
            let value =
                |&at: &usize| done(&self.notes[at]).and_then(|outcome| outcome.metric(name)).unwrap_or(f64::NAN);
            let values: Vec<f64> = rows.iter().map(value).collect();
            explorer.measure(name, &values, &[]);
        }
        section.explorer(explorer);
        let n_done = self.notes.iter().filter(|note| done(note).is_some()).count();
        if rows.len() < n_done {
            section.note(format!(
                "{} of {n_done} sets: the best half, and others spread evenly over the rest.",
                rows.len()
            ));
        }
    }

    /// What luck leaves of the results.
    fn luck_section(&self, section: &mut Section, luck: Option<&SweepLuck>) {
        match luck {
            Some(luck) => {
                section.tiles(luck_tiles(luck));
                section.facts(luck_facts(luck));
            }
            None => drop(section.note("No curve is long enough for the statistics of many trials.")),
        }
    }

    /// What each value of each parameter did.
    fn sensitivity(&self, section: &mut Section, luck: Option<&SweepLuck>) {
        let found = luck.map(|luck| luck.sensitivities.as_slice()).unwrap_or_default();
        if found.is_empty() {
            section.note("Nothing varies.");
            return;
        }
        let by = format!("median {}", self.by);
        let mut table = Table::new(&[
            ("parameter", Align::Left),
            ("value", Align::Left),
            ("sets", Align::Right),
            ("undefined", Align::Right),
            (by.as_str(), Align::Right),
            ("highest", Align::Right),
            ("lowest", Align::Right),
        ])
        .sortable();
        for one in found.iter().take(VALUES_SHOWN) {
            let value = if one.value.is_empty() { UNSET } else { &one.value };
            let mut cells =
                vec![Cell::text(&one.parameter), value_cell(value), whole(one.n_sets), whole(one.n_undefined)];
            cells.extend([one.median, one.highest, one.lowest].map(figure_cell));
            table.row(cells);
        }
        section.table(table);
        if found.len() > VALUES_SHOWN {
            section.note(format!("The first {VALUES_SHOWN} of {} values.", found.len()));
        }
    }

    /// What the best set makes of other costs and executions.
    fn frictions(&self, section: &mut Section) {
        if self.frictions.is_empty() {
            section.note("No set has a result.");
            return;
        }
        section.table(rows_table(self.frictions));
        section.note(
            "The best set alone. It loses where its total return is 0 or less, and is weak where its Sharpe ratio is below half of what it is.",
        );
    }

    /// The sets to look through, ascending.
    fn explored(&self) -> Vec<usize> {
        let all: Vec<usize> = (0..self.notes.len()).filter(|&at| done(&self.notes[at]).is_some()).collect();
        if all.len() <= EXPLORED_MAX {
            return all;
        }
        let (best, rest) = self.ranked.split_at(self.ranked.len().min(EXPLORED_MAX / 2));
        let stride = rest.len().div_ceil(EXPLORED_MAX - best.len()).max(1);
        let mut rows: Vec<usize> = best.iter().copied().chain(rest.iter().copied().step_by(stride)).collect();
        rows.sort_unstable();
        rows
    }

    /// Ratios before and after the split, of sets whose curves have the labels of the best one's.
    pub fn halves(&self) -> Halves {
        let none = Halves::default();
        let Some(labels) = self.ranked.first().and_then(|&at| done(&self.notes[at])).map(|o| &o.sampled.labels) else {
            return none;
        };
        let split = ((labels.len() as f64) * (1.0 - self.out_of_sample)).round() as usize;
        if split < 3 || split + 3 > labels.len() {
            return none;
        }
        let years = (labels[labels.len() - 1] - labels[0]) as f64 / (365.25 * DAY as f64);
        let per_year = (labels.len() - 1) as f64 / years;
        let ratios = |note: &Option<Note>| {
            let outcome = done(note).filter(|outcome| outcome.sampled.labels == *labels);
            outcome.map_or((f64::NAN, f64::NAN), |outcome| {
                let returns = outcome.sampled.returns(outcome.capital);
                let ratio = |part: &[f64]| formula::sharpe(part, per_year, 0.0).unwrap_or(f64::NAN);
                (ratio(&returns[..split]), ratio(&returns[split..]))
            })
        };
        let (before, after) = self.notes.iter().map(ratios).unzip();
        Halves { split_at: Some(labels[split]), before, after }
    }

    /// In-sample against out-of-sample.
    fn halves_section(&self, section: &mut Section) {
        let halves = self.halves();
        let Some(split_at) = halves.split_at else {
            section.note("The curves are too short, or none was kept, to compare an earlier part with a later one.");
            return;
        };
        let rows: Vec<usize> = self
            .explored()
            .into_iter()
            .filter(|&at| halves.before[at].is_finite() && halves.after[at].is_finite())
            .collect();
        let of = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&at| values[at]).collect() };
        let (before, after) = (of(&halves.before), of(&halves.after));
        let figure = Figure::points("Sharpe ratio out of sample against in sample", "in sample", &before)
            .series("out of sample", &after, &[])
            .diagonal();
        section.figure(figure);
        let best = rows.iter().copied().max_by(|&a, &b| halves.before[a].total_cmp(&halves.before[b]));
        let above = after.iter().zip(&before).filter(|(after, before)| after >= before).count();
        let words = best.map_or_else(String::new, |at| {
            let (chosen, judged) = (halves.before[at], halves.after[at]);
            format!(
                " The set with the highest ratio before it, set {at}, had {chosen:.3} there and {judged:.3} after it."
            )
        });
        section.note(format!(
            "Split at {}. Of {} sets {above} did as well after it as before.{words} One split says little: a search that is to be believed uses `walkforward`.",
            format_iso(split_at),
            rows.len()
        ));
    }

    /// The curves of the best.
    fn curves(&self, section: &mut Section) {
        let best: Vec<(usize, &SetOutcome)> = self
            .ranked
            .iter()
            .take(CURVES_SHOWN)
            .filter_map(|&at| Some((at, done(&self.notes[at])?)))
            .filter(|(_, outcome)| outcome.sampled.equity.len() > 1)
            .collect();
        let Some((_, first)) = best.first() else {
            section.note("No curve was kept.");
            return;
        };
        let labels = &first.sampled.labels;
        let mut chart = Chart::new("Equity over the capital", labels);
        for (at, outcome) in best.iter().filter(|(_, outcome)| outcome.sampled.labels == *labels) {
            let values: Vec<f64> = outcome.sampled.equity.iter().map(|equity| equity / outcome.capital).collect();
            chart = chart.series(format!("set {at}"), Mark::Line, &values);
        }
        section.chart(chart.log_switch());
    }

    /// Errors of sets that failed.
    fn failures(&self, section: &mut Section) {
        let failed: Vec<(usize, &String)> =
            self.notes.iter().enumerate().filter_map(|(at, note)| Some((at, note.as_ref()?.as_ref().err()?))).collect();
        if failed.is_empty() {
            section.note("None.");
            return;
        }
        let mut table = Table::new(&[("set", Align::Right), ("values", Align::Left), ("error", Align::Left)]);
        for (at, error) in failed.iter().take(ERRORS_SHOWN) {
            table.row(vec![whole(*at), Cell::text(self.sets[*at].to_string()), Cell::text(*error)]);
        }
        section.table(table);
        if failed.len() > ERRORS_SHOWN {
            section.note(format!("The first {ERRORS_SHOWN} of {}; sets.parquet has all of them.", failed.len()));
        }
    }
}

/// What luck leaves of the best, in large numbers.
fn luck_tiles(luck: &SweepLuck) -> Vec<Tile> {
    let report = &luck.report;
    let best = report.best.map(|at| report.sets[at]);
    let overfitting = report.overfitting.as_ref().map(|found| found.probability);
    let tests = &report.superiority;
    let number = report.best.and_then(|at| luck.judged.get(at));
    let of_best = number.map_or_else(String::new, |at| format!("set {at}: annualised, of the kept curve"));
    let tiles: [(&str, Option<f64>, &str); 6] = [
        (
            "Deflated Sharpe of the best",
            best.and_then(|one| one.deflated_sharpe),
            "the chance that it is more than luck; 0.95 is asked for",
        ),
        ("Its Sharpe ratio", best.and_then(|one| one.sharpe), &of_best),
        ("Highest expected by luck", report.trials.sharpe_threshold, "of as many trials without any skill"),
        ("Probability of overfitting", overfitting, "by cross-validation (CSCV); a half is pure chance"),
        ("Superior predictive ability, p", tests.spa_consistent_p, "Hansen's test that no set is better than cash"),
        ("Reality check, p", tests.reality_check_p, "White's test of the same"),
    ];
    let tile = |(label, value, note): (&str, Option<f64>, &str)| Tile {
        label: label.to_owned(),
        value: figure(value),
        note: note.to_owned(),
    };
    tiles.into_iter().map(tile).collect()
}

/// What else the statistics say.
fn luck_facts(luck: &SweepLuck) -> Vec<(String, String)> {
    let report = &luck.report;
    let best = report.best.map(|at| report.sets[at]).unwrap_or_default();
    let loss = report.overfitting.as_ref().map(|found| found.probability_of_loss);
    let halves = report.overfitting.as_ref().map_or_else(
        || "-".to_owned(),
        |found| {
            format!("{} and {}", figure(Some(found.chosen_sharpe_median)), figure(Some(found.judged_sharpe_median)))
        },
    );
    let facts = [
        ("Sets judged", format!("{}, {} left out", report.n_sets, luck.n_left_out)),
        ("Trials that count (effective)", format!("{:.1}", report.trials.n_effective)),
        ("Mean correlation of sets", figure(report.trials.mean_correlation)),
        ("Sets better than cash, all at once (step-down)", report.superiority.superior.len().to_string()),
        ("Chance that the chosen set loses out of sample", figure(loss)),
        ("Its ratio in sample and out of sample, in the middle of all splits", halves),
        ("Shortest history for so many trials, years", figure(report.min_backtest_years)),
        ("Shortest track record of the best, years", figure(best.min_track_record_years)),
        ("Its Sharpe ratio allowing for autocorrelation", figure(best.sharpe_autocorrelated)),
        ("Its 5 and 95 % lines", format!("{} to {}", figure(best.sharpe_low), figure(best.sharpe_high))),
        (
            "Returns judged",
            format!(
                "{} per set, {:.2} a year; {} drawn histories in blocks of {:.1}",
                report.n_periods, report.periods_per_year, report.n_draws, report.block
            ),
        ),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What luck leaves of a set, in the table of the best.
fn luck_cells(luck: &SweepLuck, at: usize) -> [Cell; 3] {
    let of_set = luck.of(at);
    let ground = match luck.ground[at].ground() {
        Ground::Plateau => "a plateau",
        Ground::Spike => "a spike",
        Ground::Unknown => "-",
    };
    [
        figure_cell(of_set.and_then(|one| one.deflated_sharpe)),
        figure_cell(of_set.and_then(|one| one.sharpe_low)),
        Cell::text(ground),
    ]
}

/// A number of the statistics.
fn figure(value: Option<f64>) -> String {
    shown("sharpe", value)
}

/// A number of the statistics in a table.
fn figure_cell(value: Option<f64>) -> Cell {
    Cell::number(value.unwrap_or(f64::NAN), figure(value))
}

/// A whole number.
pub(super) fn whole(number: usize) -> Cell {
    Cell::number(number as f64, number.to_string())
}

/// A parameter's value, ordered by size where it is a number.
fn value_cell(text: &str) -> Cell {
    text.parse::<f64>().map_or_else(|_| Cell::text(text), |number| Cell::number(number, text))
}
