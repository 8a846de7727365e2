//! Bars rebuilt from trades, or from finer bars, against the published ones, day by day.

use crosscut_bars::{BarBuilder, SideRule, rebuild};
use crosscut_hub::{Hub, Origin, TickColumns};
use crosscut_model::time::{DAY, format_date};
use crosscut_model::{BarSpec, Bars, Timeframe, TradeKind, Trades};
use rayon::prelude::*;

use super::defect::{Defect, DefectKind};
use super::{VerifyReport, VerifyRequest};
use crate::error::IngestError;

/// Sums of the same parts in another order differ by no more than this, relative.
const SAME: f64 = 1e-9;

/// The columns that both have: prices and volume. Counts differ where rows are aggregated trades.
const COMPARED: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// One day, or all days that agree, of one table against the rebuilt one.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DayDifference {
    /// The symbol.
    pub symbol: String,
    /// The published bars: `1h bars`.
    pub table: String,
    /// What they were rebuilt from: `agg_trades`, `1h bars`.
    pub rebuilt_from: String,
    /// The day, `2024-08-08`; `agree` for the number of days on which all is equal.
    pub day: String,
    /// Published bars; for `agree` the number of days.
    pub published: u64,
    /// Bars that are equal.
    pub equal: u64,
    /// Bars that differ.
    pub different: u64,
    /// Published bars with volume that cannot be rebuilt: trades are missing.
    pub only_published: u64,
    /// Rebuilt bars that were not published.
    pub only_rebuilt: u64,
    /// The largest relative difference.
    pub worst: f64,
    /// The column it is in, and both values.
    pub worst_at: String,
}

/// Two tables of bars of one symbol that should be one.
struct Pair<'a> {
    /// What was asked for.
    request: &'a VerifyRequest,
    /// The symbol.
    symbol: &'a str,
    /// The published bars' name.
    table: String,
    /// What the others were rebuilt from.
    source: String,
    /// The published ones.
    published: &'a Bars,
    /// The rebuilt ones.
    rebuilt: &'a Bars,
    /// Where the source begins and ends, microseconds UTC.
    span: (i64, i64),
}

/// Trades against all time bars of the symbol that were imported as klines.
pub(super) fn from_trades(request: &VerifyRequest, hub: &Hub, kind: TradeKind, symbol: &str) -> VerifyReport {
    let mut report = VerifyReport::default();
    let klines = klines(request, hub, symbol);
    for (timeframe, published) in klines.iter().filter(|(timeframe, _)| timeframe.nominal_micros() <= DAY as f64) {
        let table = format!("{timeframe} bars");
        match of_trades(request, hub, kind, symbol, *timeframe) {
            Ok((rebuilt, span)) => {
                let source = kind.name().to_owned();
                report.add(Pair { request, symbol, table, source, published, rebuilt: &rebuilt, span }.compare());
            }
            Err(IngestError::Hub(error)) => report.defects.push(request.damaged(kind.name(), symbol, &error)),
            // A kind of bar that cannot be built has nothing to be held against.
            Err(_) => {}
        }
    }
    report
}

/// Bars of a symbol's trades, and from when to when there are any.
fn of_trades(
    request: &VerifyRequest,
    hub: &Hub,
    kind: TradeKind,
    symbol: &str,
    timeframe: Timeframe,
) -> Result<(Bars, (i64, i64)), IngestError> {
    let info = hub.tick_info(&request.venue, symbol, kind)?;
    let mut builder = BarBuilder::new(BarSpec::Time(timeframe), SideRule::Venue)?;
    let mut stream = hub.ticks_columns(&request.venue, symbol, kind, TickColumns::FOR_BARS)?;
    let (mut bars, mut batch) = (Bars::default(), Trades::default());
    while stream.next_batch(&mut batch)? {
        builder.push(&batch, &mut bars);
    }
    builder.finish(Some(i64::MAX), &mut bars);
    Ok((bars, (info.first, info.last + 1)))
}

/// The time bars of a symbol that were imported.
fn klines(request: &VerifyRequest, hub: &Hub, symbol: &str) -> Vec<(Timeframe, Bars)> {
    let mut out = Vec::new();
    // What cannot be listed or read is told where the bars themselves are looked at.
    for kind in hub.bar_kinds(&request.venue).unwrap_or_default() {
        let Ok(spec @ BarSpec::Time(timeframe)) = kind.parse() else { continue };
        let is_kline =
            hub.bar_info(&request.venue, &spec, symbol).is_ok_and(|info| info.provenance.origin == Origin::Klines);
        if let (true, Ok(bars)) = (is_kline, hub.read_all_bars(&request.venue, &spec, symbol)) {
            out.push((timeframe, bars));
        }
    }
    out.sort_by(|a, b| a.0.nominal_micros().total_cmp(&b.0.nominal_micros()));
    out
}

/// Finer imported bars against coarser imported ones.
///
/// # Errors
/// When the hub cannot be listed.
pub(super) fn coarser(request: &VerifyRequest, hub: &Hub) -> Result<VerifyReport, IngestError> {
    let mut symbols = Vec::new();
    for kind in hub.bar_kinds(&request.venue)? {
        let spec: BarSpec = kind.parse().map_err(|error| IngestError::request(format!("{error}")))?;
        if matches!(spec, BarSpec::Time(_)) {
            symbols.extend(hub.bar_symbols(&request.venue, &spec)?);
        }
    }
    symbols.sort();
    symbols.dedup();
    symbols.retain(|symbol| request.wants(symbol));
    let look = |symbol: &String| {
        let mut report = VerifyReport::default();
        let tables = klines(request, hub, symbol);
        // Each against the next coarser one: equality carries on.
        for two in tables.windows(2) {
            let ((fine, finer), (coarse, published)) = (&two[0], &two[1]);
            let Ok(rebuilt) = rebuild(finer, *fine, *coarse, None) else { continue };
            let (Some(&first), Some(&last)) = (finer.timestamp.first(), finer.available_at.last()) else { continue };
            let (table, source) = (format!("{coarse} bars"), format!("{fine} bars"));
            let pair = Pair { request, symbol, table, source, published, rebuilt: &rebuilt, span: (first, last) };
            report.add(pair.compare());
        }
        report
    };
    let looked: Vec<VerifyReport> = symbols.par_iter().map(look).collect();
    let mut report = VerifyReport::default();
    looked.into_iter().for_each(|found| report.add(found));
    Ok(report)
}

impl Pair<'_> {
    /// The difference of each day on which there is one, the number of days on which there is none, and findings.
    fn compare(&self) -> VerifyReport {
        let mut days: Vec<DayDifference> = Vec::new();
        let (mut i, mut j) = (0, 0);
        let (ours, theirs) = (&self.published.timestamp, &self.rebuilt.timestamp);
        let (Some(&first), Some(&last)) = (ours.first(), ours.last()) else { return VerifyReport::default() };
        // What was rebuilt of other days than the published bars are of has nothing to be held against.
        let whole = (first.div_euclid(DAY) * DAY, (last.div_euclid(DAY) + 1) * DAY);
        j += theirs.partition_point(|label| *label < whole.0);
        let theirs = &theirs[..theirs.partition_point(|label| *label < whole.1).max(j)];
        // Bars that the source does not span are nothing to be held against; those it cuts are.
        i += self.published.available_at.partition_point(|end| *end <= self.span.0);
        while i < ours.len() || j < theirs.len() {
            let (a, b) = (ours.get(i).copied(), theirs.get(j).copied());
            if b.is_none() && a.is_some_and(|label| label >= self.span.1) {
                break;
            }
            let label = a.unwrap_or(i64::MAX).min(b.unwrap_or(i64::MAX));
            let day = self.day_of(&mut days, label);
            match (a == Some(label), b == Some(label)) {
                (true, true) => self.hold(day, i, j),
                (true, false) => {
                    day.published += 1;
                    if self.published.volume[i] > 0.0 {
                        day.only_published += 1;
                    } else {
                        day.equal += 1;
                    }
                }
                _ => day.only_rebuilt += 1,
            }
            i += usize::from(a == Some(label));
            j += usize::from(b == Some(label));
        }
        self.report(days)
    }

    /// The day of a label, begun when it is new.
    fn day_of<'d>(&self, days: &'d mut Vec<DayDifference>, label: i64) -> &'d mut DayDifference {
        let day = format_date(label.div_euclid(DAY) * DAY);
        if days.last().is_none_or(|last| last.day != day) {
            days.push(DayDifference {
                symbol: self.symbol.to_owned(),
                table: self.table.clone(),
                rebuilt_from: self.source.clone(),
                day,
                published: 0,
                equal: 0,
                different: 0,
                only_published: 0,
                only_rebuilt: 0,
                worst: 0.0,
                worst_at: String::new(),
            });
        }
        days.last_mut().expect("one was begun if there was none")
    }

    /// Holds a bar against its rebuilt one.
    fn hold(&self, day: &mut DayDifference, i: usize, j: usize) {
        let mut worst = 0.0;
        let columns = |bars: &Bars, row: usize| {
            [bars.open[row], bars.high[row], bars.low[row], bars.close[row], bars.volume[row]]
        };
        for ((name, a), b) in COMPARED.iter().zip(columns(self.published, i)).zip(columns(self.rebuilt, j)) {
            // What the published bars do not have (the volume of some sources) cannot differ.
            let off = if a.is_nan() || a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) };
            let off = if off.is_nan() { 1.0 } else { off };
            worst = off.max(worst);
            if off > day.worst && off > SAME {
                day.worst = off;
                day.worst_at = format!("{name} {a}, rebuilt {b}");
            }
        }
        day.published += 1;
        if worst > SAME {
            day.different += 1;
        } else {
            day.equal += 1;
        }
    }

    /// Days that agree as one line, the others each with a finding.
    fn report(&self, days: Vec<DayDifference>) -> VerifyReport {
        let agrees = |day: &DayDifference| day.different + day.only_published + day.only_rebuilt == 0;
        let (good, bad): (Vec<_>, Vec<_>) = days.into_iter().partition(agrees);
        let mut report = VerifyReport::default();
        for day in &bad {
            let from = crosscut_model::parse_iso(&day.day).unwrap_or_default();
            let defect =
                self.request.defect(&self.table, self.symbol, DefectKind::DiffersFromKlines, (from, from + DAY));
            let detail = format!(
                "from {}: {} differ, {} cannot be rebuilt, {} were not published; {}",
                self.source, day.different, day.only_published, day.only_rebuilt, day.worst_at
            );
            let count = day.different + day.only_published + day.only_rebuilt;
            report.defects.push(Defect { count, detail: detail.trim_end_matches("; ").to_owned(), ..defect });
        }
        if let Some(first) = good.first() {
            let (published, equal) = (good.len() as u64, good.iter().map(|day| day.equal).sum());
            report.differences.push(DayDifference { day: "agree".to_owned(), published, equal, ..first.clone() });
        }
        report.differences.extend(bad);
        report
    }
}
