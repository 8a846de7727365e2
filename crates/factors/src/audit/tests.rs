//! Audits of small sets: honest ones pass, and each kind of cheat is caught and named.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crosscut_hub::Hub;
use crosscut_model::Silent;

use super::engine::{Engine, Real, Values};
use super::{AuditOptions, AuditReport, Check, Stage, audit, audit_with, publish};
use crate::bars::SymbolBars;
use crate::tests::market::{bars, hub, publish as publish_bars, publish_as as publish_bars_as};
use crate::{Config, FactorsError, Outcome, Plan, RunOptions, Summary, published_columns, run, update};

/// Factors of one symbol at a time.
const ALONE: &str = "factor_set: alone__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\ntradable: volume > 0\n\
                     library: [{features: {windows: [5, 20]}}, sessions]\n\
                     factors:\n  - {name: far, formula: 'delay(close, 5000)'}\n\
                     \x20 - {name: step, formula: 'delta(close, 1)'}\n";

/// Factors that compare symbols.
const TOGETHER: &str = "factor_set: together__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\n\
                        fill: {forward: 2}\noutliers: {winsorize: 0.1}\n\
                        factors:\n  - {name: rank, formula: 'cs_rank(delta(close, 5))'}\n\
                        \x20 - {name: smooth, formula: 'ema(cs_zscore(volume), 10)'}\n\
                        \x20 - {name: again, formula: 'ts_mean(rank, 10) - cs_rank(ts_sum(smooth, 3))'}\n";

/// How the tests run sets.
fn run_options() -> RunOptions {
    RunOptions { threads: 2, code_version: "1.2.3".to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() }
}

/// A hub with five symbols and a published set.
fn world(text: &str) -> (tempfile::TempDir, Config) {
    let root = hub();
    for (seed, symbol) in [(4, "DDD"), (5, "EEE")] {
        publish_bars(root.path(), symbol, &bars(seed, &(0..400).collect::<Vec<_>>()));
    }
    let config = Config::parse(text, "set.yaml").unwrap();
    run(&config, root.path(), &run_options(), &Silent).unwrap();
    (root, config)
}

/// Audits the set of a hub with an engine.
fn audited(engine: &dyn Engine, (root, config): &(tempfile::TempDir, Config), seed: u64) -> AuditReport {
    let hub = Hub::open(root.path()).unwrap();
    let set = hub.factor_set(config.timeframe, &config.factor_set).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let options = AuditOptions { cuts: 6, symbols: None, seed, run: run_options() };
    let stage = Stage { scratch: scratch.path(), options: &options, progress: &Silent };
    audit_with(engine, &hub, set.metadata(), stage).unwrap()
}

/// What an engine does differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cheat {
    /// A column is the next row's.
    NextRow,
    /// A column of one symbol depends on the last bar of another.
    LastOfAnother,
    /// One value differs in its last bit when rows come one at a time.
    OneBit,
    /// The second update is left out.
    NoUpdate,
    /// A column of a full run differs in the last bits.
    OtherFull,
    /// Updates are full runs.
    AlwaysFull,
}

/// An engine that cheats.
struct Cheater {
    /// How.
    cheat: Cheat,
    /// Updates so far.
    n_updates: AtomicUsize,
}

impl Cheater {
    /// One that cheats in a way.
    fn new(cheat: Cheat) -> Self {
        Self { cheat, n_updates: AtomicUsize::new(0) }
    }
}

impl Engine for Cheater {
    fn all_at_once(&self, config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError> {
        let mut values = Real.all_at_once(config, plan, symbols)?;
        match self.cheat {
            Cheat::NextRow => values.iter_mut().for_each(|columns| columns[1].rotate_left(1)),
            Cheat::LastOfAnother => {
                let last = symbols[1].columns[0].1.last().copied().unwrap();
                values[0][0].iter_mut().for_each(|value| *value += 1e-9 * if last.is_nan() { 0.0 } else { last });
            }
            _ => {}
        }
        Ok(values)
    }

    fn one_at_a_time(&self, config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError> {
        let mut values = match self.cheat {
            Cheat::OneBit => Real.one_at_a_time(config, plan, symbols)?,
            _ => self.all_at_once(config, plan, symbols)?,
        };
        if self.cheat == Cheat::OneBit {
            let value = values[2][1].iter_mut().rfind(|value| value.is_finite()).unwrap();
            *value = f64::from_bits(value.to_bits() ^ 1);
        }
        Ok(values)
    }

    fn full(&self, config: &Config, hub_root: &Path, options: &RunOptions) -> Result<Summary, FactorsError> {
        let mut config = config.clone();
        if self.cheat == Cheat::OtherFull && config.factor_set.ends_with("full") {
            let last = config.factors.last_mut().unwrap();
            last.formula = format!("({}) * 1.0000000000000002", last.formula);
        }
        Real.full(&config, hub_root, options)
    }

    fn update(&self, config: &Config, hub_root: &Path, options: &RunOptions) -> Result<Summary, FactorsError> {
        let mut summary = Real.full(&Config { factor_set: "other".to_owned(), ..config.clone() }, hub_root, options)?;
        match (self.cheat, self.n_updates.fetch_add(1, Ordering::Relaxed)) {
            (Cheat::NoUpdate, 1) => summary.full_because = None,
            (Cheat::AlwaysFull, _) => {
                summary = Real.full(config, hub_root, options)?;
                summary.full_because = Some("it is a test".to_owned());
            }
            _ => summary = Real.update(config, hub_root, options)?,
        }
        Ok(summary)
    }
}

#[test]
fn honest_sets_pass() {
    for (text, seed) in [(ALONE, 1), (ALONE, 2), (TOGETHER, 1), (TOGETHER, 2)] {
        let world = world(text);
        let report = audited(&Real, &world, seed);
        assert!(report.failures.is_empty(), "{:#?}", report.failures);
        for column in &report.columns {
            let proof = &column.proof;
            if column.name == "far" {
                let why = "not tested: it looks back 5000 rows, the sample has 400";
                assert!(!proof.causal.passed && proof.causal.n_cuts == 0, "{proof:?}");
                assert_eq!(proof.incremental.detail.as_deref(), Some(why));
                continue;
            }
            assert!(proof.causal.passed && proof.incremental.passed && proof.streaming.passed, "{column:?}");
            assert_eq!((proof.causal.n_cuts, proof.causal.seed), (6, seed));
            assert_eq!((proof.incremental.n_cuts, proof.streaming.n_cuts), (6, 400));
        }
        let cuts = report.sample.cuts.join("\n");
        for words in ["late row of", "correction of", "new symbol", "older history before", "more times"] {
            assert!(cuts.contains(words), "{cuts}");
        }
        assert_eq!(report, audited(&Real, &world, seed), "the same seed, the same audit");
    }
}

#[test]
fn sets_of_event_bars_pass() {
    let root = tempfile::tempdir().unwrap();
    for (seed, symbol) in [(1, "AAA"), (2, "BBB"), (3, "CCC")] {
        let mut events = bars(seed, &(0..200).map(|row| row * seed as i64).collect::<Vec<_>>());
        events.bar_seq = (0..200).collect();
        publish_bars_as(root.path(), "dollar-1000", symbol, &events);
    }
    let text = "factor_set: events__1\ntimeframe: 1h\nsource: {venue: test, bars: dollar-1000}\n\
                factors: [{name: change, formula: 'ema(delta(close, 1), 5)'}]\n";
    let config = Config::parse(text, "set.yaml").unwrap();
    run(&config, root.path(), &run_options(), &Silent).unwrap();
    let report = audited(&Real, &(root, config), 11);
    assert_eq!((report.n_passed(), report.failures.len()), (1, 0), "{report:#?}");
}

#[test]
fn knowledge_of_the_future_is_caught() {
    let report = audited(&Cheater::new(Cheat::NextRow), &world(ALONE), 3);
    let failure = &report.failures[0];
    assert_eq!((report.failures.len(), failure.column.as_str(), failure.check), (1, "log_return_1", Check::Causal));
    assert!(!failure.time.is_empty() && failure.words().starts_with("log_return_1 is not causal: "), "{failure:?}");
    assert_eq!((report.n_failed(), report.n_not_tested()), (1, 1));
    let report = audited(&Cheater::new(Cheat::LastOfAnother), &world(TOGETHER), 3);
    let failure = &report.failures[0];
    assert_eq!((failure.column.as_str(), failure.check, failure.symbol.as_str()), ("rank", Check::Causal, "AAA"));
    assert!(report.columns[0].proof.causal.detail.as_ref().is_some_and(|detail| detail.contains("AAA at 2024-")));
}

#[test]
fn another_bit_is_caught() {
    let report = audited(&Cheater::new(Cheat::OneBit), &world(TOGETHER), 4);
    let failure = &report.failures[0];
    assert_eq!((failure.column.as_str(), failure.check, failure.symbol.as_str()), ("smooth", Check::Streaming, "CCC"));
    assert_ne!(failure.expected.to_bits(), failure.found.to_bits());
    let report = audited(&Cheater::new(Cheat::OtherFull), &world(ALONE), 4);
    let failure = &report.failures[0];
    assert_eq!((report.failures.len(), failure.column.as_str(), failure.check), (1, "step", Check::Incremental));
    assert!(failure.trial.starts_with("cut 1, "), "{failure:?}");
}

#[test]
fn an_update_that_does_nothing_is_caught() {
    let report = audited(&Cheater::new(Cheat::NoUpdate), &world(ALONE), 5);
    assert!(report.failures.iter().all(|failure| failure.check == Check::Incremental));
    assert!(!report.failures.is_empty() && report.failures[0].trial.starts_with("cut 2, "), "{:#?}", report.failures);
}

#[test]
fn updates_that_are_full_runs_prove_nothing() {
    let report = audited(&Cheater::new(Cheat::AlwaysFull), &world(TOGETHER), 6);
    let proof = &report.columns[0].proof.incremental;
    assert!(!proof.passed && proof.n_cuts == 0);
    assert_eq!(proof.detail.as_deref(), Some("not tested: the updates were full runs, because it is a test"));
    assert_eq!((report.n_failed(), report.n_not_tested()), (0, 3));
}

#[test]
fn the_proof_is_published_and_kept_as_long_as_it_holds() {
    let (root, config) = world(TOGETHER);
    let hub = Hub::open(root.path()).unwrap();
    let open = || hub.factor_set(config.timeframe, &config.factor_set).unwrap();
    let before = open().metadata().clone();
    let scratch = tempfile::tempdir().unwrap();
    let options = AuditOptions { cuts: 5, symbols: Some(3), seed: 7, run: run_options() };
    let report = audit(&hub, &before, scratch.path(), &options, &Silent).unwrap();
    assert_eq!((report.sample.symbols.len(), report.n_passed()), (3, 3));
    assert_eq!(open().metadata(), &before, "an audit alone publishes nothing");
    publish(root.path(), config.timeframe, &before, &report).unwrap();
    let after = open().metadata().clone();
    assert_eq!((after.generation, &after.tables, &after.states), (2, &before.tables, &before.states));
    assert!(after.proof["rank"].causal.passed && after.proof.len() == 3);
    assert!(published_columns(&hub, &after).iter().all(|card| card.proof.is_some()));
    let mut longer = bars(1, &(0..410).collect::<Vec<_>>());
    publish_bars(root.path(), "AAA", &longer);
    let summary = update(&config, root.path(), &run_options(), &Silent).unwrap();
    assert_eq!((summary.outcome, summary.full_because), (Outcome::Published, None));
    assert_eq!(open().metadata().proof, after.proof, "the same formulas and program");
    longer.close[409] *= 1.5;
    publish_bars(root.path(), "AAA", &longer);
    let newer = RunOptions { code_version: "1.2.4".to_owned(), ..run_options() };
    run(&config, root.path(), &newer, &Silent).unwrap();
    assert!(open().metadata().proof.is_empty(), "another program has proved nothing");
    let message = audit(&hub, open().metadata(), scratch.path(), &options, &Silent).unwrap_err().to_string();
    assert!(message.contains("was made by version 1.2.4 of the program, this is 1.2.3"), "{message}");
    let message = publish(root.path(), config.timeframe, &before, &report).unwrap_err().to_string();
    assert!(message.contains("published anew while it was audited"), "{message}");
}

#[test]
fn small_sets_are_cut_as_far_as_they_go() {
    let root = tempfile::tempdir().unwrap();
    publish_bars(root.path(), "AAA", &bars(1, &(0..40).collect::<Vec<_>>()));
    let text = "factor_set: one__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\n\
                factors: [{name: step, formula: 'delta(close, 1)'}]\n";
    let config = Config::parse(text, "set.yaml").unwrap();
    run(&config, root.path(), &run_options(), &Silent).unwrap();
    let report = audited(&Real, &(root, config.clone()), 8);
    assert_eq!((report.n_passed(), report.failures.len()), (1, 0), "{report:#?}");
    assert!(!report.sample.cuts.join("\n").contains("new symbol"), "there is no other symbol");
    let root = tempfile::tempdir().unwrap();
    publish_bars(root.path(), "AAA", &bars(1, &(0..9).collect::<Vec<_>>()));
    run(&config, root.path(), &run_options(), &Silent).unwrap();
    let hub = Hub::open(root.path()).unwrap();
    let set = hub.factor_set(config.timeframe, "one__1").unwrap();
    let options = AuditOptions { cuts: 5, symbols: None, seed: 1, run: run_options() };
    let message = audit(&hub, set.metadata(), root.path(), &options, &Silent).unwrap_err().to_string();
    assert!(message.contains("there are bars of 9 times; expected 16 at least"), "{message}");
}

#[test]
fn symbols_that_begin_within_the_cuts() {
    let root = tempfile::tempdir().unwrap();
    for (seed, symbol, from) in [(1, "AAA", 0), (2, "BBB", 95), (3, "CCC", 97), (4, "DDD", 0)] {
        publish_bars(root.path(), symbol, &bars(seed, &(from..100).collect::<Vec<_>>()));
    }
    for text in [ALONE, TOGETHER] {
        let config = Config::parse(text, "set.yaml").unwrap();
        run(&config, root.path(), &run_options(), &Silent).unwrap();
        for seed in 0..3 {
            let hub = Hub::open(root.path()).unwrap();
            let set = hub.factor_set(config.timeframe, &config.factor_set).unwrap();
            let scratch = tempfile::tempdir().unwrap();
            let options = AuditOptions { cuts: 9, symbols: None, seed, run: run_options() };
            let report = audit(&hub, set.metadata(), scratch.path(), &options, &Silent).unwrap();
            assert!(report.failures.is_empty() && report.n_passed() > 0, "{:#?}", report.failures);
        }
    }
}
