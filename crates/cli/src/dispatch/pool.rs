//! `pool ...`: lists of symbols chosen by a rule.

use crosscut_app::pool::{self, Difference, Snapshot};
use crosscut_app::{AppError, Desk};
use crosscut_model::format_iso as iso;

use crate::answer::Answer;
use crate::commands::PoolCommand;
use crate::text_table::TextTable;

/// Rows of a table in text; JSON has them all.
const ROWS_MAX: usize = 30;

/// `pool ...`
pub fn pool(command: &PoolCommand, desk: &Desk<'_>) -> Result<Answer, AppError> {
    match command {
        PoolCommand::Build(args) => build(&args.name, desk),
        PoolCommand::Show(args) => {
            let pools = pool::show(desk, args.name.as_deref())?;
            let text = match (&args.name, pools.as_slice()) {
                (Some(_), [pool]) => members(pool),
                _ => overview(&pools),
            };
            Ok(Answer::good(&pools, text))
        }
        PoolCommand::Diff(args) => {
            let difference = pool::diff(desk, &args.a, &args.b)?;
            Ok(Answer::good(&difference, changes(&difference)))
        }
    }
}

/// `pool build`.
fn build(name: &str, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let built = pool::build(desk, name)?;
    let mut text = String::new();
    if let Some(ticker) = &built.ticker {
        let how = if ticker.was_kept { "kept, fetched" } else { "fetched" };
        text.push_str(&format!(
            "ticker {}: {how} at {} from {}\n",
            ticker.file.display(),
            ticker.fetched_at,
            ticker.url
        ));
    }
    text.push_str(&members(&built.pool));
    match &built.change {
        Some(change) if change.added.is_empty() && change.removed.is_empty() => {
            text.push_str("the members of before\n")
        }
        Some(change) => text.push_str(&changes(change)),
        None => {}
    }
    if !built.without_data.is_empty() {
        let first: Vec<&str> = built.without_data.iter().take(6).map(String::as_str).collect();
        let n = built.without_data.len();
        text.push_str(&format!(
            "{n} members have no data in the hub yet: {}{}\n",
            first.join(", "),
            more(n, first.len())
        ));
    }
    Ok(Answer::good(&built, text))
}

/// What stands behind a cut list.
fn more(n: usize, shown: usize) -> &'static str {
    if n > shown { ", ..." } else { "" }
}

/// All pools, a line each.
fn overview(pools: &[Snapshot]) -> String {
    let mut table = TextTable::new(&["pool", "venue", "kind", "as of", ">members", "ranked by"]);
    for pool in pools {
        let word = |key: &str| pool.rule[key].as_str().unwrap_or_default().to_owned();
        let n = pool.members.len().to_string();
        table.row([pool.name.clone(), pool.venue.clone(), word("kind"), iso(pool.as_of), n, word("rank_by")]);
    }
    table.render()
}

/// One pool with its members.
fn members(pool: &Snapshot) -> String {
    let word = |key: &str| pool.rule[key].as_str().unwrap_or_default();
    let n = pool.members.len();
    let mut text = format!(
        "{} ({}): {n} symbols of {}, as of {}, by {}\n",
        pool.name,
        word("kind"),
        pool.venue,
        iso(pool.as_of),
        word("rank_by")
    );
    let mut table = TextTable::new(&[">rank", "symbol", ">dollar volume"]);
    for (at, member) in pool.members.iter().take(ROWS_MAX).enumerate() {
        let volume = member.dollar_volume.map_or_else(|| "-".to_owned(), |volume| format!("{volume:.0}"));
        table.row([(at + 1).to_string(), member.symbol.clone(), volume]);
    }
    text.push_str(&table.render());
    if n > ROWS_MAX {
        text.push_str(&format!("... {} more, see --json\n", n - ROWS_MAX));
    }
    let mut reasons = std::collections::BTreeMap::<&str, Vec<&str>>::new();
    for excluded in &pool.excluded {
        reasons.entry(&excluded.reason).or_default().push(&excluded.symbol);
    }
    for (reason, symbols) in reasons {
        let first = symbols.iter().take(8).copied().collect::<Vec<_>>();
        text.push_str(&format!(
            "left out, {reason}: {} ({}{})\n",
            symbols.len(),
            first.join(", "),
            more(symbols.len(), first.len())
        ));
    }
    text
}

/// A difference in words.
fn changes(difference: &Difference) -> String {
    let mut text = format!(
        "{} ({}) to {} ({}): {} added, {} removed, {} of {} others moved\n",
        difference.a,
        difference.a_as_of,
        difference.b,
        difference.b_as_of,
        difference.added.len(),
        difference.removed.len(),
        difference.moved.len(),
        difference.n_common
    );
    let mut table = TextTable::new(&["", "symbol", ">rank before", ">rank after", "why"]);
    let rank = |rank: Option<usize>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
    for (mark, changes) in [("+", &difference.added), ("-", &difference.removed), ("", &difference.moved)] {
        for change in changes.iter().take(ROWS_MAX) {
            let why = change.reason.clone().unwrap_or_default();
            table.row([mark.to_owned(), change.symbol.clone(), rank(change.a_rank), rank(change.b_rank), why]);
        }
    }
    text.push_str(&table.render());
    text
}
