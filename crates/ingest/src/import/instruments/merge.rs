//! Instruments of several sources as one table: who held a symbol when, and which terms held from when.

use std::collections::BTreeMap;

use crosscut_model::instrument::earlier_holder;
use crosscut_model::time::{DAY, format_date};
use crosscut_model::{Instrument, format_iso};

use crate::error::Fault;

use super::moment;

/// Two sources may differ by this much about one listing: some state the announcement, some the first trade.
const SAME_LISTING: i64 = DAY;

/// The instruments of a venue, to be added to.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// Rows by instrument, ascending by the date from which each holds.
    by_symbol: BTreeMap<String, Vec<Instrument>>,
    /// Whether what is added is right where it differs.
    replace: bool,
    /// Instruments that lost their symbol to a later holder: the symbol, and their id from now on.
    renamed: Vec<(String, String)>,
}

impl Registry {
    /// The instruments of a table.
    pub fn new(there: &[Instrument], replace: bool) -> Self {
        let mut registry = Self { replace, ..Self::default() };
        for row in there {
            registry.by_symbol.entry(row.symbol.clone()).or_default().push(row.clone());
        }
        registry
    }

    /// Adds rows of a file: listings by date, then what is said of them.
    ///
    /// # Errors
    /// The first row that contradicts what is known.
    pub fn add_all(&mut self, mut rows: Vec<(u64, Instrument)>) -> Result<(), Fault> {
        rows.sort_by_key(|(_, row)| (row.listed_at.is_none(), row.listed_at, row.valid_from));
        for (number, row) in rows {
            self.add(row).map_err(|reason| {
                Fault::row(number, reason).hint("give --replace if this file is right, or correct the row")
            })?;
        }
        Ok(())
    }

    /// What is worth telling of what was added.
    pub fn notes(&self) -> Vec<String> {
        let note = |(symbol, id): &(String, String)| {
            let ended = self.by_symbol.get(id).and_then(|rows| rows.first()).and_then(|row| row.delisted_at);
            let ended = ended.map_or_else(|| "at an unknown time".to_owned(), |at| format!("on {}", format_date(at)));
            format!(
                "{symbol} was listed again: the earlier instrument is {id} from now on, delisted {ended}; import its bars \
                 again with --replace"
            )
        };
        self.renamed.iter().map(note).collect()
    }

    /// All rows, sorted.
    pub fn into_rows(self) -> Vec<Instrument> {
        self.by_symbol.into_values().flatten().collect()
    }

    /// Adds one row. The error says what contradicts what.
    fn add(&mut self, row: Instrument) -> Result<(), String> {
        let id = self.holder(&row)?;
        self.add_final(Instrument { symbol: id, ..row })
    }

    /// Adds one row whose symbol is the id of its instrument. The error says what contradicts what.
    pub fn add_final(&mut self, mut row: Instrument) -> Result<(), String> {
        let replace = self.replace;
        let rows = self.by_symbol.entry(row.symbol.clone()).or_default();
        settle_lifetime(rows, &mut row, replace)?;
        if is_bare(&row) && !rows.is_empty() {
            return Ok(());
        }
        rows.retain(|row| !is_bare(row));
        if row.seen_at.is_some() && row.seen_at == row.valid_from {
            observe(rows, row, replace)
        } else {
            insert(rows, row, replace)
        }
    }

    /// The instrument a row speaks of; makes room when a symbol has gone to a later holder.
    fn holder(&mut self, row: &Instrument) -> Result<String, String> {
        let symbol = &row.symbol;
        let Some(listed) = row.listed_at else { return Ok(self.holder_at(row)) };
        let id = earlier_holder(symbol, listed);
        if self.by_symbol.contains_key(&id) {
            return Ok(id);
        }
        let Some(known) = self.by_symbol.get(symbol).and_then(|rows| rows.first()) else { return Ok(symbol.clone()) };
        let seen_at = self.by_symbol[symbol].iter().filter_map(|row| row.seen_at).max();
        let Some(before) = known.listed_at else {
            return match known.delisted_at {
                Some(ended) if listed >= ended => Err(format!(
                    "{symbol} is listed on {} here and was delisted on {} before: that is another instrument, and the \
                     listing time of the first is not known",
                    format_iso(listed),
                    format_iso(ended)
                )),
                _ => Ok(symbol.clone()),
            };
        };
        // Over before the other began: by its delisting, or by having been seen, long before, where that is not known.
        let apart = (listed - before).abs() > SAME_LISTING;
        let over = |delisted_at: Option<i64>, seen_at: Option<i64>, next: i64| {
            delisted_at.or(seen_at.filter(|_| apart)).is_some_and(|ended| ended <= next)
        };
        if listed > before && over(known.delisted_at, seen_at, listed) {
            self.rename(&symbol.clone(), before);
            return Ok(symbol.clone());
        }
        if listed < before && over(row.delisted_at, row.seen_at, before) {
            return Ok(id);
        }
        if !apart {
            return Ok(symbol.clone());
        }
        // Nothing shows that the first had gone before the second came: one of the sources is wrong.
        if self.replace { Ok(symbol.clone()) } else { Err(differ("listing time", symbol, Some(before), Some(listed))) }
    }

    /// The instrument a row without a listing time speaks of: whoever held the symbol when the row was seen.
    fn holder_at(&self, row: &Instrument) -> String {
        let symbol = &row.symbol;
        let current = self.by_symbol.get(symbol).and_then(|rows| rows.first());
        let Some(at) = row.seen_at.or(row.valid_from) else { return symbol.clone() };
        if current.is_none_or(|current| current.listed_at.is_none_or(|from| at >= from)) {
            return symbol.clone();
        }
        let prefix = format!("{symbol}~");
        let earlier = self.by_symbol.range(prefix.clone()..).take_while(|(id, _)| id.starts_with(&prefix));
        let held = |rows: &[Instrument]| rows.first().is_some_and(|row| row.is_listed(at));
        earlier.filter(|(_, rows)| held(rows)).map(|(id, _)| id.clone()).last().unwrap_or_else(|| symbol.clone())
    }

    /// Gives the holder of a symbol the name of an earlier one.
    fn rename(&mut self, symbol: &str, listed_at: i64) {
        let id = earlier_holder(symbol, listed_at);
        let mut rows = self.by_symbol.remove(symbol).unwrap_or_default();
        rows.iter_mut().for_each(|row| row.symbol.clone_from(&id));
        self.by_symbol.insert(id.clone(), rows);
        self.renamed.push((symbol.to_owned(), id));
    }
}

/// Makes all rows of an instrument agree about its listing and delisting.
fn settle_lifetime(rows: &mut [Instrument], row: &mut Instrument, replace: bool) -> Result<(), String> {
    let Some(known) = rows.first() else { return Ok(()) };
    let near = |a: Option<i64>, b: Option<i64>| a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= SAME_LISTING);
    let settle = |what: &str, known: Option<i64>, told: Option<i64>| match (known, told) {
        (Some(_), Some(_)) if replace => Ok(told),
        (Some(a), Some(b)) if a != b && !near(known, told) => Err(differ(what, &row.symbol, Some(a), Some(b))),
        _ => Ok(known.or(told)),
    };
    let listed_at = settle("listing time", known.listed_at, row.listed_at)?;
    let delisted_at = settle("delisting time", known.delisted_at, row.delisted_at)?;
    if let (Some(listed), Some(delisted)) = (listed_at, delisted_at)
        && delisted <= listed
    {
        return Err(format!("{} would be delisted before it is listed", row.symbol));
    }
    for row in rows.iter_mut().chain([row]) {
        (row.listed_at, row.delisted_at) = (listed_at, delisted_at);
    }
    Ok(())
}

/// Whether a row says no more than when its instrument lived, which all its rows say.
fn is_bare(row: &Instrument) -> bool {
    let has_terms = row.listed_as.is_some() || terms(row).iter().any(|(_, term)| term.is_some());
    !has_terms && row.valid_from.is_none() && row.seen_at.is_none()
}

/// The terms of a row, by name.
fn terms(row: &Instrument) -> [(&'static str, Option<f64>); 5] {
    [
        ("tick size", row.tick_size),
        ("lot size", row.lot_size),
        ("minimum quantity", row.min_quantity),
        ("minimum notional", row.min_notional),
        ("multiplier", row.multiplier),
    ]
}

/// Whether a row already says what a later one says; what that one leaves out counts as the same.
fn says(row: &Instrument, told: &Instrument) -> bool {
    let same = terms(row).iter().zip(terms(told)).all(|((_, a), (_, b))| b.is_none() || *a == b);
    same && (told.listed_as.is_none() || row.listed_as == told.listed_as)
}

/// A row with what it leaves out taken from another one.
fn completed(row: &Instrument, from: &Instrument) -> Instrument {
    Instrument {
        listed_as: row.listed_as.clone().or_else(|| from.listed_as.clone()),
        tick_size: row.tick_size.or(from.tick_size),
        lot_size: row.lot_size.or(from.lot_size),
        min_quantity: row.min_quantity.or(from.min_quantity),
        min_notional: row.min_notional.or(from.min_notional),
        multiplier: row.multiplier.or(from.multiplier),
        ..row.clone()
    }
}

/// Adds what a venue showed at one moment. Terms that differ from those in force begin there; terms that were shown later
/// too go back to there; the result does not depend on the order of snapshots.
fn observe(rows: &mut Vec<Instrument>, told: Instrument, replace: bool) -> Result<(), String> {
    let at = told.seen_at.unwrap_or_default();
    let after = rows.partition_point(|row| row.valid_from.is_none_or(|from| from <= at));
    let next_says = rows.get(after).is_some_and(|next| says(next, &told));
    if let Some(in_force) = after.checked_sub(1).map(|before| &mut rows[before]) {
        if says(in_force, &told) {
            in_force.seen_at = in_force.seen_at.max(Some(at));
            return Ok(());
        }
        if in_force.valid_from == Some(at) {
            if !replace {
                return Err(contradiction(in_force, &told));
            }
            rows[after - 1] = told;
            return Ok(());
        }
        // The terms in force were seen again later: they came back.
        let again = in_force.seen_at.filter(|seen| *seen > at);
        let back = again.map(|seen| Instrument { valid_from: Some(seen), ..in_force.clone() });
        if back.is_some() {
            in_force.seen_at = in_force.valid_from;
        }
        let told = completed(&told, in_force);
        rows.splice(after..after, std::iter::once(told).chain(back));
    } else if next_says {
        rows[after].valid_from = Some(at);
        return Ok(());
    } else {
        rows.insert(after, told);
    }
    if next_says && rows.get(after + 1).is_some_and(|next| says(next, &rows[after])) {
        let seen_at = rows[after + 1].seen_at.max(rows[after].seen_at);
        rows[after].seen_at = seen_at;
        rows.remove(after + 1);
    }
    Ok(())
}

/// Adds a row of a table: under a new date as it is, under a known one filling gaps.
fn insert(rows: &mut Vec<Instrument>, row: Instrument, replace: bool) -> Result<(), String> {
    match rows.binary_search_by_key(&row.valid_from, |known| known.valid_from) {
        // What a later row leaves out stays as it was.
        Err(at) => {
            let row = at.checked_sub(1).map_or(row.clone(), |before| completed(&row, &rows[before]));
            rows.insert(at, row);
            for later in at + 1..rows.len() {
                rows[later] = completed(&rows[later], &rows[later - 1]);
            }
        }
        Ok(at) => {
            let known = &rows[at];
            let clash =
                terms(known).iter().zip(terms(&row)).any(|((_, a), (_, b))| a.is_some() && b.is_some() && *a != b);
            if clash && !replace {
                return Err(contradiction(known, &row));
            }
            let seen_at = known.seen_at.max(row.seen_at);
            let merged = if replace { completed(&row, known) } else { completed(known, &row) };
            rows[at] = Instrument { seen_at, ..merged };
        }
    }
    Ok(())
}

/// Which terms two rows of one date disagree about.
fn contradiction(known: &Instrument, told: &Instrument) -> String {
    let pairs = terms(known).into_iter().zip(terms(told));
    for ((what, a), (_, b)) in pairs {
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            return format!("{what} of {} is {b} here and {a} in the table", told.symbol);
        }
    }
    format!("{} differs from the table for {}", told.symbol, moment(told.valid_from))
}

/// Two sources about one listing.
fn differ(what: &str, symbol: &str, known: Option<i64>, told: Option<i64>) -> String {
    format!("{what} of {symbol} is {} here and {} in the table", moment(told), moment(known))
}

#[cfg(test)]
mod tests {
    //! Snapshots in any order, and symbols that are listed again.

    use super::*;

    /// What a venue showed at a moment: a tick size.
    fn shown(at: i64, tick: f64) -> Instrument {
        Instrument { tick_size: Some(tick), valid_from: Some(at), seen_at: Some(at), ..Instrument::named("A") }
    }

    /// Rows in words.
    fn words(rows: &[Instrument]) -> String {
        let row = |row: &Instrument| {
            format!("{}@{}-{}", row.tick_size.unwrap_or(0.0), row.valid_from.unwrap_or(-1), row.seen_at.unwrap_or(-1))
        };
        rows.iter().map(row).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn snapshots_in_any_order_give_the_same_rows() {
        let all = [shown(10, 1.0), shown(20, 1.0), shown(30, 2.0), shown(40, 1.0), shown(50, 1.0)];
        for turn in 0..120 {
            let (mut left, mut rows, mut code) = (all.to_vec(), Vec::new(), turn);
            while !left.is_empty() {
                let next = left.remove(code % left.len());
                code /= left.len() + 1;
                observe(&mut rows, next, false).unwrap();
            }
            let terms: Vec<(f64, i64)> =
                rows.iter().map(|row| (row.tick_size.unwrap(), row.valid_from.unwrap())).collect();
            assert_eq!((terms[0], terms[1].0, terms.len()), ((1.0, 10), 2.0, 3), "turn {turn}: {}", words(&rows));
            assert_eq!(terms[1].1, 30, "turn {turn}: {}", words(&rows));
            assert!([40, 50].contains(&terms[2].1), "turn {turn}: {}", words(&rows));
        }
    }

    #[test]
    fn later_terms_begin_where_they_were_seen() {
        let mut rows = vec![Instrument { min_notional: Some(5.0), ..Instrument::named("A") }];
        observe(&mut rows, shown(10, 1.0), false).unwrap();
        observe(&mut rows, shown(20, 1.0), false).unwrap();
        observe(&mut rows, shown(30, 2.0), false).unwrap();
        assert_eq!(words(&rows), "0@-1--1 1@10-20 2@30-30");
        assert_eq!(rows[2].min_notional, Some(5.0), "what a snapshot does not say stays as it was");
        let error = observe(&mut rows, shown(30, 3.0), false).unwrap_err();
        assert_eq!(error, "tick size of A is 3 here and 2 in the table");
        observe(&mut rows, shown(30, 3.0), true).unwrap();
        assert_eq!(words(&rows), "0@-1--1 1@10-20 3@30-30");
    }

    /// A listing by its days.
    fn listing(listed: i64, delisted: Option<i64>) -> Instrument {
        let day = |day: i64| day * DAY;
        Instrument { listed_at: Some(day(listed)), delisted_at: delisted.map(day), ..Instrument::named("A") }
    }

    /// The instruments of listings in words.
    fn listed(rows: &[Instrument]) -> String {
        let mut registry = Registry::default();
        let rows = rows.iter().enumerate().map(|(at, row)| (at as u64, row.clone())).collect();
        match registry.add_all(rows) {
            Err(fault) => fault.reason,
            Ok(()) => {
                let days = |time: Option<i64>| time.map_or("-".to_owned(), |time| (time / DAY).to_string());
                let row =
                    |row: &Instrument| format!("{} {} {}", row.symbol, days(row.listed_at), days(row.delisted_at));
                registry.into_rows().iter().map(row).collect::<Vec<_>>().join(", ")
            }
        }
    }

    #[test]
    fn a_symbol_listed_again_is_another_instrument() {
        let (first, second, third) = (listing(10, Some(20)), listing(30, Some(40)), listing(50, None));
        let expected = "A 50 -, A~19700111 10 20, A~19700131 30 40";
        for rows in [[&first, &second, &third], [&third, &first, &second], [&second, &third, &first]] {
            assert_eq!(listed(&rows.map(Clone::clone)), expected);
        }
        assert!(listed(&[listing(10, Some(20)), listing(15, None)]).starts_with("listing time of A is 1970-01-16"));
        assert_eq!(listed(&[listing(10, None), listing(10, Some(12))]), "A 10 12");
        let soon = Instrument { listed_at: Some(12 * DAY + DAY / 2), ..listing(12, None) };
        assert_eq!(listed(&[listing(12, None), soon.clone()]), "A 12 -", "half a day is what sources differ by");
        let ended = Instrument { delisted_at: Some(12 * DAY + DAY / 4), ..listing(12, None) };
        assert_eq!(listed(&[soon, ended]), "A 12 -, A~19700113 12 12");
        // It was seen trading before the listing that a later source states.
        let seen = Instrument { seen_at: Some(20 * DAY), valid_from: Some(20 * DAY), ..listing(10, None) };
        assert_eq!(listed(&[seen, listing(30, None)]), "A 30 -, A~19700111 10 -");
    }
}
