//! Many factors side by side, with false discoveries controlled.

use crosscut_kernels::inference::false_discovery;
use serde::Serialize;

use crate::portfolio::Kind;
use crate::summary::FactorSummary;

/// One factor of a comparison, at the first horizon.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedFactor {
    /// Place, 1 for the smallest p.
    pub place: usize,
    /// Name.
    pub factor: String,
    /// Mean rank IC.
    pub rank_ic: Option<f64>,
    /// Mean over deviation of the rank IC.
    pub icir: Option<f64>,
    /// Its t by Newey-West.
    pub t: Option<f64>,
    /// Two-sided p of that.
    pub p: Option<f64>,
    /// p adjusted for the number of factors (Benjamini and Hochberg): the false-discovery rate at which the factor counts
    /// as a discovery.
    pub q: Option<f64>,
    /// Whether `q` is at most 0.05.
    pub is_discovery: bool,
    /// Mean spread of the highest over the lowest portfolio.
    pub spread: Option<f64>,
    /// Its t.
    pub spread_t: Option<f64>,
    /// Net return per year of the long-short portfolio in the direction of the spread.
    pub annual_net: Option<f64>,
    /// Cost of trading at which nothing is left, in that direction, basis points.
    pub break_even_bps: Option<f64>,
    /// Mean rank autocorrelation over one bar.
    pub rank_autocorrelation: Option<f64>,
    /// Share of rows that did not take part.
    pub loss: Option<f64>,
}

/// The false-discovery rate that is controlled.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;

/// The factors ordered by the p of their rank IC at the first horizon, ties by name; those without one last.
pub fn compare(factors: &[FactorSummary], costs_rate: f64, periods: f64) -> Vec<ComparedFactor> {
    let p: Vec<Option<f64>> = factors.iter().map(|f| f.horizons.first().and_then(|h| h.rank_ic.p)).collect();
    let q = false_discovery(&p);
    let mut out: Vec<ComparedFactor> =
        factors.iter().zip(q).map(|(factor, q)| compared(factor, q, (costs_rate, periods))).collect();
    let strength = |factor: &ComparedFactor| factor.t.map_or(f64::NEG_INFINITY, f64::abs);
    out.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.factor.cmp(&b.factor)));
    out.iter_mut().enumerate().for_each(|(at, factor)| factor.place = at + 1);
    out
}

/// One factor.
fn compared(factor: &FactorSummary, q: Option<f64>, (rate, periods): (f64, f64)) -> ComparedFactor {
    let first = factor.horizons.first();
    let portfolio = first.and_then(|h| h.portfolios.iter().find(|portfolio| portfolio.kind == Kind::LongShort));
    // A factor that works upside down is held the other way round.
    let gross = portfolio.and_then(|p| Some((p.gross.mean? - p.funding?).abs()));
    let traded = portfolio.and_then(|p| p.traded);
    let break_even = gross.zip(traded).filter(|(_, traded)| *traded > 0.0).map(|(gross, traded)| gross / traded * 1e4);
    ComparedFactor {
        place: 0,
        factor: factor.factor.clone(),
        rank_ic: first.and_then(|h| h.rank_ic.mean),
        icir: first.and_then(|h| h.rank_ic.ratio),
        t: first.and_then(|h| h.rank_ic.t),
        p: first.and_then(|h| h.rank_ic.p),
        q,
        is_discovery: q.is_some_and(|q| q <= FALSE_DISCOVERY_RATE),
        spread: first.and_then(|h| h.spread.mean),
        spread_t: first.and_then(|h| h.spread.t),
        annual_net: gross.zip(traded).map(|(gross, traded)| (gross - traded * rate) * periods),
        break_even_bps: break_even,
        rank_autocorrelation: factor.rank_autocorrelation_1,
        loss: factor.coverage.loss,
    }
}
