//! Funding of perpetuals: from a venue's rows and mark prices to payments, with nothing missing in silence.
//!
//! A row pays its rate on the position's value at the mark price when it is due, whatever its interval; intervals are the
//! venue's own, differ between symbols and change, and only tell whether a row is missing. A missing row or mark price is
//! an error unless a policy was chosen, and never zero. Nothing is paid after a delisting.

use crosscut_model::format_iso;
use crosscut_model::funding::nominal;
use crosscut_model::time::MINUTE;

use crate::rules::named_choices;

/// A venue's funding row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FundingRow {
    /// When it is due, microseconds UTC; venues are some milliseconds late.
    pub at: i64,
    /// Fraction of the position's value that the long pays to the short.
    pub rate: f64,
    /// The stretch it is for, which ends with it, microseconds; `None` where the venue does not say: it is then taken
    /// from the rows around it.
    pub interval: Option<i64>,
}

/// What to do about a row that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRow {
    /// Refuse to run.
    #[default]
    Error,
    /// Pay nothing for it, and count it.
    Skip,
    /// Pay the rate of the row before it, and count it.
    CarryLast,
}

/// What to do about a mark price that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingMark {
    /// Refuse to run.
    #[default]
    Error,
    /// Pay on the last traded price, and count it.
    LastPrice,
}

named_choices!(
    MissingRow,
    "a policy for missing funding rows",
    ("error", Error),
    ("skip", Skip),
    ("carry_last", CarryLast)
);
named_choices!(MissingMark, "a policy for missing mark prices", ("error", Error), ("last_price", LastPrice));

/// The policies of a run, and how old a mark price may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingRules {
    /// About rows.
    pub missing_row: MissingRow,
    /// About mark prices.
    pub missing_mark: MissingMark,
    /// The oldest mark price that counts, microseconds before the row.
    pub mark_age_max: i64,
}

/// Mark prices of a symbol, by time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks<'a> {
    /// When each price could be known, ascending, microseconds UTC.
    pub available_at: &'a [i64],
    /// Prices, quote units; zero and NaN are missing.
    pub price: &'a [f64],
}

/// A payment to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FundingDue {
    /// When, on the venue's clock, to the minute; microseconds UTC.
    pub at: i64,
    /// Fraction of the position's value that the long pays to the short.
    pub rate: f64,
    /// Mark price, quote units; `None`: the last traded price, as the policy allows.
    pub mark: Option<f64>,
}

/// The payments of a symbol, and what was missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FundingPlan {
    /// Payments by time.
    pub due: Vec<FundingDue>,
    /// Rows that were missing.
    pub n_missing_rows: u64,
    /// Mark prices that were missing.
    pub n_missing_marks: u64,
    /// Rows dropped because the symbol was no longer listed.
    pub n_after_delisting: u64,
}

/// Funding that cannot be paid as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FundingError {
    /// Rows are missing.
    #[error(
        "{symbol}: no funding between {after} and {before}, where rows come every {minutes} minutes\nhint: choose what to do about missing rows: --funding-missing-row skip or carry_last"
    )]
    MissingRow {
        /// The symbol.
        symbol: String,
        /// The row before the hole.
        after: String,
        /// The row after it.
        before: String,
        /// Minutes between rows there.
        minutes: i64,
    },
    /// A rate is not a number.
    #[error(
        "{symbol}: the funding rate of {at} is missing; those known are from {known}\nhint: choose what to do about missing rows: --funding-missing-row skip or carry_last; or other dates"
    )]
    MissingRate {
        /// The symbol.
        symbol: String,
        /// The row.
        at: String,
        /// First and last row with a rate.
        known: String,
    },
    /// There is no mark price.
    #[error(
        "{symbol}: no mark price for the funding of {at}; the last usable one is {last}\nhint: `--funding-missing-mark last_price` pays on the last traded price"
    )]
    MissingMark {
        /// The symbol.
        symbol: String,
        /// The row.
        at: String,
        /// Time of the last usable mark price, or `none`.
        last: String,
    },
    /// Rows are not in time order.
    #[error("{symbol}: the funding row of {at} does not come after the one before it")]
    Disorder {
        /// The symbol.
        symbol: String,
        /// The row.
        at: String,
    },
}

/// Venues pay some milliseconds late; a mark price that much after the row is still the row's.
const JITTER: i64 = MINUTE;

/// Plans the payments of a symbol: `rows` by time, marks, and the time of its delisting.
///
/// # Errors
/// [`FundingError`] for what is missing and has no policy, and for rows out of order.
pub fn plan(
    symbol: &str,
    rows: &[FundingRow],
    marks: Marks<'_>,
    delisted_at: Option<i64>,
    rules: FundingRules,
) -> Result<FundingPlan, FundingError> {
    let mut plan = FundingPlan::default();
    let is_listed = |at: i64| delisted_at.is_none_or(|delisted_at| at <= delisted_at + JITTER);
    let mut last_rate: Option<f64> = None;
    let pay = |plan: &mut FundingPlan, at: i64, rate: f64| {
        if !is_listed(at) {
            plan.n_after_delisting += 1;
            return Ok(());
        }
        let mark = mark_at(symbol, marks, at, rules)?;
        plan.n_missing_marks += u64::from(mark.is_none());
        // A label some milliseconds late does not charge what was opened at that moment.
        plan.due.push(FundingDue { at: nominal(at), rate, mark });
        Ok(())
    };
    for (number, row) in rows.iter().enumerate() {
        if let Some(before) = number.checked_sub(1).map(|before| rows[before]) {
            if row.at <= before.at {
                return Err(FundingError::Disorder { symbol: symbol.to_owned(), at: format_iso(row.at) });
            }
            for at in holes(rows, number).into_iter().filter(|at| is_listed(*at)) {
                plan.n_missing_rows += 1;
                match (rules.missing_row, last_rate) {
                    (MissingRow::Error, _) => return Err(hole(symbol, rows, number)),
                    (MissingRow::CarryLast, Some(rate)) => pay(&mut plan, at, rate)?,
                    _ => {}
                }
            }
        }
        let rate = if row.rate.is_finite() {
            Some(row.rate)
        } else if rules.missing_row == MissingRow::Error {
            return Err(no_rate(symbol, row.at, rows));
        } else {
            plan.n_missing_rows += 1;
            last_rate.filter(|_| rules.missing_row == MissingRow::CarryLast)
        };
        if let Some(rate) = rate {
            pay(&mut plan, row.at, rate)?;
            last_rate = Some(rate);
        }
    }
    Ok(plan)
}

/// The error for a row without a rate.
fn no_rate(symbol: &str, at: i64, rows: &[FundingRow]) -> FundingError {
    let mut known = rows.iter().filter(|row| row.rate.is_finite()).map(|row| format_iso(row.at));
    let first = known.next().unwrap_or_else(|| "none".to_owned());
    let last = known.next_back().unwrap_or_else(|| first.clone());
    let known = format!("{first} to {last}");
    FundingError::MissingRate { symbol: symbol.to_owned(), at: format_iso(at), known }
}

/// The times at which rows are missing before row `number`.
fn holes(rows: &[FundingRow], number: usize) -> Vec<i64> {
    let interval = interval(rows, number);
    let (before, at) = (rows[number - 1].at, rows[number].at);
    // Half an interval of allowance: times jitter, and the first row after a change of interval has either.
    let missing = (at - before - interval / 2 - 1).max(0) / interval.max(1);
    (1..=missing).map(|step| before + step * interval).collect()
}

/// The stretch that row `number` is for: what it says, or the shortest of the gaps before the row before it, before it
/// and after it that are not the one in question, in whole minutes. With two rows their gap is all there is to go by.
fn interval(rows: &[FundingRow], number: usize) -> i64 {
    if let Some(interval) = rows[number].interval {
        return interval;
    }
    let gap = |number: usize| (number >= 1 && number < rows.len()).then(|| rows[number].at - rows[number - 1].at);
    let own = rows[number].at - rows[number - 1].at;
    let around = [number.checked_sub(1).and_then(gap), gap(number + 1)];
    // The longer of the neighbours: where an interval shortens, the row before the change is not missing.
    let neighbour = around.into_iter().flatten().max();
    let interval = neighbour.map_or(own, |neighbour| neighbour.min(own));
    ((interval + MINUTE / 2) / MINUTE * MINUTE).max(MINUTE)
}

/// The error for the hole before row `number`.
fn hole(symbol: &str, rows: &[FundingRow], number: usize) -> FundingError {
    FundingError::MissingRow {
        symbol: symbol.to_owned(),
        after: format_iso(rows[number - 1].at),
        before: format_iso(rows[number].at),
        minutes: interval(rows, number) / MINUTE,
    }
}

/// The mark price of a row; `None` where the policy falls back to the last traded price.
fn mark_at(symbol: &str, marks: Marks<'_>, at: i64, rules: FundingRules) -> Result<Option<f64>, FundingError> {
    let known = marks.available_at.partition_point(|&time| time <= at.saturating_add(JITTER));
    let usable = (0..known).rev().find(|&number| marks.price.get(number).is_some_and(|price| *price > 0.0));
    match usable {
        Some(number) if at - marks.available_at[number] <= rules.mark_age_max => Ok(Some(marks.price[number])),
        _ if rules.missing_mark == MissingMark::LastPrice => Ok(None),
        _ => Err(FundingError::MissingMark {
            symbol: symbol.to_owned(),
            at: format_iso(at),
            last: usable.map_or_else(|| "none".to_owned(), |number| format_iso(marks.available_at[number])),
        }),
    }
}

#[cfg(test)]
mod tests {
    //! Holes and what becomes of them.

    use super::*;
    use crosscut_model::time::HOUR;

    fn rows(hours: &[i64]) -> Vec<FundingRow> {
        hours.iter().map(|hour| FundingRow { at: hour * HOUR + 7_000, rate: 0.0001, interval: None }).collect()
    }

    fn rules() -> FundingRules {
        FundingRules { missing_row: MissingRow::Error, missing_mark: MissingMark::LastPrice, mark_age_max: 2 * HOUR }
    }

    fn planned(hours: &[i64], rules: FundingRules) -> Result<FundingPlan, FundingError> {
        plan("A", &rows(hours), Marks::default(), None, rules)
    }

    #[test]
    fn rows_without_an_interval_pay() {
        // Regression of others: rows that did not state an interval paid nothing, and nobody was told.
        let plan = planned(&[0, 8, 16, 24], rules()).unwrap();
        assert_eq!((plan.due.len(), plan.n_missing_rows), (4, 0));
        assert_eq!(planned(&[5], rules()).unwrap().due.len(), 1);
    }

    #[test]
    fn an_interval_may_change() {
        assert_eq!(planned(&[0, 8, 16, 20, 24, 28, 36, 44], rules()).unwrap().n_missing_rows, 0);
        let plan = planned(&[0, 1, 2, 3, 11, 19], rules()).unwrap();
        assert_eq!(plan.n_missing_rows, 0);
    }

    #[test]
    fn a_missing_row_is_an_error_or_a_policy() {
        let hours = [0, 8, 16, 40, 48];
        let error = planned(&hours, rules()).unwrap_err().to_string();
        assert!(error.contains("between 1970-01-01T16:00:00") && error.contains("every 480 minutes"), "{error}");
        let skip = planned(&hours, FundingRules { missing_row: MissingRow::Skip, ..rules() }).unwrap();
        assert_eq!((skip.due.len(), skip.n_missing_rows), (5, 2));
        let carry = planned(&hours, FundingRules { missing_row: MissingRow::CarryLast, ..rules() }).unwrap();
        assert_eq!(carry.due.iter().map(|due| due.at / HOUR).collect::<Vec<_>>(), [0, 8, 16, 24, 32, 40, 48]);
        let mut stated = rows(&[0, 8]);
        stated[1].interval = Some(4 * HOUR);
        assert!(plan("A", &stated, Marks::default(), None, rules()).is_err());
    }

    #[test]
    fn a_missing_rate_is_a_missing_row() {
        let mut with_hole = rows(&[0, 8, 16]);
        with_hole[1].rate = f64::NAN;
        let told = plan("A", &with_hole, Marks::default(), None, rules()).unwrap_err();
        assert!(told.to_string().starts_with("A: the funding rate of 1970-01-01T08:00:00"), "{told}");
        assert!(
            told.to_string().contains("those known are from 1970-01-01T00:00:00.007000Z to 1970-01-01T16:"),
            "{told}"
        );
        let skip = FundingRules { missing_row: MissingRow::Skip, ..rules() };
        assert_eq!(plan("A", &with_hole, Marks::default(), None, skip).unwrap().due.len(), 2);
    }

    #[test]
    fn a_missing_mark_is_never_zero() {
        // Regression of others: a mark price that was missing counted as zero, and funding came to nothing.
        let strict = FundingRules { missing_mark: MissingMark::Error, ..rules() };
        let marks = Marks { available_at: &[0, 8 * HOUR, 16 * HOUR], price: &[50.0, 0.0, f64::NAN] };
        let told = plan("A", &rows(&[0, 8, 16]), marks, None, strict).unwrap_err().to_string();
        assert!(told.contains("no mark price for the funding of 1970-01-01T08:00:00"), "{told}");
        assert!(told.contains("last usable one is 1970-01-01T00:00:00Z"), "{told}");
        let lax = plan("A", &rows(&[0, 8, 16]), marks, None, rules()).unwrap();
        assert_eq!(lax.due.iter().map(|due| due.mark).collect::<Vec<_>>(), [Some(50.0), None, None]);
        assert_eq!(lax.n_missing_marks, 2);
    }

    #[test]
    fn nothing_is_due_after_a_delisting() {
        // Regression of others: a perpetual was charged for months after it was delisted.
        let told = plan("A", &rows(&[0, 8, 16, 24]), Marks::default(), Some(16 * HOUR), rules()).unwrap();
        assert_eq!((told.due.len(), told.n_after_delisting), (3, 1));
    }

    #[test]
    fn milliseconds_of_delay_do_not_move_a_payment() {
        // Rows of the venue are labelled 0 to 20 ms late, some and not others: all are due at the full hour, so that a
        // position opened at that hour pays none of them.
        let plan = planned(&[0, 8, 16], rules()).unwrap();
        assert_eq!(plan.due.iter().map(|due| due.at).collect::<Vec<_>>(), [0, 8 * HOUR, 16 * HOUR]);
    }

    #[test]
    fn rows_out_of_order_are_refused() {
        assert!(matches!(planned(&[8, 0], rules()), Err(FundingError::Disorder { .. })));
    }
}
