//! How sets are chosen by their results in training.

/// How sets are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// The set with the highest value.
    #[default]
    Best,
    /// The set with the highest mean of its own value and those of its neighbours: a plateau rather than a spike.
    Plateau,
    /// The sets with the highest values, capital in equal parts.
    Top(usize),
}

/// A set's result in training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// What is to be large; `None` for a set that failed or has no such value.
    pub value: Option<f64>,
    /// Its place in the cube of parameters.
    pub point: Vec<f64>,
}

/// Number of neighbours whose mean makes a plateau, per parameter on either side.
const NEIGHBOURS_PER_PARAMETER: usize = 2;

impl Selection {
    /// Reads `best`, `plateau` or `top:N`.
    pub fn named(text: &str) -> Option<Self> {
        match text {
            "best" => Some(Self::Best),
            "plateau" => Some(Self::Plateau),
            text => text.strip_prefix("top:")?.parse().ok().filter(|n| *n > 0).map(Self::Top),
        }
    }

    /// The places of the chosen sets, the best first; equal ones as they come. Empty when no set has a value.
    pub fn choose(self, sets: &[Trained]) -> Vec<usize> {
        let values: Vec<Option<f64>> = match self {
            Self::Plateau => plateaus(sets),
            _ => sets.iter().map(|set| set.value).collect(),
        };
        let mut order: Vec<(f64, usize)> =
            values.iter().enumerate().filter_map(|(at, value)| Some(((*value)?, at))).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let n = if let Self::Top(n) = self { n } else { 1 };
        order.into_iter().take(n).map(|(_, at)| at).collect()
    }
}

/// Of each set with a value, the mean of it and its nearest neighbours' values.
fn plateaus(sets: &[Trained]) -> Vec<Option<f64>> {
    let done: Vec<(usize, f64)> = sets.iter().enumerate().filter_map(|(at, set)| Some((at, set.value?))).collect();
    let mut means = vec![None; sets.len()];
    for &(at, value) in &done {
        let point = &sets[at].point;
        let distance =
            |other: usize| -> f64 { point.iter().zip(&sets[other].point).map(|(a, b)| (a - b) * (a - b)).sum() };
        let mut others: Vec<(f64, usize, f64)> = done
            .iter()
            .filter(|(other, _)| *other != at)
            .map(|&(other, value)| (distance(other), other, value))
            .collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        others.truncate(NEIGHBOURS_PER_PARAMETER * point.len());
        let sum = others.iter().fold(value, |sum, (_, _, value)| sum + value);
        means[at] = Some(sum / (others.len() + 1) as f64);
    }
    means
}

/// Where sets lie in the cube of parameters, from the values of each parameter by set: numbers from the lowest at 0 to the
/// highest at 1, names by the order in which they first come. A parameter with one value puts all at 0.
pub fn places(columns: &[Vec<&str>]) -> Vec<Vec<f64>> {
    let n_sets = columns.first().map_or(0, Vec::len);
    let axes: Vec<Vec<f64>> = columns.iter().map(|column| axis(column)).collect();
    (0..n_sets).map(|set| axes.iter().map(|axis| axis[set]).collect()).collect()
}

/// The places of one parameter's values.
fn axis(values: &[&str]) -> Vec<f64> {
    let numbers: Option<Vec<f64>> =
        values.iter().map(|value| value.parse().ok().filter(|v: &f64| v.is_finite())).collect();
    let numbers = numbers.unwrap_or_else(|| {
        let first = |value: &&str| values.iter().position(|other| other == value).unwrap_or(0);
        let mut firsts: Vec<usize> = values.iter().map(first).collect();
        let turns = firsts.clone();
        firsts.sort_unstable();
        firsts.dedup();
        turns.iter().map(|first| firsts.partition_point(|other| other < first) as f64).collect()
    });
    let (low, high) =
        numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let place = |number: f64| if high > low { (number - low) / (high - low) } else { 0.0 };
    numbers.into_iter().map(place).collect()
}
