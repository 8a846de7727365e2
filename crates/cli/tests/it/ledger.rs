//! What the ledger books beside trades, from imported files to the files of a run: splits, dividends, funding, contracts,
//! sessions.

use std::fmt::Write as _;

use serde_json::Value;

use crate::world::{World, shared};

/// Runs with `--json`; gives the folder, the metrics' values by name, and the data quality.
fn run(world: &World, arguments: &[&str]) -> (String, impl Fn(&str) -> f64 + use<>, Value) {
    let result = world.json(arguments)["result"].clone();
    let folder = result["folder"].as_str().unwrap().to_owned();
    let metrics: Value = serde_json::from_str(&world.text(&format!("{folder}/metrics.json"))).unwrap();
    let quality = metrics["data_quality"].clone();
    (folder, move |name: &str| metrics[name]["value"].as_f64().unwrap(), quality)
}

/// Daily bars of two shares: A is split on the fourth day and pays 2 on the sixth; B stays where it is.
fn shares(split: f64) -> World {
    let world = World::new();
    let mut bars = "symbol,timestamp,open,high,low,close,volume\n".to_owned();
    for (day, a) in [100.0, 102.0, 104.0, 26.0, 27.0, 25.0, 25.0, 26.0].into_iter().enumerate() {
        let (day, a) = (day + 1, if day < 3 { a } else { a * 4.0 / split });
        writeln!(bars, "A,2024-01-{day:02},{a},{},{},{a},1000000", a + 0.5, a - 0.5).unwrap();
        writeln!(bars, "B,2024-01-{day:02},50,50.5,49.5,50,1000000").unwrap();
    }
    world.write("bars.csv", bars);
    world.write("actions.csv", format!("symbol,ex_date,split,dividend\nA,2024-01-04,{split},0\nA,2024-01-06,1,2\n"));
    world.run(&["data", "import", "--venue", "us", "--kind", "klines", "--timeframe", "1d", "bars.csv"]).good();
    world.run(&["data", "import", "--venue", "us", "--kind", "actions", "actions.csv"]).good();
    world
}

/// What is held of a symbol after each bar in which it changed.
fn positions(world: &World, folder: &str, symbol: &str) -> Vec<(String, f64, f64)> {
    let text = world.text(&format!("{folder}/positions.csv"));
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let of_symbol = rows.filter(|row| row[1] == symbol);
    of_symbol.map(|row| (row[0][..10].to_owned(), row[2].parse().unwrap(), row[3].parse().unwrap())).collect()
}

const FREE: [&str; 4] = ["--commission-bps", "0", "--slippage-bps", "0"];

#[test]
fn splits_and_dividends_are_booked_in_both_kinds_of_runs() {
    let world = shares(4.0);
    world.write("targets.csv", "date,symbol,weight\n2024-01-01,A,0.5\n");
    let list = ["backtest", "--venue", "us", "--strategy", "target_list", "--param", "file=targets.csv"];
    let (folder, metric, quality) = run(&world, &[&list[..], &FREE].concat());
    // 5,000 of A at 102 after the first day's close of 100; 20,000 from the fourth day; 40,000 of dividends.
    let held = positions(&world, &folder, "A");
    assert_eq!(held, [("2024-01-02".to_owned(), 5000.0, 102.0), ("2024-01-04".to_owned(), 20_000.0, 26.0)]);
    let equity = 1e6 - 5000.0 * 102.0 + 40_000.0 + 20_000.0 * 26.0;
    assert!((metric("final_equity") - equity).abs() < 1e-6, "{}", metric("final_equity"));
    assert_eq!((&quality["counts"]["splits_booked"], &quality["counts"]["dividends_booked"]), (&1.into(), &1.into()));
    let journal = world.text(&format!("{folder}/journal.csv"));
    assert!(journal.contains("2024-01-04T00:00:00Z,2024-01-04T00:00:00Z,A,,split,,,,4,20000,26"), "{journal}");
    assert!(journal.lines().any(|line| line.contains(",A,,cash,,,dividend,") && line.ends_with(",40000")), "{journal}");
    let notes = quality["notes"].to_string();
    assert!(notes.contains("raw prices") && notes.contains("booked on their ex-dates"), "{notes}");

    // The same as prices of a holder who reinvests: there is no split, and what is paid out is still in the price.
    let adjusted = [&list[..], &FREE, &["--corporate-actions", "adjusted_prices"]].concat();
    let (folder, metric, quality) = run(&world, &adjusted);
    assert_eq!(positions(&world, &folder, "A").len(), 1);
    let growth = 4.0 * 27.0 / (27.0 - 2.0);
    let equity = 1e6 - 5000.0 * 102.0 + 5000.0 * 26.0 * growth;
    assert!((metric("final_equity") - equity).abs() < 1e-6, "{}", metric("final_equity"));
    assert_eq!(quality["counts"]["splits_booked"], Value::Null);

    // An event run books the same, and its averages do not take the split for a fall.
    let cross = ["backtest", "--venue", "us", "--strategy", "sma_cross", "--symbols", "A", "--timeframe", "1d"];
    let cross = [&cross[..], &["--param", "fast=1", "--param", "slow=3"], &FREE].concat();
    let (folder, metric, quality) = run(&world, &cross);
    // Long from the fourth day's open at 26 on: what the close of 104 has bought is 9,615.38 before the split.
    let held = positions(&world, &folder, "A");
    assert_eq!(held[0].0, "2024-01-04");
    assert!((held[0].1 - 4e6 / 104.0).abs() < 1e-6, "{held:?}");
    assert_eq!(quality["counts"]["orders_split"], 1);
    assert_eq!(quality["counts"]["dividends_booked"], 1);
    assert!(metric("final_equity") > 1e6);
    world
        .run(&[&cross[..], &["--corporate-actions", "ignore"]].concat())
        .refused(&["corporate_actions", "adjusted_prices"]);
}

#[test]
fn fractions_of_a_lot_are_paid_out() {
    let world = shares(1.5);
    world.write("instruments.csv", "symbol,lot_size\nA,1\nB,1\n");
    world.run(&["data", "import", "--venue", "us", "--kind", "instruments", "instruments.csv"]).good();
    world.write("targets.csv", "date,symbol,weight\n2024-01-01,A,0.5001\n");
    let list = ["backtest", "--venue", "us", "--strategy", "target_list", "--param", "file=targets.csv"];
    let (folder, _, _) = run(&world, &[&list[..], &FREE].concat());
    // 5001 shares become 7501.5.
    assert_eq!(positions(&world, &folder, "A")[1].1, 7501.0);
    let journal = world.text(&format!("{folder}/journal.csv"));
    let paid = journal.lines().find(|line| line.contains(",cash_in_lieu,")).unwrap();
    let amount: f64 = paid.rsplit(',').next().unwrap().parse().unwrap();
    assert!((amount - 0.5 * 104.0 / 1.5).abs() < 1e-6, "{paid}");
}

#[test]
fn contracts_are_lots_of_their_units() {
    let world = shares(4.0);
    world.write("instruments.csv", "symbol,lot_size,min_quantity,multiplier\nB,1,3,50\n");
    world.run(&["data", "import", "--venue", "us", "--kind", "instruments", "instruments.csv"]).good();
    let bought = |weight: &str, extra: &[&str]| {
        world.write("targets.csv", format!("date,symbol,weight\n2024-01-01,B,{weight}\n"));
        let list = ["backtest", "--venue", "us", "--strategy", "target_list", "--param", "file=targets.csv"];
        let (folder, metric, quality) = run(&world, &[&list[..], extra].concat());
        let held = positions(&world, &folder, "B").first().map_or(0.0, |row| row.1);
        (held, metric("commission"), quality)
    };
    let free_slip = ["--slippage-bps", "0"];
    // A contract is 50 units of 50: 12,000 buys 4 of them, 200 units.
    let (held, fee, _) = bought("0.012", &[&free_slip[..], &["--commission", "per_share:rate=2"]].concat());
    assert_eq!((held, fee), (200.0, 8.0));
    let (held, fee, _) = bought("0.012", &[&free_slip[..], &["--commission-bps", "10"]].concat());
    assert_eq!(held, 200.0);
    assert!((fee - 10.0).abs() < 1e-9, "{fee}");
    // Two contracts are fewer than the least.
    let (held, _, quality) = bought("0.006", &free_slip);
    assert_eq!((held, &quality["counts"]["changes_below_min_quantity"]), (0.0, &1.into()));
    assert_eq!(bought("0.006", &["--slippage-bps", "0", "--steps=false"]).0, 120.0);
}

/// A perpetual with hourly bars, mark bars and funding every eight hours over three days; `skip` leaves out lines.
fn perpetual(skip_funding: &str, skip_mark: &str) -> World {
    let world = World::new();
    let mut bars = "symbol,timestamp,open,high,low,close,volume\n".to_owned();
    let (mut marks, mut funding) = (bars.clone(), "symbol,funding_time,funding_rate\n".to_owned());
    // The first payment is due with the first bar, on the mark known then.
    writeln!(marks, "P,2023-12-31T23:00:00Z,99,99,99,99,0").unwrap();
    for hour in 0..72 {
        let label = format!("2024-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
        writeln!(bars, "P,{label},100,100,100,100,1000").unwrap();
        if label != skip_mark {
            writeln!(marks, "P,{label},99,99,99,99,0").unwrap();
        }
        if hour % 8 == 0 && label != skip_funding {
            writeln!(funding, "P,{label},0.001").unwrap();
        }
    }
    writeln!(funding, "P,2024-01-04T00:00:00Z,0.001").unwrap();
    world.write("bars.csv", bars);
    world.write("marks.csv", marks);
    world.write("funding.csv", funding);
    world.write("targets.csv", "date,symbol,weight\n2024-01-01T00:00:00Z,P,0.5\n");
    world.run(&["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "bars.csv"]).good();
    world.run(&["data", "import", "--venue", "v", "--kind", "mark", "--timeframe", "1h", "marks.csv"]).good();
    world.run(&["data", "import", "--venue", "v", "--kind", "funding", "funding.csv"]).good();
    world
}

/// The options of a run that holds the perpetual, of each kind of strategy.
fn holders() -> [Vec<&'static str>; 2] {
    let list = ["backtest", "--strategy", "target_list", "--param", "file=targets.csv", "--funding", "table"];
    // Averages of a price that never moves are never above one another: it is short.
    let cross = ["backtest", "--strategy", "sma_cross", "--param", "fast=1", "--param", "slow=2", "--funding", "table"];
    [list.to_vec(), [&cross[..], &["--param", "allow_short=true", "--param", "share=0.5"]].concat()]
}

#[test]
fn funding_of_a_hub_is_paid_on_marks_or_refused() {
    let paid = |world: &World, arguments: &[&str]| {
        let (folder, _, quality) = run(world, &[arguments, &FREE].concat());
        let journal = world.text(&format!("{folder}/journal.csv"));
        let amounts = journal.lines().filter(|line| line.contains(",cash,,,funding,"));
        let amounts: Vec<f64> = amounts.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
        (amounts, quality)
    };
    let [list, _] = holders();
    let (amounts, _) = paid(&perpetual("", ""), &list);
    // 5,000 at a mark of 99, from the payment of 8:00 on the first day to that at the end of the third.
    assert_eq!(amounts.len(), 9);
    assert!(amounts.iter().all(|amount| (amount + 495.0).abs() < 1e-9), "{amounts:?}");

    let world = perpetual("2024-01-02T08:00:00Z", "");
    world.run(&list).refused(&["P: no funding between 2024-01-02T00:00:00", "every 480 minutes", "skip or carry_last"]);
    let (amounts, quality) = paid(&world, &[&list[..], &["--funding-missing-row", "skip"]].concat());
    assert_eq!((amounts.len(), &quality["counts"]["funding_rows_missing"]), (8, &1.into()));
    assert_eq!(paid(&world, &[&list[..], &["--funding-missing-row", "carry_last"]].concat()).0.len(), 9);
}

#[test]
fn nothing_is_paid_after_a_delisting_and_a_missing_mark_is_no_zero() {
    for arguments in holders() {
        // No mark at all within eight hours of a payment: the import has only the first.
        let world = perpetual("", "");
        world.write("marks.csv", "symbol,timestamp,open,high,low,close,volume\nP,2023-12-31T23:00:00Z,99,99,99,99,0\n");
        world.run(&["data", "import", "--venue", "w", "--kind", "klines", "--timeframe", "1h", "bars.csv"]).good();
        world.run(&["data", "import", "--venue", "w", "--kind", "mark", "--timeframe", "1h", "marks.csv"]).good();
        world.run(&["data", "import", "--venue", "w", "--kind", "funding", "funding.csv"]).good();
        let on_w = [&arguments[..], &["--venue", "w"]].concat();
        world.run(&on_w).refused(&["P: no mark price for the funding of 2024-01-01T16:00:00", "last_price"]);
        let (folder, _, quality) = run(&world, &[&on_w[..], &FREE, &["--funding-missing-mark", "last_price"]].concat());
        let journal = world.text(&format!("{folder}/journal.csv"));
        let last: f64 = journal
            .lines()
            .rfind(|line| line.contains(",funding,"))
            .unwrap()
            .rsplit(',')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!((last.abs() - 500.0).abs() < 1e-9, "{last}");
        assert!(quality["counts"]["funding_marks_missing"].as_u64().unwrap() >= 6, "{quality}");

        world.write("instruments.csv", "symbol,listing_time,delisting_time\nP,2023-01-01,2024-01-02T12:00:00Z\n");
        world.run(&["data", "import", "--venue", "v", "--kind", "instruments", "instruments.csv"]).good();
        let (folder, _, quality) = run(&world, &[&arguments[..], &FREE, &["--venue", "v"]].concat());
        let journal = world.text(&format!("{folder}/journal.csv"));
        let paid: Vec<&str> = journal.lines().filter(|line| line.contains(",funding,")).collect();
        assert!(!paid.is_empty() && paid.iter().all(|line| &line[..13] <= "2024-01-02T12"), "{paid:?}");
        assert!(quality["counts"]["funding_rows_after_delisting"].as_u64().unwrap() > 0, "{quality}");
    }
}

/// Every model of costs and every rule of the guard, each with numbers at which it must show.
const MODELS_AND_RULES: [&[&str]; 27] = [
    &["--commission", "percent:0.5"],
    &["--commission", "fixed:20"],
    &["--commission", "per_share:rate=0.05,minimum=3,maximum=0.02"],
    &["--commission", "maker_taker:maker_bps=1,taker_bps=9;from=2024-01-10,maker_bps=1,taker_bps=2"],
    &["--slippage", "bps:20"],
    &["--slippage", "ticks:ticks=2,tick_size=0.05"],
    &["--slippage", "half_spread:30"],
    &["--slippage", "volume_share:0.3"],
    &["--slippage", "sqrt_impact:coefficient=0.05,base_bps=2"],
    &["--borrow", "0.9"],
    &["--participation", "0.05"],
    &["--latency", "90m"],
    &["--leverage", "1.1", "--maintenance-margin", "0.9"],
    &["--max-position", "0.05"],
    &["--max-gross", "0.2"],
    &["--max-order", "20000"],
    &["--max-net", "0.05"],
    &["--max-positions", "1"],
    &["--stop-loss", "0.01"],
    &["--take-profit", "0.01"],
    &["--trailing-stop", "0.01"],
    &["--stop-loss", "0.01", "--cooldown", "2d"],
    &["--max-drawdown", "0.02"],
    &["--daily-loss", "0.005"],
    &["--max-turnover", "0.1"],
    &["--no-trade", "AAAUSDT"],
    &["--execution", "next_close"],
];

/// Every kind of order and every duration, with what must be found in `orders.csv`.
const ORDERS: [(&[&str], &str); 14] = [
    (&["--orders", "limit:0.003"], ",limit,"),
    (&["--orders", "limit:-0.02"], ",limit,"),
    (&["--orders", "stop:0.003"], ",stop,"),
    (&["--orders", "stop_limit:0.002,0.02"], ",stop_limit,"),
    (&["--orders", "trailing_stop:0.01"], ",trailing_stop,"),
    (&["--orders", "market_on_open"], ",market_on_open,"),
    (&["--orders", "market_on_close"], ",market_on_close,"),
    (&["--orders", "limit_on_open:0"], ",limit_on_open,"),
    (&["--orders", "limit_on_close:0"], ",limit_on_close,"),
    (&["--orders", "limit:0.003", "--post-only", "--tif", "3h"], "expired"),
    (&["--orders", "limit:0.02", "--tif", "day"], "expired"),
    (&["--orders", "limit:0.003", "--tif", "ioc"], "not filled at once"),
    (&["--orders", "market", "--tif", "fok", "--participation", "0.01"], "not fillable in full"),
    (&["--orders", "limit:-0.02", "--post-only"], "post-only would take"),
];

/// Places orders of each kind and asserts that they are found and that something is filled where something can be.
fn each_is_placed(world: &World, base: &[&str]) {
    for (extra, words) in ORDERS {
        let (folder, metric, _) = run(world, &[base, extra].concat());
        let orders = world.text(&format!("{folder}/orders.csv"));
        assert!(orders.contains(words), "{} {extra:?}: no `{words}`", base[2]);
        // What must be filled at once or not at all may find nothing.
        assert!(metric("n_fills") > 0.0 || !words.starts_with(','), "{extra:?}");
        assert!(metric("final_equity").is_finite());
    }
    world.run(&[base, &["--orders", "iceberg:3"]].concat()).refused(&["backtest.orders.type", "limit:OFFSET"]);
    world.run(&[base, &["--orders", "limit:2"]].concat()).refused(&["limit:2"]);
    world.run(&[base, &["--tif", "someday"]].concat()).refused(&["backtest.orders.tif", "length of time"]);
    world.run(&[base, &["--post-only"]].concat()).refused(&["post-only"]);
}

/// Runs with each of them and asserts that equity is another.
fn each_shows(world: &World, base: &[&str]) {
    let equity = |extra: &[&str]| run(world, &[base, extra].concat()).1("final_equity");
    let plain = equity(&[]);
    for extra in MODELS_AND_RULES {
        let changed = equity(extra);
        assert!(changed.is_finite() && changed != plain, "{} {extra:?} {changed}", base[2]);
    }
}

#[test]
fn every_model_and_rule_reaches_a_cross_section() {
    let section = ["backtest", "--strategy", "long_short", "--factor-set", "s1", "--param", "factor=return_5"];
    let counts = ["--param", "long_count=2", "--param", "short_count=2", "--rebalance", "6"];
    let (world, base) = (World::with_market(), [&section[..], &counts].concat());
    each_shows(&world, &base);
    each_is_placed(&world, &base);
}

#[test]
fn every_model_and_rule_reaches_a_strategy_that_acts_at_every_bar() {
    let each = ["backtest", "--strategy", "rsi", "--timeframe", "1h", "--symbols", "AAAUSDT,BBBUSDT,CCCUSDT"];
    let params = ["--param", "window=4", "--param", "allow_short=true"];
    let (world, base) = (World::with_market(), [&each[..], &params].concat());
    each_shows(&world, &base);
    each_is_placed(&world, &base);
}

#[test]
fn a_rotation_of_real_shares_is_what_a_plain_calculation_makes_of_it() {
    let (Some(daily), Some(hours)) =
        (shared("data/equities/lean_us_daily"), shared("data/reference/lean_market_hours.json.gz"))
    else {
        return;
    };
    let world = World::new();
    world.run(&["data", "import", "--venue", "us", hours.to_str().unwrap()]).good();
    let part = |name: &str| daily.join(name).to_str().unwrap().to_owned();
    let parts = [part("daily"), part("factor_files"), part("map_files")];
    world.run(&["data", "import", "--venue", "us", &parts[0], &parts[1], &parts[2]]).good();
    let rotation = ["backtest", "--venue", "us", "--timeframe", "1d", "--strategy", "rotation", "--rebalance", "MS"];
    let of = ["--symbols", "SPY,QQQ,IBM,AAPL,BAC", "--param", "top_n=2", "--param", "lookbacks=63,126"];
    let range = ["--start", "1999-01-01", "--end", "2021-03-01"];
    let arguments = [&rotation[..], &of, &range, &FREE].concat();
    let (folder, metric, quality) = run(&world, &arguments);
    // docs/validation/rotation.py, from the vendor's files alone: 20,983,557.38, of which 1,635,636.66 dividends. The
    // vendor's factors have seven digits, so that dividends agree to so many.
    assert!((metric("final_equity") / 20_983_557.384 - 1.0).abs() < 1e-6, "{}", metric("final_equity"));
    assert_eq!((&quality["counts"]["splits_booked"], &quality["counts"]["dividends_booked"]), (&6.into(), &119.into()));
    assert_eq!(quality["counts"]["rebalances"], 266);
    let dividends =
        quality["notes"].as_array().unwrap().iter().find_map(|note| note.as_str()?.strip_prefix("dividend: "));
    let dividends: f64 = dividends.unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((dividends / 1_635_636.660 - 1.0).abs() < 1e-5, "{dividends}");
    // Seven for one on 2014-06-09.
    let held = positions(&world, &folder, "AAPL");
    let split = held.iter().position(|row| row.0 == "2014-06-09").unwrap();
    assert!((held[split].1 / held[split - 1].1 - 7.0).abs() < 1e-12 && held[split].2 == 93.7, "{:?}", &held[split]);
    // At adjusted prices the same decisions come to nearly the same.
    let (_, other, _) = run(&world, &[&arguments[..], &["--corporate-actions", "adjusted_prices"]].concat());
    assert!((other("final_equity") / metric("final_equity") - 1.0).abs() < 0.005);
    assert_eq!(other("n_trades"), metric("n_trades"));
}
