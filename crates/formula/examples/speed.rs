//! Prints what the built-in families and each time-series operator cost, in nanoseconds per value, one thread:
//! `cargo run --release -p crosscut-formula --example speed [ROWS]`. For finding what to make faster; figures for
//! publication come from `crosscut bench`.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::time::Instant;

use crosscut_formula::operators::{ParameterKind, operators};
use crosscut_formula::{FactorSpec, Program, library};
use crosscut_model::bar::BAR_COLUMNS;

/// Rows fed at a time, so that results are consumed from the cache as `crosscut bench` does.
const ROWS_PER_UPDATE: usize = 2048;

/// Runs of which the fastest counts.
const RUNS: usize = 9;

fn main() {
    let n_rows = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(44_000);
    let bars = bars(n_rows);
    for family in library::families() {
        let (factors, _) = family.usable(None, &BAR_COLUMNS).expect("a family compiles with its own windows");
        let factors = time_series(factors);
        if !factors.is_empty() {
            report(family.name, &factors, &bars);
        }
    }
    for operator in operators().filter(|operator| !operator.is_across() && operator.is_function()) {
        for window in [20, 250] {
            let mut series = ["close", "volume", "vwap"].into_iter();
            let arguments: Vec<String> = operator
                .parameters
                .iter()
                .map(|parameter| match parameter.kind {
                    ParameterKind::Value | ParameterKind::Series => series.next().unwrap_or("open").to_owned(),
                    ParameterKind::Rows { .. } | ParameterKind::Span => window.to_string(),
                    ParameterKind::Probability | ParameterKind::Share | ParameterKind::Positive => "0.3".to_owned(),
                    ParameterKind::Whole { min } => min.max(3).to_string(),
                    ParameterKind::Percent => "30".to_owned(),
                    ParameterKind::OneOf { .. } => "2".to_owned(),
                })
                .collect();
            let formula = format!("{}({})", operator.name, arguments.join(", "));
            report(&formula, &[FactorSpec::new("f", formula.clone())], &bars);
        }
    }
}

/// The factors that look at one symbol only.
fn time_series(factors: Vec<FactorSpec>) -> Vec<FactorSpec> {
    let is_alone = |factor: &FactorSpec| {
        Program::compile(&[], std::slice::from_ref(factor), &BAR_COLUMNS, &[("periods_per_year", 8760.0)])
            .is_ok_and(|program| !program.has_cross_section())
    };
    factors.into_iter().filter(is_alone).collect()
}

/// Prints the cost of some factors together.
fn report(name: &str, factors: &[FactorSpec], bars: &[Vec<f64>]) {
    let program = Program::compile(&[], factors, &BAR_COLUMNS, &[("periods_per_year", 8760.0)])
        .expect("built-in names and generated calls compile");
    let columns: Vec<&[f64]> = program
        .inputs()
        .iter()
        .filter_map(|name| BAR_COLUMNS.iter().position(|column| column == name))
        .map(|at| bars[at].as_slice())
        .collect();
    let n_rows = bars[0].len();
    let mut session = program.session().expect("no operator looks across symbols");
    let mut outputs = vec![Vec::with_capacity(ROWS_PER_UPDATE); program.outputs().len()];
    let mut seconds = f64::INFINITY;
    for _ in 0..RUNS {
        session.reset();
        let start = Instant::now();
        for begin in (0..n_rows).step_by(ROWS_PER_UPDATE) {
            let end = n_rows.min(begin + ROWS_PER_UPDATE);
            let rows: Vec<&[f64]> = columns.iter().map(|column| &column[begin..end]).collect();
            session.update(&rows, &mut outputs);
            outputs.iter_mut().for_each(Vec::clear);
        }
        seconds = seconds.min(start.elapsed().as_secs_f64());
    }
    let per_row = seconds * 1e9 / n_rows as f64;
    let n_outputs = outputs.len();
    println!("{name:<34} {n_outputs:>3} outputs {per_row:>8.1} ns/row {:>7.2} ns/value", per_row / n_outputs as f64);
}

/// A random walk with plausible bars, in the order of [`BAR_COLUMNS`].
fn bars(n_rows: usize) -> Vec<Vec<f64>> {
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut price = 60_000.0;
    let mut columns = vec![Vec::with_capacity(n_rows); BAR_COLUMNS.len()];
    for _ in 0..n_rows {
        price *= 1.0 + 0.01 * (random() - 0.5);
        let (high, low) = (price * (1.0 + 0.005 * random()), price * (1.0 - 0.005 * random()));
        let volume = 100.0 * random() + 1.0;
        let bought = volume * random();
        let (vwap, ticks) = (price * (1.0 + 0.001 * (random() - 0.5)), (random() * 500.0).floor() + 2.0);
        let (ups, turns) = (random(), (random() * 100.0).floor());
        let sold = volume - bought;
        let row = [price, high, low, price, volume, bought, sold, vwap, volume * price, ticks, ups, price, turns];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}
