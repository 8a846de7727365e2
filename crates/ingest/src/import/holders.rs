//! Who held a symbol when: rows of a symbol that was listed again go to the instrument that held it then.

use std::collections::BTreeMap;
use std::ops::Range;

use crosscut_hub::{Hub, HubError};
use crosscut_model::instrument::holder_of;

/// The holders of the symbols of a venue that had more than one.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    /// By symbol: the listing of each holder (unknown is from always) and its id, ascending.
    by_symbol: BTreeMap<String, Vec<(i64, String)>>,
}

impl Holders {
    /// The holders by a venue's table of instruments.
    ///
    /// # Errors
    /// When the table is damaged.
    pub fn read(hub: &Hub, venue: &str) -> Result<Self, HubError> {
        let mut by_symbol: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        for row in hub.instruments(venue)? {
            let holders = by_symbol.entry(holder_of(&row.symbol).to_owned()).or_default();
            let holder = (row.listed_at.unwrap_or(i64::MIN), row.symbol);
            if holders.last() != Some(&holder) {
                holders.push(holder);
            }
        }
        by_symbol.retain(|_, holders| holders.len() > 1);
        by_symbol.values_mut().for_each(|holders| holders.sort());
        Ok(Self { by_symbol })
    }

    /// The instruments that held a symbol within a stretch of time (from, until; exclusive), each with the part of all
    /// time that is its own; `None` for a symbol that had one holder only.
    pub fn within(&self, symbol: &str, (from, until): (i64, i64)) -> Option<Vec<(String, (i64, i64))>> {
        let holders = self.by_symbol.get(symbol)?;
        let life = |at: usize| {
            let begins = if at == 0 { i64::MIN } else { holders[at].0 };
            (begins, holders.get(at + 1).map_or(i64::MAX, |(listed, _)| *listed))
        };
        let lives = holders.iter().enumerate().map(|(at, (_, id))| (id.clone(), life(at)));
        Some(lives.filter(|(_, (begins, ends))| *begins < until && from < *ends).collect())
    }

    /// The rows of a symbol, whose last moments are `ends` (ascending, microseconds UTC), by instrument: a row belongs to
    /// the last holder that was listed before its end, and what is older than all listings to the first.
    pub fn split(&self, symbol: &str, ends: &[i64]) -> Vec<(String, Range<usize>)> {
        let Some(holders) = self.by_symbol.get(symbol) else { return vec![(symbol.to_owned(), 0..ends.len())] };
        let mut out = Vec::new();
        for (at, (_, id)) in holders.iter().enumerate() {
            let from = if at == 0 { 0 } else { ends.partition_point(|end| *end <= holders[at].0) };
            let to = holders.get(at + 1).map_or(ends.len(), |(listed, _)| ends.partition_point(|end| *end <= *listed));
            if from < to {
                out.push((id.clone(), from..to));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    //! Rows before, between and after listings.

    use super::*;

    #[test]
    fn rows_go_to_who_held_the_symbol() {
        let listed = vec![(10, "A~1".to_owned()), (30, "A~2".to_owned()), (50, "A".to_owned())];
        let holders = Holders { by_symbol: BTreeMap::from([("A".to_owned(), listed)]) };
        let ids = |ends: &[i64]| {
            let split = holders.split("A", ends);
            split.iter().map(|(id, rows)| format!("{id} {rows:?}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(ids(&[5, 10, 29, 30, 31, 50, 51, 90]), "A~1 0..4, A~2 4..6, A 6..8");
        assert_eq!(ids(&[60, 61]), "A 0..2");
        assert_eq!(holders.split("B", &[1, 2]), [("B".to_owned(), 0..2)]);
        let held = |from, until| {
            let lives = holders.within("A", (from, until)).unwrap();
            lives.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!([held(0, 30), held(29, 31), held(30, 50), held(0, 99)], ["A~1", "A~1 A~2", "A~2", "A~1 A~2 A"]);
        assert_eq!(holders.within("B", (0, 1)), None);
    }
}
