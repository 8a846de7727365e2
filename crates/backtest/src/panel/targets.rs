//! A list of targets on the rows of a panel.

use crosscut_model::{format_iso, nearest};

use super::Bars;
use super::lists::Target;
use crate::error::BacktestError;
use crate::outcome::DataQuality;

/// The rows at which a list says what to hold, and what it says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Targets {
    /// Rows, ascending.
    rows: Vec<usize>,
    /// For each row, symbols ascending and their weights.
    weights: Vec<Vec<(u32, f64)>>,
}

impl Targets {
    /// The rows, ascending.
    pub(crate) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The weight of a symbol at a row: 0 when the list does not name it, NaN at a row of which the list says nothing.
    pub(crate) fn weight(&self, row: usize, symbol_idx: u32) -> f64 {
        let Ok(at) = self.rows.binary_search(&row) else {
            return f64::NAN;
        };
        let weights = &self.weights[at];
        weights.binary_search_by_key(&symbol_idx, |weight| weight.0).map_or(0.0, |at| weights[at].1)
    }

    /// Lays a list (by label and symbol) on the rows of a panel: each date at the first row whose label is not before it. Of
    /// two dates at one row the later one holds; dates after the last row are left out; both are counted, and so are targets
    /// of symbols the panel does not have, when `drops_others` leaves those out.
    ///
    /// # Errors
    /// [`BacktestError::Unknown`] for a symbol the panel does not have; [`BacktestError::Setting`] for weights of a date that
    /// sum to more than 1 when `may_borrow` is false.
    pub(super) fn lay(
        list: &[Target],
        bars: &Bars,
        (may_borrow, drops_others): (bool, bool),
        quality: &mut DataQuality,
    ) -> Result<Self, BacktestError> {
        let mut targets = Self::default();
        for date in list.chunk_by(|a, b| a.label == b.label) {
            let net: f64 = date.iter().map(|target| target.weight).sum();
            let at = format_iso(date[0].label);
            if !may_borrow && net > 1.0 + 1e-9 {
                return Err(BacktestError::Setting {
                    key: "targets",
                    value: format!("{net} in all at {at}"),
                    expected: "weights that sum to at most 1\nhint: --allow-negative-cash lets the account borrow"
                        .to_owned(),
                });
            }
            let mut weights = Vec::with_capacity(date.len());
            for target in date {
                match bars.symbols.binary_search(&target.symbol) {
                    Ok(symbol_idx) => weights.push((symbol_idx as u32, target.weight)),
                    Err(_) if drops_others => quality.add("targets_of_other_symbols", 1),
                    Err(_) => return Err(unknown(&target.symbol, &at, &bars.symbols)),
                }
            }
            weights.sort_unstable_by_key(|weight| weight.0);
            let row = bars.timeline.partition_point(|&label| label < date[0].label);
            if row == bars.timeline.len() {
                quality.add("targets_after_the_end", 1);
                continue;
            }
            if targets.rows.last() == Some(&row) {
                quality.add("targets_superseded", 1);
                targets.rows.pop();
                targets.weights.pop();
            }
            targets.rows.push(row);
            targets.weights.push(weights);
        }
        Ok(targets)
    }
}

/// The error for a symbol that the run does not have.
fn unknown(symbol: &str, at: &str, symbols: &[String]) -> BacktestError {
    let near = nearest(symbol, symbols.iter().map(String::as_str));
    BacktestError::Unknown {
        what: "symbol",
        name: symbol.to_owned(),
        place: format!("the run, but the list of targets names it at {at}"),
        hint: near.map_or_else(
            || "\nhint: --param others=drop leaves such targets out".to_owned(),
            |near| format!("\nhint: did you mean `{near}`? --param others=drop leaves such targets out"),
        ),
    }
}

#[cfg(test)]
mod tests {
    //! Dates on rows.

    use crosscut_model::time::{DAY, midnight};

    use super::*;
    use crate::config::BacktestConfig;
    use crate::panel::{Extras, Panel, PanelBuilder, SeriesInput, SymbolRules};

    /// A panel of A and B on 1, 2 and 5 January 2024 with a list of `(day, symbol, weight)`.
    fn lay(list: &[(i64, &str, f64)]) -> Result<Panel, BacktestError> {
        let first = midnight(2024, 1, 1);
        let config = BacktestConfig {
            strategy: "target_list".to_owned(),
            params: [("file".to_owned(), "list.csv".to_owned())].into(),
            timeframe: "1d".parse().unwrap(),
            ..BacktestConfig::default()
        };
        let builder = PanelBuilder::new(&config).unwrap();
        let series = ["A", "B"].map(|symbol| {
            let input = SeriesInput {
                symbol: symbol.to_owned(),
                timestamps: [0, 1, 4].map(|day| first + day * DAY).to_vec(),
                close: vec![10.0; 3],
                open: vec![10.0; 3],
                ..SeriesInput::default()
            };
            builder.series(input, SymbolRules::default()).unwrap()
        });
        let target = |&(day, symbol, weight): &(i64, &str, f64)| Target {
            label: first + (day - 1) * DAY,
            symbol: symbol.to_owned(),
            weight,
        };
        let targets = list.iter().map(target).collect();
        builder.build(series.into(), Extras { targets, ..Extras::default() })
    }

    #[test]
    fn each_date_counts_at_the_first_row_not_before_it() {
        // The 3rd and the 4th both come to the row of the 5th, where the later holds; the 6th never comes.
        let list = [(1, "A", 0.5), (1, "B", 0.5), (3, "A", 1.0), (4, "B", 0.75), (6, "A", 0.0)];
        let panel = lay(&list).unwrap();
        let targets = panel.targets().unwrap();
        assert_eq!(targets.rows(), [0, 2]);
        assert_eq!(
            [(0, 0), (0, 1), (2, 0), (2, 1)].map(|(row, symbol)| targets.weight(row, symbol)),
            [0.5, 0.5, 0.0, 0.75]
        );
        assert!(panel.value(0, 0, 1).is_nan());
        let counts = &panel.quality().counts;
        assert_eq!((counts["targets_superseded"], counts["targets_after_the_end"]), (1, 1));
    }

    #[test]
    fn impossible_lists_are_refused() {
        let error = |list| lay(list).unwrap_err().to_string();
        assert_eq!(
            error(&[(2, "AA", 1.0)]),
            "symbol `AA` is not in the run, but the list of targets names it at 2024-01-02T00:00:00Z\nhint: did you mean `A`? --param others=drop leaves such targets out"
        );
        assert_eq!(
            error(&[(2, "A", 0.75), (2, "B", 0.5)]),
            "`targets` is `1.25 in all at 2024-01-02T00:00:00Z`; expected weights that sum to at most 1\nhint: --allow-negative-cash lets the account borrow"
        );
    }
}
