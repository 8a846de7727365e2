//! Bars that look like those of two instruments under one name: a symbol that paused and came back at another price.
//!
//! A symbol that was listed again, or whose coin was made smaller or larger, shows as a pause and a jump. That is told and
//! never acted on: a halt may end in a crash too. Who held a symbol when is for a table of instruments to say.

use crosscut_model::time::format_date;
use crosscut_model::{Bars, format_iso};

/// A pause is at least so many bars long.
const PAUSE_BARS: i64 = 3;

/// From the close before a pause to the open after it a price changes by this factor or more.
const JUMP: f64 = 3.0;

/// What to tell of the first such place in a symbol's bars; `None` when there is none.
pub(crate) fn note(symbol: &str, bars: &Bars) -> Option<String> {
    let is_odd = |at: &usize| {
        let length = bars.available_at[at - 1] - bars.timestamp[at - 1];
        let ratio = bars.open[*at] / bars.close[at - 1];
        let is_pause = bars.timestamp[*at] - bars.timestamp[at - 1] >= (PAUSE_BARS + 1) * length;
        is_pause && ratio > 0.0 && !(1.0 / JUMP..=JUMP).contains(&ratio)
    };
    let at = (1..bars.len()).find(is_odd)?;
    let (before, ended, again) = (bars.timestamp[0], bars.available_at[at - 1], bars.timestamp[at]);
    let (close, open) = (bars.close[at - 1], bars.open[at]);
    let (first, ended, again) = (format_date(before), format_iso(ended), format_iso(again));
    Some(format!(
        "{symbol} pauses from {ended} to {again} and goes on at {open} after {close}: if that is another instrument, import \
         `symbol,listing_time,delisting_time` with the lines `{symbol},{first},{ended}` and `{symbol},{again},`, and then \
         these bars with --replace"
    ))
}

#[cfg(test)]
mod tests {
    //! Pauses with and without jumps.

    use super::*;
    use crosscut_model::time::DAY;

    fn bars(days: &[i64], closes: &[f64]) -> Bars {
        Bars {
            timestamp: days.iter().map(|day| day * DAY).collect(),
            available_at: days.iter().map(|day| (day + 1) * DAY).collect(),
            open: closes.to_vec(),
            close: closes.to_vec(),
            ..Bars::default()
        }
    }

    #[test]
    fn a_pause_and_a_jump_together_are_told() {
        let told = note("A", &bars(&[0, 1, 2, 6, 7], &[9.0, 9.0, 8.0, 0.1, 0.1])).unwrap();
        assert_eq!(
            told,
            "A pauses from 1970-01-04T00:00:00Z to 1970-01-07T00:00:00Z and goes on at 0.1 after 8: if that is another \
             instrument, import `symbol,listing_time,delisting_time` with the lines `A,1970-01-01,1970-01-04T00:00:00Z` and \
             `A,1970-01-07T00:00:00Z,`, and then these bars with --replace"
        );
        assert!(note("A", &bars(&[0, 1, 2, 6], &[1.0, 1.0, 1.0, 3.1])).is_some());
        assert_eq!(note("A", &bars(&[0, 1, 2, 6], &[1.0, 1.0, 1.0, 2.9])), None);
        assert_eq!(note("A", &bars(&[0, 1, 2, 5], &[1.0, 1.0, 1.0, 9.0])), None, "a short pause");
        assert_eq!(note("A", &bars(&[0, 1, 2, 3], &[1.0, 1.0, 1.0, 9.0])), None);
        assert_eq!(note("A", &bars(&[], &[])), None);
    }
}
