//! Symbols that end, and symbols that are listed again: from files to runs, by the command line alone.

use crosscut_model::format_iso;
use crosscut_model::time::{DAY, parse_iso};

use crate::world::{World, shared};

/// Daily bars of a name from a day on, one per close; opens are closes.
fn bars(symbol: &str, first_day: i64, closes: &[f64]) -> String {
    let start = parse_iso("2024-01-01").unwrap();
    let row = |(day, close): (usize, &f64)| {
        let label = format_iso(start + (first_day + day as i64) * DAY);
        format!("{symbol},{label},{close},{close},{close},{close},1000\n")
    };
    closes.iter().enumerate().map(row).collect()
}

/// The orders of a run as `(time, symbol, side, price, reason)`.
fn orders(world: &World, arguments: &[&str]) -> Vec<(String, String, String, f64, String)> {
    let run = world.json(&[&["backtest"], arguments].concat())["result"].clone();
    let text = world.text(&format!("{}/orders.csv", run["folder"].as_str().unwrap()));
    let cell = |line: &str| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let price = cells[7].parse().unwrap_or(f64::NAN);
        (cells[1].clone(), cells[2].clone(), cells[3].clone(), price, cells[11].clone())
    };
    text.lines().skip(1).map(cell).collect()
}

#[test]
fn a_coin_that_dies_and_its_name_that_lives_on() {
    let world = World::new();
    // LUNA falls from 50 to nothing within 15 days and comes back as another coin at 8; DEAD ends in the first hour of
    // its 20th day; LIVE goes on.
    let mut luna: Vec<f64> = (0..14).map(|_| 50.0).collect();
    luna.push(0.25);
    let dead: Vec<f64> = (0..20).map(|day| 10.0 - 0.25 * f64::from(day)).collect();
    let live: Vec<f64> = (0..40).map(|day| 100.0 + f64::from(day)).collect();
    let rows = [
        "symbol,open_time,open,high,low,close,volume\n".to_owned(),
        bars("LUNA", 0, &luna),
        bars("LUNA", 20, &[8.0; 20]),
        bars("DEAD", 0, &dead),
        bars("LIVE", 0, &live),
    ];
    world.write("bars.csv", rows.concat());
    let import = ["data", "import", "--venue", "v", "--timeframe", "1d"];
    let told = world.run(&[&import[..], &["bars.csv"]].concat()).good();
    let said = format!("{}{}", told.out, told.err);
    let pause = "LUNA pauses from 2024-01-16T00:00:00Z to 2024-01-21T00:00:00Z and goes on at 8 after 0.25";
    assert!(said.contains(pause), "{said}");
    // What it proposes, and a universe that tells lives by bars.
    let again =
        "symbol,listing_time,delisting_time\nLUNA,2024-01-01,2024-01-16T00:00:00Z\nLUNA,2024-01-21T00:00:00Z,\n";
    world.write("again.csv", again);
    let hour = |text: &str| parse_iso(text).unwrap() / 1000;
    let (begin, end) = (hour("2024-01-01"), hour("2024-02-09T23:00"));
    let row = |symbol: &str, last: i64, delisted: bool| format!("{symbol},{begin},{last},999,{delisted}\n");
    let universe = [
        "symbol,first_bar,last_bar,hours,delisted\n".to_owned(),
        row("LUNA", end, false),
        row("DEAD", hour("2024-01-20"), true),
        row("LIVE", end, false),
    ];
    world.write("universe.csv", universe.concat());
    for file in ["universe.csv", "again.csv"] {
        world.run(&["data", "import", "--venue", "v", "--kind", "instruments", file]).good();
    }
    world.run(&[&import[..], &["--replace", "bars.csv"]].concat()).good();
    let info = world.run(&["data", "info", "LUNA~20240101"]).good().out;
    assert!(info.contains("15"), "{info}");
    // A third of equity in each from the 5th on; nothing is said of them later.
    world.write(
        "targets.csv",
        "date,symbol,weight\n2024-01-05,LUNA~20240101,0.3\n2024-01-05,DEAD,0.3\n2024-01-05,LIVE,0.3\n",
    );
    let held = ["--venue", "v", "--timeframe", "1d", "--commission-bps", "0", "--slippage-bps", "0"];
    let list = orders(&world, &[&held[..], &["--strategy", "target_list", "--param", "file=targets.csv"]].concat());
    let closing: Vec<_> = list.iter().filter(|order| order.2 == "sell").collect();
    assert_eq!(closing.len(), 2, "{list:?}");
    let of = |symbol: &str| closing.iter().find(|order| order.1 == symbol).unwrap();
    // Whoever held the old coin gets its last price, not the new coin's; DEAD's last bar closed in its first hour.
    assert_eq!((of("LUNA~20240101").3, of("DEAD").3), (0.25, 5.25));
    assert!(closing.iter().all(|order| order.4.contains("delisted")), "{closing:?}");
    // The same through the events of a strategy that is always in: both coins are traded, each as itself.
    let events =
        orders(&world, &[&held[..], &["--strategy", "sma_cross", "--param", "fast=1", "--param", "slow=2"]].concat());
    assert!(events.iter().all(|order| order.1 != "LUNA"), "a price that does not move crosses nothing: {events:?}");
    let breakout = ["--strategy", "breakout", "--param", "entry=2", "--param", "exit=1", "--param", "allow_short=true"];
    let events = orders(&world, &[&held[..], &breakout].concat());
    let last = events.iter().rfind(|order| order.1 == "DEAD" && order.3.is_finite()).unwrap();
    assert_eq!((last.2.as_str(), last.3), ("buy", 5.25), "a short in DEAD is closed at its last price: {events:?}");
    // Survivors: what still trades at the end.
    let bias = ["universe", "bias", "--venue", "v", "--timeframe", "1d", "--strategy", "target_list"];
    let told = world.run(&[&bias[..], &["--param", "file=targets.csv"]].concat());
    assert_eq!(told.status, 0, "survivors hold the list without its dead\n{}", told.err);
    assert!(told.err.contains("today's survivors: 2 symbols"), "{}", told.err);
    let rotation = ["--strategy", "rotation", "--param", "top_n=1", "--param", "lookbacks=3", "--rebalance", "5"];
    let told = world.json(&[&["universe", "bias", "--venue", "v", "--timeframe", "1d"], &rotation[..]].concat());
    let gone: Vec<&str> =
        told["result"]["gone"].as_array().unwrap().iter().map(|gone| gone["symbol"].as_str().unwrap()).collect();
    assert_eq!(gone, ["DEAD", "LUNA~20240101"]);
}

#[test]
fn real_relistings_are_separate_instruments() {
    let Some(crypto) = shared("data/crypto") else { return };
    let path = |name: &str| crypto.join(name).to_str().unwrap().to_owned();
    let world = World::new();
    // From the notes of an import of the bars alone: pauses that end at another price.
    world.write(
        "again.csv",
        "symbol,listing_time,delisting_time\nLUNAUSDT,2021-04-04,2022-05-14\nLUNAUSDT,2022-05-31,\n\
         BNXUSDT,2021-11-04,2023-02-17\nBNXUSDT,2023-02-22,\n",
    );
    let import = |files: &[&str]| world.run(&[&["data", "import", "--venue", "spot"], files].concat()).good();
    import(&["--kind", "instruments", &path("binance_spot_universe_2021_2023.csv")]);
    import(&["--kind", "instruments", "again.csv"]);
    let bars = path("binance_spot_1d_with_delistings_2021_2023.parquet");
    let told = import(&["--timeframe", "1d", &bars]);
    let said = format!("{}{}", told.out, told.err);
    assert!(!said.contains("LUNAUSDT pauses") && said.contains("VIDTUSDT pauses"), "{said}");
    world.write(
        "targets.csv",
        "date,symbol,weight\n2022-05-01,LUNAUSDT~20210404,0.25\n2022-05-01,USTUSDT,0.25\n2023-02-01,BNXUSDT~20211104,0.25\n",
    );
    let arguments =
        ["--venue", "spot", "--timeframe", "1d", "--strategy", "target_list", "--param", "file=targets.csv"];
    let list = orders(&world, &[&arguments[..], &["--start", "2022-04-01", "--slippage-bps", "0"]].concat());
    let closed = |symbol: &str| list.iter().rfind(|order| order.1 == symbol && order.2 == "sell").unwrap();
    // The last closes before each ended, read from the file by other means.
    assert_eq!(closed("LUNAUSDT~20210404").3, 0.00005);
    assert_eq!(closed("USTUSDT").3, 0.245779);
    assert_eq!(closed("BNXUSDT~20211104").3, 175.5);
}
