//! A weighted sum of several factor columns, each made comparable over the names of an instant; and how it came about.

use crosscut_kernels::cross_section::{RankScratch, rank, zscore};

/// How a column is made comparable with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    /// Minus mean over sample deviation.
    ZScore,
    /// Rank over number.
    Rank,
    /// As it is.
    None,
}

impl Standard {
    /// What a comparable value is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ZScore => "z-score",
            Self::Rank => "rank",
            Self::None => "value",
        }
    }

    /// What stands for a missing value.
    pub fn neutral(self) -> f64 {
        if self == Self::Rank { 0.5 } else { 0.0 }
    }

    /// Makes a column comparable; missing values stay NaN.
    fn apply(self, column: &[f64], out: &mut [f64], scratch: &mut RankScratch) {
        match self {
            Self::ZScore => {
                zscore(column, out);
                // A column that tells no name from another weighs nothing.
                for (out, value) in out.iter_mut().zip(column).filter(|(_, value)| value.is_finite()) {
                    if out.is_nan() {
                        *out = value * 0.0;
                    }
                }
            }
            Self::Rank => rank(column, scratch, out),
            Self::None => out.copy_from_slice(column),
        }
    }
}

/// A weighted sum of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Combination {
    /// Weight of each column.
    pub weights: Vec<f64>,
    /// How columns are made comparable.
    pub standard: Standard,
    /// Whether a name needs all columns.
    pub needs_all: bool,
}

/// What a column brings to the score of one name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The column's value, made comparable; what stands for it where it is missing.
    pub comparable: f64,
    /// The column's weight.
    pub weight: f64,
}

impl Part {
    /// Its share of the score.
    pub fn contribution(&self) -> f64 {
        self.weight * self.comparable
    }
}

/// The score that parts make.
pub fn total(parts: &[Part]) -> f64 {
    parts.iter().fold(0.0, |sum, part| sum + part.contribution())
}

impl Combination {
    /// The score of each name: the sum of its parts, NaN for a name that lacks what it needs. Each column has a value, or NaN,
    /// for each name.
    pub fn scores(&self, columns: &[Vec<f64>]) -> Vec<f64> {
        let (known, comparable) = self.comparable(columns);
        let mut scores: Vec<f64> = known.iter().map(|known| if *known { 0.0 } else { f64::NAN }).collect();
        for (column, weight) in comparable.iter().zip(&self.weights) {
            scores.iter_mut().zip(column).for_each(|(score, value)| *score += weight * value);
        }
        scores
    }

    /// The parts of the score of the name in place `at`, column by column; `None` for a name that lacks what it needs.
    pub fn parts(&self, columns: &[Vec<f64>], at: usize) -> Option<Vec<Part>> {
        let (known, comparable) = self.comparable(columns);
        let part = |(column, &weight): (&Vec<f64>, &f64)| Part { comparable: column[at], weight };
        known[at].then(|| comparable.iter().zip(&self.weights).map(part).collect())
    }

    /// Which names have what they need, and the columns made comparable over these; what stands for a missing value is in.
    fn comparable(&self, columns: &[Vec<f64>]) -> (Vec<bool>, Vec<Vec<f64>>) {
        let n_names = columns.first().map_or(0, Vec::len);
        let known: Vec<bool> = (0..n_names).map(|at| self.is_known(columns, at)).collect();
        let mut scratch = RankScratch::default();
        let comparable = |column: &Vec<f64>| {
            // Names that are not eligible do not shift the mean of those that are.
            let is_in = |(value, known): (&f64, &bool)| if *known && value.is_finite() { *value } else { f64::NAN };
            let eligible: Vec<f64> = column.iter().zip(&known).map(is_in).collect();
            let mut out = vec![0.0; n_names];
            self.standard.apply(&eligible, &mut out, &mut scratch);
            out.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = self.standard.neutral());
            out
        };
        let columns = columns.iter().map(comparable).collect();
        (known, columns)
    }

    /// Whether the name in place `at` of the columns has what it needs.
    fn is_known(&self, columns: &[Vec<f64>], at: usize) -> bool {
        let mut known = columns.iter().map(|column| column[at].is_finite());
        if self.needs_all { known.all(|known| known) } else { known.any(|known| known) }
    }
}

#[cfg(test)]
mod tests {
    //! The worked example of the guide, part by part.

    use super::*;

    #[test]
    fn a_score_is_the_sum_of_its_parts() {
        let combination = Combination { weights: vec![2.0, -1.0], standard: Standard::ZScore, needs_all: true };
        let columns = [vec![1.0, 2.0, 3.0, f64::NAN], vec![10.0, 30.0, 20.0, 99.0]];
        let parts = combination.parts(&columns, 0).unwrap();
        let told: Vec<(f64, f64)> = parts.iter().map(|part| (part.comparable, part.contribution())).collect();
        assert_eq!(told, [(-1.0, -2.0), (-1.0, 1.0)]);
        assert_eq!(total(&parts), -1.0);
        assert_eq!(combination.parts(&columns, 3), None);
        let scores = combination.scores(&columns);
        assert_eq!(&scores[..3], [-1.0, -1.0, 2.0]);
        assert!(scores[3].is_nan());
        let neutral = Combination { needs_all: false, ..combination };
        assert_eq!(neutral.parts(&columns, 3).unwrap()[0].comparable, 0.0);
    }
}
