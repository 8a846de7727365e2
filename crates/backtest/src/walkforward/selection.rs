//! How sets are chosen by their results in training.

use crate::statistics::surface;

/// How sets are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// The set with the highest value.
    #[default]
    Best,
    /// The set of the highest plateau: the height that both it and the middle one of its neighbours reach.
    Plateau,
    /// The sets with the highest values, capital in equal parts.
    Top(usize),
}

impl Selection {
    /// Reads `best`, `plateau` or `top:N`.
    pub fn named(text: &str) -> Option<Self> {
        match text {
            "best" => Some(Self::Best),
            "plateau" => Some(Self::Plateau),
            text => text.strip_prefix("top:")?.parse().ok().filter(|n| *n > 0).map(Self::Top),
        }
    }

    /// As [`Self::named`] reads it.
    pub fn text(self) -> String {
        match self {
            Self::Best => "best".to_owned(),
            Self::Plateau => "plateau".to_owned(),
            Self::Top(n) => format!("top:{n}"),
        }
    }

    /// The places of the chosen sets, the best first; equal ones as they come. Empty when no set has a value. `values` is what
    /// is to be large, `None` for a set that failed or has no such value; `parameters` the sets' parameters as texts, all in
    /// one order.
    pub fn choose(self, values: &[Option<f64>], parameters: &[Vec<String>]) -> Vec<usize> {
        let heights = match self {
            Self::Plateau => plateaus(values, parameters),
            _ => values.to_vec(),
        };
        let mut order: Vec<(f64, usize)> =
            heights.iter().enumerate().filter_map(|(at, height)| Some(((*height)?, at))).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.into_iter().take(self.n_chosen()).map(|(_, at)| at).collect()
    }

    /// How many sets are chosen.
    pub fn n_chosen(self) -> usize {
        if let Self::Top(n) = self { n } else { 1 }
    }
}

/// Of each set the lower of its own value and the median of its neighbours', who are those of [`surface()`]. Where no set has
/// neighbours, as where all parameters are words, the values themselves.
fn plateaus(values: &[Option<f64>], parameters: &[Vec<String>]) -> Vec<Option<f64>> {
    let around = surface(parameters, values);
    let height = |(own, around): (&Option<f64>, Option<f64>)| Some((*own)?.min(around?));
    let heights: Vec<Option<f64>> = values.iter().zip(around.iter().map(|one| one.median)).map(height).collect();
    if heights.iter().any(Option::is_some) { heights } else { values.to_vec() }
}
