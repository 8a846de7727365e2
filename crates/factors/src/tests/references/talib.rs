//! The 67 outputs of TA-Lib on daily bars of three symbols.

use std::fmt::Write as _;
use std::path::Path;

use super::*;

/// Inputs of the indicators.
const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// What one column came to.
struct Outcome {
    name: String,
    ours: String,
    n_values: usize,
    worst: f64,
}

#[test]
fn every_output_equals_ta_lib() {
    let Some(file) = shared("data/golden/computed/talib/talib_daily.parquet") else { return };
    let factors = library::family("talib").unwrap().factors(None).unwrap();
    let outputs = Program::compile(&[], &factors, &COLUMNS, &[]).unwrap().outputs().to_vec();
    let upper: Vec<String> = outputs.iter().map(|name| name.to_ascii_uppercase()).collect();
    let mut names = vec!["symbol"];
    names.extend(COLUMNS);
    names.extend(upper.iter().map(String::as_str));
    let table = parquet_file::read(&file, &names).unwrap();
    assert_eq!(upper.len(), 67);
    let columns = COLUMNS.map(|name| numbers(&table, name));
    let mut outcomes: Vec<Outcome> = outputs
        .iter()
        .zip(&upper)
        .map(|(ours, name)| Outcome { name: name.clone(), ours: format!("talib.{ours}"), n_values: 0, worst: 0.0 })
        .collect();
    for (symbol, rows) in rows_by_symbol(&table) {
        let pick = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let own = Rows { times: (0..rows.len() as i64).collect(), columns: columns.iter().map(pick).collect() };
        let (_, values) = run_family("talib", &COLUMNS, std::slice::from_ref(&own));
        for (outcome, ours) in outcomes.iter_mut().zip(&values[0]) {
            compare(outcome, &symbol, ours, &pick(&numbers(&table, &outcome.name)));
        }
    }
    check_page(&outcomes);
}

/// Compares a column of one symbol: the same rows have a value, near the file's relative to the larger of the value and
/// the column's mean size.
fn compare(outcome: &mut Outcome, symbol: &str, ours: &[f64], theirs: &[f64]) {
    let sizes: Vec<f64> = theirs.iter().filter(|x| x.is_finite()).map(|x| x.abs()).collect();
    let size = sizes.iter().sum::<f64>() / sizes.len() as f64;
    for (row, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(a.is_finite(), b.is_finite(), "{symbol} {} row {row}: {a} for {b}", outcome.name);
        if b.is_finite() {
            let error = (a - b).abs() / b.abs().max(size);
            assert!(error < 1e-10, "{symbol} {} row {row}: {a} for {b}", outcome.name);
            outcome.worst = outcome.worst.max(error);
            outcome.n_values += 1;
        }
    }
}

/// Asserts that the page of the indicators tells the outcomes, or writes it, as the tests of the formula crate do.
fn check_page(outcomes: &[Outcome]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/validation/indicators.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let (before, rest) = page.split_once("\n## TA-Lib\n").unwrap_or((&page, ""));
    let end = rest.find("\n## ").unwrap_or(rest.len());
    let n_values: usize = outcomes.iter().map(|outcome| outcome.n_values).sum();
    let mut want = format!("\n{} columns compared, {n_values} values; all rows, warm-up included.\n\n", outcomes.len());
    want.push_str("| column | ours | values | largest difference |\n| --- | --- | ---: | ---: |\n");
    for Outcome { name, ours, n_values, worst } in outcomes {
        let worst = if *worst < 1e-12 { "< 1e-12".to_owned() } else { format!("{worst:.0e}") };
        let _ = writeln!(want, "| {name} | `{ours}` | {n_values} | {worst} |");
    }
    if std::env::var_os("CROSSCUT_WRITE_PAGES").is_some() {
        std::fs::write(&path, format!("{before}\n## TA-Lib\n{want}{}", &rest[end..])).unwrap();
        return;
    }
    assert!(rest[..end] == want, "the page differs; write it with CROSSCUT_WRITE_PAGES=1:\n{want}");
}
