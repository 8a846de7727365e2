//! Small markets written as text, and markets full of trouble from a seed.

use std::fmt::Write as _;

use crosscut_model::time::HOUR;
use crosscut_model::{CorporateAction, Order, parse_iso};
use crosscut_trading::funding::FundingDue;
use crosscut_trading::steps::Step;

use crate::config::{BacktestConfig, FundingSource};
use crate::outcome::RunOutcome;
use crate::panel::{Extras, Panel, PanelBuilder, SeriesInput, SymbolRules};
use crate::replay::replay;

/// A Monday.
pub(super) const START: &str = "2024-01-01";

/// Symbols with their bars and rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Market {
    /// One entry per symbol.
    pub(super) symbols: Vec<(SeriesInput, SymbolRules)>,
}

impl Market {
    /// Adds a symbol from words, one per hour from [`START`]: `open/close@factor`, `close@factor` (open equal to the close
    /// of the bar before, or to its own), a `!` at the end for a bar that cannot be traded, `-` for no bar.
    pub(super) fn with(mut self, symbol: &str, bars: &str) -> Self {
        let mut input = SeriesInput { symbol: symbol.to_owned(), ..SeriesInput::default() };
        for (hour, word) in bars.split_whitespace().enumerate().filter(|(_, word)| *word != "-") {
            let (prices, factor) = word.split_once('@').unwrap();
            let (open, close) = prices.split_once('/').map_or((None, prices), |(open, close)| (Some(open), close));
            let close: f64 = close.parse().unwrap();
            let open = open.map(|open| open.parse().unwrap()).or(input.close.last().copied()).unwrap_or(close);
            input.timestamps.push(parse_iso(START).unwrap() + hour as i64 * HOUR);
            input.open.push(open);
            input.close.push(close);
            input.vwap.push((open + close) / 2.0);
            input.dollar_volume.push(close * 100.0);
            input.tradable.push(!factor.ends_with('!'));
            input.factor.push(factor.trim_end_matches('!').parse().unwrap());
        }
        self.symbols.push((input, SymbolRules::default()));
        self
    }

    /// Delists the last symbol added at an hour.
    pub(super) fn delisted(mut self, hour: i64) -> Self {
        self.symbols.last_mut().unwrap().1.delisted_at = Some(parse_iso(START).unwrap() + hour * HOUR);
        self
    }

    /// Gives the last symbol added a lot size, for configurations that heed it.
    pub(super) fn lot(mut self, lot: f64) -> Self {
        let step = Step { from: i64::MIN, lot_size: Some(lot), ..Step::default() };
        self.symbols.last_mut().unwrap().1.steps = vec![step];
        self
    }

    /// The bars and rules of a symbol.
    pub(super) fn symbol(&self, name: &str) -> &(SeriesInput, SymbolRules) {
        self.symbols.iter().find(|(input, _)| input.symbol == name).unwrap()
    }

    /// The panel for a configuration.
    pub(super) fn panel(&self, config: &BacktestConfig) -> Panel {
        let builder = PanelBuilder::new(config).unwrap();
        let series = self.symbols.iter().map(|(input, rules)| {
            let mut rules = rules.clone();
            if config.funding.source == FundingSource::None {
                rules.funding.clear();
            }
            builder.series(input.clone(), rules).unwrap()
        });
        let series = series.collect();
        builder.build(series, Extras { factor: "f".to_owned(), ..Extras::default() }).unwrap()
    }

    /// Replays a configuration.
    pub(super) fn run(&self, config: &BacktestConfig) -> RunOutcome {
        replay(&self.panel(config), config).unwrap()
    }

    /// A market from a seed: symbols that begin and end at odd times, gaps, missing factors, bars that cannot be traded, a
    /// delisting now and then.
    pub(super) fn random(seed: u64, n_symbols: usize, n_hours: i64) -> Self {
        let mut dice = Dice(seed);
        let start = parse_iso(START).unwrap();
        let mut market = Self::default();
        for symbol in 0..n_symbols {
            let mut input = SeriesInput { symbol: format!("S{symbol:02}"), ..SeriesInput::default() };
            let (first, last) = (dice.below(n_hours / 3), n_hours - dice.below(n_hours / 4));
            let mut price = 10.0 + 90.0 * dice.unit();
            let gap_rate = 0.2 * dice.unit();
            for hour in first..last {
                let open = price * (1.0 + 0.01 * (dice.unit() - 0.5));
                price = open * (1.0 + 0.04 * (dice.unit() - 0.5));
                if dice.unit() < gap_rate {
                    continue;
                }
                input.timestamps.push(start + hour * HOUR);
                input.open.push(open);
                input.close.push(price);
                input.vwap.push(if dice.unit() < 0.05 { f64::NAN } else { (open + price) / 2.0 });
                input.dollar_volume.push(1e6 * dice.unit());
                input.factor.push(if dice.unit() < 0.1 { f64::NAN } else { (20.0 * dice.unit()).floor() - 10.0 });
                input.tradable.push(dice.unit() > 0.05);
            }
            // Its own dice: what is drawn here leaves the rest as it is.
            let mut more = Dice(seed.wrapping_mul(31).wrapping_add(symbol as u64));
            for (open, close) in input.open.iter().zip(&input.close) {
                input.high.push(open.max(*close) * (1.0 + 0.01 * more.unit()));
                input.low.push(open.min(*close) * (1.0 - 0.01 * more.unit()));
                input.volume.push(if more.unit() < 0.03 { f64::NAN } else { 30.0 * more.unit() });
            }
            let actions = random_actions(&mut Dice(seed.wrapping_mul(57).wrapping_add(symbol as u64)), &mut input);
            let delisted_at = (dice.unit() < 0.3).then(|| start + (last - dice.below(20)) * HOUR);
            if !input.timestamps.is_empty() {
                let steps = random_steps(&mut more, start, n_hours);
                let funding = random_funding(&mut more, start, n_hours, delisted_at);
                let rules = SymbolRules { delisted_at, steps, funding, actions, ..SymbolRules::default() };
                market.symbols.push((input, rules));
            }
        }
        market
    }
}

/// Splits and dividends of some symbols; prices and volumes are told in the new units from their bars on.
fn random_actions(dice: &mut Dice, input: &mut SeriesInput) -> Vec<CorporateAction> {
    let mut actions = Vec::new();
    let mut pos = 0;
    while dice.unit() < 0.7 {
        pos += 1 + dice.below(120) as usize;
        if pos >= input.close.len() {
            break;
        }
        let split = [0.1, 0.5, 1.0, 1.0, 1.5, 2.0, 7.0][dice.below(7) as usize];
        let dividend = if dice.unit() < 0.5 { 0.02 * dice.unit() * input.close[pos - 1] } else { 0.0 };
        let SeriesInput { open, high, low, close, vwap, volume, .. } = &mut *input;
        for column in [open, high, low, close, vwap] {
            column[pos..].iter_mut().for_each(|price| *price /= split);
        }
        volume[pos..].iter_mut().for_each(|volume| *volume *= split);
        // Some ex-dates lie in a hole before the bar.
        let timestamp = input.timestamps[pos] - dice.below(2) * HOUR;
        let timestamp = if timestamp > input.timestamps[pos - 1] { timestamp } else { input.timestamps[pos] };
        let factor = (1.0 - dividend / input.close[pos - 1]) / split;
        actions.push(CorporateAction { timestamp, available_at: timestamp, split, dividend, factor });
    }
    actions
}

/// Lots that change once, least values, for some symbols.
fn random_steps(dice: &mut Dice, start: i64, n_hours: i64) -> Vec<Step> {
    let step = |from, lot_size| Step { from, lot_size: Some(lot_size), min_notional: Some(5.0), ..Step::default() };
    match dice.below(3) {
        0 => Vec::new(),
        1 => vec![step(i64::MIN, 0.1)],
        _ => vec![step(i64::MIN, 0.5), step(start + n_hours / 2 * HOUR, 0.01)],
    }
}

/// Payments every four or eight hours, some milliseconds late, on mark prices or the last price; after a delisting too, as a
/// careless venue has them, unless a plan drops them.
fn random_funding(dice: &mut Dice, start: i64, n_hours: i64, delisted_at: Option<i64>) -> Vec<FundingDue> {
    let interval = if dice.unit() < 0.5 { 4 } else { 8 };
    let times = (0..n_hours / interval).map(|at| start + at * interval * HOUR + 7_000 * (at % 2));
    let times = times.filter(|at| delisted_at.is_none_or(|end| *at <= end));
    let due = |at| FundingDue {
        at,
        rate: 0.002 * (dice.unit() - 0.4),
        mark: (dice.unit() < 0.5).then(|| 20.0 + 50.0 * dice.unit()),
    };
    times.map(due).collect()
}

/// A small random number generator (Knuth's multiplicative congruential one), so that tests need no other crate.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number in `0..n`.
    pub(super) fn below(&mut self, n: i64) -> i64 {
        (self.unit() * n as f64) as i64
    }
}

/// A configuration from a strategy and `key=value` words; costs are 0, execution is at the close, every bar decides.
pub(super) fn config(strategy: &str, words: &str) -> BacktestConfig {
    let mut config = BacktestConfig {
        strategy: strategy.to_owned(),
        execution: "close".parse().unwrap(),
        rebalance: "1".parse().unwrap(),
        commission_bps: 0.0,
        slippage_bps: 0.0,
        capital: 1000.0,
        ..BacktestConfig::default()
    };
    for word in words.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap();
        match key {
            "execution" => config.execution = value.parse().unwrap(),
            "rebalance" => config.rebalance = value.parse().unwrap(),
            "untradable" => config.untradable = value.parse().unwrap(),
            "on_short" => config.on_short = value.parse().unwrap(),
            "commission" => config.commission_bps = value.parse().unwrap(),
            "slippage" => config.slippage_bps = value.parse().unwrap(),
            "max_drawdown" => config.max_drawdown = Some(value.parse().unwrap()),
            "max_position" => config.max_position = Some(value.parse().unwrap()),
            "cash_buffer" => config.cash_buffer = Some(value.parse().unwrap()),
            "start" => config.start = Some(parse_iso(START).unwrap() + value.parse::<i64>().unwrap() * HOUR),
            "end" => config.end = Some(parse_iso(START).unwrap() + value.parse::<i64>().unwrap() * HOUR),
            _ => {
                config.params.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    config.steps = false;
    config
}

/// Hours since [`START`].
fn hour(timestamp: i64) -> i64 {
    (timestamp - parse_iso(START).unwrap()) / HOUR
}

/// Every order in words: `hour decided: side quantity symbol, status at price in hour filled (reason)`.
pub(super) fn orders(outcome: &RunOutcome) -> String {
    let mut text = String::new();
    for order in &outcome.orders {
        let Order { side, quantity, .. } = order;
        let symbol = &outcome.symbols[order.symbol_idx];
        write!(text, "{}: {} {quantity:.4} {symbol}, {}", hour(order.decided_at), side.name(), order.status.name())
            .unwrap();
        if let Some(fill) = order.fill {
            write!(text, " at {:.4} in {}", fill.price, hour(fill.filled_at)).unwrap();
        }
        if order.reason != "rebalance" {
            write!(text, " ({})", order.reason).unwrap();
        }
        text.push('\n');
    }
    text
}

/// Equity by row with two decimals.
pub(super) fn equity(outcome: &RunOutcome) -> String {
    let words: Vec<String> = outcome.equity.iter().map(|equity| format!("{equity:.2}")).collect();
    words.join(" ")
}
