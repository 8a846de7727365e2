//! TopK-dropout, as qlib's `TopkDropoutStrategy`: at each decision at most `n_drop` names are replaced.
//!
//! What is held is ordered by score together with the best names that are not held; the `n_drop` lowest of both together
//! that are held are sold, and as many of the best are bought as there are places. Others keep their quantity. What is bought
//! shares the cash there will be after the sales, of which `risk_degree` is spent.
//! Source: qlib, `qlib/contrib/strategy/signal_strategy.py`. It differs in what cannot be traded: a held name without a score
//! is never sold by the rule (`--untradable` decides), and a name that left the universe is always sold.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::{Aim, Capability, CrossSection, Holding, Plan, Ranked, View};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "top_k_dropout",
    doc: "holds k names and replaces at most n_drop of them at each decision: the lowest of those held and of the best others \
          together are sold, the best others are bought with the cash there is (qlib's TopkDropoutStrategy)",
    capabilities: &[Capability::CrossSection, Capability::Long],
    params: &[
        FACTOR,
        ParamSpec {
            aliases: &["topk"],
            ..ParamSpec::with_default("k", ParamKind::Count(1), "50", "how many names to hold")
        },
        ParamSpec::with_default("n_drop", ParamKind::Count(0), "5", "how many names may be replaced at one decision"),
        ParamSpec::with_default(
            "hold_thresh",
            ParamKind::Count(0),
            "1",
            "bars of the symbol for which a name must have been held before it may be sold",
        ),
        ParamSpec::with_default(
            "method_sell",
            ParamKind::Choice(&["bottom", "random"]),
            "bottom",
            "bottom: the lowest of those held and of the candidates together; random: any of those held",
        ),
        ParamSpec::with_default(
            "method_buy",
            ParamKind::Choice(&["top", "random"]),
            "top",
            "top: the best of those not held; random: any not held among the k best",
        ),
        ParamSpec::with_default(
            "only_tradable",
            ParamKind::Flag,
            "false",
            "whether names that cannot be traded are passed over when the lowest are chosen; otherwise a held name without a score \
             is the lowest and takes up one of the n_drop",
        ),
        ParamSpec::with_default(
            "risk_degree",
            ParamKind::Share,
            "0.95",
            "share of the cash that is spent on what is bought: equity less what is kept, at the last closes, before costs",
        ),
        ParamSpec::with_default("seed", ParamKind::Count(0), "0", "seed of the random methods"),
    ],
    build: Build::Rule(build),
};

/// A few names replaced at a time.
#[derive(Debug)]
struct TopKDropout {
    /// Names to hold.
    k: usize,
    /// Names replaced at most.
    n_drop: usize,
    /// Bars a name is held at least.
    hold_thresh: u64,
    /// Whether what is sold is drawn by lot.
    sells_random: bool,
    /// Whether what is bought is drawn by lot.
    buys_random: bool,
    /// Whether names that cannot be traded are passed over.
    only_tradable: bool,
    /// Share of cash spent.
    risk_degree: f64,
    /// Seed of the lots.
    seed: u64,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let rule = TopKDropout {
        k: values.n_bars("k"),
        n_drop: values.n_bars("n_drop"),
        hold_thresh: values.count("hold_thresh").unwrap_or_default(),
        sells_random: values.choice("method_sell") == "random",
        buys_random: values.choice("method_buy") == "random",
        only_tradable: values.flag("only_tradable"),
        risk_degree: values.number_set("risk_degree"),
        seed: values.count("seed").unwrap_or_default(),
    };
    Ok(Rule::new(rule, values.factor(), 0))
}

/// A held name in the order of scores.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// The position.
    holding: Holding,
    /// Its place in the ranking; after all others when it is not ranked.
    place: usize,
}

impl TopKDropout {
    /// What is held, best first; names without a score come last, by symbol. Those that have left the universe are not among
    /// them: they are sold whatever the rule says.
    fn last(ranked: &[Ranked], view: &dyn View) -> Vec<Held> {
        let mut places: Vec<(u32, usize)> =
            ranked.iter().enumerate().map(|(place, name)| (name.symbol_idx, place)).collect();
        places.sort_unstable();
        let place_of = |symbol_idx: u32| {
            places.binary_search_by_key(&symbol_idx, |place| place.0).map_or(usize::MAX, |at| places[at].1)
        };
        let mut last: Vec<Held> = view
            .holdings()
            .iter()
            .map(|&holding| Held { holding, place: place_of(holding.symbol_idx) })
            .filter(|held| held.place != usize::MAX || held.holding.is_stuck)
            .collect();
        last.sort_by_key(|held| held.place);
        last
    }

    /// The candidates to buy, at most `n` and `k` more than are held, best first or by lot.
    fn candidates(&self, ranked: &[Ranked], last: &[Held], n: usize, lots: &mut Lots) -> Vec<usize> {
        let mut is_held = vec![false; ranked.len()];
        for held in last.iter().filter(|held| held.place != usize::MAX) {
            is_held[held.place] = true;
        }
        let free = |among: usize| (0..ranked.len().min(among)).filter(|&place| !is_held[place]);
        if !self.buys_random {
            return free(usize::MAX).take(n).collect();
        }
        let among: Vec<usize> = free(self.k).collect();
        if among.len() < n { among } else { lots.draw(among, n) }
    }

    /// Whether each of `last` is to be sold, before the holding time is looked at.
    fn sales(&self, last: &[Held], candidates: &[usize], lots: &mut Lots) -> Vec<bool> {
        if self.sells_random {
            let among: Vec<usize> =
                (0..last.len()).filter(|&at| !self.only_tradable || !last[at].holding.is_stuck).collect();
            let drawn = if among.len() < self.n_drop { among } else { lots.draw(among, self.n_drop) };
            return (0..last.len()).map(|at| drawn.contains(&at)).collect();
        }
        // The n_drop last of both together; what is passed over does not count.
        let counted = last.iter().filter(|held| !self.only_tradable || !held.holding.is_stuck).map(|held| held.place);
        let mut places: Vec<usize> = counted.chain(candidates.iter().copied()).collect();
        places.sort_unstable();
        let n_safe = places.len().saturating_sub(self.n_drop);
        let edge = places.get(n_safe).copied();
        let mut n_left = places.len() - n_safe;
        let mut sales = vec![false; last.len()];
        for (sale, held) in sales.iter_mut().zip(last).rev() {
            let counts = !self.only_tradable || !held.holding.is_stuck;
            // Several names without a score share the last place: no more of them than there are drops.
            if counts && n_left > 0 && edge.is_some_and(|edge| held.place >= edge) {
                *sale = true;
                n_left -= 1;
            }
        }
        sales
    }
}

impl CrossSection for TopKDropout {
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        let mut lots = Lots::new(self.seed, view.label());
        let last = Self::last(ranked, view);
        let n_new = self.n_drop.saturating_add(self.k).saturating_sub(last.len());
        let candidates = self.candidates(ranked, &last, n_new, &mut lots);
        let sales = self.sales(&last, &candidates, &mut lots);
        let n_sales = sales.iter().filter(|sale| **sale).count();
        let n_buys = (n_sales + self.k).saturating_sub(last.len()).min(candidates.len());
        // The cash there will be: all that is neither kept nor stuck.
        let mut cash = 1.0;
        for (held, is_sold) in last.iter().zip(sales) {
            let sells = is_sold && !held.holding.is_stuck && held.holding.n_bars >= self.hold_thresh;
            if !sells {
                cash -= held.holding.weight;
                if !held.holding.is_stuck {
                    plan.aims.push((held.holding.symbol_idx, Aim::Keep));
                }
            }
        }
        let weight = cash.max(0.0) * self.risk_degree / n_buys.max(1) as f64;
        plan.aims.extend(candidates[..n_buys].iter().map(|&place| (ranked[place].symbol_idx, Aim::Weight(weight))));
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        0
    }

    fn may_short(&self) -> bool {
        false
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        TradingError::check_names(TEMPLATE.name, "k", self.k, n_symbols)
    }
}

/// Lots that depend on a seed and a time alone (splitmix64).
#[derive(Debug)]
struct Lots {
    /// State of the generator.
    state: u64,
}

impl Lots {
    /// The lots of one decision.
    fn new(seed: u64, label: i64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ label.cast_unsigned() }
    }

    /// The next number.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `n` of `among` (at least as many), in the order drawn.
    fn draw(&mut self, mut among: Vec<usize>, n: usize) -> Vec<usize> {
        for at in 0..n {
            let left = (among.len() - at) as u64;
            among.swap(at, at + (self.next() % left) as usize);
        }
        among.truncate(n);
        among
    }
}
