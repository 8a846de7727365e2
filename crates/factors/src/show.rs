//! The built-in features of bars at hand, to look at: nothing is published.

use crosscut_hub::Hub;
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, Column, Table, Timeframe};
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::config::{Carried, Config, Family, Fill, Outliers, Symbols};
use crate::error::FactorsError;
use crate::evaluate;
use crate::plan::{Market, Plan};
use crate::source::Source;

/// Evaluates a built-in family on hub symbols, one below the other: `symbol`, `timestamp`, `available_at`, the
/// family's columns.
///
/// # Errors
/// An unknown family or symbol (the nearest is named), or a damaged table.
pub fn features_of_symbols(
    hub: &Hub,
    (venue, bar): (&str, BarSpec),
    symbols: &[String],
    family: &str,
    windows: Option<Vec<usize>>,
) -> Result<Table, FactorsError> {
    let config =
        Config { library: vec![Family { name: family.to_owned(), windows, line: 0 }], ..config(venue, bar, symbols) };
    let source = Source::open(hub, &config)?;
    let available = source.columns();
    let available: Vec<&str> = available.iter().map(String::as_str).collect();
    let market = Market { available: &available, periods_per_year: periods_per_year(&source) };
    let plan = Plan::new(&config, market)?;
    table(&plan, &read(&source, &plan.inputs)?)
}

/// Periods per year of the market of a set.
pub(crate) fn periods_per_year(source: &Source<'_>) -> f64 {
    if source.of_events() { event_bars_per_year(source) } else { source.annualisation.periods_per_year }
}

/// Reads columns of all bars of a set, by symbol.
pub(crate) fn read(source: &Source<'_>, columns: &[String]) -> Result<Vec<(String, SymbolBars)>, FactorsError> {
    let one = |index: usize| {
        let bars = source.read(index, columns, 0..source.tables[index].1.rows())?;
        Ok((source.tables[index].0.clone(), bars))
    };
    (0..source.tables.len()).into_par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
}

/// A set of nothing yet.
pub(crate) fn config(venue: &str, bars: BarSpec, symbols: &[String]) -> Config {
    let mut sorted = symbols.to_vec();
    sorted.sort();
    sorted.dedup();
    let day = Timeframe::from_micros(DAY).expect("a day is a timeframe");
    Config {
        factor_set: "features".to_owned(),
        timeframe: bars.timeframe().unwrap_or(day),
        venue: venue.to_owned(),
        bars,
        symbols: Symbols::List(sorted),
        fill: Fill::None,
        outliers: Outliers::Keep,
        tradable: None,
        library: Vec::new(),
        groups: Vec::new(),
        lets: Vec::new(),
        factors: Vec::new(),
        carried: Carried::default(),
        file: "features".to_owned(),
    }
}

/// Event bars per year of 365 days at the mean pace of the first symbol; NaN for fewer than two times.
fn event_bars_per_year(source: &Source<'_>) -> f64 {
    match source.tables.first() {
        Some((_, table)) if table.info().last > table.info().first => {
            let info = table.info();
            (info.rows - 1) as f64 * 365.0 * DAY as f64 / (info.last - info.first) as f64
        }
        _ => f64::NAN,
    }
}

/// The values of a plan's columns by symbol.
pub(crate) fn evaluated(plan: &Plan, symbols: &[(String, SymbolBars)]) -> Result<Vec<Vec<Vec<f64>>>, FactorsError> {
    let bars: Vec<&SymbolBars> = symbols.iter().map(|(_, bars)| bars).collect();
    evaluate::in_memory(plan, Outliers::Keep, &bars).map_err(FactorsError::of_panel)
}

/// The columns of a plan, all symbols one below the other.
fn table(plan: &Plan, symbols: &[(String, SymbolBars)]) -> Result<Table, FactorsError> {
    let evaluated = evaluated(plan, symbols)?;
    let mut out = Table::default();
    let names = symbols.iter().flat_map(|(symbol, bars)| std::iter::repeat_n(symbol.clone(), bars.len()));
    out.push("symbol", Column::Text(names.collect()));
    let times = |of: fn(&SymbolBars) -> &Vec<i64>| symbols.iter().flat_map(|(_, bars)| of(bars).clone()).collect();
    out.push("timestamp", Column::I64(times(|bars| &bars.timestamp)));
    out.push("available_at", Column::I64(times(|bars| &bars.available_at)));
    for (at, column) in plan.columns.iter().enumerate() {
        let values = evaluated.iter().flat_map(|outputs| outputs[at].iter().copied()).collect();
        out.push(&column.name, Column::F64(values));
    }
    Ok(out)
}
