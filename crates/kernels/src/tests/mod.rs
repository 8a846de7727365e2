//! Every operator against a slow, obvious second version, on any cut of the rows.

mod accuracy;
mod cross;
mod custom;
mod indicators;
mod inference;
mod operators;
mod order;
mod ranks;
mod reference;

use std::sync::Arc;

use proptest::prelude::*;

use crate::{Graph, Machine, Plan, Term};

/// Builds an operator on two input columns.
type Build = fn(&mut Graph, Term, Term, u32) -> Term;

/// The operator alone, planned.
fn plan(build: Build, window: u32) -> Arc<Plan> {
    let mut graph = Graph::new();
    let (x, y) = (graph.input(0), graph.input(1));
    let term = build(&mut graph, x, y, window);
    Arc::new(Plan::new(&graph, &[term], &[]))
}

/// Runs a plan over the columns in pieces of the given lengths, the rest at the end in one piece.
fn run(plan: &Arc<Plan>, columns: [&[f64]; 2], cuts: &[usize]) -> Vec<f64> {
    let mut machine = Machine::new(Arc::clone(plan));
    let mut out = vec![Vec::new()];
    let n = columns[0].len();
    let mut begin = 0;
    for &cut in cuts.iter().chain([&n]) {
        let end = n.min(begin + cut);
        machine.update(&[&columns[0][begin..end], &columns[1][begin..end]], &mut out);
        begin = end;
    }
    out.remove(0)
}

/// The bits, to compare what must be the same and not only equal.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Values of many kinds: noise, ties, constant stretches, large offsets, missing, infinite, huge and tiny.
fn series(max_rows: usize) -> impl Strategy<Value = Vec<f64>> {
    let noise = prop_oneof![
        6 => -3.0..3.0,
        3 => (-2i32..3).prop_map(f64::from),
        1 => Just(f64::NAN),
    ];
    let wild = prop_oneof![
        12 => -1e3..1e3,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(1e300),
        1 => Just(-1e-300),
        1 => Just(0.0),
    ];
    let stretch = prop_oneof![
        4 => (prop::sample::select(vec![0.0, 100.0, 6e4, 1e9]), prop::collection::vec(noise, 1..40))
            .prop_map(|(offset, noise)| noise.iter().map(|x| x + offset).collect()),
        1 => (-5.0..5.0, 1usize..30).prop_map(|(value, n)| vec![value; n]),
        1 => prop::collection::vec(wild, 1..20),
    ];
    prop::collection::vec(stretch, 0..12).prop_map(move |stretches: Vec<Vec<f64>>| {
        let mut values = stretches.concat();
        values.truncate(max_rows);
        values
    })
}

/// Two columns of one length.
fn two_series(max_rows: usize) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (series(max_rows), series(max_rows)).prop_map(|(mut x, mut y)| {
        let n = x.len().min(y.len());
        x.truncate(n);
        y.truncate(n);
        (x, y)
    })
}

/// Lengths of pieces, single rows among them.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![2 => Just(1usize), 1 => 0usize..4, 2 => 1usize..90], 0..40)
}
