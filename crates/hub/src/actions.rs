//! Tables of corporate actions: `actions/<venue>/<symbol>.parquet`. Bars stay raw; these rows say what happened to a share.

use crosscut_model::{CorporateAction, format_iso};

use crate::bars::TableInfo;
use crate::error::HubError;
use crate::provenance::TableSource;
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::series::{self, Series, SeriesKind};

/// Where corporate actions lie, and their columns.
const ACTIONS: SeriesKind = SeriesKind {
    folder: "actions",
    words: "corporate actions",
    integers: &[],
    floats: &["split", "dividend", "factor"],
};

impl Hub {
    /// Venues that have corporate actions, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn action_venues(&self) -> Result<Vec<String>, HubError> {
        series::venues(self, ACTIONS)
    }

    /// Symbols of a venue that have a table of corporate actions, sorted; empty when the venue has none.
    ///
    /// # Errors
    /// When the folder cannot be listed or the name cannot be a venue.
    pub fn action_symbols(&self, venue: &str) -> Result<Vec<String>, HubError> {
        series::symbols(self, ACTIONS, venue)
    }

    /// What is known of a symbol's corporate actions without reading its rows.
    ///
    /// # Errors
    /// When there is no table, its footer cannot be read, or its provenance is missing or disagrees.
    pub fn action_info(&self, venue: &str, symbol: &str) -> Result<TableInfo, HubError> {
        series::info(self, ACTIONS, venue, symbol)
    }

    /// The splits and dividends of a symbol by ex-date; empty when there is no table.
    ///
    /// # Errors
    /// When the table is damaged, not strictly sorted or disagrees with its provenance.
    pub fn corporate_actions(&self, venue: &str, symbol: &str) -> Result<Vec<CorporateAction>, HubError> {
        if !series::exists(self, ACTIONS, venue, symbol)? {
            return Ok(Vec::new());
        }
        let series = series::read(self, ACTIONS, venue, symbol)?;
        let action = |row: usize| CorporateAction {
            timestamp: series.timestamp[row],
            available_at: series.available_at[row],
            split: series.floats[0][row],
            dividend: series.floats[1][row],
            factor: series.floats[2][row],
        };
        Ok((0..series.timestamp.len()).map(action).collect())
    }
}

impl IngestPublisher {
    /// Publishes the corporate actions of one symbol, replacing what was there.
    ///
    /// # Errors
    /// When the rows are not strictly sorted, a split or factor is not positive, a dividend is negative, or the file
    /// cannot be written; the table that was there stays.
    pub fn publish_actions(
        &self,
        venue: &str,
        symbol: &str,
        actions: &[CorporateAction],
        source: &TableSource,
    ) -> Result<(), HubError> {
        for action in actions {
            let good = |value: f64| value > 0.0 && value.is_finite();
            let dividend_is_good = action.dividend >= 0.0 && action.dividend.is_finite();
            if !(good(action.split) && good(action.factor) && dividend_is_good) {
                return Err(HubError::refused(format!(
                    "corporate actions of {symbol} at venue `{venue}` are refused: {} has split {}, dividend {}, factor {}",
                    format_iso(action.timestamp),
                    action.split,
                    action.dividend,
                    action.factor
                )));
            }
        }
        let column = |of: fn(&CorporateAction) -> f64| actions.iter().map(of).collect();
        let series = Series {
            timestamp: actions.iter().map(|action| action.timestamp).collect(),
            available_at: actions.iter().map(|action| action.available_at).collect(),
            integers: Vec::new(),
            floats: vec![
                column(|action| action.split),
                column(|action| action.dividend),
                column(|action| action.factor),
            ],
        };
        series::publish(self, ACTIONS, (venue, symbol), &series, source)
    }
}

#[cfg(test)]
mod tests {
    //! Splits and dividends in, the same out.

    use super::*;
    use crate::fixtures::{Scratch, source};
    use crate::provenance::Origin;
    use crosscut_model::time::{DAY, HOUR};

    #[test]
    fn actions_round_trip() {
        let scratch = Scratch::new();
        let action = |day: i64, split: f64, dividend: f64| CorporateAction {
            timestamp: day * DAY,
            available_at: day * DAY + 14 * HOUR,
            split,
            dividend,
            factor: 0.5,
        };
        assert!(scratch.hub.corporate_actions("us", "A").unwrap().is_empty());
        let actions = [action(3, 2.0, 0.0), action(9, 1.0, 0.22)];
        scratch.publisher.publish_actions("us", "A", &actions, &source(Origin::List)).unwrap();
        assert_eq!(scratch.hub.corporate_actions("us", "A").unwrap(), actions);
        assert_eq!(scratch.hub.action_symbols("us").unwrap(), ["A"]);
        assert_eq!(scratch.hub.action_venues().unwrap(), ["us"]);
        assert_eq!(scratch.hub.action_info("us", "A").unwrap().rows, 2);
        scratch.hub.verify_table("actions/us/A.parquet").unwrap();
        let bad = |actions: &[CorporateAction]| {
            scratch.publisher.publish_actions("us", "A", actions, &source(Origin::List)).unwrap_err().to_string()
        };
        assert!(bad(&[action(3, 0.0, 0.0)]).contains("1970-01-04T00:00:00Z has split 0"));
        assert!(bad(&[action(3, 1.0, -1.0)]).contains("dividend -1"));
        assert!(bad(&[action(9, 2.0, 0.0), action(3, 2.0, 0.0)]).contains("expected strictly after"));
        scratch.publisher.publish_actions("us", "A", &[], &source(Origin::List)).unwrap();
        assert!(scratch.hub.corporate_actions("us", "A").unwrap().is_empty());
    }
}
