//! One rebalance: who can be traded, in what order, with what weight, and what that means in orders.

use crosscut_model::{OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::account::Funds;
use crosscut_trading::limits::{Kept, Rule};
use crosscut_trading::rules::{OnShort, Untradable};
use crosscut_trading::sizing::{Account, Line, affordable_scale};
use crosscut_trading::strategy::{Aim, Exclusion, Ranked, Ranking, rank};

use super::rebalancer::Rebalancer;
use super::sight::Sight;
use crate::outcome::{LogLevel, Selection};

/// The pool of the current period.
#[derive(Debug, Default)]
pub(super) struct PoolNow {
    /// First label of the period; `None` before the first decision.
    period: Option<i64>,
    /// Members, ascending.
    members: Vec<u32>,
    /// Why each symbol is not a member.
    outside: Vec<Option<Exclusion>>,
}

/// How one symbol stands at a rebalance.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// Position in the sorted symbol list.
    symbol_idx: u32,
    /// The ranking factor at this row; NaN when there is none.
    score: f64,
    /// Why it is not eligible; `None` when it is.
    excluded: Option<Exclusion>,
    /// Whether a position in it can be changed by a normal order.
    is_tradable: bool,
    /// Whether an order that closes it for good is still waiting.
    is_leaving: bool,
}

/// What becomes of one symbol at a rebalance.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// Nothing: not held, not chosen, or already on its way out.
    Nothing,
    /// Brought to a weight.
    Weight(f64),
    /// Closed at its last close because it cannot be traded.
    Stale,
    /// Left as it is.
    Kept,
}

/// Targets of a rebalance, all symbols ascending.
#[derive(Debug, Default)]
struct Targets {
    /// Symbols whose quantity is set, with weights after limits.
    lines: Vec<Line>,
    /// For each line, whether it closes at a stale price.
    is_stale: Vec<bool>,
    /// Symbols left as they are.
    kept: Vec<u32>,
}

/// Something to trade.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// The symbol.
    symbol_idx: u32,
    /// Signed base units.
    change: f64,
    /// Whether it closes at the last price, however old.
    is_stale: bool,
}

/// What a rebalance does after looking at the number of eligible names.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Course {
    /// Follow the strategy.
    Trade,
    /// Close everything, for this reason.
    Flat(Exclusion),
    /// Touch nothing, for this reason.
    Leave(Exclusion),
}

impl Rebalancer<'_> {
    /// Decides the portfolio.
    pub(super) fn decide(&mut self, desk: &mut Desk) {
        let mut standings = self.standings(desk);
        let mut sight = Sight::new(self.setup.panel, self.row, desk);
        let ranked = self.score(&mut standings, &mut sight);
        let course = self.course(ranked.len(), desk);
        self.plan.clear();
        self.of_rebalance.clear();
        if !matches!(course, Course::Leave(_)) {
            self.cancel_superseded(desk);
        }
        match course {
            Course::Trade => self.rule.decide(&ranked, &sight, &mut self.plan),
            Course::Flat(why) | Course::Leave(why) => {
                for standing in standings.iter_mut().filter(|standing| standing.excluded.is_none()) {
                    standing.excluded = Some(why);
                }
            }
        }
        self.plan.aims.sort_unstable_by_key(|(symbol_idx, _)| *symbol_idx);
        for at in 0..self.plan.warnings.len() {
            self.log(LogLevel::Warning, self.plan.warnings[at]);
        }
        self.records.quality.add("strategy_warnings", self.plan.warnings.len() as u64);
        let targets = match course {
            Course::Leave(_) => Targets { kept: desk.held().to_vec(), ..Targets::default() },
            Course::Trade | Course::Flat(_) => self.targets(desk, &standings),
        };
        self.record_selections(desk, (&standings, &ranked), &targets);
        if !matches!(course, Course::Leave(_)) {
            self.trade_targets(desk, &targets);
        }
    }

    /// How every symbol stands that can matter: all of them when selections are recorded.
    fn standings(&mut self, desk: &Desk) -> Vec<Standing> {
        self.choose_pool();
        let n_symbols = self.setup.panel.symbols().len() as u32;
        let is_open = self.setup.prepared.pool.is_none() && self.setup.panel.universe().is_none();
        if self.setup.options.records_selections || is_open {
            return (0..n_symbols).map(|symbol_idx| self.standing(symbol_idx, desk)).collect();
        }
        let mut symbols: Vec<u32> = self.pool.members.iter().chain(desk.held()).copied().collect();
        symbols.sort_unstable();
        symbols.dedup();
        symbols.into_iter().map(|symbol_idx| self.standing(symbol_idx, desk)).collect()
    }

    /// How one symbol stands.
    fn standing(&self, symbol_idx: u32, desk: &Desk) -> Standing {
        let series = self.setup.panel.series(symbol_idx);
        let pos = series.bar_in(self.setup.panel.slot(self.row));
        let ranks = self.setup.prepared.strategy.ranks_by_column();
        let score = pos.filter(|_| ranks).map_or(f64::NAN, |pos| series.factor()[pos]);
        let is_leaving = self.is_leaving(symbol_idx, desk);
        let barrier = if desk.is_ended(symbol_idx) {
            Some(Exclusion::Delisted)
        } else if pos.is_none() {
            Some(Exclusion::NoBar)
        } else if pos.is_some_and(|pos| !series.is_tradable(pos)) {
            Some(Exclusion::NotTradable)
        } else if ranks && !score.is_finite() {
            Some(Exclusion::MissingFactor)
        } else {
            None
        };
        let outside = self.pool.outside.get(symbol_idx as usize).copied().flatten();
        let ends_now = self.ends_now.binary_search(&symbol_idx).is_ok();
        let excluded = match barrier {
            Some(Exclusion::Delisted) => barrier,
            _ if outside.is_some() => outside,
            None if ends_now || is_leaving => Some(Exclusion::NotSelected),
            _ => barrier,
        };
        let excluded = excluded.or(desk.halted().map(|_| Exclusion::Halted));
        Standing { symbol_idx, score, excluded, is_tradable: barrier.is_none(), is_leaving }
    }

    /// Scores and ranks the names that can be traded, and tells the rule's sight which positions will stay.
    fn score(&self, standings: &mut [Standing], sight: &mut Sight<'_>) -> Vec<Ranked> {
        let eligible = standings.iter().filter(|standing| standing.excluded.is_none());
        let names: Vec<u32> = eligible.map(|standing| standing.symbol_idx).collect();
        let mut ranking = Ranking::default();
        rank(self.rule, &names, sight, &mut ranking);
        let eligible = standings.iter_mut().filter(|standing| standing.excluded.is_none());
        for (standing, score) in eligible.zip(ranking.scores) {
            standing.score = score;
            if !score.is_finite() {
                standing.excluded = Some(self.rule.why_no_score());
                standing.is_tradable = false;
            }
        }
        let holds = self.setup.config.untradable == Untradable::Hold;
        for holding in &mut sight.holdings {
            let at = standings.binary_search_by_key(&holding.symbol_idx, |standing| standing.symbol_idx);
            let standing = at.map(|at| standings[at]).expect("every held symbol has a standing");
            holding.is_stuck = standing.is_leaving || (holds && !standing.is_tradable);
        }
        ranking.ranked
    }

    /// Takes up the pool or universe of a period that has begun.
    fn choose_pool(&mut self) {
        let (panel, label) = (self.setup.panel, self.label());
        let n_symbols = panel.symbols().len();
        let (pool, universe) = (&self.setup.prepared.pool, panel.universe());
        let period = match (pool, universe) {
            (Some(rule), _) => rule.period(label),
            (None, Some(universe)) => universe.rule.period(label),
            (None, None) => return,
        };
        if self.pool.period == Some(period) {
            return;
        }
        let mut outside = vec![Some(Exclusion::NotInPool); n_symbols];
        if let Some(rule) = pool {
            for member in rule.choose(period, (0..n_symbols as u32).map(|symbol_idx| panel.series(symbol_idx).pool())) {
                outside[member as usize] = None;
            }
        } else if let Some(universe) = universe {
            let grounds = universe.grounds(label, n_symbols);
            outside = grounds.into_iter().map(|ground| ground.map(Exclusion::Universe)).collect();
        }
        let members: Vec<u32> = (0..n_symbols as u32).filter(|&at| outside[at as usize].is_none()).collect();
        if members.is_empty() {
            self.records.quality.add("empty_pools", 1);
            let text = pool.map_or_else(
                || "the universe is empty".to_owned(),
                |rule| format!("the pool is empty: no symbol has {} bars in the lookback", rule.min_bars),
            );
            self.log(LogLevel::Warning, text);
        }
        self.pool = PoolNow { period: Some(period), members, outside };
    }

    /// What to do with so many eligible names.
    fn course(&mut self, n_eligible: usize, desk: &Desk) -> Course {
        if desk.halted().is_some() {
            return Course::Leave(Exclusion::Halted);
        }
        let needed = self.rule.names_needed(n_eligible);
        if n_eligible >= needed {
            return Course::Trade;
        }
        let rule = self.setup.config.on_short;
        self.records.quality.add("short_rebalances", 1);
        self.log(LogLevel::Warning, format!("{n_eligible} eligible names where {needed} are needed: {rule}"));
        match rule {
            OnShort::Skip => Course::Leave(Exclusion::TooFewNames),
            OnShort::Flat => Course::Flat(Exclusion::TooFewNames),
            OnShort::Scale => Course::Trade,
        }
    }

    /// The strategy's aims, the fate of held names without one, and the limits.
    fn targets(&mut self, desk: &mut Desk, standings: &[Standing]) -> Targets {
        let equity = self.equity;
        let mut targets = Targets::default();
        let mut kept = Kept::default();
        for standing in standings {
            let symbol_idx = standing.symbol_idx;
            let held = desk.quantity(symbol_idx);
            let (weight, is_stale) = match self.fate(standing, held) {
                Fate::Nothing => continue,
                Fate::Weight(weight) => (weight, false),
                Fate::Stale => (0.0, true),
                Fate::Kept => {
                    let weight = held * desk.price(symbol_idx) / equity;
                    kept.gross += weight.abs();
                    kept.net += weight;
                    targets.kept.push(symbol_idx);
                    continue;
                }
            };
            let price = desk.price(symbol_idx);
            targets.lines.push(Line { symbol_idx, weight, price, held, spread: desk.spread(symbol_idx) });
            targets.is_stale.push(is_stale);
        }
        let mut weights: Vec<f64> = targets.lines.iter().map(|line| line.weight).collect();
        let mut limits = self.setup.prepared.limits;
        let has_buffer = limits.cash_buffer.is_some();
        if !may_owe(desk) {
            // What is kept has used its share of the cash; the rest cannot weigh more than what is left.
            limits.cash_buffer = limits.cash_buffer.or(Some(0.0));
        }
        let lines = &targets.lines;
        limits.apply_noting(&mut weights, kept, |rule, at, change| {
            let rule = if rule == Rule::CashBuffer && !has_buffer { Rule::FitsInCash } else { rule };
            desk.note_weight(lines[at].symbol_idx, rule, change);
        });
        for (line, weight) in targets.lines.iter_mut().zip(weights) {
            line.weight = weight;
        }
        targets
    }

    /// What becomes of one symbol of which `held` units are held.
    fn fate(&mut self, standing: &Standing, held: f64) -> Fate {
        let aims = &self.plan.aims;
        if let Ok(at) = aims.binary_search_by_key(&standing.symbol_idx, |(symbol_idx, _)| *symbol_idx) {
            return match aims[at].1 {
                Aim::Weight(weight) => Fate::Weight(weight),
                Aim::Keep if held != 0.0 => Fate::Kept,
                Aim::Keep => Fate::Nothing,
            };
        }
        if held == 0.0 || standing.is_leaving {
            return Fate::Nothing;
        }
        if standing.is_tradable {
            return Fate::Weight(0.0);
        }
        match self.setup.config.untradable {
            Untradable::Hold => {
                self.records.quality.add("untradable_held", 1);
                Fate::Kept
            }
            Untradable::CloseLast => {
                self.records.quality.add("untradable_closed", 1);
                Fate::Stale
            }
        }
    }

    /// Turns targets into orders, sells first, and notes the turnover.
    fn trade_targets(&mut self, desk: &mut Desk, targets: &Targets) {
        let equity = self.equity;
        let scale = if may_owe(desk) {
            1.0
        } else {
            let reserve = self.setup.prepared.limits.cash_buffer.unwrap_or(0.0) * equity;
            let account = Account { equity, cash: desk.cash(), reserve };
            affordable_scale(&targets.lines, account, desk.costs())
        };
        let (mut weights, mut drifted) = (Vec::new(), Vec::new());
        let mut wishes = Vec::new();
        for (line, &is_stale) in targets.lines.iter().zip(&targets.is_stale) {
            let (symbol_idx, target) = (line.symbol_idx, line.target(equity, scale));
            weights.push(line.weight * scale);
            drifted.push(line.held * line.price / equity);
            if line.weight * scale != line.weight {
                desk.note_weight(symbol_idx, Rule::FitsInCash, (line.weight, line.weight * scale));
            }
            let change = line.change(target, equity);
            // What closes a position need not be whole lots.
            let change = if target == 0.0 || change == 0.0 { change } else { desk.in_lots(symbol_idx, change) };
            if change != 0.0 {
                wishes.push(Wish { symbol_idx, change, is_stale });
            }
        }
        let turnover = crosscut_kernels::metrics::turnover(&weights, &drifted);
        self.records.turnover.push((self.label(), turnover));
        wishes.sort_by_key(|wish| (wish.change > 0.0, wish.symbol_idx));
        for wish in wishes {
            let order_id = if wish.is_stale {
                desk.close_last(wish.symbol_idx)
            } else {
                let side = if wish.change > 0.0 { Side::Buy } else { Side::Sell };
                Some(desk.submit(OrderRequest::market(wish.symbol_idx, side, wish.change.abs())))
            };
            self.of_rebalance.extend(order_id);
        }
    }

    /// Records rank, score, weight or reason of every symbol.
    fn record_selections(&mut self, desk: &Desk, (standings, ranked): (&[Standing], &[Ranked]), targets: &Targets) {
        if !self.setup.options.records_selections {
            return;
        }
        let timestamp = self.label();
        self.selections_from = self.records.selections.len();
        for standing in standings {
            let symbol_idx = standing.symbol_idx;
            let held = desk.quantity(symbol_idx);
            let weight = if held == 0.0 { 0.0 } else { held * desk.price(symbol_idx) / self.equity };
            self.records.selections.push(Selection {
                timestamp,
                symbol_idx,
                rank: None,
                score: standing.score,
                target_weight: 0.0,
                filled_weight: weight,
                excluded: standing.excluded.or(Some(Exclusion::NotSelected)),
            });
        }
        let rows = &mut self.records.selections[self.selections_from..];
        for (place, name) in ranked.iter().enumerate() {
            rows[name.symbol_idx as usize].rank = Some(place as u32 + 1);
        }
        for (symbol_idx, why) in &self.plan.refused {
            rows[*symbol_idx as usize].excluded = Some(*why);
        }
        for (symbol_idx, aim) in &self.plan.aims {
            let row = &mut rows[*symbol_idx as usize];
            row.excluded = match aim {
                Aim::Weight(0.0) => Some(Exclusion::ZeroWeight),
                Aim::Keep if row.filled_weight == 0.0 => Some(Exclusion::NotSelected),
                _ => None,
            };
        }
        for line in &targets.lines {
            rows[line.symbol_idx as usize].target_weight = line.weight;
        }
        for &symbol_idx in &targets.kept {
            let row = &mut rows[symbol_idx as usize];
            row.target_weight = row.filled_weight;
        }
    }
}

/// Whether the account may owe something.
fn may_owe(desk: &Desk) -> bool {
    desk.account().funds() != Funds::Cash
}
