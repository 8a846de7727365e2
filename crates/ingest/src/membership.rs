//! Lists of who belonged to an index and when, from files: `symbol,start,end`, the end exclusive and empty while it lasts.
//!
//! Start reading at [`read`]. The dates of an end are the first day on which a symbol no longer belongs.

use std::path::Path;

use crosscut_model::{Members, Membership, check_symbol, format_iso};

use crate::error::{Fault, IngestError};
use crate::import::dated_rows;

/// Spellings of the symbol, the start and the end.
const COLUMNS: [&[&str]; 3] = [
    &["symbol", "ticker", "instrument"],
    &["start", "startdate", "from", "startsat", "added"],
    &["end", "enddate", "until", "endsat", "removed"],
];

/// Reads a list of memberships: CSV, plain or packed, with the columns `symbol` (or `ticker`), `start` and `end` (or
/// `start_date`, `end_date`).
///
/// # Errors
/// When the file cannot be read, lacks a column, a row holds no symbol or date, ends before it starts, or overlaps
/// another one of its symbol; the message names file, row and value.
pub fn read(path: &Path) -> Result<Members, IngestError> {
    read_rows(path).map_err(|fault| fault.of(&path.display().to_string()).into())
}

/// The body of [`read`].
fn read_rows(path: &Path) -> Result<Members, Fault> {
    let rows = dated_rows(path, COLUMNS)?;
    let mut stretches = Vec::new();
    for (row, [symbol, start, end]) in &rows {
        let fault = |reason: String| Fault::row(*row, reason);
        let symbol = check_symbol(symbol).map_err(|error| fault(error.to_string()))?.to_owned();
        let day = |what: &str, text: &str| {
            let parsed = crosscut_model::parse_iso(text).ok().or_else(|| crosscut_model::time::parse_compact(text));
            parsed.ok_or_else(|| fault(format!("{what} is `{}`; expected a date", text.escape_debug())))
        };
        let end = if end.is_empty() { None } else { Some(day("end", end)?) };
        stretches.push(Membership { symbol, start: day("start", start)?, end });
    }
    let places: Vec<(u64, Membership)> = rows.iter().map(|(row, _)| *row).zip(stretches.iter().cloned()).collect();
    Members::new(stretches).map_err(|wrong| {
        let row = places.iter().rfind(|(_, stretch)| *stretch == wrong).map(|(row, _)| *row);
        let end = wrong.end.map_or_else(|| "now".to_owned(), format_iso);
        let reason = format!(
            "{} from {} to {end} ends before it starts, or overlaps another stretch of its symbol",
            wrong.symbol,
            format_iso(wrong.start)
        );
        Fault { row, ..Fault::file(reason) }
    })
}

#[cfg(test)]
mod tests {
    //! Lists by hand, and the S&P 500.

    use super::*;
    use crate::testing::{Bench, shared};
    use crosscut_model::parse_iso;

    #[test]
    fn lists_and_their_faults() {
        let bench = Bench::new();
        let members =
            read(&bench.file("a.csv", "symbol,start,end\nA,2000-06-05,\nB,20000101,2001-01-01\nB,2002-01-01,\n"))
                .unwrap();
        assert_eq!(members.at(parse_iso("2000-07-01").unwrap()), ["A", "B"]);
        assert_eq!(members.at(parse_iso("2001-01-01").unwrap()), ["A"]);
        let says = |text: &str| read(&bench.file("b.csv", text)).unwrap_err().to_string();
        assert!(says("symbol,start,end\nA,soon,\n").contains("row 2: start is `soon`; expected a date"));
        assert!(says("symbol,start,end\n../A,2000-01-01,\n").contains("row 2: `../A` cannot be a symbol"));
        assert!(says("symbol,start,end\nA,2000-01-02,2000-01-02\n").contains("row 2: A from 2000-01-02T00:00:00Z"));
        assert!(
            says("symbol,start,end\nA,2000-01-02,\nA,2001-01-02,\n")
                .contains("row 3: A from 2001-01-02T00:00:00Z to now")
        );
        assert!(says("symbol,begin\nA,1\n").contains("has no column `start` among symbol, begin"));
        assert!(says("symbol,start,end\nA,2000-01-02\n").contains("row 2: has 2 fields; expected 3"));
    }

    #[test]
    fn the_sp500() {
        let Some(path) = shared("data/equities/membership/sp500_ticker_start_end.csv") else { return };
        let members = read(&path).unwrap();
        // By pandas: rows, and members on two days.
        assert_eq!(members.stretches().len(), 1230);
        let at = |day: &str| members.at(parse_iso(day).unwrap()).len();
        assert_eq!((at("2000-01-03"), at("2015-06-01")), (491, 500));
        let aal = |day: &str| members.contains("AAL", parse_iso(day).unwrap());
        assert_eq!(
            [aal("1997-01-14"), aal("1997-01-15"), aal("2015-03-23"), aal("2024-09-23")],
            [true, false, true, false]
        );
    }
}
