//! W3b: formulaic alphas over the daily equity panel, one file with the symbols one below the other. The input columns
//! are read whole, one per thread; the alphas run in blocks of time and are summed as they come.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crosscut_formula::{FactorSpec, PanelInput, Program, RowSink, library};
use crosscut_hub::parquet_file;
use crosscut_model::{Column, Table};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::totals::Totals;
use super::{BenchRequest, Stages, save_check, take_numbers};
use crate::error::AppError;

/// The kit's 20 alphas.
const ALPHAS: [usize; 20] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19, 20, 39, 57];

/// The features of Alpha158 whose figures the kit prints.
const CHECKED: [&str; 6] = ["KMID", "ROC20", "STD60", "CORR10", "RSQR30", "RANK5"];

/// The columns of the kit's file.
const COLUMNS: [&str; 6] = ["open", "high", "low", "close", "volume", "vwap"];

/// The panel: columns with the symbols one below the other.
struct Equities {
    /// Names and rows of the symbols.
    symbols: Vec<(String, Range<usize>)>,
    /// Dates, microseconds.
    times: Vec<i64>,
    /// The columns of the program, in its order.
    columns: Vec<Vec<f64>>,
}

/// Totals of one symbol, with its rows when they are to be written.
struct Collected {
    /// Sums and counts.
    totals: Totals,
    /// All values.
    values: Option<Vec<Vec<f64>>>,
}

impl RowSink for Collected {
    fn take(&mut self, outputs: &[&[f64]]) {
        self.totals.take(outputs);
        if let Some(values) = &mut self.values {
            values.take(outputs);
        }
    }
}

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let (program, names) = program(&request.job)?;
    let equities = load(request, &program)?;
    stages.mark("load");
    let rows: Vec<PanelInput<'_>> = equities.symbols.iter().map(|(_, rows)| equities.rows(rows)).collect();
    let room = Collected {
        totals: Totals::new(names.len()),
        values: request.write.is_some().then(|| vec![Vec::new(); names.len()]),
    };
    let mut sinks: Vec<Collected> = rows.iter().map(|_| room.copy()).collect();
    program.panel(rows.len()).update_into(&rows, &mut sinks).map_err(|error| AppError::new(error.to_string()))?;
    let mut all = Totals::new(names.len());
    sinks.iter().for_each(|sink| all.add(&sink.totals));
    stages.mark("compute");
    if let Some(folder) = &request.write {
        let folder =
            folder.clone().unwrap_or_else(|| request.data.join("out").join(format!("crosscut_{}", request.job)));
        write(&folder, &equities, &names, sinks)?;
        stages.mark("write");
    }
    save_check(request, &names, &all)?;
    let is_checked = |name: &str| request.job != "alpha158" || CHECKED.contains(&name);
    let figures = names.iter().enumerate().filter(|(_, name)| is_checked(name));
    let check: Map<String, Value> =
        figures.map(|(at, name)| (name.clone(), json!([all.sums[at], all.counts[at]]))).collect();
    let mut line = stages.line(all.n_rows, "symbol-days", check);
    line.insert("outputs".to_owned(), json!(names.len()));
    line.insert("symbols".to_owned(), json!(equities.symbols.len()));
    Ok(Value::Object(line))
}

impl Collected {
    /// The same again, for the next symbol.
    fn copy(&self) -> Self {
        Self { totals: self.totals.clone(), values: self.values.clone() }
    }
}

impl Equities {
    /// The rows of one symbol.
    fn rows(&self, rows: &Range<usize>) -> PanelInput<'_> {
        PanelInput {
            times: &self.times[rows.clone()],
            columns: self.columns.iter().map(|column| &column[rows.clone()]).collect(),
        }
    }
}

/// The factors of a job compiled, and the kit's names of their results.
fn program(job: &str) -> Result<(Program, Vec<String>), AppError> {
    let family_name = if job == "alpha158" { "alpha158" } else { "alpha101" };
    let family =
        library::family(family_name).ok_or_else(|| AppError::new(format!("the family {family_name} is gone")))?;
    let failed = |error: crosscut_formula::FormulaError| AppError::new(error.to_string());
    let (mut factors, _) = family.usable(None, &COLUMNS).map_err(failed)?;
    let number = |factor: &FactorSpec| factor.name.trim_start_matches("alpha_").parse::<usize>().ok();
    match job {
        "alphas20" => factors.retain(|factor| number(factor).is_some_and(|number| ALPHAS.contains(&number))),
        "alpha101" | "alpha158" => {}
        _ => return Err(AppError::new(format!("--job {job}: expected alphas20, alpha101 or alpha158"))),
    }
    let program = Program::compile(&[], &factors, &COLUMNS, &[]).map_err(failed)?;
    let names = program.factors().iter().map(|factor| match number(factor) {
        Some(number) => number.to_string(),
        None => factor.name.to_uppercase(),
    });
    let names = names.collect();
    Ok((program, names))
}

/// Reads the panel, several columns at once.
fn load(request: &BenchRequest, program: &Program) -> Result<Equities, AppError> {
    let path: PathBuf = match request.is_golden() {
        true => request.data.join("in_equity40.parquet"),
        false => request.data.join("equity").join(&request.file),
    };
    let numbers = |name: &String| take_numbers(&mut parquet_file::read(&path, &[name])?, name, &path);
    let dates = || -> Result<Vec<i64>, AppError> {
        let times = parquet_file::read(&path, &["date"])?.take_i64("date");
        times.ok_or_else(|| AppError::new(format!("{}: the column `date` holds no dates", path.display())))
    };
    let (columns, (times, runs)) = rayon::join(
        || program.inputs().par_iter().map(numbers).collect::<Vec<_>>(),
        || rayon::join(dates, || parquet_file::text_runs(&path, "symbol")),
    );
    let mut symbols = Vec::new();
    let mut from = 0;
    for (symbol, n_rows) in runs? {
        symbols.push((symbol, from..from + n_rows));
        from += n_rows;
    }
    let columns = columns.into_iter().collect::<Result<_, _>>()?;
    let mut equities = Equities { symbols, times: times?, columns };
    equities.symbols.truncate(request.symbols.unwrap_or(usize::MAX));
    if let Some(days) = request.days {
        equities.keep_last(days);
    }
    Ok(equities)
}

impl Equities {
    /// Leaves out all but the last so many different dates.
    fn keep_last(&mut self, days: usize) {
        let mut dates: Vec<i64> =
            self.symbols.iter().flat_map(|(_, rows)| &self.times[rows.clone()]).copied().collect();
        dates.sort_unstable();
        dates.dedup();
        let first = dates.len().checked_sub(days).and_then(|at| dates.get(at)).copied().unwrap_or(i64::MIN);
        for (_, rows) in &mut self.symbols {
            rows.start += self.times[rows.clone()].partition_point(|&time| time < first);
        }
    }
}

/// Writes one table per symbol: the dates and the results.
fn write(folder: &Path, equities: &Equities, names: &[String], sinks: Vec<Collected>) -> Result<(), AppError> {
    std::fs::create_dir_all(folder).map_err(|error| AppError::io("create", folder, &error))?;
    let one = |((symbol, rows), sink): (&(String, Range<usize>), Collected)| -> Result<(), AppError> {
        let mut table = Table::default();
        table.push("date", Column::I64(equities.times[rows.clone()].to_vec()));
        for (name, values) in names.iter().zip(sink.values.into_iter().flatten()) {
            let is_number = name.starts_with(|first: char| first.is_ascii_digit());
            let name = if is_number { format!("alpha{name}") } else { name.clone() };
            table.push(name, Column::F64(values));
        }
        Ok(parquet_file::write(&folder.join(format!("{symbol}.parquet")), &table, &["date"])?)
    };
    equities.symbols.par_iter().zip(sinks).map(one).collect::<Vec<_>>().into_iter().collect()
}
