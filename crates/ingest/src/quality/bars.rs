//! One bar table: its prices, its volumes, the pauses in it.

use crosscut_hub::Hub;
use crosscut_model::BarSpec;
use crosscut_model::time::{DAY, weekday};

use super::defect::{Defect, DefectKind};
use super::gaps::{Life, holes};
use super::{VerifyReport, VerifyRequest, read_columns};

/// A move of the price counts as far out from this many times the usual one.
const USUAL_MOVES: f64 = 12.0;

/// And from this size, as a natural logarithm: up 50 %, down 33 %.
const MOVE_MIN: f64 = 0.405;

/// A high or low counts as far out from this many times the limit of moves.
const WICK: f64 = 2.0;

/// A move that takes back at least this share of the one before is a spike.
const TAKEN_BACK: f64 = 0.8;

/// A price another factor away than this, as a natural logarithm, after a pause is another coin: 4 times.
const REUSE_MIN: f64 = 1.386;

/// Shares pause this long over a weekend with holidays around it.
const LONG_WEEKEND: i64 = 5 * DAY;

/// Findings of one kind in one table that are told one by one; the others are counted in the last.
const TOLD: usize = 200;

/// The columns that are looked at.
const COLUMNS: [&str; 6] = ["open", "high", "low", "close", "volume", "dollar_volume"];

/// One table's columns.
pub(super) struct Series<'a> {
    /// What was asked for.
    request: &'a VerifyRequest,
    /// The table in words.
    table: String,
    /// The symbol.
    symbol: &'a str,
    /// Labels, microseconds UTC.
    times: &'a [i64],
    /// Closes, microseconds UTC.
    ends: &'a [i64],
    /// The values of [`COLUMNS`].
    columns: [&'a [f64]; 6],
}

impl<'a> Series<'a> {
    /// Reads and looks at a table: the symbol's life where the bars have a grid, and what was found.
    pub fn read(request: &VerifyRequest, hub: &Hub, spec: &BarSpec, symbol: &String) -> (Option<Life>, VerifyReport) {
        let table = format!("{spec} bars");
        let mut report = VerifyReport { n_tables: 1, ..VerifyReport::default() };
        let key = (request.venue.as_str(), spec, symbol.as_str());
        let hashed = hub.bar_info(&request.venue, spec, symbol).and_then(|info| {
            if request.wants(symbol) {
                report.defects.extend(request.out_of_order(&table, symbol, &info.provenance.inputs));
                request.hash(hub, &info.provenance.table)?;
            }
            Ok(info.provenance.notes)
        });
        let (notes, rows) = match hashed.and_then(|notes| Ok((notes, read_columns(hub, key, &COLUMNS)?))) {
            Ok(read) => read,
            Err(error) => {
                report.defects.push(request.damaged(&table, symbol, &error));
                return (None, report);
            }
        };
        let column = |name: &str| rows.f64(name).unwrap_or_default();
        let (times, ends) = (rows.i64("timestamp").unwrap_or_default(), rows.i64("available_at").unwrap_or_default());
        let series = Series { request, table, symbol, times, ends, columns: COLUMNS.map(column) };
        let life = series.life(spec);
        if !request.wants(symbol) {
            return (life, VerifyReport::default());
        }
        report.n_rows = times.len() as u64;
        let span = (times.first().copied().unwrap_or(0), ends.last().copied().unwrap_or(0));
        report.defects.extend(request.left_out(&series.table, symbol, span, &notes));
        // Prices of marks and premiums are no prices of trades: a premium is about 0, and neither has a volume.
        let is_premium = matches!(spec, BarSpec::Premium(_));
        if !is_premium {
            series.prices(&mut report.defects);
            series.moves(&mut report.defects);
        }
        if matches!(spec, BarSpec::Time(_)) {
            series.volumes(&mut report.defects);
        }
        (life, report)
    }

    /// When there are bars, where they lie on a grid.
    fn life(&self, spec: &BarSpec) -> Option<Life> {
        let BarSpec::Time(timeframe) = spec else { return None };
        let (&start, &end) = (self.times.first()?, self.ends.last()?);
        let (symbol, holes) = (self.symbol.to_owned(), holes(self.times, *timeframe));
        Some(Life { symbol, start, end, holes, labels: self.times.to_vec() })
    }

    /// A finding at a row.
    fn at(&self, kind: DefectKind, row: usize, detail: String) -> Defect {
        let when = (self.times[row], self.ends[row]);
        Defect { detail, ..self.request.defect(&self.table, self.symbol, kind, when) }
    }

    /// Values that are missing or cannot be.
    fn prices(&self, out: &mut Vec<Defect>) {
        let [open, high, low, close, ..] = self.columns;
        let mut found = Vec::new();
        for row in 0..self.times.len() {
            let prices = [open[row], high[row], low[row], close[row]];
            if prices.iter().any(|price| price.is_nan()) {
                let absent = COLUMNS.iter().zip(prices).filter(|(_, price)| price.is_nan()).map(|(name, _)| *name);
                let detail = format!("no {}", absent.collect::<Vec<_>>().join(", "));
                found.push(self.at(DefectKind::MissingValue, row, detail));
                continue;
            }
            let [open, high, low, close] = prices;
            let holds = low <= open.min(close) && high >= open.max(close);
            if !holds || low <= 0.0 {
                let detail = format!("open {open}, high {high}, low {low}, close {close}");
                found.push(self.at(DefectKind::ImpossibleBar, row, detail));
            }
        }
        out.extend(told(found));
    }

    /// Moves far beyond the usual: spikes, jumps, and other coins after pauses.
    fn moves(&self, out: &mut Vec<Defect>) {
        let close = self.columns[3];
        let rows: Vec<usize> = (0..close.len()).filter(|row| close[*row] > 0.0).collect();
        let step: Vec<f64> = rows.windows(2).map(|two| libm::log(close[two[1]] / close[two[0]])).collect();
        let usual = USUAL_MOVES * median(step.iter().map(|step| step.abs()).filter(|step| *step > 0.0).collect());
        let limit = usual.max(MOVE_MIN);
        // Where a market has its weekends off, a weekend with holidays around it is no pause.
        let long_pause = if self.has_weekends_off() { LONG_WEEKEND } else { DAY };
        let mut found = Vec::new();
        let mut taken_back = false;
        for (at, &size) in step.iter().enumerate() {
            if std::mem::take(&mut taken_back) || size.abs() < limit {
                continue;
            }
            let (before, row) = (rows[at], rows[at + 1]);
            let detail = format!("close {} to {}, {:+.1} %", close[before], close[row], libm::expm1(size) * 100.0);
            let pause = self.times[row] - self.ends[before];
            // What comes back after a pause may be something else.
            let goes_on = rows.get(at + 2).is_some_and(|after| self.times[*after] - self.ends[row] < long_pause);
            let next = step.get(at + 1).copied().filter(|_| goes_on).unwrap_or(0.0);
            let kind = if pause >= long_pause && size.abs() > REUSE_MIN {
                DefectKind::ReusedSymbol
            } else if next * size < 0.0 && next.abs() > TAKEN_BACK * size.abs() && pause < long_pause {
                taken_back = true;
                DefectKind::PriceSpike
            } else {
                DefectKind::PriceJump
            };
            let detail = if kind == DefectKind::ReusedSymbol {
                format!("{detail} after a pause of {:.1} days", pause as f64 / DAY as f64)
            } else {
                detail
            };
            found.push(self.at(kind, row, detail));
        }
        out.extend(told(found));
        self.wicks(WICK * limit, out);
    }

    /// Whether there is hardly a bar on weekends, in a series long enough to tell.
    fn has_weekends_off(&self) -> bool {
        let on_weekend = self.times.iter().filter(|label| weekday(**label) >= 5).count();
        let span = self.times.last().zip(self.times.first()).map_or(0, |(last, first)| last - first);
        span >= 8 * DAY && on_weekend * 20 < self.times.len()
    }

    /// Highs and lows far outside of open and close.
    fn wicks(&self, limit: f64, out: &mut Vec<Defect>) {
        let [open, high, low, close, ..] = self.columns;
        let far = |row: &usize| {
            let (top, bottom) = (open[*row].max(close[*row]), open[*row].min(close[*row]));
            bottom > 0.0
                && low[*row] > 0.0
                && (libm::log(high[*row] / top) > limit || libm::log(bottom / low[*row]) > limit)
        };
        let detail =
            |row: usize| format!("open {}, high {}, low {}, close {}", open[row], high[row], low[row], close[row]);
        let found = (0..open.len()).filter(far).map(|row| self.at(DefectKind::PriceSpike, row, detail(row)));
        out.extend(told(found.collect()));
    }

    /// Bars without volume, as one finding with its longest run.
    fn volumes(&self, out: &mut Vec<Defect>) {
        // Some sources give the value traded and not the volume.
        let [.., volume, value] = self.columns;
        let silent = |row: &usize| volume[*row] == 0.0 || volume[*row].is_nan() && value[*row] == 0.0;
        let rows: Vec<usize> = (0..self.times.len()).filter(silent).collect();
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { return };
        let (mut longest, mut run) = ((0, first), (0, first));
        let mut previous = None;
        for &row in &rows {
            let goes_on = previous.is_some_and(|previous: usize| previous + 1 == row);
            run = if goes_on { (run.0 + 1, run.1) } else { (1, row) };
            longest = if run.0 > longest.0 { run } else { longest };
            previous = Some(row);
        }
        let at = crosscut_model::format_iso(self.times[longest.1]);
        let detail = format!("{} of {} bars, the longest run {} from {at}", rows.len(), self.times.len(), longest.0);
        let when = (self.times[first], self.ends[last]);
        let defect = self.request.defect(&self.table, self.symbol, DefectKind::ZeroVolume, when);
        out.push(Defect { count: rows.len() as u64, detail, ..defect });
    }
}

/// The first findings; the last of them counts those that are left out.
pub(super) fn told(mut found: Vec<Defect>) -> Vec<Defect> {
    let rest = found.len().saturating_sub(TOLD);
    if rest > 0 {
        let (until, n) = (found[found.len() - 1].to, rest as u64);
        found.truncate(TOLD);
        if let Some(last) = found.last_mut() {
            (last.to, last.count) = (until, last.count + n);
            last.detail = format!("{}; and {n} more up to the end of this stretch", last.detail);
        }
    }
    found
}

/// The middle value; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
