//! Instruments in, the same instruments out.

use super::*;
use crate::fixtures::{Scratch, source};
use crate::provenance::Origin;

fn instrument(symbol: &str, valid_from: Option<i64>) -> Instrument {
    Instrument {
        listed_at: Some(1_600_000_000_000_000),
        tick_size: Some(0.01),
        min_notional: Some(5.0),
        valid_from,
        ..Instrument::named(symbol)
    }
}

#[test]
fn instruments_round_trip_sorted() {
    let scratch = Scratch::new();
    assert!(scratch.hub.instruments("binance").unwrap().is_empty());
    let mut luna = instrument("LUNAUSDT~20190826", None);
    luna.delisted_at = Some(1_652_400_000_000_000);
    luna.listed_at = None;
    luna.listed_as = Some("LUNA1USDT".to_owned());
    (luna.min_quantity, luna.multiplier, luna.seen_at) = (Some(0.5), Some(10.0), Some(9));
    let rows = [instrument("币USDT", None), instrument("BTCUSDT", Some(7)), luna.clone(), instrument("BTCUSDT", None)];
    scratch.publisher.publish_instruments("binance", &rows, &source(Origin::List)).unwrap();
    let expected = [rows[3].clone(), rows[1].clone(), luna, rows[0].clone()];
    assert_eq!(scratch.hub.instruments("binance").unwrap(), expected);
    assert_eq!(scratch.hub.instrument("binance", "BTCUSDT").unwrap(), expected[..2]);
    assert_eq!(scratch.hub.instrument_venues().unwrap(), ["binance"]);
    scratch.hub.verify_table("instruments/binance.parquet").unwrap();
    assert_eq!(scratch.hub.instruments_provenance("binance").unwrap().map(|p| p.rows), Some(4));
    assert_eq!(scratch.hub.instruments_provenance("okx").unwrap(), None);
    scratch.publisher.publish_instruments("binance", &[], &source(Origin::List)).unwrap();
    assert!(scratch.hub.instruments("binance").unwrap().is_empty());
}

#[test]
fn bad_instruments_are_refused() {
    let scratch = Scratch::new();
    let publish = |change: fn(&mut Instrument)| {
        let mut row = instrument("A", None);
        change(&mut row);
        let rows = [instrument("B", None), row];
        scratch.publisher.publish_instruments("binance", &rows, &source(Origin::List)).unwrap_err().to_string()
    };
    assert!(publish(|row| row.symbol = "B".to_owned()).contains("B appears twice with one validity date"));
    assert!(publish(|row| row.symbol = "../B".to_owned()).contains("cannot be a symbol"));
    assert!(publish(|row| row.lot_size = Some(-1.0)).contains("lot_size of A is -1"));
    assert!(publish(|row| row.delisted_at = Some(1)).contains("A is delisted before it is listed"));
}
