//! Built-in families against stored results in Parquet: TA-Lib, qlib's Alpha158, the benchmark kit's 20 alphas, and
//! digests of an independent implementation of the 101 alphas and of Alpha360 on daily bars of perpetuals.

mod kit;
mod perpetuals;
mod talib;

use std::path::PathBuf;

use crosscut_formula::{PanelInput, Program, library};
use crosscut_hub::parquet_file;
use crosscut_model::{Column, Table};

/// A file of the shared data, if it is there.
fn shared(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join(path);
    if file.is_file() {
        return Some(file);
    }
    println!("skipped: shared data not found");
    None
}

/// A column as numbers.
fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match table.get(name) {
        Some(Column::F64(values)) => values.clone(),
        Some(Column::I64(values)) => values.iter().map(|&value| value as f64).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

/// The rows of each symbol of a table, in the order of the table.
fn rows_by_symbol(table: &Table) -> Vec<(String, Vec<usize>)> {
    let mut symbols: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for (row, symbol) in table.text("symbol").unwrap().iter().enumerate() {
        symbols.entry(symbol.clone()).or_default().push(row);
    }
    symbols.into_iter().collect()
}

/// One symbol: times and columns.
struct Rows {
    times: Vec<i64>,
    columns: Vec<Vec<f64>>,
}

/// The outputs of a family: names, and values symbol by symbol, output by output.
fn run_family(family: &str, columns: &[&str], symbols: &[Rows]) -> (Vec<String>, Vec<Vec<Vec<f64>>>) {
    let factors = library::family(family).unwrap().factors(None).unwrap();
    let program = Program::compile(&[], &factors, columns, &[]).unwrap();
    let outputs = run_program(&program, columns, symbols);
    (program.outputs().to_vec(), outputs)
}

/// The outputs of a program.
fn run_program(program: &Program, columns: &[&str], symbols: &[Rows]) -> Vec<Vec<Vec<f64>>> {
    let at = |name: &String| columns.iter().position(|column| column == name).unwrap();
    let inputs: Vec<PanelInput<'_>> = symbols
        .iter()
        .map(|rows| PanelInput {
            times: &rows.times,
            columns: program.inputs().iter().map(|name| rows.columns[at(name)].as_slice()).collect(),
        })
        .collect();
    let mut outputs = vec![vec![Vec::new(); program.outputs().len()]; symbols.len()];
    program.panel(symbols.len()).update(&inputs, &mut outputs).unwrap();
    outputs
}

/// Sample deviation of the finite values.
fn deviation(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    (finite.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (finite.len() - 1) as f64).sqrt()
}

/// qlib computes in single precision, also from inputs rounded to it.
#[test]
fn alpha158_equals_qlib() {
    let Some(file) = shared("data/golden/computed/qlib_alpha158/alpha158.parquet") else { return };
    let Some(bars) = shared("data/crypto/binance_um_perp_1d.parquet") else { return };
    const COLUMNS: [&str; 6] = ["open", "high", "low", "close", "volume", "vwap"];
    let bars =
        parquet_file::read(&bars, &["symbol", "open_time", "open", "high", "low", "close", "volume", "quote_volume"]);
    let bars = bars.unwrap();
    let column = |name: &str| match name {
        "vwap" => numbers(&bars, "quote_volume").iter().zip(numbers(&bars, "volume")).map(|(q, v)| q / v).collect(),
        name => numbers(&bars, name),
    };
    let columns = COLUMNS.map(|name| column(name).iter().map(|x| f64::from(*x as f32)).collect::<Vec<f64>>());
    let (times, by_symbol) = (numbers(&bars, "open_time"), rows_by_symbol(&bars));
    let mut names = vec!["symbol".to_owned(), "open_time".to_owned()];
    let factors = library::family("alpha158").unwrap().factors(None).unwrap();
    names.extend(
        Program::compile(&[], &factors, &COLUMNS, &[]).unwrap().outputs().iter().map(|name| name.to_ascii_uppercase()),
    );
    let theirs = parquet_file::read(&file, &names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let their_times = numbers(&theirs, "open_time");
    let (mut worst, mut n_values) = ((0.0, String::new()), 0);
    for (symbol, their_rows) in rows_by_symbol(&theirs) {
        let (_, rows) = by_symbol.iter().find(|(name, _)| *name == symbol).unwrap();
        let pick = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let own = Rows {
            times: rows.iter().map(|&row| times[row] as i64).collect(),
            columns: columns.iter().map(pick).collect(),
        };
        let (outputs, values) = run_family("alpha158", &COLUMNS, std::slice::from_ref(&own));
        for (name, ours) in outputs.iter().zip(&values[0]) {
            let all = numbers(&theirs, &name.to_ascii_uppercase());
            let want: Vec<f64> = their_rows.iter().map(|&row| all[row]).collect();
            let scale = deviation(&want);
            for (&row, want) in their_rows.iter().zip(&want) {
                let got = ours[own.times.binary_search(&(their_times[row] as i64)).unwrap()];
                assert_eq!(got.is_finite(), want.is_finite(), "{symbol} {name}: {got} for {want}");
                let error = (got - want).abs() / scale;
                if error > worst.0 {
                    worst = (error, format!("{symbol} {name}"));
                }
                n_values += usize::from(want.is_finite());
            }
        }
    }
    println!("alpha158: {n_values} values, worst {:.1e} of the deviation in {}", worst.0, worst.1);
    assert!(worst.0 < 3e-5, "{worst:?}");
}
