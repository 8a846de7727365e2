//! One decision as `trade_summary.csv` tells it.

use std::path::Path;

use crosscut_model::format_iso;
use serde::Serialize;

use super::super::error::ResultsError;
use super::super::rows::Rows;

/// Columns of `trade_summary.csv` in the order they are asked for.
const COLUMNS: [&str; 7] =
    ["timestamp", "symbol", "rank", "score", "target_weight", "filled_weight", "excluded_reason"];

/// What a decision made of the symbol asked for, and beside whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Label of the bar at whose close it was made, ISO-8601.
    pub bar: String,
    /// The same, microseconds UTC.
    #[serde(skip)]
    pub label: i64,
    /// Label of the next decision; `None` when there was none.
    pub next: Option<String>,
    /// The same, microseconds UTC.
    #[serde(skip)]
    pub next_label: Option<i64>,
    /// Whether the symbol was looked at at all.
    pub knows_symbol: bool,
    /// How many symbols were looked at.
    pub n_symbols: usize,
    /// How many could be traded and had a score.
    pub n_eligible: usize,
    /// How many were chosen.
    pub n_chosen: usize,
    /// The symbol's place, from 1 for the highest score; `None` when it was not eligible.
    pub rank: Option<u64>,
    /// Its score.
    pub score: Option<f64>,
    /// Why it got no weight of its own; `None` when it was chosen.
    pub excluded: Option<String>,
    /// The weight the strategy wanted, before limits; `None` when the run kept no audit trail.
    pub wanted_weight: Option<f64>,
    /// The weight aimed at, after limits, a fraction of equity; negative is short.
    pub target_weight: Option<f64>,
    /// What was held once its orders were executed or given up.
    pub filled_weight: Option<f64>,
    /// Rules that cut the weight, in the order they were applied.
    pub limits: Vec<Limit>,
    /// Equity after the bar of the decision, quote units.
    pub equity: Option<f64>,
    /// The names ranked just above, the symbol itself, and just below.
    pub neighbours: Vec<Peer>,
    /// The chosen names by rank, at most `PEERS_MAX`.
    pub chosen: Vec<Peer>,
    /// All names that had a score, over which several factors are made comparable; in order of symbols.
    #[serde(skip)]
    pub scored: Vec<String>,
}

/// Chosen names told at most.
const PEERS_MAX: usize = 50;

/// A rule that let less through than was wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// The rule, as its flag is called.
    pub rule: String,
    /// Weight before.
    pub wanted: f64,
    /// Weight after.
    pub allowed: f64,
}

/// Another name of the same decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Peer {
    /// Its symbol.
    pub symbol: String,
    /// Its place.
    pub rank: Option<u64>,
    /// Its score.
    pub score: Option<f64>,
    /// The weight aimed at.
    pub target_weight: Option<f64>,
    /// Why it got none; `None` when it was chosen.
    pub excluded: Option<String>,
}

/// One row of the file.
struct Row {
    /// What is told of other names.
    peer: Peer,
    /// What was held in the end.
    filled_weight: Option<f64>,
}

/// The last decision whose label is not after `now`; `None` when there is none, or the run records none.
pub(super) fn read(folder: &Path, symbol: &str, now: i64) -> Result<Option<Decision>, ResultsError> {
    let Some(mut rows) = Rows::open(folder, "trade_summary.csv", &COLUMNS)? else {
        return Ok(None);
    };
    let (mut label, mut next_label, mut block) = (None, None, Vec::new());
    while rows.next()? {
        let time = rows.time(0)?;
        if time > now {
            next_label = Some(time);
            break;
        }
        if label != Some(time) {
            label = Some(time);
            block.clear();
        }
        block.push(read_row(&rows)?);
    }
    Ok(label.map(|label| summarise(symbol, (label, next_label), &block)))
}

/// The current row.
fn read_row(rows: &Rows) -> Result<Row, ResultsError> {
    let text = |column: usize| Some(rows.text(column).to_owned()).filter(|text| !text.is_empty());
    let peer = Peer {
        symbol: rows.text(1).to_owned(),
        rank: rows.number(2)?.map(|rank| rank as u64),
        score: rows.number(3)?,
        target_weight: rows.number(4)?,
        excluded: text(6),
    };
    Ok(Row { peer, filled_weight: rows.number(5)? })
}

/// The decision as the symbol sees it.
fn summarise(symbol: &str, (label, next_label): (i64, Option<i64>), block: &[Row]) -> Decision {
    let own = block.iter().find(|row| row.peer.symbol == symbol);
    let rank = own.and_then(|row| row.peer.rank);
    let mut ranked: Vec<&Peer> = block.iter().map(|row| &row.peer).filter(|peer| peer.rank.is_some()).collect();
    ranked.sort_by_key(|peer| peer.rank);
    let chosen: Vec<Peer> = {
        let mut all: Vec<&Row> = block.iter().filter(|row| row.peer.excluded.is_none()).collect();
        all.sort_by_key(|row| (row.peer.rank.unwrap_or(u64::MAX), row.peer.symbol.clone()));
        all.into_iter().map(|row| row.peer.clone()).collect()
    };
    let near = |peer: &&&Peer| rank.zip(peer.rank).is_some_and(|(own, other)| own.abs_diff(other) <= 1);
    Decision {
        bar: format_iso(label),
        label,
        next: next_label.map(format_iso),
        next_label,
        knows_symbol: own.is_some(),
        n_symbols: block.len(),
        n_eligible: ranked.len(),
        n_chosen: chosen.len(),
        rank,
        score: own.and_then(|row| row.peer.score),
        excluded: own.and_then(|row| row.peer.excluded.clone()),
        wanted_weight: None,
        target_weight: own.and_then(|row| row.peer.target_weight),
        filled_weight: own.and_then(|row| row.filled_weight),
        limits: Vec::new(),
        equity: None,
        neighbours: ranked.iter().filter(near).map(|peer| (*peer).clone()).collect(),
        chosen: chosen.into_iter().take(PEERS_MAX).collect(),
        scored: block.iter().filter(|row| row.peer.score.is_some()).map(|row| row.peer.symbol.clone()).collect(),
    }
}

impl Decision {
    /// Takes in what the audit trail says of limits on the symbol's weight; `None` without a trail.
    pub(super) fn take_limits(&mut self, limits: Option<Vec<Limit>>) {
        let Some(limits) = limits else { return };
        self.wanted_weight = limits.first().map(|first| first.wanted).or(self.target_weight);
        self.limits = limits;
    }
}
