//! Panels from columns and from a hub: timelines by hand, alignment, and everything that can be wrong with the input.

use std::path::Path;

use crosscut_hub::{
    FactorDefinition, FactorInput, FactorPublisher, FactorTable, Hub, IngestPublisher, Origin, TableSource,
};
use crosscut_model::time::{DAY, HOUR};
use crosscut_model::{BarSpec, Bars, Funding, Instrument, parse_iso};
use serde_json::json;

use super::*;
use crate::config::{Align, BacktestConfig, FundingConfig, FundingSource, PoolConfig};
use crate::error::BacktestError;
use crate::replay::replay;
use crate::sweep::{Sampling, SharedMarket};

/// First label of every test.
fn start() -> i64 {
    parse_iso("2024-01-01").unwrap()
}

/// A configuration that executes at the close.
fn config() -> BacktestConfig {
    BacktestConfig {
        venue: "test".to_owned(),
        factor_set: "set".to_owned(),
        execution: "close".parse().unwrap(),
        params: [("k", "1")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..BacktestConfig::default()
    }
}

/// A series with bars at these labels, the close being 10, 11, 12, ...
fn input(symbol: &str, timestamps: &[i64]) -> SeriesInput {
    let close: Vec<f64> = (0..timestamps.len()).map(|at| 10.0 + at as f64).collect();
    SeriesInput {
        symbol: symbol.to_owned(),
        timestamps: timestamps.to_vec(),
        factor: close.clone(),
        close,
        ..SeriesInput::default()
    }
}

/// A panel of inputs.
fn panel(config: &BacktestConfig, inputs: Vec<SeriesInput>) -> Result<Panel, BacktestError> {
    let builder = PanelBuilder::new(config)?;
    let series = inputs.into_iter().map(|input| builder.series(input, SymbolRules::default()));
    let series = series.collect::<Result<Vec<_>, _>>()?;
    builder.build(series, Extras::default())
}

/// Hours after the start.
fn hours(hours: &[i64]) -> Vec<i64> {
    hours.iter().map(|hour| start() + hour * HOUR).collect()
}

/// The last close of every symbol at every row, `-` before the first.
fn closes(panel: &Panel) -> String {
    let mut rows = Vec::new();
    for row in 0..panel.timeline().len() {
        let words: Vec<String> = (0..panel.symbols().len() as u32)
            .map(|symbol_idx| {
                let series = panel.series(symbol_idx);
                let pos = series.pos_at(panel.slot(row));
                pos.map_or_else(|| "-".to_owned(), |pos| series.close()[pos].to_string())
            })
            .collect();
        rows.push(words.join(" "));
    }
    rows.join("; ")
}

#[test]
fn the_timeline_is_the_union_of_labels() {
    let inputs = || vec![input("B", &hours(&[0, 1, 4, 5])), input("A", &hours(&[1, 2, 5, 9]))];
    let on_grid = panel(&config(), inputs()).unwrap();
    assert_eq!(on_grid.symbols(), ["A", "B"]);
    assert_eq!(on_grid.timeline(), hours(&[0, 1, 2, 4, 5, 9]));
    assert_eq!(closes(&on_grid), "- 10; 10 11; 11 11; 11 12; 12 13; 13 13");
    assert_eq!(on_grid.available_at(), hours(&[1, 2, 3, 5, 6, 10]));
    // Labels off the grid, as of a venue whose day begins at an odd time, give the same rows.
    let mut shifted = inputs();
    for series in &mut shifted {
        series.timestamps.iter_mut().for_each(|label| *label += 7);
    }
    let off_grid = panel(&config(), shifted).unwrap();
    assert_eq!(closes(&off_grid), closes(&on_grid));
    assert_eq!(off_grid.timeline()[3], start() + 4 * HOUR + 7);
    // One series off the grid takes the others with it.
    let mut mixed = inputs();
    mixed[1].timestamps[3] += 1;
    assert_eq!(closes(&panel(&config(), mixed).unwrap()), closes(&on_grid));
    let months = BacktestConfig { timeframe: "1M".parse().unwrap(), ..config() };
    let labels = [parse_iso("2024-01").unwrap(), parse_iso("2024-02").unwrap()];
    let monthly = panel(&months, vec![input("A", &labels)]).unwrap();
    assert_eq!(monthly.available_at(), [labels[1], parse_iso("2024-03").unwrap()]);
}

#[test]
fn rows_know_when_all_their_bars_could_be_known() {
    let mut late = input("A", &hours(&[0, 1, 2]));
    late.available_at = vec![start() + HOUR + 5, start() + 2 * HOUR, start() + 3 * HOUR];
    let one = panel(&config(), vec![late.clone()]).unwrap();
    assert_eq!(one.available_at(), late.available_at);
    let both = panel(&config(), vec![late, input("B", &hours(&[0, 1]))]).unwrap();
    assert_eq!(both.available_at(), [start() + HOUR + 5, start() + 2 * HOUR, start() + 3 * HOUR]);
}

#[test]
fn values_are_the_same_however_rows_are_cut() {
    let inputs = vec![input("A", &hours(&[0, 1, 2, 5, 6, 9])), input("B", &hours(&(0..12).collect::<Vec<_>>()))];
    let panel = panel(&config(), inputs).unwrap();
    let value = |rows: Range<usize>| {
        let (mut net, mut gross) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
        panel.add_value(0, -2.0, rows.clone(), Values { net: &mut net, gross: &mut gross });
        assert!(net.iter().zip(&gross).all(|(net, gross)| -net == *gross));
        net
    };
    let whole = value(0..12);
    let expected = [10.0, 11.0, 12.0, 12.0, 12.0, 13.0, 14.0, 14.0, 14.0, 15.0, 15.0, 15.0].map(|close| -2.0 * close);
    assert_eq!(whole, expected);
    for from in 0..12 {
        for to in from + 1..=12 {
            assert_eq!(value(from..to), expected[from..to], "{from}..{to}");
        }
    }
}

#[test]
fn bad_columns_are_named() {
    let error = |input: SeriesInput| panel(&config(), vec![input]).unwrap_err().to_string();
    let good = || input("A", &hours(&[0, 1, 2]));
    assert_eq!(
        error(SeriesInput { timestamps: hours(&[0, 2, 1]), ..good() }),
        "A: row 2: timestamp 2024-01-01T01:00:00Z follows 2024-01-01T02:00:00Z; expected ascending times"
    );
    assert_eq!(
        error(SeriesInput { timestamps: hours(&[0, 1, 1]), ..good() }),
        "A: row 2: timestamp 2024-01-01T01:00:00Z follows 2024-01-01T01:00:00Z; expected ascending times"
    );
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            error(SeriesInput { close: vec![1.0, bad, 1.0], ..good() }),
            format!("A: row 1 (2024-01-01T01:00:00Z): close is {bad}; expected a positive price")
        );
    }
    assert_eq!(
        error(SeriesInput { factor: vec![1.0], ..good() }),
        "A: column `factor` has 1 rows; expected 3, one per timestamp"
    );
    assert_eq!(error(SeriesInput::default()), "no symbol is left to trade: none has a bar in the range");
    let twice = panel(&config(), vec![good(), good()]).unwrap_err().to_string();
    assert_eq!(twice, "A: the symbol comes twice");
}

#[test]
fn the_benchmark_is_carried_forward() {
    let builder = PanelBuilder::new(&config()).unwrap();
    let series = builder.series(input("A", &hours(&[0, 1, 2, 3])), SymbolRules::default()).unwrap();
    let benchmark = Benchmark { timestamps: hours(&[1, 3]), close: vec![50.0, 75.0] };
    let panel = builder.build(vec![series], Extras { benchmark: Some(benchmark), ..Extras::default() }).unwrap();
    let outcome = replay(&panel, &BacktestConfig { benchmark: Some("X".to_owned()), ..config() }).unwrap();
    assert_eq!(outcome.benchmark.unwrap(), [1e6, 1e6, 1e6, 1.5e6]);
}

/// A source of tables that no file stands behind.
fn made_up() -> TableSource {
    TableSource {
        origin: Origin::Generated,
        inputs: Vec::new(),
        code_version: "test".to_owned(),
        covered_until: None,
        notes: Vec::new(),
    }
}

/// Publishes bars of `(symbol, labels)` and a factor set with columns `f` and `g` on `(symbol, labels)`.
fn publish(root: &Path, bars: &[(&str, Vec<i64>)], factors: &[(&str, Vec<i64>)]) {
    let publisher = IngestPublisher::create(root).unwrap();
    let source = made_up();
    let bar = BarSpec::Time("1h".parse().unwrap());
    for (symbol, labels) in bars {
        let close = input(symbol, labels).close;
        let mut table = Bars { timestamp: labels.clone(), ..Bars::default() };
        table.available_at = labels.iter().map(|label| label + HOUR).collect();
        for column in table.columns_mut() {
            *column = close.clone();
        }
        publisher.publish_bars("test", &bar, symbol, &table, &source).unwrap();
    }
    let instrument =
        Instrument { delisted_at: Some(start() + 4 * HOUR), lot_size: Some(0.5), ..Instrument::named("B") };
    publisher.publish_instruments("test", &[instrument], &source).unwrap();
    let publisher = FactorPublisher::create(root).unwrap();
    let generation = publisher.begin("1h".parse().unwrap(), "set").unwrap();
    for (symbol, labels) in factors {
        let available_at: Vec<i64> = labels.iter().map(|label| label + HOUR).collect();
        let values: Vec<f64> = labels.iter().map(|label| ((label - start()) / HOUR) as f64).collect();
        let negative: Vec<f64> = values.iter().map(|value| -value).collect();
        let table = FactorTable {
            timestamp: labels,
            available_at: &available_at,
            bar_seq: None,
            columns: vec![("f", &values), ("g", &negative)],
            tradable_flag: &vec![true; labels.len()],
        };
        generation.write_symbol(symbol, &table).unwrap();
    }
    let stale = FactorInput { table: "bars/test/1h/A.parquet".to_owned(), content_hash: "old".to_owned(), rows: 1 };
    let definition = FactorDefinition {
        source_data_path: "bars/test/1h".to_owned(),
        code_version: "test".to_owned(),
        generation_time: "2024-01-01T00:00:00Z".to_owned(),
        columns: vec!["f".to_owned(), "g".to_owned()],
        notes: Vec::new(),
        config: json!({}),
        inputs: vec![stale],
        operator_state: None,
        proof: std::collections::BTreeMap::new(),
        warnings: Vec::new(),
    };
    generation.commit(&definition).unwrap();
}

#[test]
fn funding_is_read_and_paid_or_missed_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub(folder.path());
    let funding = |missing_row: &str| FundingConfig {
        source: FundingSource::Table,
        missing_row: missing_row.parse().unwrap(),
        missing_mark: "last_price".parse().unwrap(),
        mark_age_max: "30m".parse().unwrap(),
        ..FundingConfig::default()
    };
    let config = |missing_row| BacktestConfig {
        symbols: vec!["A".to_owned()],
        funding: funding(missing_row),
        commission_bps: 0.0,
        slippage_bps: 0.0,
        ..with_factor()
    };
    let error = load(&hub, &config("error")).unwrap_err().to_string();
    assert!(error.contains("funding") && error.contains('A'), "{error}");
    let hours: [i64; 4] = [1, 2, 4, 5];
    let rows = Funding {
        timestamp: hours.map(|hour| start() + hour * HOUR).to_vec(),
        available_at: hours.map(|hour| start() + hour * HOUR).to_vec(),
        rate: vec![0.01; 4],
        interval_us: vec![HOUR; 4],
        mark_price: vec![20.0, f64::NAN, 20.0, 20.0],
    };
    let source = made_up();
    let publisher = IngestPublisher::create(folder.path()).unwrap();
    publisher.publish_funding("test", "A", &rows, &source).unwrap();
    let error = load(&hub, &config("error")).unwrap_err().to_string();
    assert!(error.starts_with("A: no funding between 2024-01-01T02:00:00Z and 2024-01-01T04:00:00Z"), "{error}");
    let panel = load(&hub, &config("skip")).unwrap();
    assert!(panel.inputs().iter().any(|input| input.name == "funding/test/A.parquet"));
    let outcome = replay(&panel, &config("skip")).unwrap();
    // Bought for all the cash at the close of hour 0, 10 each; the row of hour 1 is due at that very moment.
    let units = 1_000_000.0 / 10.0;
    let paid: f64 = outcome.moved.iter().map(|(_, amount)| amount).sum();
    // Hour 2 has no mark: at the last close then, 11. The marks of hours 4 and 5 are 20. Hour 3 is missing.
    assert!((paid + 0.01 * units * (11.0 + 20.0 + 20.0)).abs() < 1e-6, "{paid}");
    assert_eq!(outcome.data_quality.counts["funding_rows_missing"], 1);
    assert_eq!(outcome.data_quality.counts["funding_marks_missing"], 1);
}

/// A hub with bars and factors that agree, of symbols A and B.
fn hub(root: &Path) -> Hub {
    let table = || [("A", hours(&[0, 1, 2, 3, 4, 5])), ("B", hours(&[2, 3]))];
    publish(root, &table(), &table());
    Hub::open(root).unwrap()
}

/// The configuration with the ranking column chosen.
fn with_factor() -> BacktestConfig {
    let mut config = config();
    config.params.insert("factor".to_owned(), "f".to_owned());
    config
}

#[test]
fn a_panel_from_a_hub() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub(folder.path());
    let panel = load(&hub, &with_factor()).unwrap();
    assert_eq!(panel.symbols(), ["A", "B"]);
    assert_eq!(closes(&panel), "10 -; 11 -; 12 10; 13 11; 14 11; 15 11");
    assert_eq!(panel.series(0).factor(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(panel.series(1).delisted_at(), Some(start() + 4 * HOUR));
    assert_eq!(panel.steps().at(1, start()).lot_size, Some(0.5));
    assert_eq!(panel.factor(), "f");
    let names: Vec<&str> = panel.inputs().iter().map(|input| input.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "bars/test/1h/A.parquet",
            "bars/test/1h/B.parquet",
            "factors/1h/set/A.parquet",
            "factors/1h/set/B.parquet",
            "instruments/test.parquet"
        ]
    );
    assert!(panel.inputs().iter().all(|input| input.content_hash.len() == 64));
    assert_eq!(panel.quality().counts["bar_tables_changed_since_factors"], 1);
    // A run on it, with one thread and with two, and what names it.
    let outcome = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let config = BacktestConfig { benchmark: Some("A".to_owned()), ..with_factor() };
            let panel = load(&hub, &config).unwrap();
            format!("{:?} {:?}", replay(&panel, &config).unwrap(), config.canonical(panel.factor()).unwrap())
        })
    };
    assert_eq!(outcome(1), outcome(2));
}

#[test]
fn equal_configurations_have_one_canonical_form() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub(folder.path());
    let panel = load(&hub, &with_factor()).unwrap();
    let canonical = with_factor().canonical(panel.factor()).unwrap();
    let mut other = config();
    other.strategy = "Top-K".to_owned();
    other.params = [("k", "01"), ("lookback_col", "f"), ("weighting", "Equal")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(other.canonical(panel.factor()).unwrap(), canonical);
    let back: BacktestConfig = serde_json::from_value(canonical.clone()).unwrap();
    assert_eq!(back.canonical(panel.factor()).unwrap(), canonical);
    let unknown = json!({"strategi": "top_k"});
    assert!(serde_json::from_value::<BacktestConfig>(unknown).unwrap_err().to_string().contains("strategi"));
}

#[test]
fn only_the_rows_a_run_needs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let labels: Vec<i64> = (0..100).map(|hour| start() + hour * HOUR).collect();
    publish(folder.path(), &[("A", labels.clone())], &[("A", labels)]);
    let hub = Hub::open(folder.path()).unwrap();
    let (from, until) = (start() + 50 * HOUR, start() + 60 * HOUR);
    let config = BacktestConfig { start: Some(from), end: Some(until), ..with_factor() };
    let panel = load(&hub, &config).unwrap();
    // The day of the start from its first hour on: whether the first bar begins a day depends on it.
    assert_eq!(panel.timeline().first(), Some(&(start() + 2 * DAY)));
    assert_eq!(panel.timeline().last(), Some(&(until - HOUR)));
    let outcome = replay(&panel, &config).unwrap();
    assert_eq!((outcome.timeline[0], outcome.timeline.len()), (from, 10));
}

#[test]
fn bars_and_factors_meet_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    publish(
        folder.path(),
        &[("A", hours(&[0, 1, 2, 3, 4])), ("B", hours(&[0, 1]))],
        &[("A", hours(&[0, 2, 7])), ("B", hours(&[0, 1]))],
    );
    let hub = Hub::open(folder.path()).unwrap();
    let load = |align: &str| load(&hub, &BacktestConfig { align: align.parse().unwrap(), ..with_factor() }).unwrap();
    let counts = |panel: &Panel| {
        let count = |name: &str| panel.quality().counts.get(name).copied().unwrap_or(0);
        [count("bars_without_factor"), count("factors_without_bar"), count("factors_forward_filled")]
    };
    let panel = load("intersect");
    assert_eq!((panel.series(0).close(), panel.series(0).factor()), (&[10.0, 12.0][..], &[0.0, 2.0][..]));
    assert_eq!(counts(&panel), [3, 1, 0]);
    let panel = load("forward_fill:1");
    assert_eq!(panel.series(0).close().len(), 5);
    assert_eq!(format!("{:?}", panel.series(0).factor()), "[0.0, 0.0, 2.0, 2.0, NaN]");
    assert!(panel.series(0).is_tradable(3) && !panel.series(0).is_tradable(4));
    assert_eq!(counts(&panel), [3, 1, 2]);
    let panel = load("drop");
    assert_eq!(panel.symbols(), ["B"]);
    assert_eq!(panel.quality().notes[0], "A is left out: bars and factor set have different timestamps");
}

#[test]
fn another_column_over_the_same_bars_is_the_panel_loaded_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let bars = [("A", hours(&[0, 1, 2, 3, 4])), ("B", hours(&[0, 1])), ("C", hours(&[1, 4]))];
    publish(folder.path(), &bars, &[("A", hours(&[0, 2, 7])), ("B", hours(&[0, 1])), ("C", hours(&[4]))]);
    let hub = Hub::open(folder.path()).unwrap();
    let ranked_by = |align: &str, column: &str| BacktestConfig {
        align: align.parse().unwrap(),
        params: [("k", "1"), ("factor", column)].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..config()
    };
    for align in ["intersect", "forward_fill:1", "drop"] {
        let first = load(&hub, &ranked_by(align, "f")).unwrap();
        let wanted = load(&hub, &ranked_by(align, "g")).unwrap();
        let found = load_scores(&hub, &first.without_factor(), &ranked_by(align, "g"), None).unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{wanted:?}"), "{align}");
        assert!(Arc::ptr_eq(&first.bars, &found.bars));
        let error = |result: Result<(), BacktestError>| result.unwrap_err().to_string();
        let unknown = ranked_by(align, "h");
        assert_eq!(
            error(load_scores(&hub, &first, &unknown, None).map(drop)),
            error(load(&hub, &unknown).map(drop)),
            "an unknown column"
        );
        let late = BacktestConfig { start: Some(start() + 40 * DAY), ..ranked_by(align, "g") };
        assert!(error(load_scores(&hub, &first, &late, None).map(drop)).contains("2024-02-10"));
    }
    // Factors of other rows than when the bars were joined with them belong to other bars.
    let first = load(&hub, &ranked_by("intersect", "f")).unwrap();
    publish(folder.path(), &[], &bars);
    assert!(load_scores(&hub, &first, &ranked_by("intersect", "g"), None).unwrap().is_none());
}

#[test]
fn a_market_serves_runs_that_reach_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let bars = [("A", hours(&(0..100).collect::<Vec<_>>()))];
    publish(folder.path(), &bars, &bars);
    let hub = Hub::open(folder.path()).unwrap();
    let from = |column: &str, hour: Option<i64>| BacktestConfig {
        start: hour.map(|hour| start() + hour * HOUR),
        params: [("k", "1"), ("factor", column)].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..config()
    };
    let first = SharedMarket::load(&hub, &[&from("f", Some(50)), &from("f", Some(60))], None).unwrap();
    for (hour, is_served) in [(Some(50), true), (Some(80), true), (Some(10), false), (None, false)] {
        let wanted = from("g", hour);
        let found = first.bars().unwrap().rescored(&hub, &[&wanted], None).unwrap();
        assert_eq!(found.is_some(), is_served, "from hour {hour:?}");
        if let Some(found) = found {
            let alone = SharedMarket::load(&hub, &[&wanted], None).unwrap();
            assert_eq!(found.inputs_hash(), alone.inputs_hash());
            let run = |market: &SharedMarket| market.run(&hub, &wanted, Sampling::Rows).unwrap();
            assert_eq!(run(&found), run(&alone), "from hour {hour:?}");
        }
    }
}

#[test]
fn a_formula_over_the_same_bars_is_the_panel_loaded_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let bars = [("A", hours(&(0..60).collect::<Vec<_>>())), ("B", hours(&[2, 3, 50]))];
    publish(folder.path(), &bars, &bars);
    let hub = Hub::open(folder.path()).unwrap();
    let computed = |formula: &str, scale: f64| ComputedFactor {
        formula: formula.to_owned(),
        rows: bars
            .iter()
            .map(|(symbol, labels)| (*symbol, (&labels[..], (0..labels.len()).map(|at| at as f64 * scale).collect())))
            .collect(),
    };
    let (one, two) = (computed("close", 1.0), computed("close * 2", 2.0));
    let config = |formula: &str| BacktestConfig {
        factor_set: String::new(),
        factor_formula: Some(formula.to_owned()),
        start: Some(start() + 30 * HOUR),
        end: Some(start() + 55 * HOUR),
        ..config()
    };
    let options = |computed| LoadOptions { computed, ..LoadOptions::default() };
    let first = load_with(&hub, &config("close"), options(Some(&one))).unwrap();
    let wanted = load_with(&hub, &config("close * 2"), options(Some(&two))).unwrap();
    let found = load_scores(&hub, &first, &config("close * 2"), Some(&two)).unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
    assert_eq!((found.factor(), found.series(1).factor()), ("close * 2", &[4.0][..]));
    let error = load_scores(&hub, &first, &config("close * 2"), Some(&one)).unwrap_err().to_string();
    assert!(error.contains("values of this formula"), "{error}");
}

#[test]
fn rows_before_the_start_are_carried_into_the_run() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), &[("A", hours(&[0, 1, 2, 3]))], &[("A", hours(&[0, 3]))]);
    let hub = Hub::open(folder.path()).unwrap();
    let align = "forward_fill:2".parse().unwrap();
    let rebalance = "1".parse().unwrap();
    let config = BacktestConfig { start: Some(start() + HOUR), align, rebalance, ..with_factor() };
    let panel = load(&hub, &config).unwrap();
    assert_eq!(format!("{:?}", panel.series(0).factor()), "[0.0, 0.0, 0.0, 3.0]");
    assert_eq!(replay(&panel, &config).unwrap().timeline.len(), 3);
}

#[test]
fn a_pool_on_bars_without_dollar_volume_takes_close_times_volume() {
    let folder = tempfile::tempdir().unwrap();
    let labels: Vec<i64> = (0..48).map(|hour| start() + hour * HOUR).collect();
    let table = || [("A", labels.clone()), ("B", labels.clone()), ("C", labels.clone())];
    publish(folder.path(), &table(), &table());
    let publisher = IngestPublisher::create(folder.path()).unwrap();
    for (symbol, volume) in [("A", 1.0), ("B", 9.0), ("C", 5.0)] {
        let mut bars = Bars { timestamp: labels.clone(), ..Bars::default() };
        bars.available_at = labels.iter().map(|label| label + HOUR).collect();
        for column in bars.columns_mut() {
            *column = vec![10.0; labels.len()];
        }
        bars.volume = vec![volume; labels.len()];
        bars.dollar_volume = vec![f64::NAN; labels.len()];
        let source = TableSource {
            origin: Origin::Klines,
            inputs: Vec::new(),
            code_version: "test".to_owned(),
            covered_until: None,
            notes: Vec::new(),
        };
        publisher.publish_bars("test", &BarSpec::Time("1h".parse().unwrap()), symbol, &bars, &source).unwrap();
    }
    let pool = PoolConfig { top_n: 2, reselect: "D".parse().unwrap(), lookback: "1d".parse().unwrap(), min_bars: 1 };
    let hub = Hub::open(folder.path()).unwrap();
    let panel = load(&hub, &BacktestConfig { pool: Some(pool), ..with_factor() }).unwrap();
    let volumes: Vec<f64> = (0..3).map(|idx| panel.series(idx).pool()[0].mean_dollar_volume).collect();
    assert_eq!(volumes, [10.0, 90.0, 50.0]);
    assert_eq!(panel.quality().counts["symbols_without_dollar_volume"], 3);
}

#[test]
fn alignment_words() {
    for (text, align) in
        [("intersect", Align::Intersect), ("Forward-Fill:3", Align::ForwardFill(3)), ("drop", Align::Drop)]
    {
        assert_eq!(text.parse::<Align>().unwrap(), align);
        assert_eq!(align.to_string().parse::<Align>().unwrap(), align);
    }
    for text in ["", "forward_fill", "forward_fill:0", "forward_fill:x", "inner"] {
        assert!(text.parse::<Align>().is_err(), "{text}");
    }
}

#[test]
fn what_a_hub_cannot_give() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub(folder.path());
    let error = |config: BacktestConfig| load(&hub, &config).unwrap_err().to_string();
    let base = with_factor;
    let symbols = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        error(config()),
        "`factor` is `not given`; expected one of the 2 columns of `set`\nhint: add --param factor=NAME"
    );
    let mut wrong_column = config();
    wrong_column.params.insert("factor".to_owned(), "ff".to_owned());
    assert_eq!(error(wrong_column), "factor column `ff` is not in factor set `set`\nhint: did you mean `f`?");
    assert_eq!(
        error(BacktestConfig { symbols: symbols(&["A", "C"]), ..base() }),
        "symbol `C` is not in factor set `set`\nhint: did you mean `A`?"
    );
    assert_eq!(
        error(BacktestConfig { exclude: symbols(&["X*"]), ..base() }),
        "symbol or pattern `X*` is not in factor set `set`\nhint: there are: A, B"
    );
    assert_eq!(
        error(BacktestConfig { exclude: symbols(&["*"]), ..base() }),
        "no symbol is left to trade: 2 are asked for, all excluded"
    );
    assert!(error(BacktestConfig { venue: "tset".to_owned(), ..base() }).contains("test"));
    assert!(error(BacktestConfig { factor_set: "sett".to_owned(), ..base() }).contains("set"));
    assert!(error(BacktestConfig { timeframe: "4h".parse().unwrap(), ..base() }).contains("set"));
    assert_eq!(
        error(BacktestConfig { benchmark: Some("BTC".to_owned()), ..base() }),
        "benchmark `BTC` is not in the 1h bars of test\nhint: there are: A, B"
    );
    assert!(error(BacktestConfig { start: Some(start() - 40 * DAY), ..base() }).contains("a start at 2023-11-22"));
    assert!(error(BacktestConfig { end: Some(start() + 40 * DAY), ..base() }).contains("an end at 2024-02-10"));
    let backwards = BacktestConfig { start: Some(start() + DAY), end: Some(start()), ..base() };
    assert!(error(backwards).contains("a time after the start"));
    assert!(error(BacktestConfig { capital: 0.0, ..base() }).contains("`capital` is `0.0`"));
    assert!(error(BacktestConfig { capital: 1e308, ..base() }).contains("`capital` is `1e308`"));
}

#[test]
fn tables_that_share_nothing_disagree() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), &[("A", hours(&[0, 2]))], &[("A", hours(&[1, 3]))]);
    let error = load(&Hub::open(folder.path()).unwrap(), &with_factor()).unwrap_err().to_string();
    assert_eq!(
        error,
        "A: factor set and bars disagree: they share no timestamp (bars from 2024-01-01T00:00:00Z to 2024-01-01T02:00:00Z, factors from 2024-01-01T01:00:00Z to 2024-01-01T03:00:00Z)\nhint: run the factor set again on these bars"
    );
}

#[test]
fn a_symbol_of_the_set_without_bars() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), &[("A", hours(&[0]))], &[("A", hours(&[0])), ("B", hours(&[0]))]);
    let error = load(&Hub::open(folder.path()).unwrap(), &with_factor()).unwrap_err().to_string();
    assert_eq!(
        error,
        "B: factor set and bars disagree: factor set `set` has it, the 1h bars of test have not\nhint: import its bars, run the factor set again, or leave it out with --exclude"
    );
}

#[test]
fn a_range_without_bars_or_factors_is_not_covered() {
    let folder = tempfile::tempdir().unwrap();
    let days = |n: i64| (0..n * 24).map(|hour| start() + hour * HOUR).collect::<Vec<_>>();
    publish(folder.path(), &[("A", days(20))], &[("A", days(10))]);
    let hub = Hub::open(folder.path()).unwrap();
    let error = |from: i64, until: i64| {
        let (start, end) = (Some(start() + from * DAY), Some(start() + until * DAY));
        load(&hub, &BacktestConfig { start, end, ..with_factor() }).unwrap_err().to_string()
    };
    // The bars reach further than the factors, by more than a day.
    assert!(error(5, 15).starts_with("the run asks for an end at 2024-01-16T00:00:00Z, but the data cover"));
    assert_eq!(
        error(12, 15),
        "the run asks for 2024-01-13T00:00:00Z to 2024-01-16T00:00:00Z, but the data cover 2024-01-01T00:00:00Z to 2024-01-11T00:00:00Z\nhint: factor set `set` ends before the bars do: run it again"
    );
    assert!(error(100, 101).contains("hint: factor set `set` ends before the bars do"));
}

#[test]
fn patterns() {
    let matches = crosscut_model::matches;
    for (pattern, name, expected) in [
        ("BTC*", "BTCUSDT", true),
        ("*USDT", "BTCUSDT", true),
        ("*C*D*", "BTCUSDT", true),
        ("BTC", "BTCUSDT", false),
        ("???USDT", "BTCUSDT", true),
        ("??USDT", "BTCUSDT", false),
        ("*", "", true),
        ("", "A", false),
        ("A*B", "AxxBxB", true),
        ("A*B", "AxxBx", false),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}
