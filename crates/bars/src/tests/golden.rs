//! Against bars that other programs built from the same real trades. The data lie beside the checkout; without them
//! these tests say so and pass.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crosscut_model::time::{MINUTE, SECOND, parse_iso};
use crosscut_model::{Bars, Trades};

use super::build;
use crate::SideRule;

/// The folder of shared data, if there is one.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("CROSSCUT_SHARED").map_or_else(beside, PathBuf::from).join("data");
    if !root.is_dir() {
        println!("skipped: shared data not found");
        return None;
    }
    Some(root)
}

/// The lines of a gzip CSV file without its header, split at commas.
fn gzip_rows(path: &Path) -> Vec<Vec<String>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    rows(&text).split_off(1)
}

/// The only file of an archive, split at line ends and commas.
fn zip_rows(path: &Path) -> Vec<Vec<String>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    rows(&text)
}

fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

/// Trades from rows given as time (microseconds), price, quantity, and whether the taker sold.
fn collect(rows: impl Iterator<Item = (i64, f64, f64, Option<bool>)>) -> Trades {
    let mut trades = Trades::default();
    for (time, price, quantity, maker) in rows {
        trades.timestamp.push(time);
        trades.price.push(price);
        trades.quantity.push(quantity);
        trades.is_buyer_maker.push(maker);
    }
    trades
}

#[test]
fn freqtrade_candles() {
    let Some(shared) = shared() else { return };
    let archive = shared.join("ticks/binance_archive_style/spot/XRPETH/XRPETH-aggTrades-2019-10-11.zip");
    let trades =
        collect(zip_rows(&archive).iter().map(|row| {
            (row[5].parse::<i64>().unwrap() * 1000, number(&row[1]), number(&row[2]), Some(row[6] == "True"))
        }));
    for (spec, n_bars) in [("1m", 1022), ("5m", 287)] {
        let bars = build(spec, SideRule::Venue, &trades, Some(parse_iso("2019-10-12").unwrap()));
        let expected = gzip_rows(&shared.join(format!("golden/freqtrade_candles/XRPETH_{spec}.csv.gz")));
        assert_eq!(bars.len(), n_bars);
        assert_eq!(expected.len(), n_bars);
        for (bar, row) in expected.iter().enumerate() {
            assert_eq!(bars.timestamp[bar], row[0].parse::<i64>().unwrap() * 1000);
            let got = [&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume].map(|column| column[bar]);
            assert_eq!(got.to_vec(), row[1..].iter().map(|v| number(v)).collect::<Vec<_>>(), "{spec} bar {bar}");
        }
    }
}

/// Which column of a mlfinpy table dates a row, and how.
enum Stamp {
    /// Text: the time of the closing trade.
    LastTrade,
    /// Seconds since the epoch: the end of the bucket.
    BucketEnd,
}

/// Compares with a table of mlfinpy: `date_time,tick_num,open,high,low,close,volume,cum_buy_volume,cum_ticks,cum_dollar_value`.
fn check_mlfinpy(shared: &Path, table: &str, bars: &Bars, stamp: &Stamp) {
    let expected = gzip_rows(&shared.join(format!("golden/computed/mlfinpy_bars/{table}.csv.gz")));
    assert_eq!(bars.len(), expected.len(), "{table}");
    for (bar, row) in expected.iter().enumerate() {
        let close = match stamp {
            Stamp::LastTrade => parse_iso(&row[0]).unwrap(),
            Stamp::BucketEnd => row[0].parse::<i64>().unwrap() * SECOND,
        };
        assert_eq!(bars.available_at[bar], close, "{table} bar {bar}");
        let got = [
            &bars.open,
            &bars.high,
            &bars.low,
            &bars.close,
            &bars.volume,
            &bars.buy_volume,
            &bars.tick_count,
            &bars.dollar_volume,
        ];
        let got = got.map(|column| column[bar]).to_vec();
        assert_eq!(got, row[2..].iter().map(|v| number(v)).collect::<Vec<_>>(), "{table} bar {bar}");
    }
}

#[test]
fn mlfinpy_es() {
    let Some(shared) = shared() else { return };
    let rows = gzip_rows(&shared.join("ticks/es_futures/ES_trades_2013-09-01_2013-09-03T10.csv.gz"));
    let trades = collect(
        rows.iter().take(150_000).map(|row| (parse_iso(&row[0]).unwrap(), number(&row[1]), number(&row[2]), None)),
    );
    for (kind, spec) in [("tick", "tick-2000"), ("volume", "volume-10000"), ("dollar", "dollar-20000000")] {
        let bars = build(spec, SideRule::Venue, &trades, None);
        check_mlfinpy(&shared, &format!("es_{kind}"), &bars, &Stamp::LastTrade);
    }
    check_mlfinpy(&shared, "es_time_5min", &build("5m", SideRule::Venue, &trades, None), &Stamp::BucketEnd);
}

#[test]
fn mlfinpy_xbtusd() {
    let Some(shared) = shared() else { return };
    let day_end = parse_iso("2018-01-02").unwrap();
    let rows = gzip_rows(&shared.join("ticks/bitmex/XBTUSD_trades_2018-01-01_2018-01-03.csv.gz"));
    let trades = collect(rows.iter().map_while(|row| {
        let time = row[0].parse::<i64>().unwrap() * 1000;
        let size = number(&row[2]);
        (time < day_end).then(|| (time, number(&row[1]), size.abs(), Some(size < 0.0)))
    }));
    for (kind, spec) in [("tick", "tick-1000"), ("volume", "volume-2000000"), ("dollar", "dollar-20000000000")] {
        let bars = build(spec, SideRule::TickRule, &trades, None);
        check_mlfinpy(&shared, &format!("xbtusd_2018-01-01_{kind}"), &bars, &Stamp::LastTrade);
    }
    let bars = build("5m", SideRule::TickRule, &trades, None);
    check_mlfinpy(&shared, "xbtusd_2018-01-01_time_5min", &bars, &Stamp::BucketEnd);
    assert_eq!(bars.timestamp[0] + 5 * MINUTE, bars.available_at[0]);
    let sided = build("5m", SideRule::Venue, &trades, None);
    assert_ne!(sided.buy_volume, bars.buy_volume, "the venue's side is not the tick rule's");
}
