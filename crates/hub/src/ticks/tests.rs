//! Ticks in, the same ticks out; what is refused; what stays when a writer gives up.

use crosscut_model::time::{HOUR, SECOND, midnight};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{Scratch, source, trades};
use crate::provenance::{Origin, TableSource};

const KIND: TradeKind = TradeKind::AggTrades;

fn january() -> i64 {
    midnight(2024, 1, 1)
}

fn write(scratch: &Scratch, month: &str, trades: &Trades) -> Result<(), HubError> {
    let mut writer = scratch.publisher.tick_writer("binance", "BTCUSDT", KIND, month)?;
    writer.write(trades)?;
    writer.finish(&source(Origin::Archive))
}

fn read(mut stream: TickStream) -> Result<Trades, HubError> {
    let (mut batch, mut all) = (Trades::default(), Trades::default());
    while stream.next_batch(&mut batch)? {
        assert!(!batch.is_empty());
        all.extend_from(&batch, 0..batch.len());
    }
    assert!(batch.is_empty());
    Ok(all)
}

fn read_all(scratch: &Scratch) -> Result<Trades, HubError> {
    read(scratch.hub.ticks("binance", "BTCUSDT", KIND)?)
}

#[test]
fn months_make_one_series() {
    let scratch = Scratch::new();
    let first = trades(300_000, january(), 1);
    let second = trades(70_000, midnight(2024, 2, 1), 300_001);
    write(&scratch, "2024-02", &second).unwrap();
    write(&scratch, "2024-01", &first).unwrap();
    let mut both = first.clone();
    both.extend_from(&second, 0..second.len());
    assert_eq!(read_all(&scratch).unwrap(), both);
    let info = scratch.hub.tick_info("binance", "BTCUSDT", KIND).unwrap();
    assert_eq!((info.rows, info.first, info.last), (370_000, january(), *second.timestamp.last().unwrap()));
    assert_eq!(info.months.iter().map(|month| month.month.as_str()).collect::<Vec<_>>(), ["2024-01", "2024-02"]);
    assert_eq!(scratch.hub.tick_symbols("binance", KIND).unwrap(), ["BTCUSDT"]);
    assert_eq!(scratch.hub.tick_symbols("binance", TradeKind::Trades).unwrap(), Vec::<String>::new());
    assert_eq!(scratch.hub.tick_kinds("binance", "BTCUSDT").unwrap(), [KIND]);
    let (month, stream) = scratch.hub.ticks_of_month("binance", "BTCUSDT", KIND, "2024-01").unwrap().unwrap();
    assert_eq!((month.rows, read(stream).unwrap()), (300_000, first));
    assert!(scratch.hub.ticks_of_month("binance", "BTCUSDT", KIND, "2024-03").unwrap().is_none());
    scratch.hub.verify_table("ticks/binance/BTCUSDT/agg_trades-2024-01.parquet").unwrap();
}

#[test]
fn wanted_columns_only() {
    let scratch = Scratch::new();
    let written = trades(1_000, january(), 1);
    write(&scratch, "2024-01", &written).unwrap();
    let stream = scratch.hub.ticks_columns("binance", "BTCUSDT", KIND, TickColumns::FOR_BARS).unwrap();
    let found = read(stream).unwrap();
    assert_eq!((&found.price, &found.is_buyer_maker), (&written.price, &written.is_buyer_maker));
    assert!(found.trade_id.is_empty() && found.first_trade_id.is_empty() && found.last_trade_id.is_empty());
    let none = TickColumns { ids: false, sides: false, spans: false };
    let found = read(scratch.hub.ticks_columns("binance", "BTCUSDT", KIND, none).unwrap()).unwrap();
    assert_eq!(found.is_buyer_maker, vec![None; 1_000]);
}

#[test]
fn plain_trades_without_ids() {
    let scratch = Scratch::new();
    let mut rows = trades(10, january(), 1);
    rows.trade_id.clear();
    rows.first_trade_id.clear();
    rows.last_trade_id.clear();
    rows.is_buyer_maker = vec![None; 10];
    let mut writer = scratch.publisher.tick_writer("bitmex", "XBTUSD", TradeKind::Trades, "2024-01").unwrap();
    writer.write(&rows).unwrap();
    writer.finish(&source(Origin::Archive)).unwrap();
    assert_eq!(read(scratch.hub.ticks("bitmex", "XBTUSD", TradeKind::Trades).unwrap()).unwrap(), rows);
}

#[test]
fn an_empty_month_still_covers() {
    let scratch = Scratch::new();
    let until = midnight(2024, 2, 1);
    let source = TableSource { covered_until: Some(until), ..source(Origin::Archive) };
    let writer = scratch.publisher.tick_writer("binance", "BTCUSDT", KIND, "2024-01").unwrap();
    writer.finish(&source).unwrap();
    let info = scratch.hub.tick_info("binance", "BTCUSDT", KIND).unwrap();
    assert_eq!((info.rows, info.covered_until), (0, Some(until)));
    assert!(read_all(&scratch).unwrap().is_empty());
}

#[test]
fn dropped_writer_leaves_the_old_table() {
    let scratch = Scratch::new();
    let old = trades(100, january(), 1);
    write(&scratch, "2024-01", &old).unwrap();
    let mut writer = scratch.publisher.tick_writer("binance", "BTCUSDT", KIND, "2024-01").unwrap();
    writer.write(&trades(300_000, january(), 1)).unwrap();
    drop(writer);
    assert_eq!(read_all(&scratch).unwrap(), old);
    let files = std::fs::read_dir(scratch.path("ticks/binance/BTCUSDT")).unwrap();
    assert_eq!(files.count(), 1, "nothing is left aside");
}

#[test]
fn bad_ticks_are_refused() {
    let scratch = Scratch::new();
    let refused = |change: fn(&mut Trades)| {
        let mut rows = trades(10, january(), 1);
        change(&mut rows);
        write(&scratch, "2024-01", &rows).unwrap_err().to_string()
    };
    assert!(
        refused(|t| t.timestamp[3] = january())
            .contains("refused at row 3: timestamp is 2024-01-01T00:00:00Z, expected not before")
    );
    assert!(
        refused(|t| t.timestamp[9] = midnight(2024, 2, 1))
            .contains("row 9: timestamp 2024-02-01T00:00:00Z lies outside the month 2024-01")
    );
    assert!(refused(|t| t.trade_id[4] = 4).contains("row 4: trade_id is 4, expected above 4"));
    assert!(refused(|t| t.price[5] = -1.0).contains("row 5: price is -1"));
    assert!(refused(|t| t.price[5] = f64::NAN).contains("row 5: price is NaN"));
    assert!(refused(|t| t.quantity[6] = 0.0).contains("row 6: quantity is 0"));
    assert!(refused(|t| t.trade_id.truncate(3)).contains("not all 10 rows long"));
    assert!(refused(|t| t.last_trade_id.clear()).contains("not all 10 rows long"));
    let error = scratch.publisher.tick_writer("binance", "BTCUSDT", KIND, "2024-13").unwrap_err().to_string();
    assert!(error.contains("`2024-13` is not a month"), "{error}");
    assert!(!scratch.path("ticks/binance/BTCUSDT/agg_trades-2024-01.parquet").exists());
}

#[test]
fn rules_hold_across_batches() {
    let scratch = Scratch::new();
    let mut writer = scratch.publisher.tick_writer("binance", "BTCUSDT", KIND, "2024-01").unwrap();
    writer.write(&trades(10, january() + HOUR, 100)).unwrap();
    let error = writer.write(&trades(10, january(), 200)).unwrap_err().to_string();
    assert!(error.contains("refused at row 10: timestamp"), "{error}");
    let error = writer.write(&trades(10, january() + 2 * HOUR, 50)).unwrap_err().to_string();
    assert!(error.contains("refused at row 10: trade_id is 50"), "{error}");
    let mut plain = trades(10, january() + 2 * HOUR, 200);
    plain.trade_id.clear();
    assert!(writer.write(&plain).unwrap_err().to_string().contains("the same columns"));
    writer.write(&trades(10, january() + 2 * HOUR, 200)).unwrap();
    writer.finish(&source(Origin::Archive)).unwrap();
    assert_eq!(read_all(&scratch).unwrap().len(), 20);
}

#[test]
fn ids_may_begin_anew_with_a_month_and_times_may_not_go_back() {
    let scratch = Scratch::new();
    write(&scratch, "2024-01", &trades(10, january(), 500)).unwrap();
    write(&scratch, "2024-02", &trades(10, midnight(2024, 2, 1), 100)).unwrap();
    let read = read_all(&scratch).unwrap();
    assert_eq!((read.len(), read.trade_id[9], read.trade_id[10]), (20, 509, 100));
}

#[test]
fn what_is_absent_names_the_nearest() {
    let scratch = Scratch::new();
    write(&scratch, "2024-01", &trades(10, january(), 1)).unwrap();
    let error = scratch.hub.ticks("binance", "BTCUSD", KIND).unwrap_err().to_string();
    assert!(error.contains("no agg_trades of BTCUSD at venue `binance`; did you mean `BTCUSDT`?"), "{error}");
    let error = scratch.hub.ticks("binanc", "BTCUSDT", KIND).unwrap_err().to_string();
    assert!(error.contains("no ticks of venue `binanc`; did you mean `binance`?"), "{error}");
    assert!(scratch.hub.tick_kinds("binance", "ETHUSDT").unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_cut_writes_the_same_bytes(n in 1_usize..5_000, cuts in prop::collection::vec(0_usize..5_000, 0..6)) {
        let scratch = Scratch::new();
        let rows = trades(n, january() + 5 * SECOND, 7);
        write(&scratch, "2024-01", &rows).unwrap();
        let hash = |scratch: &Scratch| scratch.hub.tick_info("binance", "BTCUSDT", KIND).unwrap().months[0].content_hash.clone();
        let whole = hash(&scratch);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(n)).chain([0, n]).collect();
        cuts.sort_unstable();
        let mut writer = scratch.publisher.tick_writer("binance", "BTCUSDT", KIND, "2024-01").unwrap();
        for cut in cuts.windows(2) {
            let mut part = Trades::default();
            part.extend_from(&rows, cut[0]..cut[1]);
            writer.write(&part).unwrap();
        }
        writer.finish(&source(Origin::Archive)).unwrap();
        prop_assert_eq!(hash(&scratch), whole);
        prop_assert_eq!(read_all(&scratch).unwrap(), rows);
    }
}
