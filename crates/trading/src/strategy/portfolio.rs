//! A cross-sectional rule as a strategy like any other: scores come from data, weights go to the desk.

use std::fmt::Debug;

use super::rule::rank;
use super::{Aim, CrossSection, Holding, Plan, Ranking, Resolved, View};
use crate::error::TradingError;
use crate::floor::{Desk, Strategy};
use crate::limits::{Kept, Limits};
use crate::market::Data;
use crate::order::Update;
use crate::rules::OnShort;

/// Where the values of factor columns come from: it sees the same data as the strategy, and no more.
pub trait Scorer: Debug {
    /// Takes data in.
    fn on_data(&mut self, data: &Data);

    /// The value of a column, by its place among the strategy's columns, of a symbol now; NaN when it has none.
    fn value(&self, column: usize, symbol_idx: u32) -> f64;
}

/// What a portfolio is decided by, beside its scores.
#[derive(Debug)]
pub struct PortfolioRules {
    /// Instrument ids, sorted.
    pub symbols: Vec<String>,
    /// Brings weights within bounds.
    pub limits: Limits,
    /// With too few names.
    pub on_short: OnShort,
    /// For each symbol the feed whose bars count; empty: all bars do.
    pub feeds: Vec<u32>,
}

/// A rule, its scores and its limits.
#[derive(Debug)]
pub struct Portfolio<S> {
    /// From ranked names to weights.
    rule: Box<dyn CrossSection>,
    /// Brings weights within bounds.
    limits: Limits,
    /// With too few names.
    on_short: OnShort,
    /// What the rule looks at.
    sight: Sight<S>,
    /// Symbols whose holding time ends at this time, microseconds UTC.
    ended: (i64, Vec<u32>),
    /// Equity at this time before anything was decided, quote units.
    equity: f64,
    /// Who is eligible, ranked.
    ranking: Ranking,
    /// Kept for its allocation.
    plan: Plan,
}

/// What the rule looks at.
#[derive(Debug)]
struct Sight<S> {
    /// From data to factor columns.
    scorer: S,
    /// Instrument ids, sorted.
    symbols: Vec<String>,
    /// For each symbol the feed whose bars count; empty: all bars do.
    feeds: Vec<u32>,
    /// Closes that the rule looks back on.
    n_closes: usize,
    /// Last closes of each symbol, oldest first; now and then more than are needed.
    closes: Vec<Vec<f64>>,
    /// When each symbol's last bar closed, microseconds UTC.
    closed_at: Vec<i64>,
    /// Label of the last bar, microseconds UTC.
    label: i64,
    /// What is held.
    holdings: Vec<Holding>,
}

impl<S: Scorer> View for Sight<S> {
    fn label(&self) -> i64 {
        self.label
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        self.scorer.value(column, symbol_idx)
    }

    fn closes(&self, symbol_idx: u32, n: usize) -> &[f64] {
        let closes = &self.closes[symbol_idx as usize];
        &closes[closes.len() - n.min(closes.len())..]
    }

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    fn symbol_idx(&self, symbol: &str) -> Option<u32> {
        self.symbols.binary_search_by(|other| other.as_str().cmp(symbol)).ok().map(|at| at as u32)
    }
}

impl<S: Scorer> Sight<S> {
    /// Takes data in.
    fn take(&mut self, data: &Data) {
        self.scorer.on_data(data);
        let Data::Bar(bar) = data else { return };
        if self.feeds.get(bar.symbol_idx as usize).is_some_and(|feed_idx| *feed_idx != bar.feed_idx) {
            return;
        }
        self.label = bar.timestamp;
        self.closed_at[bar.symbol_idx as usize] = bar.available_at;
        if self.n_closes == 0 {
            return;
        }
        let closes = &mut self.closes[bar.symbol_idx as usize];
        if closes.len() >= self.n_closes.saturating_mul(2) {
            closes.drain(..closes.len() + 1 - self.n_closes);
        }
        closes.push(bar.close);
    }
}

impl<S: Scorer> Portfolio<S> {
    /// A portfolio that is decided whenever its driver evaluates.
    ///
    /// # Errors
    /// [`TradingError::NotARule`] for a strategy that does not decide at rebalances.
    pub fn new(strategy: Resolved, scorer: S, rules: PortfolioRules) -> Result<Self, TradingError> {
        let n_symbols = rules.symbols.len();
        let n_closes = strategy.history_bars();
        let sight = Sight {
            scorer,
            symbols: rules.symbols,
            feeds: rules.feeds,
            n_closes,
            closes: vec![Vec::new(); n_symbols],
            closed_at: vec![i64::MIN; n_symbols],
            label: i64::MIN,
            holdings: Vec::new(),
        };
        let (limits, on_short, rule) = (rules.limits, rules.on_short, strategy.into_rule()?);
        let (ended, ranking, plan) = ((i64::MIN, Vec::new()), Ranking::default(), Plan::default());
        Ok(Self { rule, limits, on_short, sight, ended, equity: f64::NAN, ranking, plan })
    }

    /// Equity at the present instant before anything is decided at it.
    fn equity(&self, desk: &Desk) -> f64 {
        if self.ended.0 == desk.now() { self.equity } else { desk.equity() }
    }

    /// Scores the names that have a bar and ranks those that have a score; gives the names that can be traded.
    fn rank(&mut self, desk: &Desk) -> Vec<u32> {
        let can_trade = |&symbol_idx: &u32| {
            let is_fresh = self.sight.closed_at[symbol_idx as usize] == desk.now();
            is_fresh
                && desk.price(symbol_idx) > 0.0
                && !self.ended.1.contains(&symbol_idx)
                && desk.is_in_universe(symbol_idx)
        };
        let names: Vec<u32> = (0..desk.n_symbols() as u32).filter(can_trade).collect();
        let equity = desk.equity();
        self.sight.holdings.clear();
        self.sight.holdings.extend(desk.held().iter().map(|&symbol_idx| Holding {
            symbol_idx,
            weight: desk.account().value(symbol_idx) / equity,
            n_bars: desk.account().bars_held(symbol_idx),
            is_stuck: names.binary_search(&symbol_idx).is_err(),
        }));
        rank(self.rule.as_ref(), &names, &self.sight, &mut self.ranking);
        let mut scored = names.into_iter().zip(&self.ranking.scores).filter(|(_, score)| score.is_finite());
        let tradable: Vec<u32> = scored.by_ref().map(|(symbol_idx, _)| symbol_idx).collect();
        for holding in &mut self.sight.holdings {
            let symbol_idx = holding.symbol_idx;
            holding.is_stuck =
                tradable.binary_search(&symbol_idx).is_err() && !has_left(&self.sight.closed_at, symbol_idx, desk);
        }
        tradable
    }

    /// The weights of the plan within the limits, and what is kept, both by symbol. What cannot be traded is kept.
    fn weights(&mut self, desk: &Desk, tradable: &[u32]) -> (Vec<(u32, f64)>, Vec<u32>) {
        let mut wanted: Vec<(u32, f64)> = Vec::new();
        let mut kept: Vec<u32> = Vec::new();
        for &(symbol_idx, aim) in &self.plan.aims {
            match aim {
                Aim::Weight(weight) => wanted.push((symbol_idx, weight)),
                Aim::Keep => kept.push(symbol_idx),
            }
        }
        wanted.sort_unstable_by_key(|(symbol_idx, _)| *symbol_idx);
        for &symbol_idx in desk.held() {
            let is_named = self.plan.aims.iter().any(|(named, _)| *named == symbol_idx);
            // What waits to be closed for good is neither weighed nor closed again.
            if !is_named
                && tradable.binary_search(&symbol_idx).is_err()
                && !has_left(&self.sight.closed_at, symbol_idx, desk)
            {
                kept.push(symbol_idx);
            }
        }
        kept.sort_unstable();
        let equity = desk.equity();
        let mut exposure = Kept::default();
        for &symbol_idx in kept.iter().filter(|symbol_idx| !self.ended.1.contains(symbol_idx)) {
            let weight = desk.account().value(symbol_idx) / equity;
            exposure.gross += weight.abs();
            exposure.net += weight;
        }
        let mut weights: Vec<f64> = wanted.iter().map(|(_, weight)| *weight).collect();
        self.limits.apply(&mut weights, exposure);
        for (line, weight) in wanted.iter_mut().zip(weights) {
            line.1 = weight;
        }
        (wanted, kept)
    }
}

/// Whether a symbol is out of the universe and has a bar at which it can be sold.
fn has_left(closed_at: &[i64], symbol_idx: u32, desk: &Desk) -> bool {
    closed_at[symbol_idx as usize] == desk.now() && !desk.is_in_universe(symbol_idx)
}

impl<S: Scorer> Strategy for Portfolio<S> {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        self.sight.take(&data.grown(desk.growth(data.symbol_idx())));
        if self.ended.0 != desk.now() {
            // Before anything of the instant is decided: what ends a holding time at this very close costs what it costs.
            self.equity = desk.equity();
            self.ended.0 = desk.now();
            self.ended.1.clear();
        }
        let symbol_idx = data.symbol_idx();
        if let (Some(most), Data::Bar(_)) = (self.rule.hold_max_bars(), data)
            && desk.quantity(symbol_idx) != 0.0
            && desk.account().bars_held(symbol_idx) >= most
        {
            desk.cancel_all(symbol_idx);
            desk.close(symbol_idx);
            self.ended.1.push(symbol_idx);
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, desk: &mut Desk) {
        let tradable = self.rank(desk);
        self.plan.clear();
        let is_short = self.ranking.ranked.len() < self.rule.names_needed(self.ranking.ranked.len());
        match self.on_short {
            OnShort::Skip if is_short => return,
            OnShort::Flat if is_short => {}
            _ => self.rule.decide(&self.ranking.ranked, &self.sight, &mut self.plan),
        }
        let (weights, kept) = self.weights(desk, &tradable);
        desk.rebalance_around(&weights, &kept, self.equity(desk));
    }
}
