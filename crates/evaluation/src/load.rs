//! From a hub to tables by time and symbol: only the columns that are asked for, symbol by symbol on all threads.
//!
//! The timeline is the union of the labels of all symbols' factor rows; that of prices the union of the labels of their
//! bars. Nothing is filled: where a symbol has no row, the tables hold NaN.

use std::collections::BTreeMap;

use crosscut_hub::{FactorSet, Hub, config_hash, hash_file};
use crosscut_model::{BarSpec, Range, Table, Timeframe, Zone, nearest};
use crosscut_trading::pool::{PoolEntry, PoolRule};
use rayon::prelude::*;

use crate::config::{EvaluationConfig, PriceColumn};
use crate::error::EvaluationError;
use crate::market::Market;
use crate::matrix::Matrix;
use crate::schedule::NONE;
use crate::section::NAMES_MAX;

/// Symbols read before they are entered into the tables.
const GROUP: usize = 32;

/// A table that was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Input {
    /// Path inside the hub, or of a group file its name.
    pub table: String,
    /// BLAKE3 of its content.
    pub content_hash: String,
}

/// Rows of a factor column before anything is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct RowCounts {
    /// Rows of the column's tables in the range.
    pub rows: u64,
    /// Rows whose value is missing.
    pub missing: u64,
    /// Rows that were not tradable.
    pub untradable: u64,
    /// Rows that were known only after the bar that follows.
    pub late: u64,
    /// Rows of names outside the pool of the time.
    pub outside_pool: u64,
}

/// Prices and what else is known of the symbols.
#[derive(Debug)]
pub struct Frame {
    /// Prices.
    pub market: Market,
    /// Dollar volume of the bars of prices.
    pub volume: Matrix<f32>,
    /// For each symbol the label of its first bar in the hub, or its listing where that is known; `i64::MAX` without.
    pub first_seen: Vec<i64>,
    /// Names in the pool, by period; empty without a dynamic pool.
    pool: BTreeMap<i64, Vec<bool>>,
    /// The rule of the pool.
    pool_rule: Option<PoolRule>,
    /// The zone of the venue's exchange calendar, when the hub has one.
    pub zone: Option<Zone>,
    /// The tables.
    pub inputs: Vec<Input>,
    /// What people should know.
    pub notes: Vec<String>,
    /// Timeframe of the factor's rows.
    timeframe: Timeframe,
    /// Labels asked for.
    range: Range,
}

/// One symbol's bars.
struct SymbolBars {
    /// Labels.
    times: Vec<i64>,
    /// Prices.
    price: Vec<f64>,
    /// Dollar volume.
    volume: Vec<f32>,
    /// What it brings to the pool.
    entries: Vec<PoolEntry>,
    /// The table.
    input: Input,
    /// The first label in the hub.
    first: Option<i64>,
}

/// One symbol's factor table: rows, values of each column, counts of each column.
type SymbolFactors = (Vec<u32>, Vec<Vec<f64>>, Vec<RowCounts>);

/// Reads prices for a factor set.
///
/// # Errors
/// Symbols, bars or pools that do not exist, tables that are damaged, a range without rows.
pub fn frame(hub: &Hub, config: &EvaluationConfig, set: &FactorSet) -> Result<Frame, EvaluationError> {
    let (symbols, mut notes) = symbols(hub, config, set)?;
    let times = labels(&symbols, |symbol| {
        let mut table = set.read(symbol, &[], config.range)?;
        Ok(table.take_i64("timestamp").unwrap_or_default())
    })?;
    if times.is_empty() {
        let metadata = set.metadata();
        let bound = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        return Err(EvaluationError::Data(format!(
            "factor set `{}` has no row of the asked symbols in the asked range; it has rows from {} to {}",
            config.factor_set,
            bound(&metadata.start_time),
            bound(&metadata.end_time)
        )));
    }
    let bars = config.price_bars.unwrap_or(config.timeframe);
    let spec = BarSpec::Time(bars);
    let window =
        Range { start: times.first().map(|first| first.saturating_sub(pool_reach(config))), end: config.range.end };
    let price_times = labels(&symbols, |symbol| {
        let mut table = hub.read_bars(&config.venue, &spec, symbol, &[], window)?;
        Ok(table.take_i64("timestamp").unwrap_or_default())
    })?;
    let n_symbols = symbols.len();
    let mut prices = Matrix::filled(price_times.len(), n_symbols, f64::NAN);
    let mut volume = Matrix::filled(price_times.len(), n_symbols, f32::NAN);
    let (mut inputs, mut first_seen, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    let first_label = times.first().copied();
    for (group, names) in symbols.chunks(GROUP).enumerate() {
        let read = |symbol: &String| read_bars(hub, config, (&spec, symbol), (window, first_label));
        let read: Vec<SymbolBars> = names.par_iter().map(read).collect::<Result<_, _>>()?;
        let rows: Vec<Vec<u32>> = read.par_iter().map(|bars| positions(&price_times, &bars.times)).collect();
        let columns: Vec<_> = rows.iter().zip(&read).map(|(rows, bars)| (&rows[..], &bars.price[..])).collect();
        prices.fill_columns(group * GROUP, &columns);
        let columns: Vec<_> = rows.iter().zip(&read).map(|(rows, bars)| (&rows[..], &bars.volume[..])).collect();
        volume.fill_columns(group * GROUP, &columns);
        for bars in read {
            inputs.push(bars.input);
            first_seen.push(bars.first.unwrap_or(i64::MAX));
            entries.push(bars.entries);
        }
    }
    let base = base_rows(&times, config.timeframe, &price_times, bars);
    let last_row = instruments(hub, config, (&symbols, &mut first_seen), (&price_times, &prices))?;
    inputs.extend(small_inputs(hub, config)?);
    let pool = pools(config, &times, &entries);
    let mut market =
        Market { symbols, times, base, price_times, prices, last_row, delisting: config.delisting, funding: None };
    if config.costs.funding {
        crate::funding::read(hub, config, &mut market, (&mut inputs, &mut notes))?;
    }
    Ok(Frame {
        market,
        volume,
        first_seen,
        pool,
        pool_rule: config.dynamic_pool,
        zone: hub.sessions(&config.venue)?.map(|sessions| sessions.zone),
        inputs,
        notes,
        timeframe: config.timeframe,
        range: config.range,
    })
}

impl Frame {
    /// Reads columns of a factor set into tables, with the counts of their rows. What cannot be used (untradable, known
    /// late, outside the pool) is NaN.
    ///
    /// # Errors
    /// When a table is damaged.
    pub fn factors(&self, set: &FactorSet, columns: &[&str]) -> Result<Vec<(Matrix, RowCounts)>, EvaluationError> {
        let market = &self.market;
        let empty = || (Matrix::filled(market.times.len(), market.symbols.len(), f64::NAN), RowCounts::default());
        let mut out: Vec<(Matrix, RowCounts)> = columns.iter().map(|_| empty()).collect();
        for (group, names) in market.symbols.chunks(GROUP).enumerate() {
            let read = |symbol: &String| -> Result<SymbolFactors, EvaluationError> {
                if set.content_hash(symbol).is_none() {
                    return Ok((
                        Vec::new(),
                        vec![Vec::new(); columns.len()],
                        vec![RowCounts::default(); columns.len()],
                    ));
                }
                Ok(self.usable(set.read(symbol, columns, self.range)?, columns))
            };
            let read: Vec<_> = names.par_iter().map(read).collect::<Result<_, _>>()?;
            for (at, (matrix, counts)) in out.iter_mut().enumerate() {
                let filled: Vec<_> = read.iter().map(|(rows, values, _)| (&rows[..], &values[at][..])).collect();
                matrix.fill_columns(group * GROUP, &filled);
                for (_, _, more) in &read {
                    counts.rows += more[at].rows;
                    counts.missing += more[at].missing;
                    counts.untradable += more[at].untradable;
                    counts.late += more[at].late;
                }
            }
        }
        out.par_iter_mut().for_each(|(matrix, counts)| self.keep_pool(matrix, counts));
        Ok(out)
    }

    /// Rows, values and counts of one symbol's factor table.
    fn usable(&self, mut table: Table, columns: &[&str]) -> SymbolFactors {
        let times = table.take_i64("timestamp").unwrap_or_default();
        let known = table.take_i64("available_at").unwrap_or_default();
        let tradable = table.bool("tradable_flag").unwrap_or_default().to_vec();
        let is_late: Vec<bool> =
            times.iter().zip(&known).map(|(time, known)| *known > self.timeframe.next(*time)).collect();
        let (mut values, mut counts) = (Vec::new(), Vec::new());
        for name in columns {
            let mut column = table.take_f64(name).unwrap_or_default();
            let mut count = RowCounts { rows: column.len() as u64, ..RowCounts::default() };
            for ((value, tradable), late) in column.iter_mut().zip(&tradable).zip(&is_late) {
                count.missing += u64::from(value.is_nan());
                count.untradable += u64::from(!value.is_nan() && !tradable);
                count.late += u64::from(!value.is_nan() && *tradable && *late);
                if !tradable || *late {
                    *value = f64::NAN;
                }
            }
            values.push(column);
            counts.push(count);
        }
        (positions(&self.market.times, &times), values, counts)
    }

    /// Which names are in the pool at a time; `None` without a pool that is chosen over time.
    pub fn members(&self, t: usize) -> Option<&[bool]> {
        let rule = self.pool_rule?;
        self.pool.get(&rule.period(self.market.times[t])).map(Vec::as_slice)
    }

    /// Takes out the values of names outside the pool of their time.
    fn keep_pool(&self, matrix: &mut Matrix, counts: &mut RowCounts) {
        for t in 0..self.market.times.len() {
            let Some(members) = self.members(t) else { return };
            for (name, value) in matrix.row_mut(t).iter_mut().enumerate().filter(|(_, value)| !value.is_nan()) {
                if !members[name] {
                    *value = f64::NAN;
                    counts.outside_pool += 1;
                }
            }
        }
    }
}

/// How far before the first label the pool looks.
fn pool_reach(config: &EvaluationConfig) -> i64 {
    // A period begins before the first label it holds for, and its lookback before that.
    let longest_period = 92 * crosscut_model::time::DAY;
    config.dynamic_pool.and_then(|rule| rule.lookback.micros()).map_or(0, |lookback| lookback + longest_period)
}

/// The symbols to evaluate, sorted, and remarks.
fn symbols(
    hub: &Hub,
    config: &EvaluationConfig,
    set: &FactorSet,
) -> Result<(Vec<String>, Vec<String>), EvaluationError> {
    let mut notes = Vec::new();
    let known = set.symbols();
    let mut symbols: Vec<String> = match (&config.pool, config.symbols.is_empty()) {
        (Some(name), _) => {
            let pool = hub.pool(name)?;
            notes.push(format!(
                "pool `{name}` was chosen with data up to {}: what is evaluated before that knows who became large",
                crosscut_model::format_iso(pool.as_of)
            ));
            pool.members.into_iter().map(|member| member.symbol).collect()
        }
        (None, true) => known.to_vec(),
        (None, false) => config.symbols.clone(),
    };
    symbols.sort();
    symbols.dedup();
    if let Some(unknown) = symbols.iter().find(|symbol| known.binary_search(symbol).is_err()) {
        if config.pool.is_none() {
            let near = nearest(unknown, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("\nhint: did you mean `{near}`?")).unwrap_or_default();
            return Err(EvaluationError::Data(format!(
                "factor set `{}` has no symbol `{unknown}`{hint}",
                config.factor_set
            )));
        }
        let before = symbols.len();
        symbols.retain(|symbol| known.binary_search(symbol).is_ok());
        notes.push(format!("{} members of the pool are not in the factor set", before - symbols.len()));
    }
    if symbols.is_empty() || symbols.len() > NAMES_MAX {
        let message = format!("{} symbols are left to evaluate; expected 1 to {NAMES_MAX}", symbols.len());
        return Err(EvaluationError::Data(message));
    }
    Ok((symbols, notes))
}

/// The union of the labels of all symbols, ascending.
fn labels(
    symbols: &[String],
    read: impl Fn(&String) -> Result<Vec<i64>, EvaluationError> + Sync,
) -> Result<Vec<i64>, EvaluationError> {
    let mut union: Vec<i64> = Vec::new();
    for names in symbols.chunks(GROUP) {
        let read: Vec<Vec<i64>> = names.par_iter().map(&read).collect::<Result<_, _>>()?;
        for times in read {
            if times != union && !positions(&union, &times).iter().all(|row| *row != NONE) || union.is_empty() {
                union.extend(times);
                union.sort_unstable();
                union.dedup();
            }
        }
    }
    Ok(union)
}

/// The positions of ascending labels in an ascending list; [`NONE`] for one that is not in it.
pub(crate) fn positions(all: &[i64], some: &[i64]) -> Vec<u32> {
    let mut at = 0;
    let place = |time: &i64| {
        while at < all.len() && all[at] < *time {
            at += 1;
        }
        if all.get(at) == Some(time) { at as u32 } else { NONE }
    };
    some.iter().map(place).collect()
}

/// For each label of the factor the last row of prices that was known when the factor's row was.
fn base_rows(times: &[i64], frame: Timeframe, price_times: &[i64], bars: Timeframe) -> Vec<u32> {
    let mut known = 0;
    let row = |time: &i64| {
        while known < price_times.len() && bars.next(price_times[known]) <= frame.next(*time) {
            known += 1;
        }
        if known == 0 { NONE } else { known as u32 - 1 }
    };
    times.iter().map(row).collect()
}

/// Reads the bars of one symbol.
fn read_bars(
    hub: &Hub,
    config: &EvaluationConfig,
    (spec, symbol): (&BarSpec, &str),
    (window, first_label): (Range, Option<i64>),
) -> Result<SymbolBars, EvaluationError> {
    let price = config.price.name();
    let mut columns = vec!["close", "volume", "dollar_volume"];
    if config.price != PriceColumn::Close {
        columns.push(price);
    }
    let mut table = hub.read_bars(&config.venue, spec, symbol, &columns, window)?;
    let info = hub.bar_info(&config.venue, spec, symbol)?;
    let times = table.take_i64("timestamp").unwrap_or_default();
    let given = table.take_f64("dollar_volume").unwrap_or_default();
    let (close, volume) = (table.f64("close").unwrap_or_default(), table.f64("volume").unwrap_or_default());
    // Where the bars give no dollar volume, close times volume stands for it.
    let dollars: Vec<f64> = given
        .iter()
        .zip(close.iter().zip(volume))
        .map(|(given, (close, volume))| if given.is_finite() { *given } else { close * volume })
        .collect();
    let entries = config.dynamic_pool.map(|rule| rule.entries(&times, &dollars, first_label)).unwrap_or_default();
    let mut prices = table.take_f64(price).unwrap_or_default();
    prices.iter_mut().filter(|price| !(price.is_finite() && **price > 0.0)).for_each(|price| *price = f64::NAN);
    let table = format!("bars/{}/{spec}/{symbol}", config.venue);
    Ok(SymbolBars {
        volume: dollars.iter().map(|value| *value as f32).collect(),
        times,
        price: prices,
        entries,
        input: Input { table, content_hash: info.content_hash },
        first: (info.rows > 0).then_some(info.first),
    })
}

/// Last rows of delisted symbols; listing dates replace the first label where they are known.
fn instruments(
    hub: &Hub,
    config: &EvaluationConfig,
    (symbols, first_seen): (&[String], &mut [i64]),
    (price_times, prices): (&[i64], &Matrix),
) -> Result<Vec<u32>, EvaluationError> {
    let mut last_row = vec![NONE; symbols.len()];
    for instrument in hub.instruments(&config.venue)? {
        let Ok(name) = symbols.binary_search(&instrument.symbol) else { continue };
        if let Some(listed) = instrument.listed_at {
            first_seen[name] = first_seen[name].min(listed);
        }
        let Some(delisted) = instrument.delisted_at else { continue };
        let end = price_times.partition_point(|time| *time < delisted);
        // A delisting after the data is not known in them.
        if end < price_times.len() {
            let last = (0..end).rev().find(|&row| prices.at(row, name).is_finite());
            last_row[name] = last.map_or(NONE, |row| row as u32);
        }
    }
    Ok(last_row)
}

/// The tables of a whole venue, and the pool.
fn small_inputs(hub: &Hub, config: &EvaluationConfig) -> Result<Vec<Input>, EvaluationError> {
    let mut out = Vec::new();
    out.extend(hub.instruments_provenance(&config.venue)?.map(|provenance| Input {
        table: format!("instruments/{}.parquet", config.venue),
        content_hash: provenance.content_hash,
    }));
    let mut files = Vec::new();
    if hub.sessions(&config.venue)?.is_some() {
        files.push(format!("calendars/{}.json", config.venue));
    }
    files.extend(config.pool.iter().map(|pool| format!("pools/{pool}.json")));
    for table in files {
        out.push(Input { content_hash: hash_file(&hub.root().join(&table))?, table });
    }
    Ok(out)
}

/// One hash over the contents of all tables of a factor set.
pub(crate) fn sum_hash(set: &FactorSet) -> String {
    let hash = |symbol: &String| (symbol.clone(), serde_json::Value::from(set.content_hash(symbol)));
    config_hash(&serde_json::Value::Object(set.symbols().iter().map(hash).collect()))
}

/// The members of each period's pool.
fn pools(config: &EvaluationConfig, times: &[i64], entries: &[Vec<PoolEntry>]) -> BTreeMap<i64, Vec<bool>> {
    let mut out = BTreeMap::new();
    let Some(rule) = &config.dynamic_pool else { return out };
    for time in times {
        out.entry(rule.period(*time)).or_insert_with(Vec::new);
    }
    for (period, members) in &mut out {
        members.resize(entries.len(), false);
        for name in rule.choose(*period, entries.iter().map(Vec::as_slice)) {
            members[name as usize] = true;
        }
    }
    out
}
