//! One symbol's trades: ids, prices that jump for a trade, files that hold less than their names say.

use crosscut_hub::{Hub, HubError, InputFile};
use crosscut_model::time::{DAY, HOUR, civil, midnight};
use crosscut_model::{Sessions, TradeKind, Trades, format_iso};

use super::bars::told;
use super::defect::{Defect, DefectKind};
use super::{VerifyReport, VerifyRequest};

/// A price this far from the trades before and after it, as a natural logarithm, is out: 10 %.
const OUT: f64 = 0.1;

/// A file may begin and end this much inside of the period it is named for.
const SILENCE: i64 = HOUR;

/// Without a trade for this long a symbol is silent, if it is also [`USUAL_WAITS`] of its mean waits.
const LONG: i64 = HOUR;

/// See [`LONG`].
const USUAL_WAITS: i64 = 200;

/// Looks at the trades of a symbol.
pub(super) fn look(request: &VerifyRequest, hub: &Hub, kind: TradeKind, symbol: &str) -> VerifyReport {
    let mut report = VerifyReport { n_tables: 1, ..VerifyReport::default() };
    let mut rows = Rows {
        request,
        kind,
        symbol,
        last: None,
        previous_price: f64::NAN,
        found: Vec::new(),
        spikes: Vec::new(),
        // A calendar that cannot be read is told where it is needed.
        sessions: hub.sessions(&request.venue).ok().flatten(),
        long: LONG,
    };
    match rows.read(hub) {
        Ok(n_rows) => report.n_rows = n_rows,
        Err(error) => report.defects.push(request.damaged(kind.name(), symbol, &error)),
    }
    report.defects.extend(told(rows.found));
    report.defects.extend(told(rows.spikes));
    report
}

/// The last row seen.
#[derive(Debug, Clone, Copy)]
struct Last {
    /// Time, microseconds UTC.
    time: i64,
    /// Id; `None` where there are none.
    id: Option<i64>,
    /// Last execution of an aggregated row.
    last_id: Option<i64>,
    /// Price.
    price: f64,
}

/// Rows as they go by.
struct Rows<'a> {
    /// What was asked for.
    request: &'a VerifyRequest,
    /// The kind of trades.
    kind: TradeKind,
    /// The symbol.
    symbol: &'a str,
    /// The last row.
    last: Option<Last>,
    /// Price of the row before the last.
    previous_price: f64,
    /// Findings about ids and files.
    found: Vec<Defect>,
    /// Findings about prices.
    spikes: Vec<Defect>,
    /// When the venue is open; `None` around the clock.
    sessions: Option<Sessions>,
    /// Longest time without a trade that is usual, microseconds.
    long: i64,
}

impl Rows<'_> {
    /// Reads all months; the number of rows.
    fn read(&mut self, hub: &Hub) -> Result<u64, HubError> {
        let info = hub.tick_info(&self.request.venue, self.symbol, self.kind)?;
        self.long = LONG.max((info.last - info.first) / (info.rows as i64).max(1) * USUAL_WAITS);
        for month in &info.months {
            self.request.hash(hub, &month.provenance.table)?;
            month.provenance.inputs.iter().for_each(|input| self.file(input));
            let span = (month.first, month.last);
            self.found.extend(self.request.left_out(self.kind.name(), self.symbol, span, &month.provenance.notes));
            self.found.extend(self.request.out_of_order(self.kind.name(), self.symbol, &month.provenance.inputs));
        }
        let mut stream = hub.ticks(&self.request.venue, self.symbol, self.kind)?;
        let mut batch = Trades::default();
        while stream.next_batch(&mut batch)? {
            for row in 0..batch.len() {
                self.row(&batch, row);
            }
        }
        Ok(info.rows as u64)
    }

    /// A finding.
    fn defect(&self, kind: DefectKind, when: (i64, i64), count: u64, detail: String) -> Defect {
        Defect { count, detail, ..self.request.defect(self.kind.name(), self.symbol, kind, when) }
    }

    /// Holds one row against the one before.
    fn row(&mut self, batch: &Trades, row: usize) {
        let get = |ids: &[i64]| ids.get(row).copied();
        let (time, price) = (batch.timestamp[row], batch.price[row]);
        let here = Last { time, id: get(&batch.trade_id), last_id: get(&batch.last_trade_id), price };
        if let Some(last) = self.last {
            if let (Some(before), Some(id)) = (last.id, here.id)
                && id <= before
            {
                // Within a month that is a damaged table.
                let (one, two) = (format_iso(last.time), format_iso(time));
                let detail = format!("{} ends with id {before}, {} begins with id {id}", &one[..7], &two[..7]);
                self.found.push(self.defect(DefectKind::IdDisorder, (last.time, time), 1, detail));
            } else if let (Some(before), Some(id)) = (last.id, here.id)
                && id != before + 1
            {
                let detail = format!("ids {} to {} are missing", before + 1, id - 1);
                self.found.push(self.defect(
                    DefectKind::IdGap,
                    (last.time, time),
                    (id - before - 1).unsigned_abs(),
                    detail,
                ));
            }
            if time - last.time >= self.long {
                self.silence(last, here);
            }
            if let (Some(before), Some(first)) = (last.last_id, get(&batch.first_trade_id)) {
                self.executions(last.time, time, before, first);
            }
            let (there, back) = (libm::log(last.price / self.previous_price), libm::log(price / last.price));
            if there.abs() > OUT && back.abs() > OUT && there * back < 0.0 {
                let detail = format!("price {} between {} and {price}", last.price, self.previous_price);
                self.spikes.push(self.defect(DefectKind::PriceSpike, (last.time, last.time), 1, detail));
            }
            self.previous_price = last.price;
        }
        self.last = Some(here);
    }

    /// A long time without a trade, unless the venue was closed or ids tell already that trades are missing.
    fn silence(&mut self, last: Last, here: Last) {
        let (from, to) = (last.time, here.time);
        let open = match &self.sessions {
            Some(sessions) => {
                let times = sessions.times(from - DAY, to + DAY).into_iter();
                times.map(|(open, close)| (close.min(to) - open.max(from)).max(0)).sum()
            }
            None => to - from,
        };
        let kind = match (last.id, here.id) {
            (Some(before), Some(id)) if id > before + 1 => return,
            (Some(_), Some(_)) => DefectKind::Pause,
            _ => DefectKind::Silence,
        };
        if open >= self.long {
            let detail = format!("no trade for {:.1} h", (to - from) as f64 / HOUR as f64);
            self.found.push(self.defect(kind, (from, to), 1, detail));
        }
    }

    /// Holds the executions of an aggregated row against those of the row before.
    fn executions(&mut self, from: i64, to: i64, before: i64, first: i64) {
        if first > before + 1 {
            let detail = format!("executions {} to {} are in no row", before + 1, first - 1);
            self.found.push(self.defect(DefectKind::IdGap, (from, to), (first - before - 1) as u64, detail));
        } else if first <= before {
            let detail = format!("execution {first} comes after {before}");
            self.found.push(self.defect(DefectKind::IdDisorder, (from, to), 1, detail));
        }
    }

    /// Holds what a file has against the day or month it is named for.
    fn file(&mut self, input: &InputFile) {
        let Some(until) = input.covers_until else { return };
        // A month ends where a month begins; a day there is named alike, and told by what it can hold.
        let date = civil(until);
        let month = midnight(date.year, date.month - 1, 1);
        let from = if date.day == 1 && input.first < until - DAY { month } else { until - DAY };
        if input.first - from <= SILENCE && until - input.last <= SILENCE {
            return;
        }
        let span = format!("{} to {}", format_iso(input.first), format_iso(input.last));
        let detail = format!("{} holds {span} of {} to {}", input.file, format_iso(from), format_iso(until));
        self.found.push(self.defect(DefectKind::PartialPeriod, (from, until), input.rows, detail));
    }
}
