//! Whose a ticker was when: map files and bars by ticker become instruments.

use std::collections::BTreeMap;
use std::ops::Range;

use crosscut_model::Bars;
use crosscut_model::instrument::earlier_holder;
use crosscut_model::time::{DAY, midnight};

use super::data_begin;

/// A stretch of bars of an instrument under one ticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The ticker.
    pub ticker: String,
    /// Number of the ticker's file.
    pub file: usize,
    /// Rows of its bars.
    pub rows: Range<usize>,
}

/// One instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entity {
    /// Its id: its last ticker, with the listing day behind it when a later instrument has that ticker.
    pub id: String,
    /// LEAN's name of it; `None` when no map speaks of it and another instrument has its name.
    pub map: Option<String>,
    /// The tickers it had, and the first day of each.
    pub tickers: Vec<(i64, String)>,
    /// The day it was listed; `None` when that was before the data begin, or nothing says so.
    pub listed_on: Option<i64>,
    /// Its last day; `None` while it trades.
    pub last_day: Option<i64>,
    /// Its bars.
    pub pieces: Vec<Piece>,
}

/// The instruments behind bars by ticker, sorted by id. Bars that no map claims belong to an instrument of their ticker's
/// own.
pub(super) fn resolve(
    maps: &BTreeMap<String, Vec<(i64, String)>>,
    daily: &BTreeMap<String, (usize, Bars)>,
) -> Vec<Entity> {
    let mut entities: Vec<Entity> = maps.iter().map(|(name, rows)| mapped(name, rows, daily)).collect();
    entities.retain(|entity| !entity.pieces.is_empty());
    for (ticker, (file, bars)) in daily {
        let mut claimed: Vec<Range<usize>> = entities
            .iter()
            .flat_map(|entity| &entity.pieces)
            .filter(|piece| piece.ticker == *ticker)
            .map(|piece| piece.rows.clone())
            .collect();
        claimed.sort_by_key(|rows| rows.start);
        let mut from = 0;
        for rows in claimed.into_iter().chain(std::iter::once(bars.len()..bars.len())) {
            if from < rows.start {
                // What comes before another's claim ended with it; what comes last may still trade.
                let ended = (rows.start < bars.len()).then(|| bars.timestamp[rows.start - 1]);
                let has_name = !maps.contains_key(&ticker.to_lowercase());
                entities.push(Entity {
                    id: ticker.clone(),
                    map: has_name.then(|| ticker.to_lowercase()),
                    tickers: vec![(bars.timestamp[from], ticker.clone())],
                    listed_on: None,
                    last_day: ended,
                    pieces: vec![Piece { ticker: ticker.clone(), file: *file, rows: from..rows.start }],
                });
            }
            from = rows.end.max(from);
        }
    }
    name(entities, daily)
}

/// The instrument of a map, with the bars that its tickers had in its days.
fn mapped(name: &str, rows: &[(i64, String)], daily: &BTreeMap<String, (usize, Bars)>) -> Entity {
    let first = rows.first().map_or(0, |(day, _)| *day);
    let mut entity = Entity {
        id: String::new(),
        map: Some(name.to_owned()),
        tickers: Vec::new(),
        listed_on: Some(first).filter(|day| *day > data_begin()),
        last_day: rows.last().map(|(day, _)| *day).filter(|day| *day < midnight(2050, 1, 1)),
        pieces: Vec::new(),
    };
    let mut from = first;
    for (until, ticker) in rows {
        if entity.tickers.last().is_none_or(|(_, before)| before != ticker) {
            entity.tickers.push((from, ticker.clone()));
        }
        if let Some((file, bars)) = daily.get(ticker) {
            let rows =
                bars.timestamp.partition_point(|day| *day < from)..bars.timestamp.partition_point(|day| *day <= *until);
            match entity.pieces.last_mut() {
                Some(piece) if piece.ticker == *ticker && piece.rows.end == rows.start => piece.rows.end = rows.end,
                _ if rows.is_empty() => {}
                _ => entity.pieces.push(Piece { ticker: ticker.clone(), file: *file, rows }),
            }
        }
        from = *until + DAY;
    }
    entity.id = entity.tickers.last().map(|(_, ticker)| ticker.clone()).unwrap_or_default();
    entity
}

/// Gives each instrument a name of its own: of those whose last ticker is the same, the last one keeps it.
fn name(mut entities: Vec<Entity>, daily: &BTreeMap<String, (usize, Bars)>) -> Vec<Entity> {
    let day = |piece: &Piece, row: usize| daily[&piece.ticker].1.timestamp[row];
    let last = |entity: &Entity| {
        let piece = &entity.pieces[entity.pieces.len() - 1];
        (entity.last_day.unwrap_or(i64::MAX), day(piece, piece.rows.end - 1), entity.listed_on)
    };
    entities.sort_by(|a, b| (&a.id, last(a)).cmp(&(&b.id, last(b))));
    let next: Vec<Option<String>> =
        (0..entities.len()).map(|at| entities.get(at + 1).map(|next| next.id.clone())).collect();
    for (entity, next) in entities.iter_mut().zip(next) {
        if next.as_ref() == Some(&entity.id) {
            let piece = &entity.pieces[0];
            let listed = entity.listed_on.unwrap_or_else(|| day(piece, piece.rows.start));
            entity.id = earlier_holder(&entity.id, listed);
        }
    }
    entities.sort_by(|a, b| a.id.cmp(&b.id));
    entities
}

#[cfg(test)]
mod tests {
    //! Tickers that change hands.

    use super::*;

    /// Bars on these days.
    fn bars(days: Range<i64>) -> Bars {
        let timestamp: Vec<i64> = days.map(|day| data_begin() + day * DAY).collect();
        Bars { timestamp, ..Bars::default() }
    }

    /// Instruments in words.
    fn words(maps: &[(&str, &[(i64, &str)])], daily: &[(&str, Range<i64>)]) -> String {
        let day = |day: i64| if day == 9999 { midnight(2050, 12, 31) } else { data_begin() + day * DAY };
        let row = |(until, ticker): &(i64, &str)| (day(*until), (*ticker).to_owned());
        let maps = maps.iter().map(|(name, rows)| ((*name).to_owned(), rows.iter().map(row).collect())).collect();
        let file =
            |(at, (ticker, days)): (usize, &(&str, Range<i64>))| ((*ticker).to_owned(), (at, bars(days.clone())));
        let resolved = resolve(&maps, &daily.iter().enumerate().map(file).collect());
        let piece = |piece: &Piece| format!("{}[{}..{}]", piece.ticker, piece.rows.start, piece.rows.end);
        let entity = |entity: &Entity| {
            let pieces: Vec<String> = entity.pieces.iter().map(piece).collect();
            let end = entity.last_day.map_or("-".to_owned(), |day| ((day - data_begin()) / DAY).to_string());
            format!("{} {} {} {end}", entity.id, entity.map.as_deref().unwrap_or("?"), pieces.join("+"))
        };
        resolved.iter().map(entity).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_ticker_that_goes_to_another_share() {
        // As Alphabet in 2014: the A share was GOOG and became GOOGL, the C share took GOOG over a day later.
        let maps: [(&str, &[(i64, &str)]); 2] = [
            ("googl", &[(5, "GOOG"), (9, "GOOG"), (9999, "GOOGL")]),
            ("goog", &[(7, "GOOCV"), (9, "GOOCV"), (9999, "GOOG")]),
        ];
        let daily = [("GOOG", 5..20), ("GOOGL", 10..20)];
        assert_eq!(words(&maps, &daily), "GOOG goog GOOG[5..15] -, GOOGL googl GOOG[0..5]+GOOGL[0..10] -");
    }

    #[test]
    fn what_no_map_claims_is_an_instrument_of_its_own() {
        // As Waste Management in 2009: it was WMI and took over WM, which had been a bank's.
        let maps: [(&str, &[(i64, &str)]); 1] = [("wm", &[(0, "UW"), (3, "UW"), (9, "WMI"), (9999, "WM")])];
        let daily = [("WM", 2..20), ("WMI", 4..10)];
        assert_eq!(words(&maps, &daily), "WM wm WMI[0..6]+WM[8..18] -, WM~19980104 ? WM[0..8] 9");
        assert_eq!(words(&[], &daily), "WM wm WM[0..18] -, WMI wmi WMI[0..6] -");
        let delisted: [(&str, &[(i64, &str)]); 2] = [("x", &[(1, "X"), (9, "X")]), ("x.1", &[(12, "X"), (9999, "X")])];
        assert_eq!(
            words(&delisted, &[("X", 1..20)]),
            "X x.1 X[11..19] -, X~19980103 x X[0..9] 9, X~19980112 ? X[9..11] 11"
        );
    }
}
