//! Whether a factor works everywhere: by year, month, state of the market, group, age of the listing, and how its power
//! fades.

use crosscut_kernels::ranks::{Ranker, rank_correlation};
use crosscut_model::time::{DAY, civil};
use rayon::prelude::*;
use serde::Serialize;

use crate::exposure::Exposures;
use crate::schedule::NONE;
use crate::section::{Pass, Sections};
use crate::series::MeanStatistics;
use crate::summary::{finite_mean, judged, spread};

/// A part of the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Rank IC per horizon.
    pub rank_ic: Vec<MeanStatistics>,
    /// Spread of the highest over the lowest portfolio per horizon; empty where portfolios are not formed in the part.
    pub spread: Vec<MeanStatistics>,
}

/// The mean rank ICs of a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Month {
    /// `2024-07`.
    pub month: String,
    /// Mean rank IC per horizon.
    pub rank_ic: Vec<Option<f64>>,
}

/// How much of a factor's power is left when it is used late.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decay {
    /// Bars between the decision and when it is acted on, on top of the lag.
    pub bars_late: usize,
    /// Rank IC over the first horizon.
    pub rank_ic: MeanStatistics,
}

/// Names of the ages of a listing, and the days at which each ends.
const AGES: [(&str, i64); 4] =
    [("under 90 days", 90), ("90 days to 1 year", 365), ("1 to 3 years", 1096), ("over 3 years", i64::MAX)];

/// Names of the states of the market: trend by the sign of its return over the window, volatility against its median
/// over all earlier times.
const STATES: [&str; 4] = ["falling, calm", "falling, volatile", "rising, calm", "rising, volatile"];

/// Bars late of the decay.
const LATE: [usize; 11] = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89];

/// Times the decay is measured at, at most.
const DECAY_TIMES: usize = 1_000;

/// Statistics of the times of each label; a time without one takes no part.
fn parts(sections: &Sections, bars: &[usize], names: &[String], label: impl Fn(usize) -> Option<usize>) -> Vec<Part> {
    let part = |(at, name): (usize, &String)| {
        let outcomes = |h: usize| {
            judged(sections).filter(|(t, _)| label(*t) == Some(at)).map(move |(_, section)| &section.outcomes[h])
        };
        let statistics = |value: &dyn Fn(usize) -> MeanStatistics| (0..bars.len()).map(value).collect();
        Part {
            name: name.clone(),
            rank_ic: statistics(&|h| MeanStatistics::of(outcomes(h).map(|outcome| outcome.rank_ic), bars[h])),
            spread: statistics(&|h| MeanStatistics::of(outcomes(h).map(|outcome| spread(&outcome.quantiles)), bars[h])),
        }
    };
    let all: Vec<Part> = names.iter().enumerate().map(part).collect();
    all.into_iter().filter(|part| part.rank_ic.iter().any(|ic| ic.n > 0)).collect()
}

/// By calendar year.
pub fn years(pass: &Pass<'_>, sections: &Sections) -> Vec<Part> {
    let year = |t: usize| civil(pass.market.times[t]).year;
    let (Some(first), Some(last)) = (pass.market.times.first(), pass.market.times.last()) else { return Vec::new() };
    let first = civil(*first).year;
    let names: Vec<String> = (first..=civil(*last).year).map(|year| year.to_string()).collect();
    parts(sections, &pass.schedule.bars, &names, |t| usize::try_from(year(t) - first).ok())
}

/// By state of the market, as it was known.
pub fn states(pass: &Pass<'_>, sections: &Sections, exposures: &Exposures) -> Vec<Part> {
    let labels = market_states(pass, exposures);
    let names = STATES.map(str::to_owned);
    parts(sections, &pass.schedule.bars, &names, |t| labels[t])
}

/// The state of the market at each time; `None` until a window is over.
fn market_states(pass: &Pass<'_>, exposures: &Exposures) -> Vec<Option<usize>> {
    let window = exposures.window;
    let mut earlier: Vec<f64> = Vec::new();
    let state = |&row: &u32| {
        let end = (row != NONE).then(|| row as usize + 1)?;
        let returns = exposures.market.get(end.checked_sub(window)?..end)?;
        if returns.iter().any(|r| !r.is_finite()) {
            return None;
        }
        let rise = returns.iter().fold(1.0, |level, r| level * (1.0 + r)) > 1.0;
        let deviation = crosscut_kernels::metrics::deviation(returns)?;
        let place = earlier.partition_point(|other| *other < deviation);
        let is_volatile = 2 * place > earlier.len();
        earlier.insert(place, deviation);
        Some(2 * usize::from(rise) + usize::from(is_volatile))
    };
    pass.market.base.iter().map(state).collect()
}

/// By month.
pub fn months(pass: &Pass<'_>, sections: &Sections) -> Vec<Month> {
    let month = |t: usize| {
        let civil = civil(pass.market.times[t]);
        (civil.year, civil.month)
    };
    let all: Vec<(usize, _)> = judged(sections).collect();
    all.chunk_by(|(a, _), (b, _)| month(*a) == month(*b))
        .map(|times| {
            let (year, number) = month(times[0].0);
            let mean = |h: usize| finite_mean(times.iter().map(|(_, section)| section.outcomes[h].rank_ic));
            Month { month: format!("{year}-{number:02}"), rank_ic: (0..pass.schedule.bars.len()).map(mean).collect() }
        })
        .collect()
}

/// By age of the listing.
pub fn ages(pass: &Pass<'_>, sections: &Sections, first_seen: &[i64]) -> Vec<Part> {
    let age = |t: usize, name: usize| {
        let days = (pass.market.times[t] - first_seen[name].min(pass.market.times[t])) / DAY;
        AGES.iter().position(|(_, end)| days < *end)
    };
    let names = AGES.map(|(name, _)| name.to_owned());
    among(pass, sections, &names, age)
}

/// Rank IC among the names of each label at each time.
pub fn among(
    pass: &Pass<'_>,
    sections: &Sections,
    names: &[String],
    label: impl Fn(usize, usize) -> Option<usize> + Sync,
) -> Vec<Part> {
    let n_horizons = pass.schedule.bars.len();
    let at = |t: usize| -> Vec<f64> {
        let mut out = vec![f64::NAN; names.len() * n_horizons];
        if sections.rows[t].outcomes.is_empty() {
            return out;
        }
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
        for (name, _) in sections.ranks.row(t).iter().enumerate().filter(|(_, rank)| **rank > 0) {
            if let Some(label) = label(t, name) {
                members[label].push(name as u32);
            }
        }
        for (place, members) in members.iter().enumerate() {
            for h in 0..n_horizons {
                out[place * n_horizons + h] = ic_of(pass, sections, (t, t), (h, members));
            }
        }
        out
    };
    let ics: Vec<Vec<f64>> = (0..sections.rows.len()).into_par_iter().map(at).collect();
    let statistics = |place: usize, h: usize| {
        MeanStatistics::of(ics.iter().map(|row| row[place * n_horizons + h]), pass.schedule.bars[h])
    };
    let part = |(place, name): (usize, &String)| Part {
        name: name.clone(),
        rank_ic: (0..n_horizons).map(|h| statistics(place, h)).collect(),
        spread: Vec::new(),
    };
    let all: Vec<Part> = names.iter().enumerate().map(part).collect();
    all.into_iter().filter(|part| part.rank_ic.iter().any(|ic| ic.n > 0)).collect()
}

/// The rank IC among some names of the factor of one time with the returns of a decision at another; NaN when there are
/// too few names.
fn ic_of(pass: &Pass<'_>, sections: &Sections, (t, acted): (usize, usize), (h, members): (usize, &[u32])) -> f64 {
    let mut returns = Vec::new();
    pass.market.returns(pass.schedule, (h, acted), members, &mut returns);
    let ranks = sections.ranks.row(t);
    let with_return = members.iter().zip(&returns).filter(|(_, value)| !value.is_nan());
    let (x, r): (Vec<u32>, Vec<f64>) = with_return.map(|(name, r)| (u32::from(ranks[*name as usize]), *r)).unzip();
    if r.len() < pass.rules.min_names {
        return f64::NAN;
    }
    let (mut ranker, mut again, mut y) = (Ranker::default(), Vec::new(), Vec::new());
    ranker.rank_again(&x, &mut again);
    ranker.rank(&r, &mut y);
    rank_correlation(&again, &y).unwrap_or(f64::NAN)
}

/// The rank IC of a factor that is acted on late, and the bars after which half of it is left: the first place, linear
/// between neighbours, where it is below half of what it is without delay; `None` when it never is, or there is none.
pub fn decay(pass: &Pass<'_>, sections: &Sections) -> (Vec<Decay>, Option<f64>) {
    let all: Vec<usize> = judged(sections).map(|(t, _)| t).collect();
    let n = all.len().min(DECAY_TIMES);
    let times: Vec<usize> = (0..n).map(|at| all[at * all.len() / n]).collect();
    let late = |bars_late: usize| {
        let ic = |&t: &usize| {
            let acted = t + bars_late;
            if acted >= sections.rows.len() {
                return f64::NAN;
            }
            let ranks = sections.ranks.row(t).iter().enumerate().filter(|(_, rank)| **rank > 0);
            let members: Vec<u32> = ranks.map(|(name, _)| name as u32).collect();
            ic_of(pass, sections, (t, acted), (0, &members))
        };
        let ics: Vec<f64> = times.par_iter().map(ic).collect();
        let stride = all.len().div_ceil(n.max(1)).max(1);
        Decay { bars_late, rank_ic: MeanStatistics::of(ics.into_iter(), pass.schedule.bars[0].div_ceil(stride)) }
    };
    let decay: Vec<Decay> = LATE.into_iter().map(late).filter(|decay| decay.rank_ic.n > 1).collect();
    let half_life = half_life(&decay);
    (decay, half_life)
}

/// Where the rank IC falls below half of the first.
fn half_life(decay: &[Decay]) -> Option<f64> {
    let first = decay.first()?.rank_ic.mean?;
    let share = |decay: &Decay| decay.rank_ic.mean.map(|ic| ic / first);
    decay.windows(2).find_map(|pair| {
        let (before, after) = (share(&pair[0])?, share(&pair[1])?);
        let bars = (pair[1].bars_late - pair[0].bars_late) as f64;
        (after < 0.5 && before >= 0.5).then(|| pair[0].bars_late as f64 + bars * (before - 0.5) / (before - after))
    })
}
