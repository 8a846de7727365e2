//! Small markets worked out by hand, properties, and the tables of a peer library.

mod bands;
mod beside;
mod closer;
mod golden;
mod hand;
mod properties;

use crate::config::Costs;
use crate::horizon::{Calendar, Horizon};
use crate::load::RowCounts;
use crate::market::{Delisting, Market};
use crate::matrix::Matrix;
use crate::quantile::QuantileRule;
use crate::schedule::{NONE, Schedule, Timing};
use crate::section::{FactorRows, Pass, Rows, SectionRules, Sections};
use crate::summary::{FactorSummary, Summing};
use crosscut_model::Zone;
use crosscut_model::time::DAY;

/// A matrix from rows.
fn matrix(rows: &[Vec<f64>]) -> Matrix {
    let mut out = Matrix::filled(rows.len(), rows.first().map_or(0, Vec::len), f64::NAN);
    for (t, row) in rows.iter().enumerate() {
        out.row_mut(t).copy_from_slice(row);
    }
    out
}

/// A daily market with these prices, traded at the close just seen.
fn market(prices: &[Vec<f64>]) -> Market {
    let n = prices.len();
    let times: Vec<i64> = (0..n as i64).map(|day| day * DAY).collect();
    let width = prices.first().map_or(0, Vec::len);
    Market {
        symbols: (0..width).map(|name| format!("S{name:03}")).collect(),
        base: (0..n as u32).collect(),
        price_times: times.clone(),
        times,
        prices: matrix(prices),
        last_row: vec![NONE; width],
        delisting: Delisting::LastPrice,
        funding: None,
    }
}

/// A timing whose rows are known when the next bar of prices begins.
fn timing<'a>((base, price_times): (&'a [u32], &'a [i64]), lag: usize, calendar: Calendar) -> Timing<'a> {
    Timing { known: price_times, base, price_times, lag, whole_bars: false, calendar, zone: Zone::Utc }
}

/// A schedule over so many bars.
fn schedule(market: &Market, lag: usize, horizons: &[Horizon]) -> Schedule {
    timing((&market.base, &market.price_times), lag, Calendar::RoundTheClock).schedule(horizons).unwrap()
}

/// Rules with so many portfolios.
fn rules(n_quantiles: usize, rule: QuantileRule) -> SectionRules {
    SectionRules { n_quantiles, rule, rows: Rows::Each, min_names: 2 }
}

/// Passes and summary of a factor at a lag of 0.
fn judge(
    market: &Market,
    factor: &impl FactorRows,
    (horizons, rules): (&[Horizon], SectionRules),
) -> (Sections, FactorSummary) {
    let schedule = schedule(market, 0, horizons);
    let pass = Pass { market, schedule: &schedule, rules };
    let sections = pass.run(factor);
    let costs = Costs { commission_bps: 5.0, slippage_bps: 3.0, funding: false };
    let summing = Summing { pass, horizons, costs, n_draws: 0, seed: 0, bars_per_year: 252.0 };
    let (summary, _) = summing.summary("f", &sections, (factor, RowCounts::default()));
    (sections, summary)
}
