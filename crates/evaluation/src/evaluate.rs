//! One evaluation from the hub to its results: prices once, factors in batches that fit in memory, what is compared, what
//! is combined, and what is looked at closely.

use std::collections::BTreeMap;

use crosscut_hub::{FactorMetadata, FactorSet, Hub};
use crosscut_model::calendar::{Annualisation, periods_per_year};
use crosscut_model::{Zone, matches, nearest};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::combine::Combination;
use crate::compare::{ComparedFactor, compare};
use crate::config::{EvaluationConfig, PriceColumn};
use crate::detail::{Close, Detail, Seen};
use crate::error::EvaluationError;
use crate::exposure::{exposures, window_of};
use crate::horizon::Calendar;
use crate::load::{Frame, Input, RowCounts, frame};
use crate::matrix::Matrix;
use crate::neutral::Groups;
use crate::others::{Reader, plan};
use crate::pairwise::correlations;
use crate::redundancy::{Others, others};
use crate::sample::{Sample, SampledFactor};
use crate::schedule::{NONE, Schedule, Timing};
use crate::section::{FactorRows, Pass};
use crate::summary::{FactorSummary, Summing};

/// Bytes of the factor tables that are held at once.
const BATCH_BYTES: usize = 200 << 20;

/// Times at which exposures, outliers and capacity are measured, at most.
const CLOSE_TIMES: usize = 1_000;

/// Times times names of them, at most.
const CLOSE_CELLS: usize = 220_000;

/// Names of the combined scores.
pub const COMBINED: [&str; 2] = ["combined_equal", "combined_ic_weighted"];

/// What came of an evaluation.
#[derive(Debug)]
pub struct Evaluation {
    /// What was asked for.
    pub config: EvaluationConfig,
    /// The factors, resolved.
    pub factors: Vec<String>,
    /// Prices.
    pub frame: Frame,
    /// When positions were entered and left.
    pub schedule: Schedule,
    /// How lengths of time were counted.
    pub calendar: Calendar,
    /// Bars per year.
    pub annualisation: Annualisation,
    /// One per factor, in the order of the set.
    pub summaries: Vec<FactorSummary>,
    /// The combined scores, when there are several factors.
    pub combined: Vec<FactorSummary>,
    /// The factors and combined scores side by side.
    pub comparison: Vec<ComparedFactor>,
    /// Mean rank correlations of the factors, when there are several.
    pub correlations: Vec<Vec<f64>>,
    /// The strongest factors looked at closely, or those asked for when there are few.
    pub details: Vec<Detail>,
    /// Of each factor looked at the set's own words: formula, notes, what was proved.
    pub definitions: Vec<Value>,
    /// The tables.
    pub inputs: Vec<Input>,
    /// What looks wrong.
    pub warnings: Vec<String>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// One factor after the passes.
struct Judged {
    /// Its summary.
    summary: FactorSummary,
    /// At the sampled times.
    sampled: SampledFactor,
    /// A warning about it.
    warning: Option<String>,
    /// All of it, where that fits in memory and is looked at closely.
    seen: Option<Seen>,
}

/// Evaluates.
///
/// # Errors
/// Settings that make no sense, tables that are missing or damaged, factors that do not exist, more rows dropped than
/// allowed.
pub fn evaluate(hub: &Hub, config: &EvaluationConfig) -> Result<Evaluation, EvaluationError> {
    config.check()?;
    let set = hub.factor_set(config.timeframe, &config.factor_set)?;
    set.demand_labels()?;
    let factors = resolve(&set, &config.factors)?;
    let frame = frame(hub, config, &set)?;
    let market = &frame.market;
    let (calendar, schedule) = schedule(config, &frame)?;
    let annualisation = periods_per_year(&market.times, config.timeframe);
    let pass = Pass { market, schedule: &schedule, rules: config.section_rules() };
    let many = factors.len() > config.n_detailed.max(1);
    let summing = Summing {
        pass,
        horizons: &config.horizons,
        costs: config.costs,
        n_draws: if many { 0 } else { config.n_draws },
        seed: config.seed,
        bars_per_year: annualisation.periods_per_year,
    };
    let plan = plan(hub, config, (&frame, &schedule), factors.len())?;
    let (judged, combination) = judge_all(&summing, (config, &frame), &set, (&factors, &plan.sample))?;
    let (mut judged, mut seen) = (judged, BTreeMap::new());
    for one in &mut judged {
        seen.extend(one.seen.take().map(|kept| (one.summary.factor.clone(), kept)));
    }
    let mut warnings: Vec<String> = judged.iter().filter_map(|one| one.warning.clone()).collect();
    warnings.extend(failed_proofs(set.metadata(), &factors));
    let (summaries, sampled): (Vec<FactorSummary>, Vec<SampledFactor>) =
        judged.into_iter().map(|one| (one.summary, one.sampled)).unzip();
    let correlations = if sampled.len() > 1 { correlations(&sampled, &plan.sample) } else { Vec::new() };
    let combined = combination.map_or_else(Vec::new, |combination| combined(&summing, combination));
    let all: Vec<FactorSummary> = summaries.iter().chain(&combined).cloned().collect();
    let periods = annualisation.periods_per_year / schedule.bars[0] as f64;
    let comparison = compare(&all, config.costs.rate(), periods);
    let groups = config.group.as_deref().map(|path| Groups::read(path, &market.symbols)).transpose()?;
    let mut inputs = frame.inputs.clone();
    inputs.extend(set_inputs(config, &set, &market.symbols));
    inputs.extend(groups.iter().map(|groups| groups.input.clone()));
    let summing = Summing { n_draws: config.n_draws, ..summing };
    let reader = Reader { config, frame: &frame, schedule: &schedule, plan: &plan };
    let others = others(&reader, factors.iter().cloned().zip(sampled).collect())?;
    let close = (&others, groups.as_ref(), &comparison[..]);
    let details = look_closely((&set, &frame, seen), config, summing, close)?;
    inputs.extend(others.inputs);
    inputs.sort();
    let notes = frame.notes.iter().cloned().chain(groups.iter().flat_map(Groups::notes)).chain(others.notes).collect();
    let metadata = set.metadata();
    let definitions = details.iter().map(|detail| definition(metadata, &detail.summary.factor)).collect();
    Ok(Evaluation {
        config: config.clone(),
        factors,
        calendar,
        annualisation,
        summaries,
        combined,
        comparison,
        correlations,
        details,
        definitions,
        inputs,
        warnings,
        notes,
        schedule,
        frame,
    })
}

/// The calendar, and when positions are entered and left. A venue with an exchange calendar in the hub has sessions, by
/// its own clocks; without one the data say.
fn schedule(config: &EvaluationConfig, frame: &Frame) -> Result<(Calendar, Schedule), EvaluationError> {
    let market = &frame.market;
    let by_data = || if frame.zone.is_some() { Calendar::Exchange } else { Calendar::of(&market.times) };
    let calendar = config.calendar.unwrap_or_else(by_data);
    let known: Vec<i64> = market.times.iter().map(|time| config.timeframe.next(*time)).collect();
    let timing = Timing {
        known: &known,
        base: &market.base,
        price_times: &market.price_times,
        lag: config.lag,
        whole_bars: config.price != PriceColumn::Close,
        calendar,
        zone: frame.zone.unwrap_or(Zone::Utc),
    };
    Ok((calendar, timing.schedule(&config.horizons)?))
}

/// The passes and summaries of all factors, batch by batch, and their combination when there are several.
fn judge_all(
    summing: &Summing<'_>,
    (config, frame): (&EvaluationConfig, &Frame),
    set: &FactorSet,
    (factors, sample): (&[String], &Sample),
) -> Result<(Vec<Judged>, Option<Combination>), EvaluationError> {
    let (pass, market) = (&summing.pass, &frame.market);
    let mut combination = (factors.len() > 1).then(|| Combination::new(market.times.len(), market.symbols.len()));
    let n_values = market.times.len() * market.symbols.len();
    let keeps = factors.len() == 1 || factors.len() <= config.n_detailed && factors.len() <= batch_size(n_values);
    let mut judged: Vec<Judged> = Vec::new();
    for names in factors.chunks(batch_size(n_values)) {
        let columns: Vec<&str> = names.iter().map(String::as_str).collect();
        let tables = frame.factors(set, &columns)?;
        let judge = |(name, (values, rows)): (&String, (Matrix, RowCounts))| {
            let sections = pass.run(&values);
            let (summary, changes) = summing.summary(name, &sections, (&values, rows));
            Seen { values, sections, changes, summary }
        };
        let done: Vec<Seen> = names.par_iter().zip(tables).map(judge).collect();
        for seen in done {
            let Seen { sections, summary, .. } = &seen;
            check_loss(config, summary)?;
            if let Some(combination) = &mut combination {
                combination.add(pass, sections);
            }
            let sampled = sample.from_ranks(&sections.ranks);
            let (warning, summary) = (impossible(summary), summary.clone());
            judged.push(Judged { summary, sampled, warning, seen: keeps.then_some(seen) });
        }
    }
    Ok((judged, combination))
}

/// The strongest factors of a comparison looked at closely, combined scores left out.
fn look_closely(
    (set, frame, mut seen): (&FactorSet, &Frame, BTreeMap<String, Seen>),
    config: &EvaluationConfig,
    summing: Summing<'_>,
    (others, groups, comparison): (&Others, Option<&Groups>, &[ComparedFactor]),
) -> Result<Vec<Detail>, EvaluationError> {
    let window = window_of(summing.bars_per_year, frame.market.times.len());
    let (market, schedule) = (&frame.market, summing.pass.schedule);
    let is_usable = |t: usize| schedule.entry[t] != NONE && schedule.exits[0][t] != NONE;
    let (n_times, width) = (market.times.len(), market.symbols.len());
    let n_cells = CLOSE_CELLS.min(CLOSE_TIMES * width);
    let sample = &Sample::new((n_times, width, config.min_names), n_cells, is_usable);
    let exposures = exposures(frame, window, &sample.times);
    let close = Close { frame, config, summing, exposures: &exposures, sample, others, groups };
    let names = comparison.iter().map(|factor| factor.factor.as_str()).filter(|name| !COMBINED.contains(name));
    let mut out = Vec::new();
    for name in names.take(config.n_detailed) {
        let seen = match seen.remove(name) {
            Some(seen) => Some(seen),
            None => frame.factors(set, &[name])?.pop().map(|table| close.see(name, table)),
        };
        out.extend(seen.map(|seen| close.detail(name, seen)));
    }
    Ok(out)
}

/// A warning for each factor that an audit of the set found to know the future.
fn failed_proofs(metadata: &FactorMetadata, factors: &[String]) -> Vec<String> {
    let failed = |name: &&String| metadata.proof.get(*name).is_some_and(|proof| !proof.causal.passed);
    let words = |name: &String| {
        let detail = metadata.proof.get(name).and_then(|proof| proof.causal.detail.clone()).unwrap_or_default();
        format!("factor `{name}`: the audit of the set found that it knows the future: {detail}")
    };
    factors.iter().filter(failed).map(words).collect()
}

/// What the set says of a factor.
fn definition(metadata: &FactorMetadata, name: &str) -> Value {
    let formula = metadata.config.get("factors").and_then(Value::as_array).and_then(|factors| {
        factors.iter().find(|factor| factor.get("name").and_then(Value::as_str) == Some(name)).cloned()
    });
    json!({
        "factor": name,
        "factor_set": metadata.factor_set,
        "generation": metadata.generation,
        "code_version": metadata.code_version,
        "config_hash": metadata.config_hash,
        "definition": formula,
        "proof": metadata.proof.get(name),
        "missing_ratio": metadata.quality.get(name).map(|quality| quality.missing_ratio),
        "longest_gap": metadata.quality.get(name).map(|quality| quality.longest_gap),
    })
}

/// The summaries of the combined scores.
fn combined(summing: &Summing<'_>, combination: Combination) -> Vec<FactorSummary> {
    let (equal, weighted) = combination.finish();
    let one = |name: &str, values: &Matrix<f32>| {
        let sections = summing.pass.run(values);
        summing.summary(name, &sections, (values, score_rows(values))).0
    };
    vec![one(COMBINED[0], &equal), one(COMBINED[1], &weighted)]
}

/// Counts of a score's rows: all places of the table, as no table stands behind it.
fn score_rows(values: &Matrix<f32>) -> RowCounts {
    let mut room = Vec::new();
    let n_values =
        |t: usize, room: &mut Vec<f64>| FactorRows::row(values, t, room).iter().filter(|x| x.is_finite()).count();
    let rows = (0..values.n_rows()).map(|t| n_values(t, &mut room) as u64).sum();
    RowCounts { rows, ..RowCounts::default() }
}

/// Factor columns held at once.
fn batch_size(n_values: usize) -> usize {
    (BATCH_BYTES / (8 * n_values.max(1))).clamp(1, 64)
}

/// The factors that names and patterns stand for, in the order of the set.
fn resolve(set: &FactorSet, asked: &[String]) -> Result<Vec<String>, EvaluationError> {
    let known = set.columns();
    let names = |known: &[String]| known.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
    if asked.is_empty() && known.len() > 1 {
        return Err(EvaluationError::Data(format!(
            "factor set `{}` has {} factors: {}\nhint: say which, such as --factor {}, or all with --factor '*'",
            set.metadata().factor_set,
            known.len(),
            names(known),
            known[0]
        )));
    }
    for pattern in asked {
        if !known.iter().any(|name| matches(pattern, name)) {
            let near = nearest(pattern, known.iter().map(String::as_str));
            let hint =
                near.map_or_else(|| format!("there are: {}", names(known)), |near| format!("did you mean `{near}`?"));
            return Err(EvaluationError::Data(format!(
                "factor set `{}` has no factor `{pattern}`\nhint: {hint}",
                set.metadata().factor_set
            )));
        }
    }
    let is_asked = |name: &&String| asked.is_empty() || asked.iter().any(|pattern| matches(pattern, name));
    Ok(known.iter().filter(is_asked).cloned().collect())
}

/// The tables of the factor set.
fn set_inputs(config: &EvaluationConfig, set: &FactorSet, symbols: &[String]) -> Vec<Input> {
    let input = |symbol: &String| {
        let content_hash = set.content_hash(symbol)?.to_owned();
        let table = format!("factors/{}/{}/{symbol}", config.timeframe, config.factor_set);
        Some(Input { table, content_hash })
    };
    symbols.iter().filter_map(input).collect()
}

/// Refuses when more rows were dropped than allowed.
fn check_loss(config: &EvaluationConfig, summary: &FactorSummary) -> Result<(), EvaluationError> {
    let (Some(limit), Some(loss)) = (config.loss_max, summary.coverage.loss) else { return Ok(()) };
    if loss <= limit {
        return Ok(());
    }
    Err(EvaluationError::Dropped(format!(
        "factor `{}`: {:.1} % of the rows take no part, more than the {:.1} % of --max-loss; of {}",
        summary.factor,
        100.0 * loss,
        100.0 * limit,
        summary.drops()
    )))
}

/// Rank IC from which on a factor is suspected of knowing the future.
const IMPOSSIBLE_IC: f64 = 0.5;

/// t per root of the number of times from which on it is suspected: the rank IC hardly ever has the other sign.
const IMPOSSIBLE_RATIO: f64 = 3.0;

/// A warning when a factor looks as if it knew the future: no honest factor has a rank IC that high, or that steady.
pub(crate) fn impossible(summary: &FactorSummary) -> Option<String> {
    let worst = summary.horizons.iter().filter_map(|h| Some((h.rank_ic.mean?, h.rank_ic.ratio, h))).find(
        |(ic, ratio, h)| {
            let steady = ratio.is_none_or(|ratio| ratio.abs() > IMPOSSIBLE_RATIO);
            h.rank_ic.n >= 10 && (ic.abs() > IMPOSSIBLE_IC || (steady && ic.abs() > 0.2))
        },
    )?;
    Some(format!(
        "factor `{}`: the rank IC over {} is {:.3} ({:.0} % of times above 0): hardly possible unless the factor knows the future; check it with `crosscut factors audit`",
        summary.factor,
        worst.2.horizon,
        worst.0,
        100.0 * worst.2.rank_ic.share_positive.unwrap_or(0.0)
    ))
}
