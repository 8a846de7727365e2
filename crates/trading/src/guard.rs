//! The risk guard between a strategy and its venue. Each rule is off unless given; reducing a position is always allowed.
//!
//! It judges orders before they are sent ([`RiskGuard::judge`]), watches equity ([`RiskGuard::watch`]) and positions
//! ([`RiskGuard::exit`]). It knows prices, positions and times, and nothing of history: the same code guards live trading.
//! Whoever asks it records its answers with the rule and the numbers.

use crosscut_model::time::DAY;
use crosscut_model::{OrderKind, Position, Side, Trail};

use crate::error::TradingError;
use crate::limits::{DrawdownGuard, Limits, Rule};

/// At which prices of a bar the stops of the guard act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopsAt {
    /// Its close: the position is closed by a market order after it, as everything else a strategy does.
    #[default]
    Close,
    /// Any price of its path, as somebody who watches the market does; a stop acts at its level, or at a worse open, and a
    /// profit is taken by the rule of limit orders. What a bar's path opens is watched from its close on.
    Path,
}

/// The rules of a run; `None` is off.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RiskRules {
    /// Position, gross, cash buffer and drawdown, as weights know them too.
    pub limits: Limits,
    /// Largest value of one order, quote units.
    pub max_order: Option<f64>,
    /// Largest absolute sum of weights.
    pub max_net: Option<f64>,
    /// Most symbols held or about to be.
    pub max_positions: Option<usize>,
    /// Loss from the entry price at which a position is closed, a fraction.
    pub stop_loss: Option<f64>,
    /// Profit from the entry price at which a position is closed, a fraction.
    pub take_profit: Option<f64>,
    /// Loss from the best price since the entry at which a position is closed, a fraction.
    pub trailing_stop: Option<f64>,
    /// At which prices of a bar these three act.
    pub stops_at: StopsAt,
    /// Loss since the UTC day's first equity at which everything is closed until the next day, a fraction.
    pub daily_loss: Option<f64>,
    /// How long a symbol may not be opened after one of the three stops closed it, microseconds.
    pub cooldown: Option<i64>,
    /// Most value that may be traded in a UTC day as a multiple of the day's first equity; what reduces counts but is
    /// not held back.
    pub turnover: Option<f64>,
    /// Symbols that may not be opened, ascending.
    pub no_trade: Vec<u32>,
}

impl RiskRules {
    /// Checks that each rule given is in its range.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] naming the rule.
    pub fn check(&self) -> Result<(), TradingError> {
        self.limits.check()?;
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let fraction = |value: f64| value > 0.0 && value < 1.0;
        let above_0 = "a number above 0";
        let below_1 = "a fraction between 0 and 1";
        for (what, value, holds, expected) in [
            ("max_order", self.max_order, positive as fn(f64) -> bool, above_0),
            ("max_net", self.max_net, positive, above_0),
            ("stop_loss", self.stop_loss, fraction, below_1),
            ("take_profit", self.take_profit, positive, above_0),
            ("trailing_stop", self.trailing_stop, fraction, below_1),
            ("daily_loss", self.daily_loss, fraction, below_1),
            ("turnover", self.turnover, positive, above_0),
        ] {
            if let Some(value) = value.filter(|value| !holds(*value)) {
                return Err(TradingError::BadNumber { what, value, expected });
            }
        }
        Ok(())
    }

    /// Whether any rule looks at single orders.
    fn judges_orders(&self) -> bool {
        let Limits { max_position, max_gross, cash_buffer, .. } = self.limits;
        [max_position, max_gross, cash_buffer, self.max_order, self.max_net, self.turnover].iter().any(Option::is_some)
            || self.max_positions.is_some()
            || self.cooldown.is_some()
            || !self.no_trade.is_empty()
    }

    /// Whether any rule closes single positions.
    pub fn closes_positions(&self) -> bool {
        [self.stop_loss, self.take_profit, self.trailing_stop].iter().any(Option::is_some)
    }
}

/// An order as the guard looks at it, and the account it would be made in, working orders that are counted on included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// When, microseconds UTC.
    pub now: i64,
    /// The symbol.
    pub symbol_idx: u32,
    /// Buy or sell.
    pub side: Side,
    /// Base units, positive.
    pub quantity: f64,
    /// The price it may meet, quote units.
    pub price: f64,
    /// Base units of the symbol held.
    pub held: f64,
    /// Base units by which working orders of the same symbol and side increase the position.
    pub working: f64,
    /// Base units by which they reduce it.
    pub reducing: f64,
    /// Cash plus positions, quote units.
    pub equity: f64,
    /// Cash less what working buys will take, quote units.
    pub cash: f64,
    /// Sum of absolute values of positions, working orders counted in, quote units.
    pub gross: f64,
    /// Sum of signed values of the same, quote units.
    pub net: f64,
    /// Symbols held or about to be.
    pub n_positions: usize,
}

/// What the guard lets through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Base units; 0: nothing.
    pub quantity: f64,
    /// The rule that let the least through, if any cut the order.
    pub rule: Option<Rule>,
}

/// What the guard remembers of a symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Watched {
    /// Best price since the position was opened; NaN while flat.
    best: f64,
    /// When the position was opened that `best` belongs to.
    opened_at: i64,
    /// Until when it may not be opened.
    cools_until: i64,
}

/// The rules and what they have to remember.
#[derive(Debug, Clone)]
pub struct RiskGuard {
    /// The rules.
    rules: RiskRules,
    /// Watches the highest equity.
    drawdown: DrawdownGuard,
    /// The rule that stopped trading for good.
    halted: Option<Rule>,
    /// Number of the UTC day under way.
    day: i64,
    /// First equity of the day.
    day_equity: f64,
    /// Number of the UTC day in which something was traded last.
    traded_day: i64,
    /// Value traded in that day.
    day_traded: f64,
    /// Whether the day's loss has stopped trading.
    day_is_over: bool,
    /// By symbol.
    watched: Vec<Watched>,
    /// Whether each symbol is in the universe of the present period; empty: there is none, and all are.
    admitted: Vec<bool>,
    /// Whether any rule looks at single orders.
    judges_orders: bool,
    /// Whether any rule closes single positions.
    closes_positions: bool,
}

impl RiskGuard {
    /// A guard over an account with `capital` and `n_symbols` symbols.
    pub fn new(rules: RiskRules, capital: f64, n_symbols: usize) -> Self {
        Self {
            drawdown: DrawdownGuard::new(rules.limits.max_drawdown, capital),
            halted: None,
            day: i64::MIN,
            day_equity: capital,
            traded_day: i64::MIN,
            day_traded: 0.0,
            day_is_over: false,
            watched: vec![Watched { best: f64::NAN, opened_at: 0, cools_until: i64::MIN }; n_symbols],
            admitted: Vec::new(),
            judges_orders: rules.judges_orders(),
            closes_positions: rules.closes_positions(),
            rules,
        }
    }

    /// The rules.
    pub fn rules(&self) -> &RiskRules {
        &self.rules
    }

    /// The rule that has stopped trading for now, if one has.
    pub fn halted(&self) -> Option<Rule> {
        self.halted.or(self.day_is_over.then_some(Rule::DailyLoss))
    }

    /// Whether an order has to be judged at all.
    #[inline]
    pub fn has_to_judge(&self) -> bool {
        self.judges_orders || self.halted().is_some()
    }

    /// Whether positions have to be looked at on the path of a bar.
    #[inline]
    pub fn has_to_exit_on_path(&self) -> bool {
        self.closes_positions && self.rules.stops_at == StopsAt::Path
    }

    /// Whether positions have to be looked at.
    #[inline]
    pub fn has_to_exit(&self) -> bool {
        self.closes_positions
    }

    /// Says for each symbol whether it is in the universe from now on: others may not be opened or increased.
    pub fn admit(&mut self, admitted: &[bool]) {
        self.admitted.clear();
        self.admitted.extend_from_slice(admitted);
        self.judges_orders = true;
    }

    /// Whether a symbol is in the universe.
    #[inline]
    pub fn admits(&self, symbol_idx: u32) -> bool {
        self.admitted.get(symbol_idx as usize).is_none_or(|admitted| *admitted)
    }

    /// How much of an order may be sent.
    pub fn judge(&self, asked: &Asked) -> Verdict {
        let is_against = asked.held * asked.side.sign() < 0.0;
        let reducing = if is_against { (asked.held.abs() - asked.reducing).clamp(0.0, asked.quantity) } else { 0.0 };
        let increasing = asked.quantity - reducing;
        if increasing <= 0.0 {
            return Verdict { quantity: asked.quantity, rule: None };
        }
        let mut verdict = Verdict { quantity: asked.quantity, rule: None };
        let mut allow = |rule, most: f64| {
            // NaN, as from an equity that is none, allows nothing.
            let most = if most > 0.0 { most } else { 0.0 };
            if reducing + most < verdict.quantity {
                verdict = Verdict { quantity: reducing + most, rule: Some(rule) };
            }
        };
        if let Some(rule) = self.barred(asked) {
            allow(rule, 0.0);
        }
        for (rule, room) in self.rooms(asked) {
            if let Some(room) = room {
                // A hair of allowance: an order sized to the limit is not to lose its last digit.
                let hair = 1e-12 * asked.equity.abs();
                let most = if room + hair >= increasing * asked.price { increasing } else { room / asked.price };
                allow(rule, most);
            }
        }
        verdict
    }

    /// The rule that forbids opening or increasing altogether.
    fn barred(&self, asked: &Asked) -> Option<Rule> {
        if let Some(rule) = self.halted() {
            return Some(rule);
        }
        if self.rules.no_trade.binary_search(&asked.symbol_idx).is_ok() {
            return Some(Rule::NoTrade);
        }
        if !self.admits(asked.symbol_idx) {
            return Some(Rule::Universe);
        }
        if self.watched[asked.symbol_idx as usize].cools_until > asked.now {
            return Some(Rule::Cooldown);
        }
        let is_new = asked.held == 0.0 && asked.working == 0.0;
        (is_new && self.rules.max_positions.is_some_and(|most| asked.n_positions >= most)).then_some(Rule::MaxPositions)
    }

    /// The value by which each rule lets exposure grow on the order's side, quote units.
    fn rooms(&self, asked: &Asked) -> [(Rule, Option<f64>); 6] {
        let sign = asked.side.sign();
        let limits = &self.rules.limits;
        let share = |limit: Option<f64>| limit.map(|limit| limit * asked.equity);
        // What the position on the order's side is worth once what works has been filled.
        let on_side = ((asked.held * sign).max(0.0) + asked.working) * asked.price;
        let is_buy = asked.side == Side::Buy;
        let buffer = limits.cash_buffer.filter(|_| is_buy).map(|buffer| asked.cash - buffer * asked.equity);
        let traded = if asked.now.div_euclid(DAY) == self.traded_day { self.day_traded } else { 0.0 };
        let turnover = self.rules.turnover.map(|most| most * self.day_equity - traded);
        [
            (Rule::MaxOrder, self.rules.max_order),
            (Rule::MaxPosition, share(limits.max_position).map(|most| most - on_side)),
            (Rule::MaxGross, share(limits.max_gross).map(|most| most - asked.gross)),
            (Rule::MaxNet, share(self.rules.max_net).map(|most| most - asked.net * sign)),
            (Rule::CashBuffer, buffer),
            (Rule::Turnover, turnover),
        ]
    }

    /// Takes note of a value traded. A day may begin with a trade, before anybody has looked at its equity.
    #[inline]
    pub fn traded(&mut self, at: i64, value: f64) {
        let day = at.div_euclid(DAY);
        if day != self.traded_day {
            (self.traded_day, self.day_traded) = (day, 0.0);
        }
        self.day_traded += value;
    }

    /// The rule by which [`RiskGuard::watch`] would stop trading at this equity.
    #[inline]
    pub fn alarm(&self, now: i64, equity: f64) -> Option<Rule> {
        if self.halted.is_some() {
            return None;
        }
        if self.drawdown.is_exceeded_by(equity) {
            return Some(if equity <= 0.0 { Rule::EquityGone } else { Rule::MaxDrawdown });
        }
        let is_lost = |limit: f64| equity < self.day_equity * (1.0 - limit);
        let is_same_day = now.div_euclid(DAY) == self.day;
        let is_day_lost = is_same_day && !self.day_is_over && self.rules.daily_loss.is_some_and(is_lost);
        is_day_lost.then_some(Rule::DailyLoss)
    }

    /// Looks at equity; gives the rule that stops trading now: everything is to be closed.
    #[inline]
    pub fn watch(&mut self, now: i64, equity: f64) -> Option<Rule> {
        let alarm = self.alarm(now, equity);
        let day = now.div_euclid(DAY);
        if day != self.day {
            (self.day, self.day_equity, self.day_is_over) = (day, equity, false);
        }
        match alarm {
            Some(Rule::DailyLoss) => self.day_is_over = true,
            Some(rule) => {
                self.drawdown.halt();
                self.halted = Some(rule);
            }
            None if self.halted.is_none() => self.drawdown.observe(equity),
            None => {}
        }
        alarm
    }

    /// The orders that would do on a bar's path what the rules ask for a position, each with its rule and, for a trailing
    /// stop, the best price so far. The stop comes first: of two at one price it is the one that acts.
    pub fn exits(&mut self, symbol_idx: u32, position: Position) -> [Option<(Rule, OrderKind, f64)>; 3] {
        let best = self.remember(symbol_idx, position).best;
        let (sign, entry) = (position.quantity.signum(), position.entry_price);
        let level = |fraction: f64| entry * (1.0 + sign * fraction);
        let RiskRules { stop_loss, take_profit, trailing_stop, .. } = self.rules;
        let stop = |limit: f64| (Rule::StopLoss, OrderKind::Stop { trigger: level(-limit) }, best);
        let trail = |limit: f64| (Rule::TrailingStop, OrderKind::TrailingStop { trail: Trail::Fraction(limit) }, best);
        let profit = |limit: f64| (Rule::TakeProfit, OrderKind::Limit { price: level(limit) }, best);
        [stop_loss.map(stop), trailing_stop.map(trail), take_profit.map(profit)]
    }

    /// Takes note of the best price of a bar for a position.
    pub fn follow(&mut self, symbol_idx: u32, position: Position, (high, low): (f64, f64)) {
        let watched = self.remember(symbol_idx, position);
        watched.best = if position.quantity > 0.0 { watched.best.max(high) } else { watched.best.min(low) };
    }

    /// Takes note that one of the stops has closed a position: the symbol cools.
    pub fn stopped(&mut self, now: i64, symbol_idx: u32) {
        let cooldown = self.rules.cooldown.unwrap_or(0);
        let watched = &mut self.watched[symbol_idx as usize];
        watched.best = f64::NAN;
        watched.cools_until = now.saturating_add(cooldown);
    }

    /// Takes note of a split into `ratio` units each: best prices are told in the new ones.
    pub fn split(&mut self, symbol_idx: u32, ratio: f64) {
        self.watched[symbol_idx as usize].best /= ratio;
    }

    /// What is remembered of a position; of a new one its entry.
    fn remember(&mut self, symbol_idx: u32, position: Position) -> &mut Watched {
        let watched = &mut self.watched[symbol_idx as usize];
        if watched.best.is_nan() || watched.opened_at != position.opened_at {
            (watched.best, watched.opened_at) = (position.entry_price, position.opened_at);
        }
        watched
    }

    /// Looks at a held position at a price; gives the rule by which it is to be closed, from which on the symbol cools.
    pub fn exit(&mut self, now: i64, symbol_idx: u32, position: Position, price: f64) -> Option<Rule> {
        let sign = position.quantity.signum();
        let watched = self.remember(symbol_idx, position);
        if (price - watched.best) * sign > 0.0 {
            watched.best = price;
        }
        // Whether the price is at `from` moved by `fraction` in the position's favour, or worse, or better.
        let is_worse = |from: f64, fraction: f64| (price - from * (1.0 + sign * fraction)) * sign <= 0.0;
        let is_better = |from: f64, fraction: f64| (price - from * (1.0 + sign * fraction)) * sign >= 0.0;
        let (entry, best) = (position.entry_price, watched.best);
        let rules = &self.rules;
        let rule = if rules.stop_loss.is_some_and(|limit| is_worse(entry, -limit)) {
            Rule::StopLoss
        } else if rules.take_profit.is_some_and(|limit| is_better(entry, limit)) {
            Rule::TakeProfit
        } else if rules.trailing_stop.is_some_and(|limit| is_worse(best, -limit)) {
            Rule::TrailingStop
        } else {
            return None;
        };
        self.stopped(now, symbol_idx);
        Some(rule)
    }
}

#[cfg(test)]
mod tests {
    //! Rules worked out by hand.

    use super::*;

    fn asked(side: Side, quantity: f64) -> Asked {
        Asked {
            now: 0,
            symbol_idx: 0,
            side,
            quantity,
            price: 10.0,
            held: 0.0,
            working: 0.0,
            reducing: 0.0,
            equity: 1000.0,
            cash: 1000.0,
            gross: 0.0,
            net: 0.0,
            n_positions: 0,
        }
    }

    fn guard(rules: RiskRules) -> RiskGuard {
        rules.check().unwrap();
        RiskGuard::new(rules, 1000.0, 2)
    }

    fn check(rules: RiskRules, asked: Asked, quantity: f64, rule: Option<Rule>) {
        assert_eq!(guard(rules).judge(&asked), Verdict { quantity, rule });
    }

    #[test]
    fn each_rule_lets_its_share_through() {
        let none = RiskRules::default;
        let limits = |limits| RiskRules { limits, ..none() };
        check(none(), asked(Side::Buy, 500.0), 500.0, None);
        check(RiskRules { max_order: Some(200.0), ..none() }, asked(Side::Buy, 50.0), 20.0, Some(Rule::MaxOrder));
        let position = limits(Limits { max_position: Some(0.1), ..Limits::default() });
        check(position.clone(), asked(Side::Sell, 50.0), 10.0, Some(Rule::MaxPosition));
        let half = Asked { held: 4.0, working: 3.0, gross: 70.0, net: 70.0, ..asked(Side::Buy, 50.0) };
        check(position.clone(), half, 3.0, Some(Rule::MaxPosition));
        check(position, asked(Side::Buy, 10.0), 10.0, None);
        let gross = limits(Limits { max_gross: Some(1.0), ..Limits::default() });
        check(gross, Asked { gross: 700.0, ..asked(Side::Buy, 50.0) }, 30.0, Some(Rule::MaxGross));
        let net = RiskRules { max_net: Some(0.5), ..none() };
        check(net.clone(), Asked { net: -200.0, ..asked(Side::Buy, 99.0) }, 70.0, Some(Rule::MaxNet));
        check(net, Asked { net: -200.0, ..asked(Side::Sell, 99.0) }, 30.0, Some(Rule::MaxNet));
        let buffer = limits(Limits { cash_buffer: Some(0.2), ..Limits::default() });
        check(buffer, Asked { cash: 300.0, ..asked(Side::Buy, 99.0) }, 10.0, Some(Rule::CashBuffer));
        let count = RiskRules { max_positions: Some(2), ..none() };
        check(count.clone(), Asked { n_positions: 2, ..asked(Side::Buy, 9.0) }, 0.0, Some(Rule::MaxPositions));
        check(count, Asked { n_positions: 2, held: 1.0, ..asked(Side::Buy, 9.0) }, 9.0, None);
        let banned = RiskRules { no_trade: vec![0], ..none() };
        check(banned, asked(Side::Buy, 9.0), 0.0, Some(Rule::NoTrade));
    }

    #[test]
    fn reducing_is_always_allowed() {
        let rules = RiskRules { no_trade: vec![0], ..RiskRules::default() };
        let long = Asked { held: 5.0, ..asked(Side::Sell, 5.0) };
        check(rules.clone(), long, 5.0, None);
        // Of eight, five close and three would open a short position.
        check(rules, Asked { quantity: 8.0, ..long }, 5.0, Some(Rule::NoTrade));
    }

    #[test]
    fn the_day_has_its_turnover_and_its_loss() {
        let mut guard = guard(RiskRules { turnover: Some(1.0), daily_loss: Some(0.1), ..RiskRules::default() });
        assert_eq!(guard.watch(5, 1000.0), None);
        guard.traded(5, 900.0);
        let verdict = guard.judge(&asked(Side::Buy, 50.0));
        assert_eq!(verdict, Verdict { quantity: 10.0, rule: Some(Rule::Turnover) });
        assert_eq!(guard.watch(6, 899.0), Some(Rule::DailyLoss));
        assert_eq!(guard.watch(7, 800.0), None, "told once");
        assert_eq!(guard.judge(&asked(Side::Buy, 1.0)).quantity, 0.0);
        assert_eq!(guard.watch(DAY, 800.0), None);
        assert_eq!(guard.judge(&Asked { now: DAY, ..asked(Side::Buy, 1.0) }).quantity, 1.0);
    }

    #[test]
    fn the_drawdown_latches() {
        let mut guard = guard(RiskRules {
            limits: Limits { max_drawdown: Some(0.2), ..Limits::default() },
            ..RiskRules::default()
        });
        assert_eq!(guard.watch(0, 2000.0), None);
        assert_eq!(guard.watch(1, 1599.0), Some(Rule::MaxDrawdown));
        assert_eq!(guard.watch(DAY * 9, 5000.0), None);
        assert_eq!(guard.judge(&asked(Side::Buy, 1.0)).rule, Some(Rule::MaxDrawdown));
    }

    #[test]
    fn stops_close_a_position_and_cool_its_symbol() {
        let mut guard = guard(RiskRules {
            stop_loss: Some(0.1),
            take_profit: Some(0.5),
            trailing_stop: Some(0.2),
            cooldown: Some(100),
            ..RiskRules::default()
        });
        let long = Position { quantity: 1.0, entry_price: 100.0, opened_at: 3 };
        assert_eq!(guard.exit(4, 0, long, 91.0), None);
        assert_eq!(guard.exit(5, 0, long, 90.0), Some(Rule::StopLoss));
        assert_eq!(guard.judge(&Asked { now: 104, ..asked(Side::Buy, 1.0) }).rule, Some(Rule::Cooldown));
        assert_eq!(guard.judge(&Asked { now: 105, ..asked(Side::Buy, 1.0) }).rule, None);
        let short = Position { quantity: -1.0, entry_price: 100.0, opened_at: 200 };
        assert_eq!(guard.exit(201, 0, short, 70.0), None);
        // 70 was the best; 84 is a fifth above it.
        assert_eq!(guard.exit(202, 0, short, 84.0), Some(Rule::TrailingStop));
        let again = Position { opened_at: 300, ..short };
        assert_eq!(guard.exit(301, 0, again, 50.0), Some(Rule::TakeProfit));
    }
}
