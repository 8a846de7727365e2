//! The two readers of a row agree, and the cut into chunks does not matter.

use super::*;
use crate::import::shape::read_shape;
use crate::import::trades::layout;

/// A parser for text that begins like this.
fn parser(text: &str) -> TradeParser {
    let shape = read_shape(text.as_bytes()).unwrap();
    let layout = layout::recognise(&shape).unwrap().unwrap();
    let (has_id, has_span) = (layout.has(Role::Id), layout.has(Role::FirstId));
    let check = RowCheck::new(None, has_id, has_span, layout.drops_spent);
    TradeParser::new(layout, check)
}

/// Parses text in chunks of about `size` bytes that end with a line.
fn parse(text: &str, size: usize) -> Result<Trades, Fault> {
    let (mut parser, mut out) = (parser(text), Trades::default());
    let mut chunk = Vec::new();
    for line in text.split_inclusive('\n') {
        chunk.extend_from_slice(line.as_bytes());
        if chunk.len() >= size {
            parser.parse(&chunk, 0, usize::MAX, &mut out)?;
            chunk.clear();
        }
    }
    parser.parse(&chunk, 0, usize::MAX, &mut out)?;
    Ok(out)
}

/// Aggregated trades with prices and quantities of many lengths.
fn rows(quote: &str) -> String {
    let mut state: u64 = 7;
    let mut text = String::new();
    for id in 0..2000_u64 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let price = format!("{}.{:0width$}", 1 + (state >> 50), state % 997, width = 3 + (state % 6) as usize);
        let quantity = format!("{quote}0.{:08}{quote}", 1 + (state >> 33) % 99_999_999);
        let side = if state.is_multiple_of(3) { "True" } else { "False" };
        text += &format!("{id},{price},{quantity},{id},{},{},{side},True\n", id + 1, 1_570_752_011_620 + id);
    }
    text
}

#[test]
fn quoted_rows_read_like_plain_ones() {
    let (plain, quoted) = (parse(&rows(""), 1 << 20).unwrap(), parse(&rows("\""), 1 << 20).unwrap());
    assert_eq!(plain, quoted);
    assert_eq!(plain.len(), 2000);
}

#[test]
fn any_cut_gives_the_same_rows() {
    let text = rows("");
    let whole = parse(&text, 1 << 20).unwrap();
    for size in [1, 100, 1000, 64 * 1024] {
        assert_eq!(parse(&text, size).unwrap(), whole, "{size}");
    }
    let windows = text.replace('\n', "\r\n");
    assert_eq!(parse(&windows, 1000).unwrap(), whole);
}

#[test]
fn batches_stop_where_they_are_told() {
    let text = rows("");
    let (mut parser, mut out, mut at) = (parser(&text), Trades::default(), 0);
    at = parser.parse(text.as_bytes(), at, 150, &mut out).unwrap();
    assert_eq!((out.len(), out.trade_id[149]), (150, 149));
    out.clear();
    parser.parse(text.as_bytes(), at, usize::MAX, &mut out).unwrap();
    assert_eq!((out.len(), out.trade_id[0]), (1850, 150));
}

#[test]
fn faults_name_the_line() {
    let mut text = rows("");
    text.insert_str(text.match_indices('\n').nth(1233).unwrap().0 + 1, "1234,x,1,1,1,1570752013000,True,True\n");
    for size in [1, 500, 1 << 20] {
        assert_eq!(parse(&text, size).unwrap_err().row, Some(1235), "{size}");
    }
}
