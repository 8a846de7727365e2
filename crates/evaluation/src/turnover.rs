//! The second pass over time: how a cross-section differs from an earlier one, and what trading the difference takes.
//!
//! Portfolios are compared target with target; how far weights drift in between is left out.

use crosscut_kernels::ranks::{Ranker, rank_correlation};
use rayon::prelude::*;

use crate::section::{FactorRows, Sections};

/// A time and the one before it that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Rank correlation of the factor with itself over the names of both times; NaN when undefined.
    pub rank_autocorrelation: f64,
    /// For each portfolio the share of names that were not in it before; NaN for an empty one.
    pub turnover: Vec<f64>,
    /// What is bought and sold, as a share of capital.
    pub traded: Traded,
}

/// Sums of absolute changes of weights: buying and selling both count.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traded {
    /// The highest portfolio against the lowest, half of capital on each side.
    pub long_short: f64,
    /// The highest portfolio with all capital.
    pub long_only: f64,
    /// The factor-weighted portfolio.
    pub weighted: f64,
}

/// The changes over `lag` judged times, one per judged time from the `lag`-th on.
pub fn changes(sections: &Sections, factor: &impl FactorRows, lag: usize) -> Vec<Change> {
    let judged: Vec<usize> = (0..sections.rows.len()).filter(|&t| !sections.rows[t].outcomes.is_empty()).collect();
    let n = judged.len().saturating_sub(lag);
    (0..n)
        .into_par_iter()
        .map_init(Room::default, |room, at| room.change(sections, factor, (judged[at], judged[at + lag])))
        .collect()
}

/// Room for one comparison.
#[derive(Debug, Default)]
struct Room {
    /// Factor values before and now.
    rows: (Vec<f64>, Vec<f64>),
    /// Ranks of the common names before and now, among all names.
    common: (Vec<u32>, Vec<u32>),
    /// The same among the common names.
    ranks: (Vec<u32>, Vec<u32>),
    /// For counting.
    ranker: Ranker,
}

impl Room {
    /// Compares time `now` with the earlier time `before`.
    fn change(&mut self, sections: &Sections, factor: &impl FactorRows, (before, now): (usize, usize)) -> Change {
        let (q_before, q_now) = (sections.quantiles.row(before), sections.quantiles.row(now));
        let (r_before, r_now) = (sections.ranks.row(before), sections.ranks.row(now));
        let n_quantiles = sections.rows[now].outcomes.first().map_or(0, |outcome| outcome.quantiles.len());
        let sizes = (sizes(q_before, n_quantiles), sizes(q_now, n_quantiles));
        let (f_before, f_now) = (factor.row(before, &mut self.rows.0), factor.row(now, &mut self.rows.1));
        let (s_before, s_now) = (&sections.rows[before], &sections.rows[now]);
        let weight = |value: f64, center: f64, gross: f64| if gross > 0.0 { (value - center) / gross } else { 0.0 };
        let mut traded = Traded::default();
        let mut stayed = vec![0u32; n_quantiles + 1];
        self.common.0.clear();
        self.common.1.clear();
        for name in 0..q_now.len() {
            let (from, to) = (usize::from(q_before[name]), usize::from(q_now[name]));
            if from == 0 && to == 0 {
                continue;
            }
            if from > 0 && to > 0 {
                self.common.0.push(u32::from(r_before[name]));
                self.common.1.push(u32::from(r_now[name]));
            }
            stayed[to] += u32::from(from == to);
            let side = |q: usize, sizes: &[f64], wanted: usize| if q == wanted { 1.0 / sizes[wanted] } else { 0.0 };
            let top = side(to, &sizes.1, n_quantiles) - side(from, &sizes.0, n_quantiles);
            let bottom = side(to, &sizes.1, 1) - side(from, &sizes.0, 1);
            traded.long_only += top.abs();
            traded.long_short += 0.5 * (top - bottom).abs();
            let w_now = if to > 0 { weight(f_now[name], s_now.center, s_now.gross) } else { 0.0 };
            let w_before = if from > 0 { weight(f_before[name], s_before.center, s_before.gross) } else { 0.0 };
            traded.weighted += (w_now - w_before).abs();
        }
        let share = |q: usize| 1.0 - f64::from(stayed[q]) / sizes.1[q];
        let turnover = (1..=n_quantiles).map(|q| if sizes.1[q] > 0.0 { share(q) } else { f64::NAN }).collect();
        self.ranker.rank_again(&self.common.0, &mut self.ranks.0);
        self.ranker.rank_again(&self.common.1, &mut self.ranks.1);
        let rank_autocorrelation = rank_correlation(&self.ranks.0, &self.ranks.1).unwrap_or(f64::NAN);
        Change { rank_autocorrelation, turnover, traded }
    }
}

/// Number of names of each portfolio; place 0 holds those that take no part.
fn sizes(quantiles: &[u8], n_quantiles: usize) -> Vec<f64> {
    let mut out = vec![0.0; n_quantiles + 1];
    quantiles.iter().for_each(|&q| out[usize::from(q)] += 1.0);
    out
}
