//! Combinatorial purged cross-validation: every choice of some groups of time as test, the others as training.
//!
//! Source: Lopez de Prado, "Advances in financial machine learning", 2018, chapters 7 and 12. The history is cut into `n`
//! groups; each choice of `k` of them is a split; the tests of all splits make up `C(n, k) * k / n` whole histories, called
//! paths, none of which was seen by those that were chosen for it. Samples whose label reaches into a test are taken out
//! of training (purged), and so are those right after a test (embargo).

use std::ops::Range;

use crate::error::BacktestError;

/// Most splits.
const SPLITS_MAX: u64 = 20_000;

/// How samples are cut, all numbers in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Combinatorial {
    /// Number of groups.
    pub n_groups: usize,
    /// How many of them are test in each split.
    pub n_test_groups: usize,
    /// How far a sample's label reaches beyond it; so many samples on either side of a test are purged.
    pub n_purged: usize,
    /// Samples after a test that are left out of training besides.
    pub n_embargoed: usize,
}

/// One split of the samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Groups that are test, ascending.
    pub test_groups: Vec<usize>,
    /// The path each of them belongs to.
    pub paths: Vec<usize>,
    /// Samples of training, ascending.
    pub train: Vec<usize>,
}

/// All splits of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    /// Samples of each group.
    pub groups: Vec<Range<usize>>,
    /// The splits in lexicographic order of their test groups.
    pub splits: Vec<Split>,
    /// Number of paths.
    pub n_paths: usize,
}

impl Combinatorial {
    /// The splits of `n_samples` samples.
    ///
    /// # Errors
    /// [`BacktestError::Search`] for numbers that leave nothing to train or to test on, or too many splits.
    pub fn splits(&self, n_samples: usize) -> Result<Splits, BacktestError> {
        self.check(n_samples)?;
        let groups = groups(n_samples, self.n_groups);
        let mut next_path = vec![0; self.n_groups];
        let mut splits = Vec::new();
        for test_groups in choices(self.n_groups, self.n_test_groups) {
            let train = self.train(n_samples, &groups, &test_groups);
            if train.is_empty() {
                let problem = "walkforward.groups: purging and embargo leave nothing to train on".to_owned();
                return Err(BacktestError::Search { problem });
            }
            let mut path = |&group: &usize| {
                next_path[group] += 1;
                next_path[group] - 1
            };
            let paths = test_groups.iter().map(&mut path).collect();
            splits.push(Split { test_groups, paths, train });
        }
        let n_paths = splits.len() * self.n_test_groups / self.n_groups;
        Ok(Splits { groups, splits, n_paths })
    }

    /// Refuses what cannot be: numbers of groups, and too many splits.
    ///
    /// # Errors
    /// As [`Combinatorial::splits`], but for what purging and embargo leave.
    pub fn check(&self, n_samples: usize) -> Result<(), BacktestError> {
        let problem = |text: String| Err(BacktestError::Search { problem: format!("walkforward.groups: {text}") });
        if self.n_test_groups == 0 || self.n_groups <= self.n_test_groups {
            let (groups, tests) = (self.n_groups, self.n_test_groups);
            return problem(format!(
                "{tests} of {groups} groups cannot be tests; expected `test_groups` of at least 1, and fewer than all"
            ));
        }
        if n_samples < self.n_groups {
            return problem(format!("{n_samples} samples cannot be cut into {} groups", self.n_groups));
        }
        match n_choices(self.n_groups, self.n_test_groups) {
            Some(n) if n <= SPLITS_MAX => Ok(()),
            _ => problem(format!(
                "{} of {} groups make more than {SPLITS_MAX} splits\nhint: take fewer groups",
                self.n_test_groups, self.n_groups
            )),
        }
    }

    /// The samples of training beside a test.
    fn train(&self, n_samples: usize, groups: &[Range<usize>], test_groups: &[usize]) -> Vec<usize> {
        let mut is_train = vec![true; n_samples];
        for &group in test_groups {
            let Range { start, end } = groups[group];
            let from = start.saturating_sub(self.n_purged);
            let until = end.saturating_add(self.n_purged).saturating_add(self.n_embargoed).min(n_samples);
            is_train[from..until].fill(false);
        }
        (0..n_samples).filter(|&at| is_train[at]).collect()
    }
}

/// Neighbouring samples in groups of equal size; the last one takes what is left over.
fn groups(n_samples: usize, n_groups: usize) -> Vec<Range<usize>> {
    let size = n_samples / n_groups;
    let end = |at: usize| if at + 1 == n_groups { n_samples } else { (at + 1) * size };
    (0..n_groups).map(|at| at * size..end(at)).collect()
}

/// Every choice of `k` of `n`, in lexicographic order.
fn choices(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut choice: Vec<usize> = (0..k).collect();
    loop {
        all.push(choice.clone());
        let Some(at) = (0..k).rev().find(|&at| choice[at] < n - k + at) else { return all };
        choice[at] += 1;
        for later in at + 1..k {
            choice[later] = choice[later - 1] + 1;
        }
    }
}

/// Number of choices of `k` of `n`; `None` when it does not fit.
fn n_choices(n: usize, k: usize) -> Option<u64> {
    let mut n_choices = 1u64;
    for at in 0..k.min(n - k) as u64 {
        n_choices = n_choices.checked_mul(n as u64 - at)? / (at + 1);
    }
    Some(n_choices)
}
