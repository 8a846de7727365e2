//! `journal.csv`, the audit trail of a run: what was decided, cut by a rule, filled and booked, in order.
//!
//! One line per record of `trading::journal`, but for the venue's bare acceptances, which say nothing that the fill does
//! not. Written only when an audit was kept.

use crosscut_model::format_iso;
use crosscut_trading::journal::{ACCOUNT, Entry};

use super::csv::{TimeText, push_integer, push_number, push_text};
use super::error::ResultsError;
use super::folder::HashedFile;
use super::tables::symbol_texts;
use crate::outcome::{AuditLine, RunOutcome};

/// The file's name.
pub(super) const JOURNAL: &str = "journal.csv";

/// Its columns. `timestamp` is the label of the bar the line belongs to, `at` the instant itself. `wanted` is what was
/// asked for and `quantity` what came of it: base units, or fractions of equity in `weighed` lines; of a split `wanted` is
/// the number of units that one became and `quantity` what is held, or left of the order, after it. `reason` is the rule,
/// the venue's reason or the kind of cash; `amount` is cash that moved, or equity when trading was stopped.
const HEAD: &str =
    "timestamp,at,symbol,order_id,event,side,type,reason,wanted,quantity,price,commission,slippage,amount";

/// Writes the trail.
pub(super) fn journal(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    let symbols = symbol_texts(outcome);
    let lines: Vec<&AuditLine> =
        outcome.journal.iter().filter(|line| !matches!(line.record.entry, Entry::Accepted)).collect();
    file.write_rows(HEAD, lines.len(), |rows, out| {
        let mut time = TimeText::default();
        for line in &lines[rows] {
            let record = &line.record;
            time.push(out, line.timestamp);
            out.push(b',');
            out.extend_from_slice(format_iso(record.at).as_bytes());
            out.push(b',');
            if record.symbol_idx != ACCOUNT {
                out.extend_from_slice(&symbols[record.symbol_idx as usize]);
            }
            out.push(b',');
            if record.order_id.0 != 0 {
                push_integer(out, record.order_id.0);
            }
            let cells = Cells::of(line);
            for word in [cells.event, cells.side, cells.order_type, cells.reason] {
                out.push(b',');
                push_text(out, word);
            }
            for value in cells.numbers {
                out.push(b',');
                push_number(out, value);
            }
            out.push(b'\n');
        }
    })
}

/// What a record says, column by column.
struct Cells {
    /// What happened.
    event: &'static str,
    /// Side of the order; empty where there is none.
    side: &'static str,
    /// Kind of order, in decisions.
    order_type: &'static str,
    /// Rule, reason or kind of cash.
    reason: &'static str,
    /// Wanted, quantity, price, commission, slippage, amount; NaN where there is none.
    numbers: [f64; 6],
}

impl Cells {
    /// The cells of a line.
    fn of(line: &AuditLine) -> Self {
        const NONE: f64 = f64::NAN;
        let side = if line.record.order_id.0 == 0 { "" } else { line.record.side.name() };
        let cells = |event, reason, numbers| Self { event, side, order_type: "", reason, numbers };
        match line.record.entry {
            Entry::Decision { origin, order_type, quantity, price } => Self {
                order_type: order_type.name(),
                ..cells("decision", origin.text(), [quantity, quantity, price, NONE, NONE, NONE])
            },
            Entry::Weighed { rule, wanted, allowed } => {
                cells("weighed", rule.text(), [wanted, allowed, NONE, NONE, NONE, NONE])
            }
            Entry::Limited { rule, wanted, allowed } => {
                cells("limited", rule.text(), [wanted, allowed, NONE, NONE, NONE, NONE])
            }
            Entry::Rounded { wanted, quantity } => cells("rounded", "", [wanted, quantity, NONE, NONE, NONE, NONE]),
            Entry::Accepted => cells("accepted", "", [NONE; 6]),
            Entry::Triggered => cells("triggered", "", [NONE; 6]),
            Entry::Modified => cells("modified", "", [NONE; 6]),
            Entry::Adjusted { ratio, remaining } => {
                cells("adjusted", "split", [ratio, remaining, NONE, NONE, NONE, NONE])
            }
            Entry::Split { ratio, quantity, price } => cells("split", "", [ratio, quantity, price, NONE, NONE, NONE]),
            Entry::Rejected(reason) => cells("rejected", reason.text(), [NONE; 6]),
            Entry::Cancelled(reason) => cells("cancelled", reason.text(), [NONE; 6]),
            Entry::Filled { quantity, price, commission, slippage } => {
                let amount = -line.record.side.sign() * quantity * price - commission;
                cells("filled", "", [NONE, quantity, price, commission, slippage, amount])
            }
            Entry::Cash { kind, amount } => cells("cash", kind.name(), [NONE, NONE, NONE, NONE, NONE, amount]),
            Entry::Halted { rule, equity } => cells("halted", rule.text(), [NONE, NONE, NONE, NONE, NONE, equity]),
            Entry::Liquidated { equity } => cells("liquidated", "", [NONE, NONE, NONE, NONE, NONE, equity]),
        }
    }
}
