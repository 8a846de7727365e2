//! `runs explain` for people: the chain from raw file to cash, one link after the other.

use crosscut_app::explain::{self, CashFlow, Decision, Earlier, Explanation, FactorLink, OrderStory, Peer, TableLink};
use crosscut_app::{AppError, Desk};

use crate::answer::Answer;
use crate::commands::ExplainArgs;

/// Letters of the column with the links' names.
const NAME_WIDTH: usize = 9;

/// Names told of those that were chosen.
const CHOSEN_TOLD: usize = 10;

/// Events told of what happened since; the JSON has all.
const EVENTS_TOLD: usize = 40;

/// `runs explain`.
pub(super) fn explain(desk: &Desk<'_>, args: &ExplainArgs) -> Result<Answer, AppError> {
    let explanation = explain::explain(desk, &args.run.run, &args.at, &args.symbol)?;
    let text = Story(&explanation).text();
    Ok(Answer::good(&explanation, text))
}

/// The chain in words.
struct Story<'a>(&'a Explanation);

impl Story<'_> {
    /// All of it.
    fn text(&self) -> String {
        let mut out = Lines::default();
        let facts = &self.0.facts;
        out.text.push_str(&format!(
            "{} at {} in run {} ({})\n{}\n\n",
            facts.symbol,
            facts.asked,
            facts.run_id,
            self.0.strategy,
            self.answer()
        ));
        self.raw(&mut out);
        self.bar(&mut out);
        for factor in &self.0.factors {
            self.factor(factor, &mut out);
        }
        out.link("rule", &self.0.rule);
        self.decision(&mut out);
        if facts.orders.is_empty() {
            out.link("order", "none: nothing had to change");
        }
        order_lines(&facts.orders, &mut out);
        cash_lines(&facts.cash, &mut out);
        self.earlier(&mut out);
        self.since(&mut out);
        for note in self.0.changed_since.iter().chain(&facts.notes) {
            out.link("note", note);
        }
        out.text
    }

    /// The answer in a sentence: what is held, and why or why not.
    fn answer(&self) -> String {
        let facts = &self.0.facts;
        match &facts.holding {
            Some(holding) => {
                let side = if holding.quantity > 0.0 { "long" } else { "short" };
                format!(
                    "Held {side}: {} units since {}, worth {:.2} ({:.2} % of equity) at {} when last changed at {}.",
                    holding.quantity.abs(),
                    holding.since,
                    holding.value,
                    100.0 * holding.weight,
                    holding.price,
                    holding.changed
                )
            }
            None => format!("Not held. {}", self.why_not()),
        }
    }

    /// Why nothing is held.
    fn why_not(&self) -> String {
        let facts = &self.0.facts;
        let Some(decision) = &facts.decision else {
            return self.last_order();
        };
        if !decision.knows_symbol {
            return format!("The decision at {} did not look at it.", decision.bar);
        }
        match &decision.excluded {
            Some(reason) => format!("The decision at {} left it out: {reason}{}.", decision.bar, place(decision)),
            None if facts.orders.iter().any(|order| order.filled_quantity != 0.0) => {
                format!(
                    "It was chosen at {}; its orders had not been filled yet, or it was closed since.",
                    decision.bar
                )
            }
            None => format!("It was chosen at {}, but nothing was bought.", decision.bar),
        }
    }

    /// The last order that was filled by then, where no ranking tells why nothing is held.
    fn last_order(&self) -> String {
        let facts = &self.0.facts;
        let orders = || facts.earlier.iter().flat_map(|earlier| &earlier.orders).chain(&facts.orders);
        // Times are written so that they sort as they follow one another.
        let was_filled = |order: &&OrderStory| order.filled_quantity != 0.0 && order.bar <= facts.bar;
        if let Some(order) = orders().rfind(was_filled) {
            let (id, reason, side, filled, bar) =
                (order.order_id, &order.reason, &order.side, order.filled_quantity, &order.bar);
            return format!("Order {id} ({reason}): {side} {filled} in bar {bar}.");
        }
        match orders().next_back() {
            Some(order) => format!("Order {} was not filled by then.", order.order_id),
            None => "Nothing had been decided about it.".to_owned(),
        }
    }

    /// Raw files and the tables they went into.
    fn raw(&self, out: &mut Lines) {
        let raw = &self.0.raw;
        match &raw.trace {
            Some(trace) => table_lines(trace, out),
            None => {
                for source in &raw.recorded {
                    out.link("raw", &format!("{} (hash {}), as the run recorded it", source.file, source.hash));
                }
            }
        }
    }

    /// The bar and its values.
    fn bar(&self, out: &mut Lines) {
        let Some(bar) = &self.0.bar_read else {
            out.link("bar", &format!("none at {} in the hub now", self.0.raw.table.as_deref().unwrap_or("any table")));
            return;
        };
        out.link("bar", &format!("{}, known at {}", bar.timestamp, bar.available_at));
        let value = |(name, value): &(String, Option<f64>)| value.map(|value| format!("{name} {value}"));
        out.more(&bar.values.iter().filter_map(value).collect::<Vec<_>>().join(", "));
    }

    /// One factor: value and formula.
    fn factor(&self, factor: &FactorLink, out: &mut Lines) {
        let set = factor.definition.as_ref().map_or(String::new(), |one| format!(" of {}", one.factor_set));
        let now = factor.now.as_ref().and_then(|now| now.value);
        let value = now.map_or("missing, or the hub has it no more".to_owned(), |value| value.to_string());
        out.link("factor", &format!("{}{set} = {value}", factor.column));
        if let Some(definition) = &factor.definition {
            out.more(&definition.formula);
            if let Some(expanded) = &definition.expanded {
                out.more(&format!("written out: {expanded}"));
            }
            out.more(&match (&factor.window, definition.unbounded) {
                (_, true) => "carries numbers from the symbol's first bar on".to_owned(),
                (Some((first, last)), _) => {
                    format!("looks back {} bars: {first} to {last}", definition.lookback_rows)
                }
                (None, _) => format!("looks back {} bars", definition.lookback_rows),
            });
        }
        if let Some(part) = &factor.part {
            out.more(&format!(
                "{} {} x weight {} = {} of the score",
                part.standard, part.comparable, part.weight, part.contribution
            ));
        }
    }

    /// Rank, score, weight, limits.
    fn decision(&self, out: &mut Lines) {
        let Some(decision) = &self.0.facts.decision else { return };
        let next = decision.next.as_ref().map_or("the last one".to_owned(), |next| format!("the next one at {next}"));
        out.link("decision", &format!("at the close of {}; {next}", decision.bar));
        out.link("rank", &rank_text(decision));
        for peer in &decision.neighbours {
            out.more(&peer_text(peer));
        }
        if !decision.chosen.is_empty() {
            let told: Vec<&str> = decision.chosen.iter().take(CHOSEN_TOLD).map(|peer| peer.symbol.as_str()).collect();
            let rest = decision.n_chosen.saturating_sub(told.len());
            let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            out.more(&format!("chosen: {}{rest}", told.join(", ")));
        }
        out.link("score", &decision.score.map_or("none".to_owned(), |score| score.to_string()));
        out.link("weight", &weight_text(decision));
        if decision.limits.is_empty() {
            let known =
                if self.0.facts.is_audited { "none cut it" } else { "not recorded: the run kept no audit trail" };
            out.link("limits", known);
        }
        for limit in &decision.limits {
            out.link("limits", &format!("{} cuts {} to {}", limit.rule, limit.wanted, limit.allowed));
        }
        self.size(decision, out);
    }

    /// What the weight is in units.
    fn size(&self, decision: &Decision, out: &mut Lines) {
        let close = self.0.bar_read.as_ref().and_then(|bar| bar.values.iter().find(|(name, _)| name == "close")?.1);
        if let (Some(weight), Some(equity), Some(close)) = (decision.target_weight, decision.equity, close)
            && weight != 0.0
        {
            out.more(&format!("{weight} of equity {equity} at the close {close} is {} units", weight * equity / close));
        }
    }

    /// Orders of earlier decisions that were still having effects, with their fills.
    fn earlier(&self, out: &mut Lines) {
        for earlier in &self.0.facts.earlier {
            out.link("earlier", &earlier_text(earlier));
            order_lines(&earlier.orders, out);
            cash_lines(&earlier.cash, out);
        }
    }

    /// What happened after the decision.
    fn since(&self, out: &mut Lines) {
        let since = &self.0.facts.since;
        for event in since.iter().take(EVENTS_TOLD) {
            out.link("since", &format!("{} {}", event.at.as_deref().unwrap_or(&event.bar), event.text));
        }
        if since.len() > EVENTS_TOLD {
            out.more(&format!("{} more: see --json", since.len() - EVENTS_TOLD));
        }
    }
}

/// Lines of links, the names in a column of their own.
#[derive(Default)]
struct Lines {
    /// What has been written.
    text: String,
    /// The last link's name, which is not repeated.
    last: String,
}

impl Lines {
    /// A line that begins a link; the name is left out when the line before had the same.
    fn link(&mut self, name: &str, text: &str) {
        let shown = if self.last == name { "" } else { name };
        self.text.push_str(&format!("{shown:NAME_WIDTH$} {text}\n"));
        name.clone_into(&mut self.last);
    }

    /// A line below a link.
    fn more(&mut self, text: &str) {
        self.text.push_str(&format!("{:NAME_WIDTH$}   {text}\n", ""));
    }
}

/// An earlier decision in a line.
fn earlier_text(earlier: &Earlier) -> String {
    let when = format!("decided at the close of {}", earlier.bar);
    let Some(decision) = &earlier.decision else { return when };
    let score = decision.score.map_or(String::new(), |score| format!(", score {score}"));
    format!("{when}: rank {}{score}; weight {}", rank_text(decision), weight_text(decision))
}

/// Orders and their fills.
fn order_lines(orders: &[OrderStory], out: &mut Lines) {
    for order in orders {
        out.link(
            "order",
            &format!(
                "{}: {} {} {} ({}), {}",
                order.order_id, order.side, order.quantity, order.order_type, order.reason, order.status
            ),
        );
        if let Some(price) = order.price {
            out.link(
                "fill",
                &format!(
                    "{} at {price} in bar {}, commission {}, slippage {} in the price",
                    order.filled_quantity, order.bar, order.commission, order.slippage
                ),
            );
        }
        for step in order.steps.iter().filter(|step| step.event != "filled") {
            out.more(&format!("{} {}", step.at.as_deref().unwrap_or(&step.bar), step.text));
        }
    }
}

/// Cash around the fills.
fn cash_lines(flows: &[CashFlow], out: &mut Lines) {
    for flow in flows {
        let before = flow.before.map_or(String::new(), |before| format!("{before:.2} before, "));
        let others = flow.others.map_or(String::new(), |others| format!(", everything else {others:+.2}"));
        out.link(
            "cash",
            &format!(
                "bar {}: {before}these orders {:+.2}{others}, {:.2} after; equity {:.2}",
                flow.bar, flow.moved, flow.after, flow.equity
            ),
        );
    }
}

/// A table and what it was made from, raw files first.
fn table_lines(link: &TableLink, out: &mut Lines) {
    for table in &link.tables {
        table_lines(table, out);
    }
    for file in &link.files {
        out.link("raw", &explain::file_text(file));
    }
    let rows = link.rows.map_or(String::new(), |rows| format!(", rows {} to {} of {}", rows.first, rows.last, rows.of));
    let ids = link.trade_ids.map_or(String::new(), |(first, last)| format!(", trade ids {first} to {last}"));
    let hash = link.content_hash.as_ref().map_or(String::new(), |hash| format!(", BLAKE3 {hash}"));
    out.link("table", &format!("{}{rows}{ids}{hash}", link.table));
    for note in &link.notes {
        out.more(note);
    }
}

/// Where a symbol stands.
fn rank_text(decision: &Decision) -> String {
    let of =
        format!("{} eligible of {} looked at, {} chosen", decision.n_eligible, decision.n_symbols, decision.n_chosen);
    match decision.rank {
        Some(rank) => format!("{rank} among {of}"),
        None => format!("none; {of}"),
    }
}

/// The rank and the last name that was chosen, for a name that was not.
fn place(decision: &Decision) -> String {
    let Some(rank) = decision.rank else { return String::new() };
    let worst = decision.chosen.iter().filter(|peer| peer.rank.is_some()).max_by_key(|peer| peer.rank);
    let worst = worst.map_or(String::new(), |peer| format!("; the last one chosen was {}", peer_text(peer)));
    format!(", rank {rank} of {}{worst}", decision.n_eligible)
}

/// A name of the same decision.
fn peer_text(peer: &Peer) -> String {
    let rank = peer.rank.map_or("-".to_owned(), |rank| rank.to_string());
    let score = peer.score.map_or("none".to_owned(), |score| score.to_string());
    let outcome = match (&peer.excluded, peer.target_weight) {
        (Some(reason), _) => reason.clone(),
        (None, Some(weight)) => format!("weight {weight}"),
        (None, None) => String::new(),
    };
    format!("{rank}. {}, score {score}, {outcome}", peer.symbol)
}

/// The weight before and after limits, and what was held in the end.
fn weight_text(decision: &Decision) -> String {
    let number = |value: Option<f64>| value.map_or("none".to_owned(), |value| value.to_string());
    let wanted = decision.wanted_weight.map_or(String::new(), |wanted| format!("wanted {wanted}, "));
    format!(
        "{wanted}aimed at {} after limits, {} once its orders were done",
        number(decision.target_weight),
        number(decision.filled_weight)
    )
}
