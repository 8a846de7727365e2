//! What changed from one pool to another.

use std::collections::BTreeMap;

use crosscut_hub::PoolSnapshot;
use crosscut_model::format_iso;
use serde::Serialize;

/// The difference of two pools.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PoolDifference {
    /// Name of the first.
    pub a: String,
    /// Name of the second.
    pub b: String,
    /// Moment of the first, ISO-8601.
    pub a_as_of: String,
    /// Moment of the second, ISO-8601.
    pub b_as_of: String,
    /// Only in the second, in its order.
    pub added: Vec<PoolChange>,
    /// Only in the first, in its order.
    pub removed: Vec<PoolChange>,
    /// In both, at another rank, in the second's order.
    pub moved: Vec<PoolChange>,
    /// Members of both.
    pub n_common: usize,
}

/// One symbol's part in a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PoolChange {
    /// Instrument id.
    pub symbol: String,
    /// Rank in the first, from 1; `None` when it is not in it.
    pub a_rank: Option<usize>,
    /// Rank in the second, from 1.
    pub b_rank: Option<usize>,
    /// Why the pool that lacks it left it out by rule; `None` when by rank, or when it did not know it.
    pub reason: Option<String>,
}

/// What has to change in `a` to give `b`.
pub fn difference(a: &PoolSnapshot, b: &PoolSnapshot) -> PoolDifference {
    let (a_ranks, b_ranks) = (ranks(a), ranks(b));
    let reason = |pool: &PoolSnapshot, symbol: &str| {
        pool.excluded.iter().find(|excluded| excluded.symbol == symbol).map(|excluded| excluded.reason.clone())
    };
    let change = |symbol: &str, lacking: &PoolSnapshot| PoolChange {
        symbol: symbol.to_owned(),
        a_rank: a_ranks.get(symbol).copied(),
        b_rank: b_ranks.get(symbol).copied(),
        reason: reason(lacking, symbol),
    };
    let only = |of: &PoolSnapshot, other: &PoolSnapshot, ranks: &BTreeMap<&str, usize>| -> Vec<PoolChange> {
        let absent = of.members.iter().filter(|member| !ranks.contains_key(member.symbol.as_str()));
        absent.map(|member| change(&member.symbol, other)).collect()
    };
    let common = || b.members.iter().filter(|member| a_ranks.contains_key(member.symbol.as_str()));
    let moved = common().map(|member| change(&member.symbol, a)).filter(|change| change.a_rank != change.b_rank);
    PoolDifference {
        a: a.name.clone(),
        b: b.name.clone(),
        a_as_of: format_iso(a.as_of),
        b_as_of: format_iso(b.as_of),
        added: only(b, a, &a_ranks),
        removed: only(a, b, &b_ranks),
        moved: moved.collect(),
        n_common: common().count(),
    }
}

/// Ranks from 1.
fn ranks(pool: &PoolSnapshot) -> BTreeMap<&str, usize> {
    pool.members.iter().enumerate().map(|(at, member)| (member.symbol.as_str(), at + 1)).collect()
}
