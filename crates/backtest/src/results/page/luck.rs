//! What a run's Sharpe ratio is worth as the best of several trials.
//!
//! How many trials there were is known to the ledger and grows with every run, whereas a run's page follows from the run
//! alone. So the page tells what each number of trials would leave, and where the number stands.

use crosscut_report::{Align, Cell, Section, Table};

use super::super::figures::{number, percent};
use super::super::metrics;
use super::Run;

/// Numbers of trials told.
const TRIALS_TOLD: [u64; 6] = [1, 2, 10, 100, 1_000, 10_000];

/// The table of trials.
pub(super) fn trials(section: &mut Section, run: &Run<'_>) {
    let trial = metrics::trial(run.record.subject.capital, run.outcome);
    if trial.deflated_after(1).is_none() {
        section.note("Undefined: the returns of the run do not vary, or are too few.");
        return;
    }
    section.note(
        "The best of many worthless trials has a high Sharpe ratio too. How many trials this run is one of is not written here: it grows with \
         every run, and this page never changes. `crosscut runs show` tells it from the ledger, with the deflated Sharpe ratio of that day. \
         Here is what each number of independent trials would leave: the ratio that chance alone shows as the best of so many worthless \
         strategies, and the probability that the true ratio is above it (Bailey and Lopez de Prado 2014).",
    );
    let mut table = Table::new(&[
        ("trials", Align::Right),
        ("Sharpe ratio by chance", Align::Right),
        ("deflated Sharpe ratio", Align::Right),
    ]);
    for n_trials in TRIALS_TOLD {
        let Some((by_chance, deflated)) = trial.deflated_after(n_trials) else { continue };
        table.row(vec![
            Cell::number(n_trials as f64, number(n_trials as f64, 0)),
            Cell::number(by_chance, number(by_chance, 2)),
            Cell::number(deflated, percent(deflated)),
        ]);
    }
    section.table(table);
}
