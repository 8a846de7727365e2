//! A cross-sectional rule as a strategy like any other: scores come from data, weights go to the desk.

use std::fmt::Debug;

use super::{Aim, CrossSection, Plan, Ranked};
use crate::floor::{Desk, Strategy};
use crate::limits::{Kept, Limits};
use crate::market::Data;
use crate::order::Update;
use crate::rules::OnShort;

/// Where scores come from: it sees the same data as the strategy, and no more.
pub trait Scorer: Debug {
    /// Takes data in.
    fn on_data(&mut self, data: &Data);

    /// The score of a symbol now; NaN when it has none, and may then not be opened.
    fn score(&self, symbol_idx: u32) -> f64;
}

/// A rule, its scores and its limits.
#[derive(Debug)]
pub struct Portfolio<S> {
    /// From ranked names to weights.
    rule: Box<dyn CrossSection>,
    /// From data to scores.
    scorer: S,
    /// Brings weights within bounds.
    limits: Limits,
    /// With too few names.
    on_short: OnShort,
    /// Kept for its allocation.
    ranked: Vec<Ranked>,
    /// Kept for its allocation.
    plan: Plan,
}

impl<S: Scorer> Portfolio<S> {
    /// A portfolio that is decided whenever its driver evaluates.
    pub fn new(rule: Box<dyn CrossSection>, scorer: S, limits: Limits, on_short: OnShort) -> Self {
        Self { rule, scorer, limits, on_short, ranked: Vec::new(), plan: Plan::default() }
    }

    /// Ranks the names that have a score and a price: by score descending, then symbol ascending.
    fn rank(&mut self, desk: &Desk) {
        self.ranked.clear();
        for symbol_idx in 0..desk.n_symbols() as u32 {
            let score = self.scorer.score(symbol_idx);
            if score.is_finite() && desk.price(symbol_idx) > 0.0 {
                self.ranked.push(Ranked { symbol_idx, score });
            }
        }
        self.ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.symbol_idx.cmp(&b.symbol_idx)));
    }

    /// The weights of the plan within the limits, symbols ascending. What has no score cannot be traded: it is held.
    fn weights(&mut self, desk: &Desk) -> Vec<(u32, f64)> {
        let equity = desk.equity();
        let present = |symbol_idx: u32| desk.account().value(symbol_idx) / equity;
        let mut kept = Kept::default();
        let mut keep = |symbol_idx: u32| {
            let weight = present(symbol_idx);
            kept.gross += weight.abs();
            kept.net += weight;
            (symbol_idx, weight)
        };
        let mut held: Vec<(u32, f64)> = Vec::new();
        let mut wanted: Vec<(u32, f64)> = Vec::new();
        for &(symbol_idx, aim) in &self.plan.aims {
            match aim {
                Aim::Weight(weight) => wanted.push((symbol_idx, weight)),
                Aim::Keep => held.push(keep(symbol_idx)),
            }
        }
        for &symbol_idx in desk.held() {
            let is_named = self.plan.aims.iter().any(|(named, _)| *named == symbol_idx);
            if !is_named && !self.scorer.score(symbol_idx).is_finite() {
                held.push(keep(symbol_idx));
            }
        }
        let mut weights: Vec<f64> = wanted.iter().map(|(_, weight)| *weight).collect();
        self.limits.apply(&mut weights, kept);
        for (line, weight) in wanted.iter_mut().zip(weights) {
            line.1 = weight;
        }
        wanted.extend(held);
        wanted.sort_unstable_by_key(|(symbol_idx, _)| *symbol_idx);
        wanted
    }
}

impl<S: Scorer> Strategy for Portfolio<S> {
    fn on_data(&mut self, data: &Data, _desk: &mut Desk) {
        self.scorer.on_data(data);
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, desk: &mut Desk) {
        self.rank(desk);
        self.plan.clear();
        let is_short = self.ranked.len() < self.rule.names_needed(self.ranked.len());
        match self.on_short {
            OnShort::Skip if is_short => return,
            OnShort::Flat if is_short => {}
            _ => self.rule.decide(&self.ranked, &mut self.plan),
        }
        let weights = self.weights(desk);
        desk.rebalance(&weights);
    }
}
