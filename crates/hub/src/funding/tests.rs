//! Funding in, the same funding out.

use crosscut_model::time::{HOUR, midnight};

use super::*;
use crate::fixtures::{Scratch, source};
use crate::provenance::Origin;

fn funding() -> Funding {
    let timestamp: Vec<i64> = [0, 8, 16, 20].iter().map(|hour| midnight(2024, 1, 1) + hour * HOUR + 7_000).collect();
    Funding {
        available_at: timestamp.clone(),
        timestamp,
        rate: vec![0.0001, -0.0003, 0.0, 0.000_123_45],
        interval_us: vec![0, 8 * HOUR, 8 * HOUR, 4 * HOUR],
        mark_price: vec![42_000.5, f64::NAN, 42_100.25, 1.0],
    }
}

#[test]
fn funding_round_trips() {
    let scratch = Scratch::new();
    assert!(scratch.hub.funding_symbols("okx").unwrap().is_empty() && scratch.hub.funding_venues().unwrap().is_empty());
    scratch.publisher.publish_funding("okx", "BTC-USDT-SWAP", &funding(), &source(Origin::Archive)).unwrap();
    let read = scratch.hub.read_funding("okx", "BTC-USDT-SWAP").unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", funding()));
    let table = scratch.hub.funding("okx", "BTC-USDT-SWAP").unwrap();
    assert_eq!(table.i64("interval_us").unwrap(), funding().interval_us);
    assert_eq!(table.f64("rate").unwrap(), funding().rate);
    let info = scratch.hub.funding_info("okx", "BTC-USDT-SWAP").unwrap();
    assert_eq!((info.rows, info.first, info.last), (4, read.timestamp[0], read.timestamp[3]));
    assert_eq!(info.name, "BTC-USDT-SWAP funding rates of okx");
    assert_eq!(scratch.hub.funding_venues().unwrap(), ["okx"]);
    scratch.hub.verify_table("funding/okx/BTC-USDT-SWAP.parquet").unwrap();
    let error = scratch.hub.funding("okx", "BTC-USDT-SWAPS").unwrap_err().to_string();
    assert!(error.contains("has no funding rates of BTC-USDT-SWAPS") && error.contains("did you mean"), "{error}");
}

#[test]
fn bad_funding_is_refused_and_the_old_stays() {
    let scratch = Scratch::new();
    scratch.publisher.publish_funding("okx", "A", &funding(), &source(Origin::Archive)).unwrap();
    let says = |change: fn(&mut Funding)| {
        let mut funding = funding();
        change(&mut funding);
        scratch.publisher.publish_funding("okx", "A", &funding, &source(Origin::Archive)).unwrap_err().to_string()
    };
    assert!(says(|f| f.rate[1] = f64::NAN).contains("the rate of 2024-01-01T08:00:00.007000Z is NaN"));
    assert!(says(|f| f.interval_us[1] = -1).contains("is -1 us"));
    assert!(says(|f| f.mark_price[0] = 0.0).contains("the mark price of 2024-01-01T00:00:00.007000Z is 0"));
    assert!(says(|f| f.timestamp[1] = f.timestamp[0]).contains("expected strictly after"));
    assert!(says(|f| f.available_at[3] = 0).contains("available_at"));
    assert!(says(|f| f.rate.truncate(1)).contains("columns differ in length"));
    assert_eq!(scratch.hub.read_funding("okx", "A").unwrap().rate, funding().rate);
}
