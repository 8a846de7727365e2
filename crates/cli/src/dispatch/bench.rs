//! `bench`: the kit's workloads. The answer is one JSON line in the kit's own form; `--json` puts it in an envelope.

use crosscut_app::bench::{self, BenchRequest};
use crosscut_app::{AppError, Desk};

use crate::answer::Answer;
use crate::commands::BenchArgs;

/// `bench`.
pub fn bench(args: &BenchArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let threads = if args.write.is_some() { desk.writing_threads() } else { desk.threads };
    let mut request = BenchRequest::new(args.workload.parse()?, &args.data, threads, desk.clock);
    request.kind.clone_from(&args.kind);
    request.thr = args.thr;
    request.head = args.head;
    request.symbols = args.symbols;
    request.write.clone_from(&args.write);
    request.days = args.days;
    request.save_check.clone_from(&args.save_check);
    request.hours = args.hours;
    request.uni = args.uni;
    request.every_bar = args.every_bar;
    request.k = args.k;
    request.n = args.n;
    request.bars = args.bars;
    request.audit = args.audit;
    request.orders = args.orders;
    if let Some(job) = &args.job {
        request.job.clone_from(job);
    }
    if let Some(rows) = args.rows {
        request.rows = rows;
    }
    if let Some(file) = &args.file {
        request.file.clone_from(file);
    }
    if let Some(sym) = &args.sym {
        request.sym.clone_from(sym);
    }
    if let Some(panel) = &args.panel {
        request.panel.clone_from(panel);
    }
    let line = bench::run(&request)?;
    let text = format!("{line}\n");
    Ok(Answer::good(line, text))
}
