//! The generated market, from archive files to a pool, by the public jobs.

use crosscut_bars::SideRule;

use crate::testing::Bench;
use crate::{Silent, aggregate, pool, synthetic};

#[test]
fn a_generated_market_becomes_bars_and_a_pool() {
    let bench = Bench::new();
    let start = crosscut_model::parse_iso("2024-01-20").unwrap();
    let market = synthetic::MarketConfig { seed: 5, n_symbols: 6, start, n_days: 35, trades_per_day: 60.0 };
    let made = synthetic::generate(&market, &bench.path("raw")).unwrap();
    let summary = crate::import::run(&bench.request(&[bench.path("raw")]), &bench.hub_root(), &Silent).unwrap();
    assert_eq!((summary.refusals.len(), summary.ignored.len()), (0, 0), "{}", bench.text(&summary));
    let trades: u64 = summary.tables.iter().filter(|t| t.table.contains("agg_trades")).map(|table| table.rows).sum();
    assert_eq!(trades, made.n_trades);
    assert!(summary.files.iter().all(|file| file.detected.contains("checksum ok")
        || ["instruments", "funding rates with a symbol column"].iter().any(|kind| file.detected.contains(kind))));
    assert_eq!(bench.hub().instruments("binance").unwrap().len(), made.symbols.len());

    let request = aggregate::AggregateRequest {
        venue: "binance".to_owned(),
        symbols: vec![],
        bar: "1h".parse().unwrap(),
        from: None,
        kind: None,
        side_rule: SideRule::Venue,
        replace: false,
        threads: 2,
    };
    let built = aggregate::run(&request, &bench.hub_root(), &Silent).unwrap();
    assert_eq!((built.symbols.len(), built.failures.len()), (made.symbols.len(), 0));
    let by = |bar: Option<&str>| {
        let request = pool::PoolRequest {
            name: "top".to_owned(),
            venue: "binance".to_owned(),
            top_n: 3,
            source: bar.map_or(pool::PoolSource::Ticks, |bar| pool::PoolSource::Bars(bar.parse().unwrap())),
            rules: pool::PoolRules::default(),
            threads: 2,
        };
        pool::build(&request, &bench.hub_root(), &Silent).unwrap()
    };
    let (ticks, bars) = (by(None), by(Some("1h")));
    assert_eq!(bars.as_of, made.end, "the named day closes the last bar");
    let names = |pool: &crosscut_hub::PoolSnapshot| -> Vec<String> {
        pool.members.iter().map(|member| member.symbol.clone()).collect()
    };
    assert_eq!((names(&ticks).len(), names(&bars)), (3, names(&ticks)));
}
