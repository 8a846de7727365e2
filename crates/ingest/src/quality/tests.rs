//! Made-up tables with one defect each, and the defects that the shared data documents.

use super::{VerifyRequest, verify};
use crate::testing::{Bench, shared};

/// What is found at the venue `binance`, a line each without the year's common parts.
fn found(bench: &Bench) -> Vec<String> {
    let request = VerifyRequest { venue: "binance".to_owned(), symbols: Vec::new(), hashes: true };
    let report = verify(&request, &bench.hub()).unwrap();
    let line = |defect: &super::Defect| {
        let from = crosscut_model::format_iso(defect.from);
        format!("{} {} {} {from} x{} {}", defect.table, defect.symbol, defect.kind.name(), defect.count, defect.detail)
    };
    report.defects.iter().map(line).collect()
}

/// A table of hourly bars from 2024-01-01: for each symbol the hours that are there and their closes.
fn hourly(bench: &Bench, symbols: &[(&str, &[(i64, f64)])]) {
    let mut text = "symbol,open_time,open,high,low,close,volume\n".to_owned();
    for (symbol, bars) in symbols {
        for (hour, close) in *bars {
            let time = 1_704_067_200_000_i64 + hour * 3_600_000;
            text += &format!("{symbol},{time},{close},{close},{close},{close},1\n");
        }
    }
    let told = bench.import(&[bench.file("x_1h.csv", text)]);
    assert!(!told.contains("refused"), "{told}");
}

/// Bars of price 1 at these hours.
fn at(hours: &[i64]) -> Vec<(i64, f64)> {
    hours.iter().map(|hour| (*hour, 1.0)).collect()
}

#[test]
fn outages_are_told_from_gaps() {
    let bench = Bench::new();
    let (a, b, c) = (at(&[0, 1, 2, 5, 6, 7, 8]), at(&[0, 1, 5, 6, 8]), at(&[0, 1, 2, 3, 4, 5, 6, 7, 8]));
    hourly(&bench, &[("AUSDT", &a), ("BUSDT", &b), ("CUSDT", &c)]);
    // Hours 3 and 4: two of three miss them. Hours 2 and 7: one does.
    assert_eq!(
        found(&bench),
        [
            "1h bars * outage 2024-01-01T03:00:00Z x2 2 of 3 symbols have no bars",
            "1h bars BUSDT gap 2024-01-01T02:00:00Z x1 ",
            "1h bars BUSDT gap 2024-01-01T07:00:00Z x1 ",
        ]
    );
}

#[test]
fn spikes_jumps_and_other_coins() {
    let bench = Bench::new();
    let quiet = |n: i64| (0..n).map(|hour| (hour, 100.0 + (hour % 3) as f64 * 0.1)).collect::<Vec<_>>();
    let mut spike = quiet(30);
    spike[10].1 = 250.0;
    let mut jump = quiet(30);
    jump[20..].iter_mut().for_each(|bar| bar.1 /= 2.0);
    let mut coin = quiet(20);
    coin.extend((60..70).map(|hour| (hour, 0.01)));
    hourly(&bench, &[("SPIKE", &spike), ("JUMP", &jump), ("COIN", &coin)]);
    let all = found(&bench);
    let of = |symbol: &str| -> Vec<String> {
        let lines =
            all.iter().filter(|line| line.starts_with(&format!("1h bars {symbol} ")) && !line.contains(" gap "));
        lines.map(|line| line.split_whitespace().skip(3).take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(of("SPIKE"), ["price_spike 2024-01-01T10:00:00Z", "ended 2024-01-02T06:00:00Z"], "{all:#?}");
    assert_eq!(of("JUMP"), ["price_jump 2024-01-01T20:00:00Z", "ended 2024-01-02T06:00:00Z"], "{all:#?}");
    assert_eq!(of("COIN"), ["reused_symbol 2024-01-03T12:00:00Z"], "{all:#?}");
}

#[test]
fn trades_and_their_bars() {
    let bench = Bench::new();
    let day = 1_704_067_200_000_i64;
    let at = |minutes: i64| day + minutes * 60_000;
    // Ids 3 and 4 are missing; one price is out; the day ends at 03:00.
    let rows = [(1, 100.0, 0), (2, 101.0, 30), (5, 102.0, 61), (6, 150.0, 62), (7, 102.0, 63), (8, 103.0, 180)];
    let text: String =
        rows.iter().map(|(id, price, m)| format!("{id},{price},1,{price},{},true,true\n", at(*m))).collect();
    let kline = |hour: i64, open: f64, high: f64, low: f64, close: f64, volume: f64| {
        let time = day + hour * 3_600_000;
        format!("{time},{open},{high},{low},{close},{volume},{},1,1,1,1,0\n", time + 3_599_999)
    };
    // Hour 0 is right, hour 1 has another high, hour 2 had a trade that is not there.
    let klines =
        kline(0, 100., 101., 100., 101., 2.) + &kline(1, 102., 151., 102., 102., 3.) + &kline(2, 1., 1., 1., 1., 9.);
    bench.import(&[bench.zip("AUSDT-trades-2024-01-01", &text), bench.zip("AUSDT-1h-2024-01-01", &klines)]);
    let all = found(&bench);
    let expected = [
        "trades AUSDT partial_period 2024-01-01T00:00:00Z",
        "trades AUSDT id_gap 2024-01-01T00:30:00Z x2 ids 3 to 4 are missing",
        "trades AUSDT price_spike 2024-01-01T01:02:00Z x1 price 150 between 102 and 102",
        "1h bars AUSDT differs_from_klines 2024-01-01T00:00:00Z x3 from trades: 1 differ, 1 cannot be rebuilt, 1 were not published; high 151, rebuilt 150",
    ];
    for line in expected {
        assert!(all.iter().any(|found| found.starts_with(line)), "{line}: {all:#?}");
    }
}

#[test]
fn a_file_that_was_changed() {
    let bench = Bench::new();
    hourly(&bench, &[("AUSDT", &at(&[0, 1, 2]))]);
    let path = bench.hub_root().join("bars/binance/1h/AUSDT.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let all = found(&bench);
    assert!(all.len() == 1 && all[0].starts_with("1h bars AUSDT damaged"), "{all:#?}");
}

#[test]
fn documented_defects_are_found() {
    let Some(folder) = shared("data/crypto") else { return };
    let of = |file: &str| {
        let bench = Bench::new();
        bench.import(&[folder.join(file)]);
        found(&bench)
    };
    let has = |all: &[String], lines: &[&str]| {
        for line in lines {
            assert!(all.iter().any(|found| found.starts_with(line)), "{line}: {all:#?}");
        }
    };
    has(
        &of("binance_spot_4h_full_kline.parquet"),
        &[
            "4h bars BTCUSDT gap 2018-02-08T04:00:00Z x7",
            "4h bars * outage 2018-06-26T04:00:00Z x2",
            "4h bars * outage 2018-07-04",
            "4h bars * outage 2018-11-14",
            "4h bars * outage 2019-03-12",
            "4h bars * outage 2019-05-15T04:00:00Z x2",
            "4h bars * outage 2019-08-15",
            "4h bars * outage 2020-02-19",
            "4h bars BTCUSDT zero_volume",
        ],
    );
    has(
        &of("binance_spot_1h_delistings_2021_2023.parquet"),
        &[
            "1h bars * outage 2021-04-20",
            "1h bars * outage 2021-04-25",
            "1h bars * outage 2021-08-13",
            "1h bars * outage 2021-09-29",
            "1h bars * outage 2023-03-24T13:00:00Z x1",
            "1h bars LUNAUSDT reused_symbol 2022-05-31",
            "1h bars BNXUSDT reused_symbol 2023-02-22",
            "1h bars SRMUSDT ended",
        ],
    );
    has(&of("binance_um_perp_4h.parquet"), &["4h bars * survivors_only", "4h bars PEOPLEUSDT price_jump 2024-01-03"]);
    has(
        &of("binance_um_perp_1m_2025-06-16_22.parquet"),
        &["1m bars FTTUSDT zero_volume", "1m bars FTMUSDT zero_volume"],
    );
}
