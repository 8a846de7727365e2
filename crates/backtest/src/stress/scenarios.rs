//! Which runs a stress test makes.

use crosscut_kernels::bootstrap::Random;
use crosscut_model::format_iso;
use crosscut_model::time::DAY;
use crosscut_trading::rules::Execution;

use crate::config::{BacktestConfig, Delay};

/// Dropped symbols up to which a scenario names them.
const DROPPED_NAMED: usize = 4;

/// How much stress.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StressOptions {
    /// Parts the period is cut into.
    pub n_parts: usize,
    /// How often symbols are dropped at random.
    pub n_drops: usize,
    /// Share of symbols dropped each time.
    pub drop_share: f64,
    /// Deviation of the noise on prices, basis points.
    pub noise_bps: f64,
    /// How often scores are taken from another time, and how often days are reordered, times 50.
    pub n_shuffles: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// What a scenario changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The configuration.
    Config(Box<BacktestConfig>),
    /// Every price, by noise of so many basis points from this seed.
    Noise(f64, u64),
    /// The time of scores, by this share of the history.
    Turned(f64),
}

/// One run to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The kind of scenario.
    pub group: &'static str,
    /// What is changed.
    pub name: String,
    /// The change.
    pub change: Change,
    /// The change as `crosscut backtest --set` takes it beside the run's own settings; empty where no setting makes it.
    pub settings: Vec<String>,
}

/// The runs of a stress test of a configuration. `span` is the first and last label of its data, `symbols` are those it
/// trades, `earners` the same from the one that earned most on, as far as any earned.
pub fn scenarios(
    config: &BacktestConfig,
    span: (i64, i64),
    symbols: &[String],
    earners: &[String],
    options: &StressOptions,
) -> Vec<Scenario> {
    let mut out = Vec::new();
    out.extend(periods(config, span, options.n_parts));
    out.extend(universes(config, symbols, earners, options.seed));
    out.extend(drops(config, symbols, options));
    out.extend(frictions(config));
    for times in [1.0, 5.0] {
        let bps = options.noise_bps * times;
        let change = Change::Noise(bps, options.seed);
        out.push(Scenario { group: "noisy prices", name: format!("{bps} bps"), change, settings: Vec::new() });
    }
    // Away from 0 and 1, where scores would meet their own time again.
    let mut random = Random::new(options.seed ^ 0x5C0_4E5);
    for nth in 0..options.n_shuffles {
        let share = 0.05 + 0.9 * random.below(1 << 20) as f64 / f64::from(1 << 20);
        out.push(Scenario {
            group: "shuffled",
            name: format!("scores of another time {}", nth + 1),
            change: Change::Turned(share),
            settings: Vec::new(),
        });
    }
    out
}

/// Other execution prices, orders that come late, and other costs.
pub fn frictions(config: &BacktestConfig) -> Vec<Scenario> {
    let mut out = executions(config);
    out.extend(delays(config));
    for (name, factor) in [("no costs", 0.0), ("doubled", 2.0), ("four times", 4.0)] {
        let dearer = config.with_costs(factor);
        out.push(changed("costs", name, costs_as_settings(&dearer), dearer));
    }
    out
}

/// A scenario that changes the configuration.
fn changed(group: &'static str, name: impl Into<String>, settings: Vec<String>, config: BacktestConfig) -> Scenario {
    Scenario { group, name: name.into(), change: Change::Config(Box::new(config)), settings }
}

/// Commission, slippage and borrowing as settings.
fn costs_as_settings(config: &BacktestConfig) -> Vec<String> {
    let commission = match &config.costs.commission {
        Some(model) => format!("backtest.costs.commission={model}"),
        None => format!("backtest.commission_bps={}", config.commission_bps),
    };
    let slippage = match &config.costs.slippage {
        Some(model) => format!("backtest.costs.slippage={model}"),
        None => format!("backtest.slippage_bps={}", config.slippage_bps),
    };
    let borrow = config.borrow.map(|rate| format!("backtest.borrow={rate}"));
    [commission, slippage].into_iter().chain(borrow).collect()
}

/// Equal parts of the period.
fn periods(config: &BacktestConfig, (first, last): (i64, i64), n_parts: usize) -> Vec<Scenario> {
    let from = config.start.unwrap_or(first).max(first);
    let until = config.end.unwrap_or(last + 1).min(last + 1);
    // Parts meet where a bar begins, so that each can be run alone.
    let bar = config.timeframe.micros().unwrap_or(1).min(DAY);
    let share = |part: usize| ((i128::from(until - from) * part as i128) / n_parts.max(1) as i128) as i64;
    let bound = |part: usize| match part {
        0 => from,
        part if part == n_parts => until,
        part => (from + share(part)).div_euclid(bar) * bar,
    };
    let part = |nth: usize| {
        let (start, end) = (bound(nth), bound(nth + 1));
        let name = format!("{} to {}", day(start), day(end));
        let settings =
            [("start", start), ("end", end)].map(|(key, time)| format!("backtest.{key}={}", format_iso(time)));
        let part = BacktestConfig { start: Some(start), end: Some(end), ..config.clone() };
        changed("sub-periods", name, settings.to_vec(), part)
    };
    (0..n_parts).filter(|&nth| bound(nth) < bound(nth + 1)).map(part).collect()
}

/// The day of a time.
fn day(time: i64) -> String {
    format_iso(time).chars().take(10).collect()
}

/// Two halves of the symbols at random, and all without those that earned most.
fn universes(config: &BacktestConfig, symbols: &[String], earners: &[String], seed: u64) -> Vec<Scenario> {
    let mut out = Vec::new();
    if symbols.len() >= 2 {
        let order = shuffled(symbols, seed);
        let (one, other) = order.split_at(symbols.len() / 2);
        for (name, half) in [("half of the symbols", one), ("the other half", other)] {
            out.push(with_symbols("universes", name, (config, half)));
        }
    }
    for n in [1, 3] {
        if earners.len() >= n && symbols.len() > n {
            let kept: Vec<String> = symbols.iter().filter(|symbol| !earners[..n].contains(symbol)).cloned().collect();
            let name = if n == 1 { format!("without {}", earners[0]) } else { format!("without the best {n} symbols") };
            out.push(with_symbols("universes", name, (config, &kept)));
        }
    }
    out
}

/// Symbols dropped at random.
fn drops(config: &BacktestConfig, symbols: &[String], options: &StressOptions) -> Vec<Scenario> {
    let n_dropped = ((symbols.len() as f64 * options.drop_share).ceil() as usize).min(symbols.len().saturating_sub(1));
    if n_dropped == 0 {
        return Vec::new();
    }
    let one = |nth: usize| {
        let mut dropped = shuffled(symbols, options.seed.wrapping_add(1 + nth as u64));
        let kept = dropped.split_off(n_dropped);
        dropped.sort_unstable();
        let name = if n_dropped <= DROPPED_NAMED {
            format!("draw {}: without {}", nth + 1, dropped.join(", "))
        } else {
            format!("draw {}: {n_dropped} of {} dropped", nth + 1, symbols.len())
        };
        with_symbols("symbol drop-out", name, (config, &kept))
    };
    (0..options.n_drops).map(one).collect()
}

/// The same run on some symbols.
fn with_symbols(
    group: &'static str,
    name: impl Into<String>,
    (config, symbols): (&BacktestConfig, &[String]),
) -> Scenario {
    let mut symbols = symbols.to_vec();
    symbols.sort_unstable();
    let none = |key: &str, list: &[String]| (!list.is_empty()).then(|| format!("backtest.{key}="));
    let settings = std::iter::once(format!("backtest.symbols={}", symbols.join(",")))
        .chain(none("include", &config.include))
        .chain(none("exclude", &config.exclude));
    let settings = settings.collect();
    let part = BacktestConfig { symbols, include: Vec::new(), exclude: Vec::new(), ..config.clone() };
    changed(group, name, settings, part)
}

/// Symbols in an order drawn from a seed.
fn shuffled(symbols: &[String], seed: u64) -> Vec<String> {
    let mut random = Random::new(Random::new(seed).bits());
    let mut order = symbols.to_vec();
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last + 1));
    }
    order
}

/// The other prices at which decisions can execute.
fn executions(config: &BacktestConfig) -> Vec<Scenario> {
    [Execution::Close, Execution::NextOpen, Execution::NextVwap, Execution::NextClose]
        .into_iter()
        .filter(|execution| *execution != config.execution)
        .map(|execution| {
            let settings = vec![format!("backtest.execution={execution}")];
            changed("execution", execution.to_string(), settings, BacktestConfig { execution, ..config.clone() })
        })
        .collect()
}

/// Orders that are filled one and two bars later, because they reach the venue later.
fn delays(config: &BacktestConfig) -> Vec<Scenario> {
    let Some(bar) = config.timeframe.micros() else { return Vec::new() };
    let latency = config.venue_rules.latency.0;
    // At mean prices an order has that of the bar at whose end it is there, the next one at the earliest: coming at the end
    // of the next one is not late.
    let first = i64::from(config.execution == Execution::NextVwap && latency == 0);
    let one = |n_bars: i64| {
        let mut late = config.clone();
        late.venue_rules.latency = Delay(latency.saturating_add((first + n_bars).saturating_mul(bar)));
        let name = if n_bars == 1 { "1 bar later".to_owned() } else { format!("{n_bars} bars later") };
        changed(
            "delayed execution",
            name,
            vec![format!("backtest.venue_rules.latency={}", late.venue_rules.latency)],
            late,
        )
    };
    [1, 2].map(one).to_vec()
}
