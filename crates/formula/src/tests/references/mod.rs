//! Indicators against the reference files of other libraries. Each table (`lean.txt`, ...) has a line for every column
//! of every file: our formula, the row from which on all rows must agree, how nearly, and what there is to say. A column
//! without a line fails, and so does the page `docs/validation/indicators.md` when it does not tell what was measured
//! (`CROSSCUT_WRITE_PAGES=1` writes it anew).

mod bands;
mod files;
mod page;

use files::Reference;

use super::*;
use crate::library::families;

/// One line of a table.
struct Check {
    file: String,
    column: String,
    /// A formula, or `family.factor`; `-` where there is nothing of ours.
    ours: String,
    /// The first row that is compared: a number, or `first` for the first in which the file has a value.
    from: String,
    /// The largest difference allowed.
    tolerance: f64,
    /// Whether that is the difference itself (`abs`): where a file has few digits. Else it is relative to the larger of
    /// the value and the column's mean size.
    absolute: bool,
    /// What there is to say.
    notes: String,
}

/// What a line came to.
struct Outcome {
    check: Check,
    /// The first row compared.
    from: usize,
    /// Rows with a value in both.
    n_compared: usize,
    /// The largest relative difference.
    worst: f64,
    /// What is wrong, if anything is.
    fault: Option<String>,
}

/// The lines of a table: file, column, ours, from, tolerance, notes, parted by ` ; `.
fn checks(table: &str) -> Vec<Check> {
    let check = |line: &str| {
        let fields: Vec<&str> = line.split(" ; ").map(str::trim).collect();
        let [file, column, ours, from, tolerance, notes] = fields[..] else { panic!("{line}") };
        Check {
            file: file.to_owned(),
            column: column.to_owned(),
            ours: ours.to_owned(),
            from: from.to_owned(),
            tolerance: tolerance.trim_start_matches("abs ").parse().unwrap_or(0.0),
            absolute: tolerance.starts_with("abs "),
            notes: notes.to_owned(),
        }
    };
    table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).map(check).collect()
}

/// The text with every `family.factor` in it replaced by the factor's formula.
fn formula(ours: &str) -> String {
    let mut text = ours.to_owned();
    for family in families() {
        while let Some(at) = text.find(&format!("{}.", family.name)) {
            let begin = at + family.name.len() + 1;
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = text[begin..].find(|c| !is_name(c)).map_or(text.len(), |length| begin + length);
            let formula = library_formula(family, &text[begin..end]);
            text.replace_range(at..end, &if at == 0 && end == text.len() { formula } else { format!("({formula})") });
        }
    }
    text
}

/// The formula of a factor, its window filled in.
fn library_formula(family: &crate::library::Family, name: &str) -> String {
    for spec in family.factors(None).unwrap() {
        let windows = if spec.windows.is_empty() { vec![0] } else { spec.windows.clone() };
        let filled = |text: &str, w: usize| text.replace("{w}", &w.to_string());
        if let Some(&w) = windows.iter().find(|&&w| filled(&spec.name, w) == name) {
            return filled(&spec.formula, w);
        }
    }
    panic!("no factor {}.{name}", family.name)
}

/// Functions that the tables' formulas share.
const SHARED: [(&str, &str); 8] = [
    ("tr(h, l, c)", "max(h, delay(c, 1)) - min(l, delay(c, 1))"),
    ("tr_first(h, l, c)", "max(h, fill(delay(c, 1), h)) - min(l, fill(delay(c, 1), l))"),
    ("rise(x)", "max(delta(x, 1), 0)"),
    ("ratio(a, b)", "100 * a / (a + b)"),
    ("rsi(x, n)", "ratio(wilder_seeded(rise(x), n), wilder_seeded(rise(-x), n))"),
    ("streak(x)", "fill(sign(delta(x, 1)) * session_count(x, sign(delta(x, 1))), 0)"),
    ("up_move(h, l)", "where(delta(h, 1) > max(-delta(l, 1), 0), delta(h, 1), 0)"),
    ("down_move(h, l)", "where(-delta(l, 1) > max(delta(h, 1), 0), -delta(l, 1), 0)"),
];

/// Our values of a line on the file's own inputs.
fn ours(check: &Check, reference: &Reference) -> Vec<f64> {
    let names: Vec<&str> = reference.inputs.iter().map(|(name, _)| name.as_str()).collect();
    let lets: Vec<(String, String)> = SHARED.map(|(name, body)| (name.to_owned(), body.to_owned())).to_vec();
    let factor = FactorSpec::new("f", formula(&check.ours));
    let program = Program::compile(&lets, &[factor], &names, &[])
        .unwrap_or_else(|error| panic!("{} {}: {error}", check.file, check.column));
    let columns: Vec<&[f64]> = program
        .inputs()
        .iter()
        .map(|name| reference.inputs.iter().find(|(input, _)| input == name).unwrap().1.as_slice())
        .collect();
    let mut out = vec![Vec::new()];
    program.session().unwrap().update(&columns, &mut out);
    out.remove(0)
}

/// Compares one line.
fn compare(check: Check, reference: &Reference) -> Outcome {
    if check.ours == "-" {
        return Outcome { check, from: 0, n_compared: 0, worst: 0.0, fault: None };
    }
    let theirs = reference.column(&check.column);
    let ours = ours(&check, reference);
    let first = theirs.iter().position(|x| x.is_finite()).unwrap_or(0);
    let from = check.from.parse().unwrap_or(first);
    let end = theirs.iter().rposition(|x| x.is_finite()).map_or(0, |last| last + 1);
    let sizes: Vec<f64> = theirs.iter().skip(from).filter(|x| x.is_finite()).map(|x| x.abs()).collect();
    let mean_size = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let (mut worst, mut n_compared, mut fault) = (0.0, 0, None);
    for (row, (a, b)) in ours.iter().zip(theirs).enumerate().take(end).skip(from) {
        let error = if a.is_finite() && b.is_finite() { (a - b).abs() / b.abs().max(mean_size) } else { 0.0 };
        n_compared += usize::from(a.is_finite() && b.is_finite());
        worst = f64::max(worst, error);
        let distance = if check.absolute { error * b.abs().max(mean_size) } else { error };
        if fault.is_none() && (a.is_finite() != b.is_finite() || distance > check.tolerance) {
            fault = Some(format!("row {row}: {a} for {b}"));
        }
    }
    if n_compared == 0 {
        fault = Some("nothing to compare".to_owned());
    }
    Outcome { check, from, n_compared, worst, fault }
}

/// Compares all lines of a table with its files, and asserts that no column is without a line.
fn compare_all(table: &str, references: &[Reference]) -> Vec<Outcome> {
    let checks = checks(table);
    let mut faults = Vec::new();
    for reference in references {
        for (column, _) in &reference.outputs {
            let tells =
                |check: &Check| check.file == reference.name && (check.column == *column || check.column == "*");
            if !checks.iter().any(tells) {
                faults.push(format!("{} ; {column} ; - has no line", reference.name));
            }
        }
    }
    let find = |check: &Check| references.iter().find(|reference| reference.name == check.file);
    let outcomes: Vec<Outcome> = checks
        .into_iter()
        .map(|check| {
            let reference = find(&check).unwrap_or_else(|| panic!("no file {}", check.file));
            compare(check, reference)
        })
        .collect();
    for Outcome { check, n_compared, worst, fault, .. } in &outcomes {
        if let Some(fault) = fault {
            let Check { file, column, ours, .. } = check;
            faults.push(format!("{file} ; {column} ; {ours}: {fault} (worst {worst:.1e} of {n_compared})"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    outcomes
}

#[test]
fn lean() {
    let Some(references) = files::lean() else { return };
    page::check("LEAN", &compare_all(include_str!("lean.txt"), &references));
}

#[test]
fn stock_indicators() {
    let Some(references) = files::stock_indicators() else { return };
    page::check("Stock.Indicators", &compare_all(include_str!("stock_indicators.txt"), &references));
}

#[test]
fn ta() {
    let Some(references) = files::ta() else { return };
    page::check("ta", &compare_all(include_str!("ta.txt"), &references));
}

#[test]
fn tulip() {
    let Some(references) = files::tulip() else { return };
    page::check("Tulip", &compare_all(include_str!("tulip.txt"), &references));
}
