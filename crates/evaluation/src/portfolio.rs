//! Portfolios that could be held, before and after costs.
//!
//! Over a horizon of h bars a portfolio is decided at every bar and held for h bars, so capital is split into h parts
//! that take turns. Returns are of one part over its h bars; what a part trades is the difference of its weights to those
//! h bars before, both sides counted; how weights drift meanwhile is left out. Net is gross less trading times the cost
//! rate less funding.

use crosscut_kernels::metrics::{deviation, mean};
use serde::Serialize;

use crate::config::Costs;
use crate::section::{Outcome, Sections};
use crate::series::MeanStatistics;
use crate::summary::{finite_mean, judged, spread};
use crate::turnover::{Change, Traded};

/// A kind of portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The highest portfolio against the lowest, half of capital on each side.
    LongShort,
    /// The highest portfolio with all capital.
    LongOnly,
    /// The highest portfolio less the mean of all names; trading costs as for the highest alone.
    LongDemeaned,
    /// Weights in proportion to the factor's distance from its mean, absolute values summing to 1.
    FactorWeighted,
}

/// All kinds in the order of reports.
pub const KINDS: [Kind; 4] = [Kind::LongShort, Kind::LongOnly, Kind::LongDemeaned, Kind::FactorWeighted];

impl Kind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::LongShort => "long-short",
            Self::LongOnly => "long only",
            Self::LongDemeaned => "long, demeaned",
            Self::FactorWeighted => "factor-weighted",
        }
    }

    /// Gross return and funding at one time.
    fn at(self, outcome: &Outcome) -> (f64, f64) {
        let top = outcome.quantiles.last().and_then(|moments| moments.defined_mean()).unwrap_or(f64::NAN);
        let funding = |at: Option<&f64>| at.copied().unwrap_or(0.0);
        let (paid_top, paid_bottom) = (funding(outcome.funding.last()), funding(outcome.funding.first()));
        match self {
            Self::LongShort => (spread(&outcome.quantiles) / 2.0, (paid_top - paid_bottom) / 2.0),
            Self::LongOnly => (top, paid_top),
            Self::LongDemeaned => (top - outcome.market, paid_top),
            Self::FactorWeighted => (outcome.weighted, outcome.weighted_funding),
        }
    }

    /// What it trades.
    fn traded(self, traded: &Traded) -> f64 {
        match self {
            Self::LongShort => traded.long_short,
            Self::LongOnly | Self::LongDemeaned => traded.long_only,
            Self::FactorWeighted => traded.weighted,
        }
    }
}

/// A portfolio over all times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portfolio {
    /// Its kind.
    pub kind: Kind,
    /// Return over a horizon before costs.
    pub gross: MeanStatistics,
    /// Return over a horizon after costs.
    pub net: MeanStatistics,
    /// Mean of what is bought and sold over a horizon, as a share of capital.
    pub traded: Option<f64>,
    /// Mean cost of trading over a horizon.
    pub cost: Option<f64>,
    /// Mean funding paid over a horizon; negative is received.
    pub funding: Option<f64>,
    /// The cost of trading, basis points of what is bought and sold, at which nothing is left of the gross return after
    /// funding; `None` when there is none before costs.
    pub break_even_bps: Option<f64>,
    /// Gross return per year, not compounded.
    pub annual_gross: Option<f64>,
    /// Net return per year, not compounded.
    pub annual_net: Option<f64>,
    /// Sharpe ratio of the net return per year, from the parts of capital that do not overlap.
    pub sharpe_net: Option<f64>,
}

/// Returns of the portfolios at each judged time that has one a horizon before.
#[derive(Debug, Clone)]
pub struct PortfolioSeries {
    /// Positions of the judged times.
    pub times: Vec<usize>,
    /// For each kind gross return, trading and funding.
    pub rows: Vec<[(f64, f64, f64); KINDS.len()]>,
    /// Cost of trading as a share of what is traded.
    rate: f64,
    /// Bars of the horizon.
    bars: usize,
}

impl PortfolioSeries {
    /// The series of horizon `h`, which takes `bars` bars; `changes` are those over as many judged times. The first
    /// parts of capital have nothing before them and count as bought whole at the mean of what is traded later.
    pub fn of(sections: &Sections, (h, bars): (usize, usize), changes: &[Change], costs: Costs) -> Self {
        let usual =
            KINDS.map(|kind| finite_mean(changes.iter().map(|change| kind.traded(&change.traded))).unwrap_or(0.0));
        let n_before = judged(sections).count() - changes.len();
        let (mut times, mut rows) = (Vec::new(), Vec::new());
        for (at, (t, section)) in judged(sections).enumerate() {
            let change = at.checked_sub(n_before).map(|at| &changes[at]);
            times.push(t);
            let row = KINDS.map(|kind| kind.at(&section.outcomes[h]));
            let mut out = [(0.0, 0.0, 0.0); KINDS.len()];
            for (k, (gross, funding)) in row.into_iter().enumerate() {
                out[k] = (gross, change.map_or(usual[k], |change| KINDS[k].traded(&change.traded)), funding);
            }
            rows.push(out);
        }
        Self { times, rows, rate: costs.rate(), bars }
    }

    /// Gross returns of a kind.
    pub fn gross(&self, kind: usize) -> impl Iterator<Item = f64> {
        self.rows.iter().map(move |row| row[kind].0)
    }

    /// Net returns of a kind.
    pub fn net(&self, kind: usize) -> impl Iterator<Item = f64> {
        self.rows.iter().map(move |row| row[kind].0 - row[kind].1 * self.rate - row[kind].2)
    }

    /// All portfolios; `periods` is the number of horizons in a year.
    pub fn portfolios(&self, periods: f64) -> Vec<Portfolio> {
        (0..KINDS.len()).map(|kind| self.portfolio(kind, periods)).collect()
    }

    /// One portfolio.
    fn portfolio(&self, kind: usize, periods: f64) -> Portfolio {
        let gross = MeanStatistics::of(self.gross(kind), self.bars);
        let net = MeanStatistics::of(self.net(kind), self.bars);
        let held = || self.rows.iter().filter(|row| row[kind].0.is_finite());
        let traded = finite_mean(held().map(|row| row[kind].1));
        let funding = finite_mean(held().map(|row| row[kind].2));
        let left = gross.mean.zip(funding).map(|(gross, funding)| gross - funding);
        let break_even = left.zip(traded).filter(|(left, traded)| *left > 0.0 && *traded > 0.0);
        Portfolio {
            kind: KINDS[kind],
            traded,
            cost: traded.map(|traded| traded * self.rate),
            funding,
            break_even_bps: break_even.map(|(left, traded)| left / traded * 10_000.0),
            annual_gross: gross.mean.map(|mean| mean * periods),
            annual_net: net.mean.map(|mean| mean * periods),
            sharpe_net: self.sharpe(kind, periods),
            gross,
            net,
        }
    }

    /// The mean over the parts of capital of each part's Sharpe ratio: returns of one part do not overlap.
    fn sharpe(&self, kind: usize, periods: f64) -> Option<f64> {
        let net: Vec<f64> = self.net(kind).filter(|value| value.is_finite()).collect();
        let part = |first: usize| {
            let returns: Vec<f64> = net.iter().skip(first).step_by(self.bars).copied().collect();
            let deviation = deviation(&returns).filter(|deviation| *deviation > 0.0)?;
            Some(mean(&returns)? / deviation * periods.sqrt())
        };
        let parts: Vec<f64> = (0..self.bars).filter_map(part).filter(|value| value.is_finite()).collect();
        mean(&parts)
    }
}
