//! The bars an audit works with: some symbols of the set, and so many rows at their ends that every factor has values
//! as long as that stays within bounds.

use crosscut_hub::{FactorMetadata, Hub};
use crosscut_model::{Bars, format_iso};

use super::random::Random;
use super::{AuditOptions, SampleCard, plan_of};
use crate::config::Config;
use crate::error::FactorsError;
use crate::source::Source;

/// Most symbols of a sample when none are asked for: of a set that compares symbols, and of one that does not. Ranks of a
/// few symbols hardly move, and correlations of them are missing.
const SYMBOLS: (usize, usize) = (24, 5);

/// Rows beyond the longest lookback, in which cuts are made and values compared.
const ROWS_TO_COMPARE: usize = 600;

/// Values of all factors, symbols and rows together: what keeps an audit short.
const VALUES: usize = 7_000_000;

/// Fewest rows of the longest series that can be cut.
const FEWEST_ROWS: usize = 16;

/// Some bars of a set.
#[derive(Debug)]
pub(super) struct Sample {
    /// Symbols, sorted, and their bars.
    pub symbols: Vec<(String, Bars)>,
    /// All times at which some symbol has a bar, sorted.
    pub labels: Vec<i64>,
    /// Symbols of the set.
    n_symbols_of_set: usize,
}

impl Sample {
    /// Draws a sample.
    ///
    /// # Errors
    /// Bars that are gone, damaged or too few.
    pub fn draw(
        hub: &Hub,
        metadata: &FactorMetadata,
        config: &Config,
        options: &AuditOptions,
        random: &mut Random,
    ) -> Result<Self, FactorsError> {
        let source = Source::open(hub, config)?;
        let plan = plan_of(config, &source.columns(), source.annualisation.periods_per_year)?;
        let default = if plan.cross_sectional { SYMBOLS.0 } else { SYMBOLS.1 };
        let lookback = plan.columns.iter().map(|column| column.lookback.rows).max().unwrap_or(0);
        let n_columns = plan.columns.len().max(1);
        let wanted = lookback + ROWS_TO_COMPARE;
        let fits = (VALUES / n_columns / wanted).clamp(4, default);
        let n_symbols = options.symbols.unwrap_or(fits).max(2);
        let n_rows = wanted.min((VALUES / n_columns / n_symbols).max(ROWS_TO_COMPARE));
        let mut symbols: Vec<(&str, &crosscut_hub::TableInfo)> = source
            .tables
            .iter()
            .filter(|(symbol, table)| metadata.tables.contains_key(symbol) && table.rows() > 0)
            .map(|(symbol, table)| (symbol.as_str(), table.info()))
            .collect();
        random.shuffle(&mut symbols);
        // Long series that reach the end first: with others there is little to compare.
        let end = symbols.iter().map(|(_, info)| info.last).max().unwrap_or(0);
        symbols.sort_by_key(|(_, info)| (info.last < end, info.rows < n_rows));
        symbols.truncate(n_symbols);
        symbols.sort_by_key(|(symbol, _)| *symbol);
        let from = first_label(hub, config, &symbols, n_rows)?;
        let mut drawn = Vec::with_capacity(symbols.len());
        for (symbol, _) in &symbols {
            let bars = hub.read_all_bars(&config.venue, &config.bars, symbol)?;
            let first = bars.timestamp.partition_point(|&label| label < from);
            drawn.push(((*symbol).to_owned(), rows_of(&bars, &|row| row >= first)));
        }
        let mut labels: Vec<i64> = drawn.iter().flat_map(|(_, bars)| bars.timestamp.iter().copied()).collect();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() < FEWEST_ROWS {
            let (set, n) = (&metadata.factor_set, labels.len());
            let message =
                format!("factor set {set}: there are bars of {n} times; expected {FEWEST_ROWS} at least to cut");
            return Err(FactorsError::Unknown(message));
        }
        Ok(Self { symbols: drawn, labels, n_symbols_of_set: metadata.tables.len() })
    }

    /// Bars of all symbols.
    pub fn n_rows(&self) -> usize {
        self.symbols.iter().map(|(_, bars)| bars.len()).sum()
    }

    /// The sample in words.
    pub fn words(&self) -> String {
        let (first, last) = (self.labels[0], self.labels[self.labels.len() - 1]);
        format!(
            "sample of {} of {} symbols, the last {} times ({} to {}), {} bars",
            self.symbols.len(),
            self.n_symbols_of_set,
            self.labels.len(),
            format_iso(first),
            format_iso(last),
            self.n_rows()
        )
    }

    /// The sample for the report.
    pub fn card(&self, cuts: Vec<String>) -> SampleCard {
        SampleCard {
            symbols: self.symbols.iter().map(|(symbol, _)| symbol.clone()).collect(),
            n_symbols_of_set: self.n_symbols_of_set,
            n_labels: self.labels.len(),
            n_rows: self.n_rows(),
            start_time: format_iso(self.labels[0]),
            end_time: format_iso(self.labels[self.labels.len() - 1]),
            cuts,
        }
    }
}

/// The label `n_rows` before the end of the longest of some tables.
fn first_label(
    hub: &Hub,
    config: &Config,
    symbols: &[(&str, &crosscut_hub::TableInfo)],
    n_rows: usize,
) -> Result<i64, FactorsError> {
    let Some((symbol, info)) = symbols.iter().max_by_key(|(_, info)| info.rows) else { return Ok(i64::MIN) };
    let from = info.rows.saturating_sub(n_rows);
    let table = hub.bar_table(&config.venue, &config.bars, symbol)?.read_rows(&[], from..from + 1)?;
    Ok(table.i64("timestamp").and_then(|labels| labels.first().copied()).unwrap_or(i64::MIN))
}

/// Some rows of bars.
pub(super) fn rows_of(bars: &Bars, keep: &dyn Fn(usize) -> bool) -> Bars {
    /// The values of the rows that stay.
    fn pick<T: Copy>(values: &[T], keep: &dyn Fn(usize) -> bool) -> Vec<T> {
        values.iter().enumerate().filter(|(row, _)| keep(*row)).map(|(_, value)| *value).collect()
    }
    let mut out = Bars {
        timestamp: pick(&bars.timestamp, keep),
        available_at: pick(&bars.available_at, keep),
        bar_seq: pick(&bars.bar_seq, keep),
        extra: bars.extra.iter().map(|(name, values)| (name.clone(), pick(values, keep))).collect(),
        ..Bars::default()
    };
    for (column, values) in out.columns_mut().into_iter().zip(bars.columns()) {
        *column = pick(values, keep);
    }
    out
}
