//! One symbol's funding: rows that are missing, intervals that change, rates far out.

use crosscut_hub::{Hub, HubError};
use crosscut_model::Funding;
use crosscut_model::funding::nominal;
use crosscut_model::time::HOUR;

use super::bars::told;
use super::defect::{Defect, DefectKind};
use super::{VerifyReport, VerifyRequest};

/// A rate of this size is out: venues cap most at 3 %.
const RATE_MAX: f64 = 0.03;

/// Looks at the funding of a symbol.
pub(super) fn look(request: &VerifyRequest, hub: &Hub, symbol: &str) -> VerifyReport {
    let mut report = VerifyReport { n_tables: 1, ..VerifyReport::default() };
    let read = || -> Result<_, HubError> {
        let info = hub.funding_info(&request.venue, symbol)?;
        request.hash(hub, &info.provenance.table)?;
        let left_out = request.left_out("funding", symbol, (info.first, info.last), &info.provenance.notes);
        Ok((hub.read_funding(&request.venue, symbol)?, left_out))
    };
    match read() {
        Ok((funding, left_out)) => {
            report.n_rows = funding.len() as u64;
            let defect =
                |kind, when, count, detail| Defect { count, detail, ..request.defect("funding", symbol, kind, when) };
            report.defects = told(found(&funding, &defect));
            report.defects.extend(left_out);
        }
        Err(error) => report.defects.push(request.damaged("funding", symbol, &error)),
    }
    report
}

/// What is odd in rows of funding; `defect` makes a finding.
fn found(funding: &Funding, defect: &dyn Fn(DefectKind, (i64, i64), u64, String) -> Defect) -> Vec<Defect> {
    let times: Vec<i64> = funding.timestamp.iter().map(|time| nominal(*time)).collect();
    let steps: Vec<i64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    let mut out = Vec::new();
    let mut usual = steps.first().copied().unwrap_or(0);
    for (at, &step) in steps.iter().enumerate() {
        let (from, to) = (times[at], times[at + 1]);
        let said = funding.interval_us[at + 1];
        // A longer step that goes on, or that leads to one still longer on its grid (1 h, then 3 h to midnight, then 4 h), is
        // another interval; one that does not is a hole.
        let goes_on = steps.get(at + 1).is_none_or(|next| *next >= step);
        if step == usual || step < usual && step > 0 && !goes_on {
            continue;
        }
        let hours = |micros: i64| micros as f64 / HOUR as f64;
        if step > usual && (said > 0 && said < step || !goes_on || step % usual == 0 && step / usual > 8) {
            let n = (step / usual.max(1) - 1).max(1) as u64;
            out.push(defect(
                DefectKind::FundingGap,
                (from, to),
                n,
                format!("{} h between rows, {} h before", hours(step), hours(usual)),
            ));
        } else {
            out.push(defect(
                DefectKind::FundingInterval,
                (from, to),
                1,
                format!("{} h after {} h", hours(step), hours(usual)),
            ));
            usual = step;
        }
    }
    for (time, rate) in times.iter().zip(&funding.rate).filter(|(_, rate)| rate.abs() > RATE_MAX) {
        out.push(defect(DefectKind::FundingOutlier, (*time, *time), 1, format!("rate {rate}")));
    }
    out
}
