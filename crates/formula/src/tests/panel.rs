//! Panels: alignment by time, any cut of time, any number of threads, no look-ahead.

use super::*;
use crate::{FormulaError, PanelInput};

/// One symbol of a generated panel.
struct Symbol {
    times: Vec<i64>,
    columns: Vec<Vec<f64>>,
}

/// Symbols with different first rows, last rows and gaps.
fn panel(seed: u64, n_symbols: usize, n_times: usize) -> Vec<Symbol> {
    let mut state = seed;
    (0..n_symbols)
        .map(|symbol| {
            let first = (random(&mut state) * 0.5 * n_times as f64) as usize;
            let gaps = if symbol % 3 == 0 { 0.0 } else { 0.1 };
            let times: Vec<i64> =
                (first..n_times).filter(|_| random(&mut state) >= gaps).map(|t| t as i64 * 3600).collect();
            let columns = bars(seed.wrapping_add(symbol as u64), times.len());
            Symbol { times, columns }
        })
        .collect()
}

/// Runs a program over a panel, cut before the given times.
fn run_panel(program: &Program, symbols: &[Symbol], cuts: &[i64]) -> Vec<Vec<Vec<f64>>> {
    let mut session = program.panel(symbols.len());
    let mut outputs = vec![vec![Vec::new(); program.outputs().len()]; symbols.len()];
    let mut begins = vec![0; symbols.len()];
    for &cut in cuts.iter().chain([&i64::MAX]) {
        let ends: Vec<usize> = symbols.iter().map(|symbol| symbol.times.partition_point(|&time| time < cut)).collect();
        let rows: Vec<PanelInput<'_>> = symbols
            .iter()
            .zip(begins.iter().zip(&ends))
            .map(|(symbol, (&begin, &end))| PanelInput {
                times: &symbol.times[begin..end],
                columns: inputs(program, &symbol.columns).iter().map(|column| &column[begin..end]).collect(),
            })
            .collect();
        session.update(&rows, &mut outputs).unwrap();
        begins = ends;
    }
    outputs
}

/// Factors that look across symbols once, twice, and mixed with windows and state.
fn factors() -> Vec<FactorSpec> {
    vec![
        FactorSpec::new("plain", "ts_mean(close, 3)"),
        FactorSpec::new("ranked", "cs_rank(close)"),
        FactorSpec::new("nested", "cs_zscore(ts_mean(cs_rank(delta(close, 2)), 4) - cs_demean(volume))"),
        FactorSpec::new("smooth", "ema(cs_demean(plain), 5) + plain * ranked"),
        FactorSpec::new("again", "cs_rank(ranked + delay(ranked, 1))"),
        FactorSpec::new("neutral", "group_rank(ts_mean(group_neutralize(returns, sector), 3), industry)"),
        FactorSpec::new("left", "cs_residual(cs_winsorize(returns, 0.2), cs_scale(log(volume)))"),
        FactorSpec::new("bucket", "cs_quantile(cs_mean(close) - close, 4) + group_zscore(close, sector)"),
        FactorSpec::new("share", "group_mean(group_scale(volume, sector), industry)"),
    ]
}

#[test]
fn worked_by_hand() {
    let program = Program::compile(
        &[],
        &[FactorSpec::new("change", "ts_sum(cs_rank(close), 2)"), FactorSpec::new("gap", "cs_demean(close)")],
        &["close"],
        &[],
    )
    .unwrap();
    // Times 1 2 3; the second symbol has no row at 2, the third begins at 2 and misses a value at 3.
    let closes: [&[f64]; 3] = [&[1.0, 5.0, 2.0], &[3.0, 4.0], &[1.0, f64::NAN]];
    let times: [&[i64]; 3] = [&[1, 2, 3], &[1, 3], &[2, 3]];
    let symbols: Vec<PanelInput<'_>> =
        closes.iter().zip(times).map(|(close, times)| PanelInput { times, columns: vec![close] }).collect();
    let mut outputs = vec![vec![Vec::new(); 2]; 3];
    program.panel(3).update(&symbols, &mut outputs).unwrap();
    let texts: Vec<String> =
        outputs.iter().map(|outputs| outputs.iter().map(|o| format!("{o:?}")).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        texts,
        ["[NaN, 1.5, 1.5] [-1.0, 2.0, -1.0]", "[NaN, 2.0] [1.0, 1.0]", "[NaN, NaN] [-2.0, NaN]"],
        "ranks are 1/2 and 1; 1 and 1/2; 1/2 and 1"
    );
}

#[test]
fn groups_and_residuals_by_hand() {
    let factors = [
        FactorSpec::new("a", "group_neutralize(close, sector)"),
        FactorSpec::new("b", "cs_residual(close, sector)"),
        FactorSpec::new("c", "IndNeutralize(rank(close), sector)"),
        FactorSpec::new("d", "winsorize(close, 0.25)"),
    ];
    let program = Program::compile(&[], &factors, &["close", "sector"], &[]).unwrap();
    let (closes, sectors) = ([1.0, 3.0, 4.0, 8.0], [1.0, 1.0, 2.0, 2.0]);
    let symbols: Vec<PanelInput<'_>> = closes
        .iter()
        .zip(&sectors)
        .map(|(close, sector)| PanelInput {
            times: &[1],
            columns: vec![std::slice::from_ref(close), std::slice::from_ref(sector)],
        })
        .collect();
    let mut outputs = vec![vec![Vec::new(); 4]; 4];
    program.panel(4).update(&symbols, &mut outputs).unwrap();
    let column = |at: usize| outputs.iter().map(|outputs| outputs[at][0]).collect::<Vec<_>>();
    assert_eq!(column(0), [-1.0, 1.0, -2.0, 2.0]);
    // The line through the two sectors' means 2 and 6.
    assert_eq!(column(1), [-1.0, 1.0, -2.0, 2.0]);
    assert_eq!(column(2), [-0.125, 0.125, -0.125, 0.125]);
    // A quarter of the way: 1 + 0.75 * 2 and 4 + 0.25 * 4.
    assert_eq!(column(3), [2.5, 3.0, 4.0, 5.0]);
}

#[test]
fn a_program_of_one_level_equals_its_sessions() {
    let program = compile(&crate::library::family("features").unwrap().factors(None).unwrap());
    let symbols = panel(3, 7, 300);
    let outputs = run_panel(&program, &symbols, &[3600 * 100]);
    for (symbol, outputs) in symbols.iter().zip(&outputs) {
        assert_eq!(all_bits(&run(&program, &symbol.columns, &[])), all_bits(outputs));
    }
}

#[test]
fn cross_sections_equal_a_slow_version() {
    let program = compile(&[FactorSpec::new("f", "ts_mean(cs_rank(close - open * 0.99), 3)")]);
    let symbols = panel(9, 12, 120);
    let outputs = run_panel(&program, &symbols, &[]);
    let value = |symbol: &Symbol, row: usize| symbol.columns[3][row] - symbol.columns[0][row] * 0.99;
    let rank_at = |symbol: &Symbol, row: usize| {
        let (time, x) = (symbol.times[row], value(symbol, row));
        let others: Vec<f64> = symbols
            .iter()
            .filter_map(|other| other.times.binary_search(&time).ok().map(|row| value(other, row)))
            .filter(|x| x.is_finite())
            .collect();
        let less = others.iter().filter(|v| **v < x).count() as f64;
        let equal = others.iter().filter(|v| **v == x).count() as f64;
        if x.is_finite() { (less + (equal + 1.0) / 2.0) / others.len() as f64 } else { f64::NAN }
    };
    for (symbol, outputs) in symbols.iter().zip(&outputs) {
        for (row, got) in outputs[0].iter().enumerate() {
            let want: f64 =
                if row < 2 { f64::NAN } else { (row - 2..=row).map(|r| rank_at(symbol, r)).sum::<f64>() / 3.0 };
            assert!((got.is_nan() && want.is_nan()) || (got - want).abs() < 1e-14, "{got} for {want}");
        }
    }
}

#[test]
fn one_thread_or_two_give_the_same_bits() {
    let program = compile(&factors());
    let symbols = panel(21, 30, 900);
    let with_threads = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| run_panel(&program, &symbols, &[]))
    };
    let (one, two) = (with_threads(1), with_threads(2));
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(all_bits(one), all_bits(two));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_cut_of_time_gives_the_same_bits(seed: u64, n_symbols in 0usize..8, cuts in prop::collection::vec(0i64..150, 0..30)) {
        let program = compile(&factors());
        let symbols = panel(seed, n_symbols, 140);
        let mut cuts: Vec<i64> = cuts.iter().map(|t| t * 3600).collect();
        cuts.sort_unstable();
        let (one, two) = (run_panel(&program, &symbols, &[]), run_panel(&program, &symbols, &cuts));
        for (one, two) in one.iter().zip(&two) {
            prop_assert_eq!(all_bits(one), all_bits(two));
        }
    }

    #[test]
    fn stored_states_continue_with_the_same_bits(seed: u64, at in 0i64..140) {
        let program = compile(&factors());
        let symbols = panel(seed, 6, 140);
        let cut = |symbol: &Symbol, from: usize, to: usize| Symbol {
            times: symbol.times[from..to].to_vec(),
            columns: symbol.columns.iter().map(|column| column[from..to].to_vec()).collect(),
        };
        let feed = |session: &mut crate::PanelSession, symbols: &[Symbol], outputs: &mut [Vec<Vec<f64>>]| {
            let rows: Vec<PanelInput<'_>> = symbols
                .iter()
                .map(|symbol| PanelInput { times: &symbol.times, columns: inputs(&program, &symbol.columns) })
                .collect();
            session.update(&rows, outputs).unwrap();
        };
        let split: Vec<usize> = symbols.iter().map(|s| s.times.partition_point(|&time| time < at * 3600)).collect();
        let before: Vec<Symbol> = symbols.iter().zip(&split).map(|(s, &at)| cut(s, 0, at)).collect();
        let after: Vec<Symbol> = symbols.iter().zip(&split).map(|(s, &at)| cut(s, at, s.times.len())).collect();
        let mut outputs = vec![vec![Vec::new(); program.outputs().len()]; symbols.len()];
        let mut session = program.panel(symbols.len());
        feed(&mut session, &before, &mut outputs);
        let stored: Vec<Vec<f64>> = (0..symbols.len()).map(|symbol| session.state(symbol)).collect();
        // A symbol without rows so far has nothing to store.
        let states: Vec<Option<&[f64]>> =
            stored.iter().zip(&split).map(|(state, &at)| (at > 0).then_some(state.as_slice())).collect();
        let mut other = program.panel(symbols.len());
        other.restore(&states, session.last_time()).unwrap();
        feed(&mut other, &after, &mut outputs);
        for (one, two) in run_panel(&program, &symbols, &[]).iter().zip(&outputs) {
            prop_assert_eq!(all_bits(one), all_bits(two));
        }
        prop_assert!(other.restore(&[Some(&stored[0][1..]); 6], None).is_err());
    }

    #[test]
    fn later_times_change_nothing_before(seed: u64, at in 1i64..140) {
        let program = compile(&factors());
        let symbols = panel(seed, 6, 140);
        let mut other = panel(seed, 6, 140);
        for symbol in &mut other {
            let from = symbol.times.partition_point(|&time| time < at * 3600);
            let noise = bars(seed ^ 5, symbol.times.len());
            for (column, noise) in symbol.columns.iter_mut().zip(&noise) {
                column[from..].copy_from_slice(&noise[from..]);
            }
        }
        let (one, two) = (run_panel(&program, &symbols, &[]), run_panel(&program, &other, &[]));
        for ((one, two), symbol) in one.iter().zip(&two).zip(&symbols) {
            let until = symbol.times.partition_point(|&time| time < at * 3600);
            for (one, two) in one.iter().zip(two) {
                prop_assert_eq!(bits(&one[..until]), bits(&two[..until]));
            }
        }
    }

    #[test]
    fn symbols_in_another_order_rank_the_same(seed: u64) {
        let program = compile(&[FactorSpec::new("f", "ts_sum(cs_rank(close), 3)")]);
        let mut symbols = panel(seed, 6, 100);
        let one = run_panel(&program, &symbols, &[]);
        symbols.reverse();
        let two = run_panel(&program, &symbols, &[]);
        for (one, two) in one.iter().zip(two.iter().rev()) {
            prop_assert_eq!(all_bits(one), all_bits(two));
        }
    }
}

#[test]
fn times_that_go_back_are_refused() {
    let program = compile(&[FactorSpec::new("f", "cs_rank(close)")]);
    let mut session = program.panel(2);
    let close = [1.0, 2.0];
    let feed = |session: &mut crate::PanelSession, times: &[i64]| {
        let row = |n: usize| PanelInput { times: &times[..n], columns: vec![&close[..n]] };
        let mut outputs = vec![vec![Vec::new()]; 2];
        session.update(&[row(0), row(2)], &mut outputs)
    };
    feed(&mut session, &[10, 20]).unwrap();
    for times in [[20, 30], [30, 30], [40, 35]] {
        let error = feed(&mut session, &times).unwrap_err();
        assert!(matches!(&error, FormulaError::Rows { message } if message.contains("symbol number 1")), "{error}");
    }
    feed(&mut session, &[30, 40]).unwrap();
}
