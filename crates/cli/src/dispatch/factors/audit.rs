//! `factors audit`: what was sampled, what failed, what could not be tried.

use crosscut_app::factors::{self, AuditRequest, ProofResult};
use crosscut_app::{AppError, Desk};

use super::load::saved;
use super::show::verdict;
use crate::answer::{Answer, Status};
use crate::commands::AuditFactorsArgs;
use crate::text_table::TextTable;

/// `factors audit`.
pub fn audit(args: &AuditFactorsArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let request = AuditRequest {
        name: args.name.clone(),
        timeframe: args.timeframe.clone(),
        cuts: usize::from(args.cuts),
        symbols: args.symbols.map(usize::from),
        seed: args.seed,
    };
    let audited = factors::audit(desk, &request)?;
    let (report, sample) = (&audited.report, &audited.report.sample);
    let mut text = format!(
        "{} ({}): sample of {} of {} symbols, the last {} times ({} to {}), {} bars; seed {}\n",
        report.factor_set,
        report.timeframe,
        sample.symbols.len(),
        sample.n_symbols_of_set,
        sample.n_labels,
        sample.start_time,
        sample.end_time,
        sample.n_rows,
        report.seed
    );
    sample.cuts.iter().for_each(|cut| text.push_str(&format!("  {cut}\n")));
    let mut table = TextTable::new(&["column", "causal", "incremental", "streaming", "why"]);
    let mut n_rows = 0;
    for column in &report.columns {
        let parts: [&ProofResult; 3] = [&column.proof.causal, &column.proof.incremental, &column.proof.streaming];
        if parts.iter().any(|part| !part.passed) {
            let why = parts.iter().find_map(|part| part.detail.clone()).unwrap_or_default();
            table.row([column.name.clone()].into_iter().chain(parts.map(verdict)).chain([why]));
            n_rows += 1;
        }
    }
    if n_rows > 0 {
        text.push_str(&format!("\n{}\n", table.render()));
    }
    report.failures.iter().for_each(|failure| text.push_str(&format!("failure: {}\n", failure.words())));
    text.push_str(&format!(
        "{} of {} columns passed, {} failed, {} not tested; stored with the set, `crosscut factors show {}` tells it\n",
        audited.n_passed,
        report.columns.len(),
        audited.n_failed,
        audited.n_not_tested,
        report.factor_set
    ));
    audited.store.iter().for_each(|store| text.push_str(&saved(store)));
    let status = if audited.is_good() { Status::Good } else { Status::Problem };
    Ok(Answer::good(&audited, text).with_status(status))
}
