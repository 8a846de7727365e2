//! What a row shows to all sets that decide at it: names ranked, closes side by side. Found once for all sets of a company.

use crosscut_model::calendar::Rebalance;
use crosscut_trading::strategy::{CrossSection, Ranked, rank};
use rayon::prelude::*;

use super::Job;
use super::members::Members;
use super::sight::{Places, Sight};
use crate::replay::decisions;

/// Bytes that the outlooks of a company take at most.
const BYTES_MAX: usize = 48 << 20;

/// Rows that one piece of work looks at.
const ROWS: usize = 64;

/// What a row shows.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Eligible names by score descending, then symbol ascending.
    pub(super) ranked: Vec<Ranked>,
    /// The last close of each symbol, quote units; NaN before its first bar.
    pub(super) closes: Vec<f64>,
    /// One bit for each symbol that is a member and can be traded.
    pub(super) tradable: Vec<u64>,
}

/// Looks at one row after the other.
pub(super) struct Lookout<'a> {
    /// Where bars lie.
    places: &'a Places<'a>,
    /// The rule that scores names.
    rule: &'a dyn CrossSection,
    /// Who may be held.
    members: Members<'a>,
    /// Members that can be traded, ascending.
    names: Vec<u32>,
    /// Their scores.
    scores: Vec<f64>,
    /// The latest outlook.
    outlook: Outlook,
}

impl<'a> Lookout<'a> {
    /// Nothing seen yet; `None` for a strategy without a rule. All jobs of a company see the same.
    pub(super) fn new(places: &'a Places<'a>, job: &'a Job<'_>) -> Option<Self> {
        Some(Self {
            places,
            rule: job.prepared.strategy.rule()?,
            members: Members::new(places.panel, job.prepared.pool.as_ref()),
            names: Vec::new(),
            scores: Vec::new(),
            outlook: Outlook::default(),
        })
    }

    /// What a row shows.
    pub(super) fn look(&mut self, row: usize) -> &Outlook {
        let (places, n_symbols) = (self.places, self.places.panel.symbols().len());
        let Outlook { ranked, closes, tradable } = &mut self.outlook;
        self.members.turn_to(row);
        self.names.clear();
        self.names.extend(self.members.now().iter().copied().filter(|&symbol_idx| places.can_trade(symbol_idx, row)));
        tradable.clear();
        tradable.resize(n_symbols.div_ceil(64), 0);
        self.names.iter().for_each(|&symbol_idx| tradable[symbol_idx as usize / 64] |= 1 << (symbol_idx % 64));
        closes.clear();
        closes.extend((0..n_symbols as u32).map(|symbol_idx| places.last_close(symbol_idx, row)));
        rank(self.rule, &self.names, &Sight::blind(places, row), (ranked, &mut self.scores));
        &self.outlook
    }
}

/// The outlooks of the rows at which a company decides, as many of the first as there is room for.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Outlooks {
    /// The rows, ascending.
    rows: Vec<usize>,
    /// Their outlooks.
    all: Vec<Outlook>,
}

impl Outlooks {
    /// Looks at all rows at which one of the jobs decides, on all threads.
    pub(in crate::sweep) fn new(places: &Places<'_>, jobs: &[&Job<'_>]) -> Self {
        let mut rules: Vec<Rebalance> = jobs.iter().map(|job| job.config.rebalance).collect();
        rules.dedup();
        let Some(first) = jobs.first() else { return Self::default() };
        let range = first.prepared.range.positions(places.panel.timeline());
        let mut rows: Vec<usize> =
            rules.into_iter().flat_map(|rebalance| decisions(places.panel, rebalance, range.clone())).collect();
        rows.sort_unstable();
        rows.dedup();
        let bytes = places.panel.symbols().len() * (size_of::<Ranked>() + size_of::<f64>());
        rows.truncate(BYTES_MAX / bytes.max(1));
        let look = |rows: &[usize]| -> Vec<Outlook> {
            let Some(mut lookout) = Lookout::new(places, first) else { return Vec::new() };
            let take = |&row: &usize| {
                lookout.look(row);
                std::mem::take(&mut lookout.outlook)
            };
            rows.iter().map(take).collect()
        };
        let all = rows.par_chunks(ROWS).flat_map_iter(look).collect();
        Self { rows, all }
    }

    /// What a row shows; `None` for one that was not looked at.
    pub(super) fn at(&self, row: usize) -> Option<&Outlook> {
        self.rows.binary_search(&row).ok().and_then(|place| self.all.get(place))
    }
}
