//! What a set reads: its symbols, their tables, the calendar of the market, and the bars themselves.

use std::ops;

use crosscut_hub::{BarTable, FactorInput, Hub, TableInfo};
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::calendar::{Annualisation, periods_per_year};
use crosscut_model::time::weekday;
use crosscut_model::{Table, encode_path};
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::config::{Config, Fill, Symbols};
use crate::error::{FactorsError, Place};
use crate::groups::{Groups, TIMESTAMP};

/// The tables a set reads, one per symbol.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// The set.
    config: &'a Config,
    /// Symbols and their tables, sorted by symbol.
    pub tables: Vec<(String, BarTable)>,
    /// Periods per year of the market.
    pub annualisation: Annualisation,
    /// What was left out and why.
    pub warnings: Vec<String>,
    /// The columns that lie in no bar table: categories of group files, and the time of the row.
    pub groups: Groups,
}

impl<'a> Source<'a> {
    /// Opens the tables of a set; reads no more than the times of one of them.
    ///
    /// # Errors
    /// A symbol that has no bars (the nearest is named), a pool of another venue, no symbol at all, or a fill policy
    /// on a market that closes.
    pub fn open(hub: &Hub, config: &'a Config) -> Result<Self, FactorsError> {
        let (symbols, warnings) = symbols(hub, config)?;
        let tables: Vec<Result<BarTable, _>> =
            symbols.par_iter().map(|symbol| hub.bar_table(&config.venue, &config.bars, symbol)).collect();
        let tables: Vec<BarTable> = tables.into_iter().collect::<Result<_, _>>()?;
        let tables: Vec<(String, BarTable)> = symbols.into_iter().zip(tables).collect();
        let annualisation = annualisation(config, &tables)?;
        let groups = Groups::read(config)?;
        let twice = tables
            .iter()
            .flat_map(|(_, table)| &table.info().columns)
            .find(|name| *name != TIMESTAMP && groups.has(name));
        if let Some(twice) = twice {
            let line = config.groups.iter().find(|group| group.column == *twice).map_or(0, |group| group.line);
            let message = format!("groups: the bars have a column `{twice}` already; choose another name");
            return Err(FactorsError::Config { place: Place { file: config.file.clone(), line }, message });
        }
        Ok(Self { config, tables, annualisation, warnings, groups })
    }

    /// Columns that formulas may use: those every bar table has, then what some table of the set adds, then those of
    /// [`Groups`].
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = BAR_COLUMNS.iter().map(|&column| column.to_owned()).collect();
        for column in self.tables.iter().flat_map(|(_, table)| &table.info().columns) {
            let is_key = ["timestamp", "available_at", "bar_seq"].contains(&column.as_str());
            if !is_key && !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        columns.extend(self.groups.names().map(str::to_owned));
        columns
    }

    /// The tables and group files as the metadata lists them, sorted by path.
    pub fn inputs(&self) -> Vec<FactorInput> {
        let tables = (0..self.tables.len()).map(|index| self.input(index));
        let mut inputs: Vec<FactorInput> = tables.chain(self.groups.inputs()).collect();
        inputs.sort_by(|a, b| a.table.cmp(&b.table));
        inputs
    }

    /// One table as the metadata lists it.
    pub fn input(&self, index: usize) -> FactorInput {
        let (symbol, table) = &self.tables[index];
        let info = table.info();
        FactorInput {
            table: format!("{}/{}.parquet", self.folder(), encode_path(symbol)),
            content_hash: info.content_hash.clone(),
            rows: info.rows as u64,
        }
    }

    /// Path inside the hub of the folder the bars lie in.
    pub fn folder(&self) -> String {
        format!("bars/{}/{}", self.config.venue, self.config.bars)
    }

    /// Reads the columns `needed` of the bars `rows` of the table at `index` and applies the fill policy between them. A
    /// column that this symbol's table lacks is missing throughout.
    ///
    /// # Errors
    /// When the table is damaged or was replaced since the source was opened.
    pub fn read(&self, index: usize, needed: &[String], rows: ops::Range<usize>) -> Result<SymbolBars, FactorsError> {
        let (symbol, table) = &self.tables[index];
        let is_there = |column: &str| has(table.info(), column);
        let in_table = |column: &&str| !self.groups.has(column) && is_there(column);
        let mut wanted: Vec<&str> = needed.iter().map(String::as_str).filter(in_table).collect();
        if self.fills() && !wanted.contains(&"close") {
            wanted.push("close");
        }
        let mut bars = into_bars(&mut table.read_rows(&wanted, rows)?, &wanted);
        for column in needed.iter().filter(|column| !self.groups.has(column) && !is_there(column)) {
            bars.columns.push((column.clone(), vec![f64::NAN; bars.len()]));
        }
        if let Fill::Forward(limit) = self.config.fill {
            bars.fill_forward(self.config.timeframe, limit);
        }
        // After the fill: an invented row has a time and a category of its own.
        for column in needed {
            if let Some(values) = self.groups.values(column, symbol, &bars.timestamp) {
                bars.columns.push((column.clone(), values));
            }
        }
        Ok(bars)
    }

    /// Whether the bars close on events: they are told apart by their numbers, not by their labels.
    pub fn of_events(&self) -> bool {
        self.config.bars.is_event()
    }

    /// Whether missing bars are invented.
    pub fn fills(&self) -> bool {
        self.config.fill != Fill::None
    }

    /// The first label that could be one of the fill policy's inventions after a bar, or the next bar's.
    pub fn following(&self, label: i64) -> i64 {
        if self.fills() { self.config.timeframe.next(label) } else { label + 1 }
    }
}

/// Whether a table has a column.
fn has(info: &TableInfo, column: &str) -> bool {
    info.columns.iter().any(|known| known == column)
}

/// The times and the columns `wanted` of a table the hub has checked.
fn into_bars(table: &mut Table, wanted: &[&str]) -> SymbolBars {
    let columns = wanted
        .iter()
        .map(|&name| (name.to_owned(), table.take_f64(name).expect("the hub gives the columns it was asked for")))
        .collect();
    SymbolBars {
        timestamp: table.take_i64("timestamp").expect("every bar table has times"),
        available_at: table.take_i64("available_at").expect("every bar table has times"),
        bar_seq: table.take_i64("bar_seq").unwrap_or_default(),
        columns,
        invented: Vec::new(),
    }
}

/// The symbols of a set, sorted, and what was left out.
fn symbols(hub: &Hub, config: &Config) -> Result<(Vec<String>, Vec<String>), FactorsError> {
    let there = hub.bar_symbols(&config.venue, &config.bars)?;
    let error = |message: String| FactorsError::Config { place: Place { file: config.file.clone(), line: 0 }, message };
    let mut warnings = Vec::new();
    let symbols = match &config.symbols {
        Symbols::All => there,
        Symbols::List(list) => list.clone(),
        Symbols::Pool(name) => {
            let pool = hub.pool(name)?;
            if pool.venue != config.venue {
                let message = format!(
                    "symbols: pool `{name}` lists symbols of {}, but source.venue is {}",
                    pool.venue, config.venue
                );
                return Err(error(message));
            }
            let mut members: Vec<String> = pool.members.into_iter().map(|member| member.symbol).collect();
            members.sort();
            let (found, absent): (Vec<String>, Vec<String>) =
                members.into_iter().partition(|member| there.binary_search(member).is_ok());
            if !absent.is_empty() {
                warnings.push(format!("members of pool `{name}` without {} bars: {}", config.bars, absent.join(", ")));
            }
            found
        }
    };
    if symbols.is_empty() {
        return Err(error(format!("no symbol of {} has {} bars to make factors from", config.venue, config.bars)));
    }
    Ok((symbols, warnings))
}

/// Periods per year by the table with the most rows (the first of several): a whole market has one calendar. Event
/// bars have none, so the set's timeframe stands for their mean length.
fn annualisation(config: &Config, tables: &[(String, BarTable)]) -> Result<Annualisation, FactorsError> {
    let mut longest: Option<&(String, BarTable)> = None;
    for table in tables {
        if longest.is_none_or(|best| table.1.rows() > best.1.rows()) {
            longest = Some(table);
        }
    }
    let times = match longest {
        Some((_, table)) if !config.bars.is_event() => {
            table.read_rows(&[], 0..table.rows())?.take_i64("timestamp").unwrap_or_default()
        }
        _ => Vec::new(),
    };
    if matches!(config.fill, Fill::Forward(_)) && closes_on_weekends(&times) {
        let message = format!(
            "fill: the {} bars of {} have no weekends, and a closed market cannot be told from a missing bar\nhint: use `fill: none`",
            config.bars, config.venue
        );
        return Err(FactorsError::Config { place: Place { file: config.file.clone(), line: 0 }, message });
    }
    Ok(periods_per_year(&times, config.timeframe))
}

/// Whether bars of a day or less, over more than a week, never lie on a Saturday or Sunday.
fn closes_on_weekends(times: &[i64]) -> bool {
    let day = crosscut_model::time::DAY;
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return false };
    let daily = times.windows(2).any(|pair| pair[1] - pair[0] <= day);
    daily && last - first >= 7 * day && times.iter().all(|&time| weekday(time) < 5)
}
