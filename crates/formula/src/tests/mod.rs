//! The language, its errors, the library, sessions and panels.

mod accuracy;
mod alphas;
mod catalogue;
mod documented;
mod errors;
mod examples;
mod language;
mod library;
mod panel;
mod properties;
mod references;
pub(crate) mod slow;
mod targets;

use proptest::prelude::*;

use crate::{FactorSpec, Program};

/// The bar columns, and the further ones that some built-in factors use.
const COLUMNS: [&str; 18] = {
    let mut columns = [""; 18];
    let mut at = 0;
    while at < 13 {
        columns[at] = crosscut_model::bar::BAR_COLUMNS[at];
        at += 1;
    }
    columns[13] = "sector";
    columns[14] = "industry";
    columns[15] = "subindustry";
    columns[16] = "cap";
    columns[17] = "timestamp";
    columns
};

/// Compiles factors over the bar columns, 100 periods a year.
fn compile(factors: &[FactorSpec]) -> Program {
    Program::compile(&[], factors, &COLUMNS, &[("periods_per_year", 100.0)]).unwrap()
}

/// Runs a program on one symbol in pieces of the given lengths, the rest at the end.
fn run(program: &Program, columns: &[Vec<f64>], cuts: &[usize]) -> Vec<Vec<f64>> {
    let mut session = program.session().unwrap();
    let mut outputs = vec![Vec::new(); program.outputs().len()];
    let inputs = inputs(program, columns);
    let n = inputs.first().map_or(0, |column| column.len());
    let mut begin = 0;
    for &cut in cuts.iter().chain([&n]) {
        let end = n.min(begin + cut);
        let rows: Vec<&[f64]> = inputs.iter().map(|column| &column[begin..end]).collect();
        session.update(&rows, &mut outputs);
        begin = end;
    }
    outputs
}

/// The program's inputs out of the bar columns.
fn inputs<'a>(program: &Program, columns: &'a [Vec<f64>]) -> Vec<&'a [f64]> {
    let at = |name: &String| COLUMNS.iter().position(|column| column == name).unwrap();
    program.inputs().iter().map(|name| columns[at(name)].as_slice()).collect()
}

/// The bits, to compare what must be the same and not only equal.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// The bits of several outputs.
fn all_bits(outputs: &[Vec<f64>]) -> Vec<Vec<u64>> {
    outputs.iter().map(|values| bits(values)).collect()
}

/// A random number in [0, 1) from a fixed generator.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

/// Generated bars in the order of [`COLUMNS`]: a random walk with missing values, halts (constant price, no volume)
/// and jumps.
fn bars(seed: u64, n: usize) -> Vec<Vec<f64>> {
    let mut state = seed;
    let mut price = 100.0 * (1.0 + random(&mut state));
    let mut columns = vec![Vec::with_capacity(n); COLUMNS.len()];
    let sector = f64::from((seed % 3) as u8);
    for at in 0..n {
        let kind = random(&mut state);
        let halted = kind < 0.05;
        if !halted {
            price *= 1.0 + 0.02 * (random(&mut state) - 0.5) + if kind > 0.99 { 0.5 } else { 0.0 };
        }
        let volume = if halted { 0.0 } else { 1e3 * random(&mut state) };
        let bought = volume * random(&mut state);
        let (high, low) = (price * (1.0 + 0.01 * random(&mut state)), price * (1.0 - 0.01 * random(&mut state)));
        let ticks = if halted { 0.0 } else { (random(&mut state) * 50.0).floor() + 1.0 };
        let vwap = if halted { f64::NAN } else { (high + low) / 2.0 };
        let (ups, turns) = (random(&mut state), (ticks * random(&mut state)).floor());
        let dollars = price * volume;
        let time = (at / 3 * 4 + at % 3) as f64 * 3600e6;
        let (open, industry, cap) =
            (low + (high - low) * ups, 10.0 * sector + f64::from((seed % 2) as u8), price * 1e6);
        let row = [
            open,
            high,
            low,
            price,
            volume,
            bought,
            volume - bought,
            vwap,
            dollars,
            ticks,
            ups,
            price,
            turns,
            sector,
            industry,
            industry,
            cap,
            time,
        ];
        let missing = kind > 0.05 && kind < 0.08;
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(if missing { f64::NAN } else { value });
        }
        let last = columns.len() - 1;
        columns[last][at] = time;
    }
    columns
}

/// Lengths of pieces, single rows among them.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![2 => Just(1usize), 1 => 0usize..4, 2 => 1usize..90], 0..40)
}
