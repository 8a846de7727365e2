//! W3: 80 features per symbol over the hourly panel. Symbols stream through: per thread one symbol's bars and a few
//! thousand rows of features are in memory, never the panel.

use std::path::{Path, PathBuf};

use crosscut_formula::{Program, RowSink, library};
use crosscut_hub::parquet_file::{self, NumberFile};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::totals::Totals;
use super::{BenchRequest, Stages, panel_files, save_check, take_numbers};
use crate::error::AppError;

/// The kit's feature names of one window, in its order; [`library::family`] `kit_w3` has them window by window.
const NAMES: [&str; 20] = [
    "ret",
    "logret",
    "vol",
    "annvol",
    "parkinson",
    "mom",
    "sma",
    "ema",
    "psma",
    "bb",
    "rsi",
    "vsma",
    "vratio",
    "dvsma",
    "buyr",
    "imb",
    "upsma",
    "revr",
    "amihud",
    "vwapdev",
];

/// The columns whose sums are the check figures.
const CHECKED: [&str; 10] =
    ["ret_5", "vol_20", "parkinson_60", "ema_20", "bb_20", "rsi_60", "imb_10", "revr_5", "amihud_60", "vwapdev_60"];

/// Hours per year: the kit's annualisation.
const HOURS_PER_YEAR: f64 = 8760.0;

/// Rows evaluated at a time: 80 columns of this length stay in the processor's cache.
const ROWS_PER_UPDATE: usize = 2048;

/// The same where they are written: a row group.
const ROWS_PER_GROUP: usize = 16_384;

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let program = program()?;
    let totals = if request.is_golden() { golden(request, &program)? } else { panel(request, &program)? };
    stages.mark("load+compute");
    let mut all = Totals::new(program.outputs().len());
    totals.iter().for_each(|symbol| all.add(symbol));
    let names: Vec<String> = (0..program.outputs().len()).map(name).collect();
    save_check(request, &names, &all)?;
    let mut line = stages.line(all.n_rows, "symbol-rows", checked(|at| json!(all.sums[at])));
    line.insert("features".to_owned(), json!(program.outputs().len()));
    line.insert("symbols".to_owned(), json!(totals.len()));
    line.insert("count".to_owned(), Value::Object(checked(|at| json!(all.counts[at]))));
    Ok(Value::Object(line))
}

/// The family `kit_w3` compiled.
fn program() -> Result<Program, AppError> {
    let family = library::family("kit_w3").ok_or_else(|| AppError::new("the family kit_w3 is gone"))?;
    let available = crosscut_model::bar::BAR_COLUMNS;
    family
        .factors(None)
        .and_then(|factors| Program::compile(&[], &factors, &available, &[("periods_per_year", HOURS_PER_YEAR)]))
        .map_err(|error| AppError::new(error.to_string()))
}

/// The totals of each symbol of a panel, in order.
fn panel(request: &BenchRequest, program: &Program) -> Result<Vec<Totals>, AppError> {
    let files = panel_files(request)?;
    let out = request.write.as_ref().map(|folder| match folder {
        Some(folder) => folder.clone(),
        None => request.data.join("out").join(format!("feat_crosscut_{}", request.panel)),
    });
    if let Some(out) = &out {
        std::fs::create_dir_all(out).map_err(|error| AppError::io("create", out, &error))?;
    }
    let one = |(symbol, path): &(String, PathBuf)| {
        let columns: Vec<&str> = program.inputs().iter().map(String::as_str).collect();
        let mut bars = parquet_file::read(path, &columns)?;
        let inputs = columns.iter().map(|&name| take_numbers(&mut bars, name, path)).collect::<Result<Vec<_>, _>>()?;
        let write = out.as_ref().map(|out| out.join(format!("{symbol}.parquet")));
        if let Some(path) = write.as_deref().filter(|path| path.exists()) {
            std::fs::remove_file(path).map_err(|error| AppError::io("remove", path, &error))?;
        }
        features(program, &inputs, write.as_deref())
    };
    files.par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
}

/// The totals of each symbol of the golden panel, in order: one file, symbols one below the other.
fn golden(request: &BenchRequest, program: &Program) -> Result<Vec<Totals>, AppError> {
    let path = request.data.join("in_panel20.parquet");
    let mut columns: Vec<&str> = program.inputs().iter().map(String::as_str).collect();
    columns.push("symbol");
    let mut bars = parquet_file::read(&path, &columns)?;
    let inputs =
        program.inputs().iter().map(|name| take_numbers(&mut bars, name, &path)).collect::<Result<Vec<_>, _>>()?;
    let symbols = bars.text("symbol").unwrap_or_default();
    let mut totals = Vec::new();
    let mut from = 0;
    for together in symbols.chunk_by(|a, b| a == b).take(request.symbols.unwrap_or(usize::MAX)) {
        let rows = from..from + together.len();
        let symbol: Vec<Vec<f64>> = inputs.iter().map(|column| column[rows.clone()].to_vec()).collect();
        totals.push(features(program, &symbol, None)?);
        from = rows.end;
    }
    Ok(totals)
}

/// Evaluates one symbol and sums its features; writes them when asked.
fn features(program: &Program, inputs: &[Vec<f64>], write: Option<&Path>) -> Result<Totals, AppError> {
    let mut session = program.session().ok_or_else(|| AppError::new("kit_w3 looks across symbols"))?;
    let n_columns = program.outputs().len();
    let n_rows = inputs.first().map_or(0, Vec::len);
    let mut totals = Totals::new(n_columns);
    let names: Vec<String> = (0..n_columns).map(name).collect();
    let mut file = write.map(|path| NumberFile::create(path, &names)).transpose()?;
    let rows_per_update = if file.is_some() { ROWS_PER_GROUP } else { ROWS_PER_UPDATE };
    let mut block: Vec<Vec<f64>> = vec![Vec::with_capacity(rows_per_update); n_columns];
    for from in (0..n_rows).step_by(rows_per_update) {
        let to = (from + rows_per_update).min(n_rows);
        let rows: Vec<&[f64]> = inputs.iter().map(|column| &column[from..to]).collect();
        block.iter_mut().for_each(Vec::clear);
        session.update(&rows, &mut block);
        let results: Vec<&[f64]> = block.iter().map(Vec::as_slice).collect();
        totals.take(&results);
        if let Some(file) = &mut file {
            file.append(&results)?;
        }
    }
    file.map(NumberFile::finish).transpose()?;
    Ok(totals)
}

/// The kit's name of an output.
fn name(at: usize) -> String {
    let windows = [5, 10, 20, 60];
    format!("{}_{}", NAMES[at % NAMES.len()], windows[at / NAMES.len() % windows.len()])
}

/// An object with one entry per checked column.
fn checked(value: impl Fn(usize) -> Value) -> Map<String, Value> {
    let columns = (0..NAMES.len() * 4).filter(|&at| CHECKED.contains(&name(at).as_str()));
    columns.map(|at| (name(at), value(at))).collect()
}
