//! Go-live criteria on the page of a sweep: the verdicts on its best sets, by the ledger as it was when the page was written.

use crosscut_report::{Align, Cell, Section, Table};

use super::page::whole;
use crate::criteria::{Verdict, told};
use crate::results::Deflation;
use crate::stress::verdicts_table;

/// The best sets held against go-live criteria.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Sets by number, the best first, each with all verdicts.
    pub best: Vec<(usize, Vec<Verdict>)>,
    /// Sets that meet all criteria.
    pub n_meeting: usize,
    /// Number of sets.
    pub n_sets: usize,
    /// What the best set is worth after all trials; `None` when the ledger does not say.
    pub trials: Option<Deflation>,
}

impl Judged {
    /// The section of the page.
    pub(super) fn show(&self, section: &mut Section) {
        let Some((set, verdicts)) = self.best.first() else {
            section.note("There is no set to judge.");
            return;
        };
        section.note(format!("Set {set}, the best:"));
        section.table(verdicts_table(verdicts));
        section.note(format!("{} of {} sets meet all criteria.", self.n_meeting, self.n_sets));
        if self.best.len() > 1 {
            let mut table = Table::new(&[("set", Align::Right), ("criteria met; missed", Align::Left)]);
            for (set, verdicts) in &self.best {
                table.row(vec![whole(*set), Cell::text(told(verdicts))]);
            }
            section.table(table);
        }
        if let Some(found) = &self.trials {
            section.note(format!(
                "`deflated_sharpe` counts all trials of {} in the ledger when this page was written, {} with those of other sweeps and runs. \
                 The section on luck counts this sweep's own sets alone, on curves as they were kept.",
                found.hypothesis, found.n_trials
            ));
        }
    }
}
