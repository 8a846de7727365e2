//! What a row shows to all sets that decide at it: names ranked, closes side by side. Found once for all sets of a company.

use crosscut_model::calendar::Rebalance;
use crosscut_trading::strategy::{CrossSection, Holding, Ranked, Ranking, View, rank};
use rayon::prelude::*;

use super::Job;
use super::members::Members;
use super::sight::{Places, Sight, Standing};
use crate::replay::decisions;

/// Bytes that the outlooks of a company take at most.
const BYTES_MAX: usize = 64 << 20;

/// Rows that one piece of work looks at.
const ROWS: usize = 64;

/// What a row shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlook<'a> {
    /// Eligible names by score descending, then symbol ascending.
    pub(super) ranked: &'a [Ranked],
    /// The last close of each symbol, quote units, NaN before its first bar; and a price for nobody.
    pub(super) closes: &'a [f64],
    /// How many bars each symbol has had, and nobody.
    pub(super) n_bars: &'a [u32],
    /// One bit for each symbol that is a member and can be traded.
    pub(super) tradable: &'a [u64],
}

/// What rows show, one after the other.
#[derive(Debug, Default)]
struct Looks {
    /// Eligible names.
    ranked: Vec<Ranked>,
    /// After how many of them each row ends.
    ends: Vec<usize>,
    /// Last closes.
    closes: Vec<f64>,
    /// Numbers of bars.
    n_bars: Vec<u32>,
    /// Bits of those that can be traded.
    tradable: Vec<u64>,
}

impl Looks {
    /// What the row in a place shows.
    fn at(&self, place: usize) -> Outlook<'_> {
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let (n_closes, n_words) = (self.closes.len() / self.ends.len(), self.tradable.len() / self.ends.len());
        Outlook {
            ranked: &self.ranked[from..self.ends[place]],
            closes: &self.closes[place * n_closes..][..n_closes],
            n_bars: &self.n_bars[place * n_closes..][..n_closes],
            tradable: &self.tradable[place * n_words..][..n_words],
        }
    }
}

/// Looks at rows.
pub(super) struct Lookout<'a> {
    /// Where bars lie.
    places: &'a Places<'a>,
    /// The rule that scores names.
    rule: &'a dyn CrossSection,
    /// Who may be held.
    members: Members<'a>,
    /// Values of the ranking column, row by row; NaN for what cannot be traded.
    values: Vec<f64>,
    /// Members that can be traded, ascending.
    names: Vec<u32>,
    /// Their ranking.
    ranking: Ranking,
    /// The latest look.
    looks: Looks,
}

impl<'a> Lookout<'a> {
    /// Nothing seen yet; `None` for a strategy without a rule. All jobs of a company see the same.
    pub(super) fn new(places: &'a Places<'a>, job: &'a Job<'_>) -> Option<Self> {
        Some(Self {
            places,
            rule: job.prepared.strategy.rule()?,
            members: Members::new(places.panel, job.prepared.pool.as_ref()),
            values: Vec::new(),
            names: Vec::new(),
            ranking: Ranking::default(),
            looks: Looks::default(),
        })
    }

    /// What a row shows.
    pub(super) fn look(&mut self, row: usize) -> Outlook<'_> {
        self.look_at(&[row]);
        self.looks.at(0)
    }

    /// Looks at rows, ascending: symbol by symbol as their columns lie in memory, then row by row.
    fn look_at(&mut self, rows: &[usize]) {
        let (places, n_symbols) = (self.places, self.places.panel.symbols().len());
        // With one more for nobody.
        let n_closes = n_symbols + 1;
        self.looks = Looks {
            ranked: Vec::with_capacity(rows.len() * n_symbols),
            ends: Vec::with_capacity(rows.len()),
            closes: vec![1.0; rows.len() * n_closes],
            n_bars: vec![0; rows.len() * n_closes],
            tradable: Vec::with_capacity(rows.len() * n_symbols.div_ceil(64)),
        };
        self.values.resize(rows.len() * n_symbols, f64::NAN);
        for symbol_idx in 0..n_symbols as u32 {
            let (looks, values) = (&mut self.looks, &mut self.values);
            places.show(symbol_idx, rows, |nth, Standing { close, n_bars }, value| {
                let at = nth * n_closes + symbol_idx as usize;
                (looks.closes[at], looks.n_bars[at]) = (close, n_bars);
                values[nth * n_symbols + symbol_idx as usize] = value;
            });
        }
        for (&row, values) in rows.iter().zip(self.values.chunks(n_symbols.max(1))) {
            self.members.turn_to(row);
            self.names.clear();
            let members = self.members.now().iter().copied();
            self.names.extend(members.filter(|&symbol_idx| values[symbol_idx as usize].is_finite()));
            let tradable = &mut self.looks.tradable;
            let before = tradable.len();
            tradable.resize(before + n_symbols.div_ceil(64), 0);
            self.names.iter().for_each(|name| tradable[before + *name as usize / 64] |= 1 << (name % 64));
            let sight = Glance { values, sight: Sight::blind(places, row) };
            rank(self.rule, &self.names, &sight, &mut self.ranking);
            self.looks.ranked.extend_from_slice(&self.ranking.ranked);
            self.looks.ends.push(self.looks.ranked.len());
        }
    }
}

/// The panel up to a row, of which the ranking column has been looked up.
struct Glance<'a, 'b> {
    /// Its values.
    values: &'b [f64],
    /// All else.
    sight: Sight<'a, 'b>,
}

impl View for Glance<'_, '_> {
    fn label(&self) -> i64 {
        self.sight.label()
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        if column == 0 { self.values[symbol_idx as usize] } else { self.sight.value(column, symbol_idx) }
    }

    fn closes(&self, symbol_idx: u32, n: usize) -> &[f64] {
        self.sight.closes(symbol_idx, n)
    }

    fn holdings(&self) -> &[Holding] {
        self.sight.holdings()
    }

    fn symbol_idx(&self, symbol: &str) -> Option<u32> {
        self.sight.symbol_idx(symbol)
    }
}

/// The outlooks of the rows at which a company decides, as many of the first as there is room for.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Outlooks {
    /// The rows at which each calendar decides, ascending.
    decisions: Vec<(Rebalance, Vec<usize>)>,
    /// The rows, ascending.
    rows: Vec<usize>,
    /// What they show, [`ROWS`] of them together.
    all: Vec<Looks>,
}

impl Outlooks {
    /// Looks at all rows at which one of the jobs decides, on all threads.
    pub(in crate::sweep) fn new(places: &Places<'_>, jobs: &[&Job<'_>]) -> Self {
        let mut rules: Vec<Rebalance> = jobs.iter().map(|job| job.config.rebalance).collect();
        rules.dedup();
        let Some(first) = jobs.first() else { return Self::default() };
        let range = first.prepared.range.positions(places.panel.timeline());
        let decided = |rule| (rule, decisions(places.panel, rule, range.clone()));
        let decisions: Vec<(Rebalance, Vec<usize>)> = rules.into_iter().map(decided).collect();
        let mut rows: Vec<usize> = decisions.iter().flat_map(|(_, rows)| rows).copied().collect();
        rows.sort_unstable();
        rows.dedup();
        let bytes = places.panel.symbols().len() * (size_of::<Ranked>() + size_of::<f64>() + size_of::<u32>());
        rows.truncate(BYTES_MAX / bytes.max(1));
        let look = |rows: &[usize]| {
            let mut lookout = Lookout::new(places, first)?;
            lookout.look_at(rows);
            Some(lookout.looks)
        };
        let all = rows.par_chunks(ROWS).filter_map(look).collect();
        Self { decisions, rows, all }
    }

    /// The rows at which a calendar decides, ascending; `None` for one that none of the jobs has.
    pub(super) fn decisions(&self, rebalance: Rebalance) -> Option<&[usize]> {
        self.decisions.iter().find(|(rule, _)| *rule == rebalance).map(|(_, rows)| rows.as_slice())
    }

    /// What a row shows; `None` for one that was not looked at.
    pub(super) fn at(&self, row: usize) -> Option<Outlook<'_>> {
        let place = self.rows.binary_search(&row).ok()?;
        Some(self.all.get(place / ROWS)?.at(place % ROWS))
    }
}
