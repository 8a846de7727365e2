//! The page of a stress test.

use crosscut_report::{Align, Cell, Page, Table};

use super::{Reordered, Row};
use crate::criteria::Verdict;

/// A number for people.
fn number(value: Option<f64>, factor: f64, digits: usize) -> Cell {
    let text = value.map_or("-".to_owned(), |value| format!("{:.digits$}", factor * value));
    Cell::number(value.unwrap_or(f64::NAN), text)
}

/// Scenarios and what came of them.
pub fn rows_table(rows: &[Row]) -> Table {
    let mut columns = vec![
        ("kind", Align::Left),
        ("scenario", Align::Left),
        ("Sharpe", Align::Right),
        ("total return %", Align::Right),
        ("max drawdown %", Align::Right),
        ("trades", Align::Right),
        ("the strategy", Align::Left),
    ];
    let is_judged = rows.iter().any(|row| !row.verdicts.is_empty());
    if is_judged {
        columns.push(("criteria met; missed", Align::Left));
    }
    let mut table = Table::new(&columns).sortable();
    for row in rows {
        let standing =
            row.problem.as_ref().map_or(row.standing.name().to_owned(), |problem| format!("not run: {problem}"));
        let mut cells = vec![
            row.group.into(),
            row.name.as_str().into(),
            number(row.sharpe, 1.0, 2),
            number(row.total_return, 100.0, 2),
            number(row.max_drawdown, 100.0, 2),
            number(row.n_trades, 1.0, 0),
            standing.as_str().into(),
        ];
        if is_judged {
            cells.push(row.criteria().as_str().into());
        }
        table.row(cells);
    }
    table
}

/// Go-live criteria and what came of them.
pub fn verdicts_table(verdicts: &[Verdict]) -> Table {
    let mut table = Table::new(&[("criterion", Align::Left), ("value", Align::Right), ("verdict", Align::Left)]);
    for one in verdicts {
        let verdict = one.text();
        // Counts are whole.
        let digits = if one.value.is_some_and(|value| value.fract() == 0.0) { 0 } else { 4 };
        table.row(vec![one.criterion.as_str().into(), number(one.value, 1.0, digits), verdict.as_str().into()]);
    }
    table
}

/// The page.
pub fn page(title: &str, rows: &[Row], verdicts: &[Verdict], reordered: &Reordered) -> String {
    let mut page = Page::new(title);
    if !verdicts.is_empty() {
        page.section("Go-live criteria").table(verdicts_table(verdicts));
    }
    let section = page.section("Where it breaks");
    section.table(rows_table(rows));
    section.note("A scenario loses when its total return is 0 or less, and is weak when its Sharpe ratio is below half of the strategy's own.");
    if let (Some(own), Some([low, middle, high])) = (reordered.max_drawdown, reordered.lines) {
        page.section("The same days in other orders").facts(vec![
            ("maximum drawdown as it was".to_owned(), format!("{:.2} %", 100.0 * own)),
            (
                "over all orders (5, 50, 95 %)".to_owned(),
                format!("{:.2}, {:.2}, {:.2} %", 100.0 * low, 100.0 * middle, 100.0 * high),
            ),
            ("orders with a deeper one".to_owned(), format!("{:.1} %", 100.0 * reordered.deeper)),
        ]);
    }
    page.footer(
        "Annualised by the calendar of the data; returns and drawdowns of market regimes and orders are by UTC days.",
    );
    page.render()
}
