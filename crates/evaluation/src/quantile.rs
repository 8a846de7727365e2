//! Which portfolio each name of a cross-section belongs to.

/// Most quantiles or bins.
pub const QUANTILES_MAX: usize = 100;

/// How names are divided into portfolios, 1 for the smallest factor values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantileRule {
    /// `ceil(r q / n)` for the average rank `r` of `n`: equal values share a portfolio. The default.
    Rank,
    /// `floor((o - 1) q / n) + 1` for the rank `o` with ties broken by symbol: portfolios of one size.
    Ordinal,
    /// Between interpolated quantiles of the values, as pandas' `qcut` and alphalens take them: a value on an edge
    /// belongs to the lower portfolio.
    Interpolated,
    /// Between edges of equal distance from the smallest to the largest value (bins), as pandas' `cut`.
    Width,
}

impl QuantileRule {
    /// All rules by the name used in settings.
    pub const NAMES: [(&'static str, Self); 4] =
        [("rank", Self::Rank), ("ordinal", Self::Ordinal), ("qcut", Self::Interpolated), ("bins", Self::Width)];

    /// The rule of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule)
    }

    /// The name used in settings and reports.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, rule)| *rule == self).map_or("", |(name, _)| name)
    }

    /// The portfolios, 1 to `n_quantiles`, of values with these doubled average ranks.
    pub(crate) fn assign(self, values: &[f64], ranks: &[u32], n_quantiles: usize, out: &mut Vec<u8>) {
        out.clear();
        let (n, q) = (values.len() as u64, n_quantiles as u64);
        match self {
            Self::Rank => out.extend(ranks.iter().map(|&rank| (u64::from(rank) * q).div_ceil(2 * n) as u8)),
            Self::Ordinal => {
                let mut next = first_places(ranks);
                out.extend(ranks.iter().map(|&rank| {
                    let place = &mut next[rank as usize];
                    *place += 1;
                    ((u64::from(*place) - 1) * q / n + 1) as u8
                }));
            }
            Self::Interpolated => between(values, &interpolated_edges(values, n_quantiles), out),
            Self::Width => between(values, &width_edges(values, n_quantiles), out),
        }
    }
}

/// For each doubled average rank, how many values are smaller.
fn first_places(ranks: &[u32]) -> Vec<u32> {
    let largest = ranks.iter().copied().max().unwrap_or(0) as usize;
    let mut counts = vec![0u32; largest + 1];
    ranks.iter().for_each(|&rank| counts[rank as usize] += 1);
    let mut begin = 0;
    for count in &mut counts {
        (*count, begin) = (begin, begin + *count);
    }
    counts
}

/// The inner edges: numpy's linear quantiles, with its arithmetic, so that values on an edge fall on the same side.
fn interpolated_edges(values: &[f64], n_quantiles: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let step = 1.0 / n_quantiles as f64;
    let edge = |k: usize| {
        let at = (sorted.len() - 1) as f64 * (k as f64 * step);
        let low = at.floor();
        let (a, b) = (sorted[low as usize], sorted[(low as usize + 1).min(sorted.len() - 1)]);
        let share = at - low;
        if share >= 0.5 { b - (b - a) * (1.0 - share) } else { a + (b - a) * share }
    };
    if sorted.is_empty() { Vec::new() } else { (1..n_quantiles).map(edge).collect() }
}

/// The inner edges at equal distances.
fn width_edges(values: &[f64], n_quantiles: usize) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let step = (high - low) / n_quantiles as f64;
    (1..n_quantiles).map(|k| low + k as f64 * step).collect()
}

/// One more than the number of edges below each value.
fn between(values: &[f64], edges: &[f64], out: &mut Vec<u8>) {
    out.extend(values.iter().map(|value| edges.partition_point(|edge| edge < value) as u8 + 1));
}
