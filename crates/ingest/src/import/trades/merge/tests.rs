//! The merge against a sorted map, for many cuts and overlaps.

use std::collections::BTreeMap;

use super::*;

/// Rows handed out in batches of a given size.
struct Rows {
    /// The rows.
    rows: Trades,
    /// Rows per batch.
    size: usize,
    /// The next row.
    at: usize,
}

impl TradeSource for Rows {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        out.clear();
        let end = (self.at + self.size).min(self.rows.len());
        out.extend_from(&self.rows, self.at..end);
        self.at = end;
        Ok(!out.is_empty())
    }

    fn records(&self, _out: &mut Vec<TradeRecord>) {}
}

/// Trades with these ids; the price follows from the id.
fn trades(ids: impl IntoIterator<Item = i64>) -> Trades {
    let mut out = Trades::default();
    for id in ids {
        out.trade_id.push(id);
        out.timestamp.push(id / 3);
        out.price.push(1.0 + id as f64);
        out.quantity.push(1.0);
        out.is_buyer_maker.push(None);
    }
    out
}

/// A side of a merge.
fn side(rows: Trades, size: usize) -> Side<'static> {
    Side::new(Box::new(Rows { rows, size, at: 0 }), "a side")
}

/// All rows of a merge by id.
fn merged(left: Trades, right: Trades, sizes: (usize, usize)) -> Result<Trades, IngestError> {
    let key = MergeKey::Id(right.trade_id.first().copied().unwrap_or_default());
    let mut merge = Merge::new(side(left, sizes.0), side(right, sizes.1), key);
    let (mut all, mut batch) = (Trades::default(), Trades::default());
    while merge.next_batch(&mut batch)? {
        all.extend_from(&batch, 0..batch.len());
    }
    Ok(all)
}

#[test]
fn equals_a_sorted_map() {
    let mut state: u64 = 1;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % below
    };
    for _ in 0..300 {
        let pick = |keep: u64, random: &mut dyn FnMut(u64) -> u64| -> Vec<i64> {
            let from = random(50) as i64;
            (from..from + random(80) as i64).filter(|_| random(10) < keep).collect()
        };
        let (left, right) = (pick(7, &mut random), pick(4, &mut random));
        let sizes = (1 + random(9) as usize, 1 + random(9) as usize);
        let expected: BTreeMap<i64, ()> = left.iter().chain(&right).map(|id| (*id, ())).collect();
        let out = merged(trades(left), trades(right), sizes).unwrap();
        assert_eq!(out, trades(expected.into_keys()));
    }
}

#[test]
fn one_different_row_is_found() {
    for changed in 0..20 {
        let mut right = trades(5..25);
        right.quantity[changed] = 2.0;
        let conflict = merged(trades(0..30), right, (7, 4)).unwrap_err().to_string();
        assert!(conflict.contains(&format!("id {}, ", 5 + changed)), "{conflict}");
    }
}
