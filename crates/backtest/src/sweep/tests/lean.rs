//! The walk against the engine: the same bits for every run it stands for, over markets with gaps, ties, missing factors
//! and bars that cannot be traded.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crosscut_hub::Hub;
use crosscut_kernels::bootstrap::Random;
use crosscut_model::time::HOUR;
use crosscut_model::{Timeframe, parse_iso};
use crosscut_trading::rules::Execution;

use super::super::lean::{self, Job};
use super::super::{Sampling, SetOutcome, SharedMarket};
use crate::Loaded;
use crate::config::{BacktestConfig, PoolConfig};
use crate::panel::{Extras, Panel, PanelBuilder, SeriesInput, SymbolRules};

/// A panel of hours from a seed; without `is_rough` every symbol has every bar.
fn panel(seed: u64, n_symbols: usize, is_rough: bool, config: &BacktestConfig) -> Panel {
    let mut random = Random::new(seed);
    let mut chance = |percent: usize| random.below(100) < percent;
    let builder = PanelBuilder::new(config).unwrap();
    let start = parse_iso("2024-01-29").unwrap();
    let series = (0..n_symbols).map(|symbol| {
        let mut input = SeriesInput { symbol: format!("S{symbol:02}"), ..SeriesInput::default() };
        let mut price = 10.0 + symbol as f64;
        for hour in 0..400 {
            price *= if chance(50) { 1.013 } else { 0.989 };
            if is_rough && (chance(10) || hour < symbol as i64 * 3 % 90) {
                continue;
            }
            input.timestamps.push(start + hour * HOUR);
            input.open.push(if is_rough && chance(3) {
                f64::NAN
            } else {
                price * if chance(50) { 1.004 } else { 0.997 }
            });
            input.close.push(price);
            input.high.push(price * if chance(30) { 1.03 } else { 1.006 });
            input.low.push(if is_rough && chance(3) {
                f64::NAN
            } else {
                price * if chance(30) { 0.96 } else { 0.995 }
            });
            // Few different values, so that there are ties.
            let score = if chance(30) { 1.0 } else { (price * 8.0).round() / 8.0 };
            input.factor.push(if is_rough && chance(10) { f64::NAN } else { score });
            input.tradable.push(!(is_rough && chance(5)));
            input.dollar_volume.push(price * 100.0 * if chance(20) { 3.0 } else { 1.0 });
        }
        builder.series(input, SymbolRules::default()).unwrap()
    });
    let series = series.collect();
    builder.build(series, Extras { factor: "f".to_owned(), ..Extras::default() }).unwrap()
}

/// A configuration from a seed.
fn config(seed: u64, pool: bool, execution: Execution) -> BacktestConfig {
    let mut random = Random::new(seed);
    let mut pick = |words: &[&str]| words[random.below(words.len())].to_owned();
    let strategy = pick(&["long_short", "momentum", "top_k"]);
    let mut params: Vec<(&str, String)> = match strategy.as_str() {
        "long_short" => vec![("long_count", pick(&["1", "2", "3"])), ("short_count", pick(&["1", "3"]))],
        "momentum" => vec![("top_n_long", pick(&["1", "2"])), ("top_n_short", pick(&["1", "2"]))],
        _ => vec![("k", pick(&["1", "2", "4"]))],
    };
    params.push(("weighting", pick(&["equal", "score"])));
    params.push(("buffer", pick(&["0", "1"])));
    params.push(("no_trade_band", pick(&["0", "0.02"])));
    let text = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text}"));
    BacktestConfig {
        timeframe: Timeframe::from_micros(HOUR).unwrap(),
        execution,
        rebalance: text(&pick(&["1", "5", "17", "D", "W-MON"])),
        untradable: pick(&["hold", "close_last"]).parse().unwrap(),
        on_short: pick(&["skip", "flat", "scale"]).parse().unwrap(),
        commission_bps: pick(&["0", "5", "100"]).parse().unwrap(),
        slippage_bps: pick(&["0", "3"]).parse().unwrap(),
        capital: pick(&["1000", "1e6"]).parse().unwrap(),
        allow_negative_cash: pick(&["true", "false"]) == "true",
        start: (pick(&["", "x"]) == "x").then(|| parse_iso("2024-02-03T05:00:00Z").unwrap()),
        params: params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        strategy,
        pool: pool.then(|| PoolConfig { top_n: 6, min_bars: 20, ..PoolConfig::default() }),
        ..BacktestConfig::default()
    }
}

/// What each configuration gives when all run together, and when each runs alone in the engine.
fn both(market: &SharedMarket, configs: &[BacktestConfig]) -> (Vec<SetOutcome>, Vec<SetOutcome>) {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::open(folder.path()).unwrap();
    let together = Mutex::new(BTreeMap::new());
    let all: Vec<&BacktestConfig> = configs.iter().collect();
    market.run_all(&hub, &all, (Sampling::Rows, true), &|at, result| {
        together.lock().unwrap().insert(at, result.unwrap());
    });
    let alone = configs.iter().map(|config| market.run(&hub, config, Sampling::Rows).unwrap()).collect();
    (together.into_inner().unwrap().into_values().collect(), alone)
}

/// Hours in which the first two of five symbols, the best at first, have no score from the second hour on, rise a little at
/// once and then fall; the others take turns at being the best.
fn stuck(config: &BacktestConfig) -> Panel {
    let builder = PanelBuilder::new(config).unwrap();
    let start = parse_iso("2024-01-29").unwrap();
    let series = (0..5_usize).map(|symbol| {
        let mut input = SeriesInput { symbol: format!("S{symbol}"), ..SeriesInput::default() };
        let mut price = 7.3 + symbol as f64;
        for hour in 0..120 {
            let open = if hour == 1 { price * 1.004 } else { price };
            price *= if hour == 1 { 1.013 } else { 0.989 };
            input.timestamps.push(start + hour as i64 * HOUR);
            input.open.push(open);
            input.close.push(price);
            input.high.push(open.max(price));
            input.low.push(open.min(price));
            let score = if symbol > 1 { (hour + symbol) % 3 } else { 9 };
            input.factor.push(if symbol > 1 || hour == 0 { score as f64 } else { f64::NAN });
            input.tradable.push(true);
            input.dollar_volume.push(1e6);
        }
        builder.series(input, SymbolRules::default()).unwrap()
    });
    let series = series.collect();
    builder.build(series, Extras { factor: "f".to_owned(), ..Extras::default() }).unwrap()
}

/// How many of the sets are walked to the end though their equity is gone on the way.
fn n_walked_to_ruin(panel: &Panel, configs: &[BacktestConfig]) -> usize {
    let jobs: Vec<Job<'_>> = configs.iter().map(|config| Job { config, prepared: config.prepare().unwrap() }).collect();
    let (places, none) = (lean::Places::new(panel), lean::Outlooks::default());
    let walked = lean::walk(&places, &jobs.iter().collect::<Vec<_>>(), &none, &mut Vec::new());
    let is_gone =
        |curves: &lean::Curves| curves.numbers(panel, (1.0, 1.0), None).equity.iter().any(|equity| *equity <= 0.0);
    walked.into_iter().filter_map(|walked| walked.unwrap()).filter(is_gone).count()
}

/// Runs sets both ways and compares every number; gives how many could be walked, and how many have closed trades.
fn compare(panel: Panel, configs: &[BacktestConfig]) -> (usize, usize) {
    let market = SharedMarket::new(Loaded::Panel(Box::new(panel)));
    let Loaded::Panel(panel) = market.loaded() else { unreachable!() };
    let fits = |config: &&BacktestConfig| lean::fits(panel, &Job { config, prepared: config.prepare().unwrap() });
    let n_walked = configs.iter().filter(fits).count();
    let (together, alone) = both(&market, configs);
    for ((one, other), config) in together.iter().zip(&alone).zip(configs) {
        for (place, name) in crate::results::metric_names().enumerate() {
            assert_eq!(one.metrics[place], other.metrics[place], "{name}, {config:?}");
        }
        assert_eq!(one, other, "{config:?}");
    }
    (n_walked, together.iter().filter(|one| one.metric("edge_ratio").is_some()).count())
}

#[test]
fn the_walk_gives_the_bits_of_the_engine() {
    let (mut n_walked, mut n_excursions) = (0, 0);
    for seed in 0..24 {
        let pool = seed % 4 == 1;
        let execution = if seed % 2 == 0 { Execution::Close } else { Execution::NextOpen };
        let configs: Vec<BacktestConfig> = (0..12).map(|nth| config(seed * 100 + nth, pool, execution)).collect();
        let counts = compare(panel(seed, 9, seed % 3 > 0, &configs[0]), &configs);
        (n_walked, n_excursions) = (n_walked + counts.0, n_excursions + counts.1);
    }
    assert_eq!(n_walked, 24 * 12, "all of these runs can be walked");
    assert!(n_excursions > 200, "{n_excursions} runs have closed trades");
}

#[test]
fn what_cannot_be_sold_leaves_nothing_to_buy_with() {
    // Regression: the last digit of what such names left was bought and sold again.
    for execution in [Execution::Close, Execution::NextOpen] {
        for k in [1.0, 2.0] {
            let set = |(weighting, commission_bps): (&str, f64)| {
                let params = [("k", k.to_string()), ("weighting", weighting.to_owned())];
                BacktestConfig {
                    strategy: "top_k".to_owned(),
                    params: params.map(|(name, value)| (name.to_owned(), value)).into(),
                    ..BacktestConfig { commission_bps, capital: 1e6 / 3.0, ..config(0, false, execution) }
                }
            };
            let sets =
                [("equal", 0.0), ("equal", 5.0), ("score", 100.0), ("score", 400.0)].map(|values| BacktestConfig {
                    rebalance: "1".parse().unwrap(),
                    untradable: "hold".parse().unwrap(),
                    allow_negative_cash: false,
                    start: None,
                    ..set(values)
                });
            let market = SharedMarket::new(Loaded::Panel(Box::new(stuck(&sets[0]))));
            let (together, alone) = both(&market, &sets);
            assert_eq!(together, alone);
            for (outcome, config) in together.iter().zip(&sets) {
                assert_eq!(outcome.metric("n_orders"), Some(k), "{config:?}");
                assert_eq!(outcome.metric("n_fills"), Some(k), "{config:?}");
            }
        }
    }
}

#[test]
fn many_symbols_are_walked_as_few_are() {
    for seed in 0..4 {
        let execution = if seed % 2 == 0 { Execution::Close } else { Execution::NextOpen };
        let wide = |nth: u64| {
            let mut config = config(seed * 100 + nth, seed == 1, execution);
            for name in ["long_count", "short_count", "top_n_long", "top_n_short", "k"] {
                if let Some(count) = config.params.get_mut(name) {
                    *count = (3 + 4 * nth).to_string();
                }
            }
            config.pool = config.pool.map(|pool| PoolConfig { top_n: 90, ..pool });
            config
        };
        let configs: Vec<BacktestConfig> = (0..8).map(wide).collect();
        let (n_walked, n_excursions) = compare(panel(seed, 131, seed > 0, &configs[0]), &configs);
        assert_eq!((n_walked, n_excursions), (8, 8), "seed {seed}");
    }
}

#[test]
fn sets_whose_equity_is_gone_are_walked_to_the_end() {
    let mut n_ruined = 0;
    for seed in 0..48 {
        let execution = if seed % 2 == 0 { Execution::Close } else { Execution::NextOpen };
        let borrowed = |nth: u64| {
            let mut config = config(seed * 100 + nth, seed % 4 == 1, execution);
            (config.strategy, config.allow_negative_cash) = ("long_short".to_owned(), true);
            let exposure = ["4", "9", "30", "90"][nth as usize % 4];
            let params = [("long_count", "2"), ("short_count", "1"), ("gross_exposure", exposure)];
            config.params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            config
        };
        let configs: Vec<BacktestConfig> = (0..8).map(borrowed).collect();
        let panel = panel(seed, 9, seed % 3 > 0, &configs[0]);
        let n_gone = n_walked_to_ruin(&panel, &configs);
        n_ruined += n_gone;
        assert_eq!(compare(panel, &configs).0, 8);
    }
    assert!(n_ruined > 100, "{n_ruined} sets were ruined and walked");
}
