//! What is wrong, or odd, in the tables of a venue: found, named, counted; nothing is repaired.
//!
//! Bars are held against their own grid and against one another (a bar that most symbols miss is the venue's outage, a
//! bar that one misses is its own gap), trades against their ids and against the venue's klines, finer bars against
//! coarser ones, files against the hashes they were published with. Start reading at [`verify`].

mod bars;
mod defect;
mod gaps;
mod rates;
mod rebuilt;
mod ticks;

use crosscut_hub::{Hub, HubError, InputFile};
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, Range, Timeframe, TradeKind};
use rayon::prelude::*;

use crate::error::IngestError;
use bars::Series;
pub use defect::{Defect, DefectKind};
use gaps::Life;
pub use rebuilt::DayDifference;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyRequest {
    /// The venue.
    pub venue: String,
    /// Only these symbols; empty: all. Outages are found among all symbols of the venue in any case.
    pub symbols: Vec<String>,
    /// Whether files are hashed anew.
    pub hashes: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct VerifyReport {
    /// Tables looked at.
    pub n_tables: u64,
    /// Rows looked at.
    pub n_rows: u64,
    /// What is wrong or odd, sorted by table, symbol and time.
    pub defects: Vec<Defect>,
    /// Days on which rebuilt bars differ from published ones, and for each pair of tables the days that agree.
    pub differences: Vec<DayDifference>,
}

impl VerifyReport {
    /// Adds what another look found.
    fn add(&mut self, other: Self) {
        self.n_tables += other.n_tables;
        self.n_rows += other.n_rows;
        self.defects.extend(other.defects);
        self.differences.extend(other.differences);
    }
}

/// Looks at all tables of a venue.
///
/// # Errors
/// When the hub or the venue does not exist. A table that cannot be read is a defect, not an error.
pub fn verify(request: &VerifyRequest, hub: &Hub) -> Result<VerifyReport, IngestError> {
    let mut report = VerifyReport::default();
    if hub.venues()?.contains(&request.venue) {
        for kind in hub.bar_kinds(&request.venue)? {
            let spec: BarSpec = kind.parse().map_err(|error| IngestError::request(format!("{error}")))?;
            report.add(bar_tables(request, hub, &spec)?);
        }
        report.add(rebuilt::coarser(request, hub)?);
    }
    if hub.tick_venues()?.contains(&request.venue) {
        report.add(tick_tables(request, hub)?);
    }
    for symbol in hub.action_symbols(&request.venue)?.iter().filter(|symbol| request.wants(symbol)) {
        let info = hub.action_info(&request.venue, symbol)?;
        report.defects.extend(request.left_out("actions", symbol, (info.first, info.last), &info.provenance.notes));
    }
    let funding = hub.funding_symbols(&request.venue)?;
    for symbol in funding.iter().filter(|symbol| request.wants(symbol)) {
        report.add(rates::look(request, hub, symbol));
    }
    if report.n_tables == 0 {
        let wanted =
            if request.symbols.is_empty() { String::new() } else { format!(" of {}", request.symbols.join(", ")) };
        return Err(IngestError::request(format!("the hub has no table{wanted} at `{}` to look at", request.venue)));
    }
    report.defects.sort_by(|a, b| a.key().cmp(&b.key()));
    report.defects.dedup_by(|later, earlier| later.key() == earlier.key());
    Ok(report)
}

impl VerifyRequest {
    /// Whether a symbol, or an earlier holder of its name, was asked for.
    fn wants(&self, symbol: &str) -> bool {
        self.symbols.is_empty()
            || self
                .symbols
                .iter()
                .any(|wanted| wanted == symbol || wanted == crosscut_model::instrument::holder_of(symbol))
    }

    /// A finding at this venue.
    fn defect(&self, table: &str, symbol: &str, kind: DefectKind, (from, to): (i64, i64)) -> Defect {
        Defect {
            venue: self.venue.clone(),
            table: table.to_owned(),
            symbol: symbol.to_owned(),
            kind,
            from,
            to,
            count: 1,
            detail: String::new(),
        }
    }

    /// The files of a table whose rows were put in order.
    fn out_of_order(&self, table: &str, symbol: &str, inputs: &[InputFile]) -> Vec<Defect> {
        let defect = |input: &InputFile| {
            let defect = self.defect(table, symbol, DefectKind::OutOfOrder, (input.first, input.last));
            Defect { count: input.n_out_of_order, detail: input.file.clone(), ..defect }
        };
        inputs.iter().filter(|input| input.n_out_of_order > 0).map(defect).collect()
    }

    /// What a table that cannot be read is.
    fn damaged(&self, table: &str, symbol: &str, error: &HubError) -> Defect {
        let defect = self.defect(table, symbol, DefectKind::Damaged, (0, 0));
        Defect { detail: error.to_string(), ..defect }
    }

    /// What the notes of a table's provenance say of rows that were left out, as one finding.
    fn left_out(&self, table: &str, symbol: &str, span: (i64, i64), notes: &[String]) -> Option<Defect> {
        let words = ["dropped", "left out"];
        let told: Vec<&str> =
            notes.iter().map(String::as_str).filter(|note| words.iter().any(|word| note.contains(word))).collect();
        let defect = self.defect(table, symbol, DefectKind::LeftOut, span);
        (!told.is_empty()).then(|| Defect { count: told.len() as u64, detail: told.join("; "), ..defect })
    }

    /// Hashes a table anew, if that was asked for.
    fn hash(&self, hub: &Hub, path: &str) -> Result<(), HubError> {
        if self.hashes { hub.verify_table(path) } else { Ok(()) }
    }
}

/// Looks at all bars of one kind.
fn bar_tables(request: &VerifyRequest, hub: &Hub, spec: &BarSpec) -> Result<VerifyReport, IngestError> {
    let table = format!("{spec} bars");
    let symbols = hub.bar_symbols(&request.venue, spec)?;
    let read = |symbol: &String| Series::read(request, hub, spec, symbol);
    let looked: Vec<(Option<Life>, VerifyReport)> = symbols.par_iter().map(read).collect();
    let mut report = VerifyReport::default();
    let mut lives = Vec::new();
    for (life, found) in looked {
        report.add(found);
        lives.extend(life);
    }
    if let BarSpec::Time(timeframe) = spec {
        report.defects.extend(holes(request, hub, *timeframe, &table, &lives)?);
    }
    Ok(report)
}

/// What is missing from time bars: outages of the venue, gaps of symbols, symbols that ended, a market of survivors.
fn holes(
    request: &VerifyRequest,
    hub: &Hub,
    timeframe: Timeframe,
    table: &str,
    lives: &[Life],
) -> Result<Vec<Defect>, IngestError> {
    let mut out = Vec::new();
    let found = gaps::find(lives, timeframe);
    let outages = found.outages.iter().map(|outage| {
        let defect = request.defect(table, "*", DefectKind::Outage, (outage.from, outage.to));
        let detail = format!("{} of {} symbols have no bars", outage.missing, outage.alive);
        Defect { count: outage.bars, detail, ..defect }
    });
    out.extend(bars::told(outages.collect()));
    for of_one in found.gaps.chunk_by(|a, b| a.symbol == b.symbol).filter(|gaps| request.wants(&gaps[0].symbol)) {
        let gaps = of_one.iter().map(|gap| {
            let defect = request.defect(table, &gap.symbol, DefectKind::Gap, (gap.from, gap.to));
            Defect { count: gap.bars, ..defect }
        });
        out.extend(bars::told(gaps.collect()));
    }
    let Some(end) = lives.iter().map(|life| life.end).max() else { return Ok(out) };
    let delisted = hub.instruments(&request.venue)?;
    let late = (30 * timeframe.nominal_micros() as i64).clamp(DAY, 10 * DAY);
    let ended: Vec<&Life> = lives.iter().filter(|life| life.end < end - late).collect();
    for life in ended.iter().filter(|life| request.wants(&life.symbol)) {
        let known = delisted.iter().any(|row| row.symbol == life.symbol && row.delisted_at.is_some());
        let kind = if known { DefectKind::Delisted } else { DefectKind::Ended };
        out.push(request.defect(table, &life.symbol, kind, (life.end, end)));
    }
    let start = lives.iter().map(|life| life.start).min().unwrap_or(end);
    if ended.is_empty() && lives.len() >= SURVIVORS_MIN && end - start > SURVIVORS_SPAN {
        let defect = request.defect(table, "*", DefectKind::SurvivorsOnly, (start, end));
        let detail = format!("all {} symbols still trade at the end", lives.len());
        out.push(Defect { count: lives.len() as u64, detail, ..defect });
    }
    Ok(out)
}

/// A market of fewer symbols than this may well have lost none.
const SURVIVORS_MIN: usize = 10;

/// A market of less time than this may well have lost none.
const SURVIVORS_SPAN: i64 = 365 * DAY;

/// Looks at all trades, and holds them against the klines of the same symbol.
fn tick_tables(request: &VerifyRequest, hub: &Hub) -> Result<VerifyReport, IngestError> {
    let mut tables = Vec::new();
    for kind in [TradeKind::Trades, TradeKind::AggTrades] {
        let symbols = hub.tick_symbols(&request.venue, kind)?;
        tables.extend(symbols.into_iter().filter(|symbol| request.wants(symbol)).map(|symbol| (kind, symbol)));
    }
    let look = |(kind, symbol): &(TradeKind, String)| {
        let mut report = ticks::look(request, hub, *kind, symbol);
        report.add(rebuilt::from_trades(request, hub, *kind, symbol));
        report
    };
    let looked: Vec<VerifyReport> = tables.par_iter().map(look).collect();
    let mut report = VerifyReport::default();
    looked.into_iter().for_each(|found| report.add(found));
    Ok(report)
}

/// All rows of some columns of a bar table.
fn read_columns(
    hub: &Hub,
    (venue, spec, symbol): (&str, &BarSpec, &str),
    columns: &[&str],
) -> Result<crosscut_model::Table, HubError> {
    hub.read_bars(venue, spec, symbol, columns, Range::ALL)
}

#[cfg(test)]
mod tests;
