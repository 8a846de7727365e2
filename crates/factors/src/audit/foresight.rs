//! Whether a factor knows what it cannot know: rows after a time are replaced, and the values up to it must stay. And
//! whether it needs all rows at once: one at a time must give the same.
//!
//! What is replaced is everything a formula sees, the columns of group files and the row's time included.

use std::collections::BTreeMap;

use crosscut_formula::Lookback;
use crosscut_hub::Hub;
use crosscut_model::format_iso;

use super::arrivals::hub_root;
use super::engine::{Engine, Values};
use super::random::Random;
use super::verdict::{Check, Series, Trials};
use super::{Stage, plan_of};
use crate::bars::SymbolBars;
use crate::config::Config;
use crate::error::FactorsError;
use crate::plan::Plan;
use crate::source::Source;

/// What rows after a time are replaced by.
#[derive(Debug, Clone, Copy)]
enum Replacement {
    /// Other numbers.
    Noise,
    /// Missing values.
    Nothing,
    /// The same rows in another order.
    Shuffle,
}

impl Replacement {
    /// All of them.
    const ALL: [Self; 3] = [Self::Noise, Self::Nothing, Self::Shuffle];

    /// What was done, in words.
    fn words(self) -> &'static str {
        match self {
            Self::Noise => "noise in place of",
            Self::Nothing => "missing values in place of",
            Self::Shuffle => "another order of",
        }
    }
}

/// What is compared.
struct Ground<'a> {
    /// What makes factors.
    engine: &'a dyn Engine,
    /// The set.
    config: &'a Config,
    /// The set resolved.
    plan: &'a Plan,
    /// Symbols by name.
    symbols: Vec<&'a str>,
    /// Their bars.
    bars: Vec<SymbolBars>,
    /// All rows at once.
    expected: Values,
}

/// Tries the sample that lies in the scratch hub; returns the lookbacks of the columns.
///
/// # Errors
/// Whatever keeps the sample from being read or evaluated.
pub(super) fn trial(
    engine: &dyn Engine,
    config: &Config,
    stage: Stage<'_>,
    (random, trials): (&mut Random, &mut Trials),
) -> Result<BTreeMap<String, Lookback>, FactorsError> {
    let hub = Hub::open(&hub_root(stage.scratch))?;
    let source = Source::open(&hub, config)?;
    let plan = plan_of(config, &source.columns(), source.annualisation.periods_per_year)?;
    let read = |(index, (_, table)): (usize, &(String, crosscut_hub::BarTable))| {
        source.read(index, &plan.inputs, 0..table.rows())
    };
    let bars: Vec<SymbolBars> = source.tables.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let expected = engine.all_at_once(config, &plan, &bars)?;
    let symbols = source.tables.iter().map(|(symbol, _)| symbol.as_str()).collect();
    let ground = Ground { engine, config, plan: &plan, symbols, bars, expected };
    let mut labels: Vec<i64> = ground.bars.iter().flat_map(|bars| bars.timestamp.iter().copied()).collect();
    labels.sort_unstable();
    labels.dedup();
    ground.stream(&labels, trials)?;
    let n_cuts = stage.options.cuts as u64;
    for cut in 0..n_cuts {
        let warm = labels.len() - (labels.len() / 2).min(300);
        let time = labels[random.between(warm - 1, labels.len() - 1)];
        ground.replace_after(time, (random, trials))?;
        stage.progress.step(cut + 1, n_cuts, "times after which rows were replaced");
    }
    Ok(plan.columns.iter().map(|column| (column.name.clone(), column.lookback)).collect())
}

impl Ground<'_> {
    /// One row at a time.
    fn stream(&self, labels: &[i64], trials: &mut Trials) -> Result<(), FactorsError> {
        let found = self.engine.one_at_a_time(self.config, self.plan, &self.bars)?;
        labels.iter().for_each(|_| trials.count(Check::Streaming));
        self.compare(Check::Streaming, i64::MAX, &found, (trials, &|| "one row at a time".to_owned()));
        Ok(())
    }

    /// Replaces what comes after a time, of all symbols and of one.
    fn replace_after(&self, time: i64, (random, trials): (&mut Random, &mut Trials)) -> Result<(), FactorsError> {
        trials.count(Check::Causal);
        let with_future: Vec<usize> = (0..self.bars.len())
            .filter(|&symbol| self.bars[symbol].timestamp.last().is_some_and(|&last| last > time))
            .collect();
        for replacement in Replacement::ALL {
            let one = with_future[random.between(0, with_future.len())];
            for only in [None, Some(one)] {
                let replaced: Vec<SymbolBars> = self
                    .bars
                    .iter()
                    .enumerate()
                    .map(|(symbol, bars)| match only {
                        Some(only) if only != symbol => bars.clone(),
                        _ => replaced(bars, time, replacement, random),
                    })
                    .collect();
                let found = self.engine.all_at_once(self.config, self.plan, &replaced)?;
                let trial = || {
                    let whose = only.map_or("all symbols", |only| self.symbols[only]);
                    format!("{} the rows of {whose} after {}", replacement.words(), format_iso(time))
                };
                self.compare(Check::Causal, time, &found, (trials, &trial));
            }
        }
        Ok(())
    }

    /// Compares values up to a time with those expected.
    fn compare(&self, check: Check, until: i64, found: &Values, (trials, trial): (&mut Trials, &dyn Fn() -> String)) {
        for (at, bars) in self.bars.iter().enumerate() {
            let n_rows = bars.timestamp.partition_point(|&time| time <= until);
            for column in 0..self.plan.columns.len() {
                let series = Series {
                    column,
                    symbol: self.symbols[at],
                    times: &bars.timestamp[..n_rows],
                    values: &self.expected[at][column][..n_rows],
                };
                let found = &found[at][column];
                trials.compare(check, series, &found[..n_rows.min(found.len())], trial);
            }
        }
    }
}

/// Bars with other rows after a time; their times stay.
fn replaced(bars: &SymbolBars, time: i64, replacement: Replacement, random: &mut Random) -> SymbolBars {
    let from = bars.timestamp.partition_point(|&label| label <= time);
    let mut order: Vec<usize> = (from..bars.len()).collect();
    random.shuffle(&mut order);
    let mut other = bars.clone();
    for (at, (_, values)) in other.columns.iter_mut().enumerate() {
        for (row, value) in values.iter_mut().enumerate().skip(from) {
            *value = match replacement {
                Replacement::Noise if value.is_nan() => random.unit(),
                Replacement::Noise => *value * (0.25 + 1.5 * random.unit()),
                Replacement::Nothing => f64::NAN,
                Replacement::Shuffle => bars.columns[at].1[order[row - from]],
            };
        }
    }
    other
}
