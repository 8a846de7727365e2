//! Missing bars: which stretches each symbol misses inside its life, and which of them most symbols miss together.

use std::collections::BTreeSet;

use crosscut_model::Timeframe;
use crosscut_model::time::{DAY, weekday};

/// When a symbol has bars.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Life {
    /// The symbol.
    pub symbol: String,
    /// Label of the first bar, microseconds UTC.
    pub start: i64,
    /// Close of the last bar, exclusive.
    pub end: i64,
    /// Stretches without a bar: from the label of the first missing bar to the label of the next one there is.
    pub holes: Vec<(i64, i64)>,
    /// Labels, kept where the market has a calendar of its own.
    pub labels: Vec<i64>,
}

/// Bars that most symbols miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outage {
    /// Label of the first missing bar.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
    /// Most symbols that miss bars at one time.
    pub missing: usize,
    /// Symbols whose life spans that time.
    pub alive: usize,
    /// Missing bars of one symbol.
    pub bars: u64,
}

/// Bars that one symbol misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// The symbol.
    pub symbol: String,
    /// Label of the first missing bar.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
    /// Missing bars.
    pub bars: u64,
}

/// All that is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holes {
    /// Of the venue, in order of time.
    pub outages: Vec<Outage>,
    /// Of single symbols, by symbol and time.
    pub gaps: Vec<Gap>,
}

/// The holes of a symbol's labels on a grid that never stops.
pub(super) fn holes(labels: &[i64], timeframe: Timeframe) -> Vec<(i64, i64)> {
    let broken = labels.windows(2).filter(|pair| timeframe.next(timeframe.floor(pair[0])) < timeframe.floor(pair[1]));
    broken.map(|pair| (timeframe.next(timeframe.floor(pair[0])), pair[1])).collect()
}

/// Tells outages from gaps. A market that hardly ever has bars on weekends has a calendar: what counts then is the union
/// of all symbols' labels.
pub(super) fn find(lives: &[Life], timeframe: Timeframe) -> Holes {
    if has_weekends_off(lives, timeframe) {
        return Holes { outages: Vec::new(), gaps: by_union(lives) };
    }
    let outages = outages(lives, timeframe);
    let mut gaps = Vec::new();
    for life in lives {
        for &hole in &life.holes {
            for (from, to) in without(hole, &outages) {
                gaps.push(Gap { symbol: life.symbol.clone(), from, to, bars: bars(from, to, timeframe) });
            }
        }
    }
    Holes { outages, gaps }
}

/// Bars that fit between two labels.
fn bars(from: i64, to: i64, timeframe: Timeframe) -> u64 {
    match timeframe.micros() {
        Some(step) => ((to - from).max(0) as u64).div_ceil(step as u64),
        None => {
            std::iter::successors(Some(from), |at| Some(timeframe.next(*at))).take_while(|at| *at < to).count() as u64
        }
    }
}

/// Whether the venue closes on weekends.
fn has_weekends_off(lives: &[Life], timeframe: Timeframe) -> bool {
    let on_weekend = |label: &&i64| weekday(**label) >= 5;
    let all: usize = lives.iter().map(|life| life.labels.len()).sum();
    let weekend: usize = lives.iter().map(|life| life.labels.iter().filter(on_weekend).count()).sum();
    // Two sevenths of the days are weekend; a week of bars is needed to tell.
    let long = lives.iter().any(|life| life.end - life.start >= 8 * DAY);
    timeframe.nominal_micros() <= DAY as f64 && long && weekend * 20 < all
}

/// Gaps against the union of all labels.
fn by_union(lives: &[Life]) -> Vec<Gap> {
    let union: Vec<i64> =
        lives.iter().flat_map(|life| life.labels.iter().copied()).collect::<BTreeSet<i64>>().into_iter().collect();
    let mut gaps = Vec::new();
    for life in lives {
        let mut at = union.partition_point(|label| *label < life.start);
        for label in &life.labels {
            let from = at;
            while union[at] < *label {
                at += 1;
            }
            if at > from {
                let (symbol, bars) = (life.symbol.clone(), (at - from) as u64);
                gaps.push(Gap { symbol, from: union[from], to: *label, bars });
            }
            at += 1;
        }
    }
    gaps
}

/// Stretches in which more than half of the symbols alive miss bars, two at least alive.
fn outages(lives: &[Life], timeframe: Timeframe) -> Vec<Outage> {
    // What changes when: symbols alive, symbols that miss bars.
    let mut events: Vec<(i64, i64, i64)> = Vec::new();
    for life in lives {
        events.extend([(life.start, 1, 0), (life.end, -1, 0)]);
        events.extend(life.holes.iter().flat_map(|&(from, to)| [(from, 0, 1), (to, 0, -1)]));
    }
    events.sort_unstable();
    let (mut alive, mut missing) = (0_i64, 0_i64);
    let mut out: Vec<Outage> = Vec::new();
    let mut at = 0;
    while at < events.len() {
        let time = events[at].0;
        while at < events.len() && events[at].0 == time {
            alive += events[at].1;
            missing += events[at].2;
            at += 1;
        }
        let Some(next) = events.get(at).map(|event| event.0) else { break };
        if alive < 2 || missing * 2 <= alive {
            continue;
        }
        let (missing, alive) = (missing as usize, alive as usize);
        match out.last_mut() {
            Some(last) if last.to == time => {
                last.to = next;
                if missing > last.missing {
                    (last.missing, last.alive) = (missing, alive);
                }
            }
            _ => out.push(Outage { from: time, to: next, missing, alive, bars: 0 }),
        }
    }
    out.iter_mut().for_each(|outage| outage.bars = bars(outage.from, outage.to, timeframe));
    out
}

/// What is left of a stretch without the outages in it.
fn without((from, to): (i64, i64), outages: &[Outage]) -> Vec<(i64, i64)> {
    let mut out = Vec::new();
    let mut at = from;
    let first = outages.partition_point(|outage| outage.to <= from);
    for outage in outages[first..].iter().take_while(|outage| outage.from < to) {
        if at < outage.from {
            out.push((at, outage.from));
        }
        at = at.max(outage.to);
    }
    if at < to {
        out.push((at, to));
    }
    out
}
