//! What the list of providers names is what files are recognised as.

use std::collections::BTreeSet;

use crate::import::Kind;
use crate::import::klines::columns;
use crate::import::shape::read_shape;
use crate::import::trades::layout;
use crate::provider::PROVIDERS;

/// The beginning of a file of every layout of trades.
const TRADES: [&str; 10] = [
    "1,100.0,1,1,1,1704067200000,true,true\n",
    "1,100.0,1,100,1704067200000,true,true\n",
    "1,100.0,1,1,1,1704067200000,true\n",
    "1,100.0,1,100,1704067200000,true\n",
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n1,1,1,1,1,1704067200000,true\n",
    "id,price,qty,quote_qty,time,is_buyer_maker\n1,1,1,1,1704067200000,true\n",
    "stream,timestamp_of_receive,eventType,eventTime,symbol,tradeId,price,quantity,isBuyerMarketMaker,tradeTime\n\
     s,1704067200000,trade,1704067200000,AUSDT,1,1,1,1,1704067200000\n",
    "time,price,size,side\n2024-01-01T00:00:00Z,1,1,buy\n",
    "time,price,size\n2024-01-01T00:00:00Z,1,-1\n",
    "time,price,size,first_id,last_id\n2024-01-01T00:00:00Z,1,1,1,2\n",
];

#[test]
fn layouts_are_those_that_are_recognised() {
    let recognised: BTreeSet<&str> = TRADES
        .iter()
        .map(|text| layout::recognise(&read_shape(text.as_bytes()).unwrap()).unwrap().expect("trades").name)
        .collect();
    let tables = || PROVIDERS.iter().flat_map(|provider| provider.tables);
    let trades = tables().filter(|table| ["trades", "agg_trades"].contains(&table.kind));
    let listed: BTreeSet<&str> = trades.flat_map(|table| table.layouts).copied().collect();
    assert_eq!(listed, recognised);
    for table in tables() {
        assert!(Kind::NAMES.iter().any(|(name, _)| *name == table.kind), "{}", table.kind);
        assert!(
            !table.fields.is_empty()
                && table.timeframes.is_empty() != ["klines", "mark", "premium"].contains(&table.kind)
        );
    }
}

#[test]
fn the_archives_fill_the_columns_that_are_listed() {
    let klines = PROVIDERS.iter().flat_map(|provider| provider.tables).find(|table| table.kind == "klines").unwrap();
    let archive = columns::archive();
    for (at, field) in crosscut_model::bar::BAR_COLUMNS.iter().enumerate() {
        let is_in_file = archive.position(columns::Meaning::Bar(at)).is_some();
        // Sold is what was not bought, and the mean price is money over volume.
        let is_derived = ["sell_volume", "vwap"].contains(field);
        assert_eq!(klines.fields.contains(field), is_in_file || is_derived, "{field}");
    }
}
