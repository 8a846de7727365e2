//! The strategy's own days, parted by what the market did around them.

use crosscut_model::time::DAY;

use super::Row;
use crate::sweep::Sampled;

/// Days that are judged together.
const DAYS: i64 = 30;

/// Whether spans of a market's growth and variance belong to a regime.
type Which<'a> = &'a dyn Fn(f64, f64) -> bool;

/// Rows of rising and falling, calm and turbulent markets. Days go in spans of thirty by the calendar: the market's return
/// over a span says whether it rose, the deviation of its rows' returns, against the middle of all spans, how turbulent it
/// was. `curve` is by UTC days; `market` is the market's return by row of `labels`, NaN where there is none.
pub fn regimes(curve: &Sampled, capital: f64, (labels, market): (&[i64], &[f64]), base: Option<f64>) -> Vec<Row> {
    let span = |label: i64| label.div_euclid(DAYS * DAY);
    let mut spans: Vec<(i64, f64, f64, f64)> = Vec::new();
    for (&label, &r) in labels.iter().zip(market).filter(|(_, r)| r.is_finite()) {
        if spans.last().is_none_or(|(at, ..)| *at != span(label)) {
            spans.push((span(label), 1.0, 0.0, 0.0));
        }
        if let Some((_, growth, squares, n)) = spans.last_mut() {
            *growth *= 1.0 + r;
            *squares += r * r;
            *n += 1.0;
        }
    }
    let middle = crate::statistics::median(spans.iter().map(|(_, _, squares, n)| squares / n).collect());
    let Some(middle) = middle else { return Vec::new() };
    let returns = curve.returns_resting(capital);
    let per_year = days_per_year(&curve.labels);
    let days_in = |is_in: Which<'_>| -> Vec<f64> {
        let of = |label: &i64| spans.binary_search_by_key(&span(*label), |(at, ..)| *at).ok();
        let known = curve.labels.iter().zip(&returns).filter_map(|(label, r)| Some((spans[of(label)?], *r)));
        known.filter(|((_, growth, squares, n), _)| is_in(*growth, squares / n)).map(|(_, r)| r).collect()
    };
    let rows: [(&str, Which<'_>); 4] = [
        ("rising market", &|growth, _| growth > 1.0),
        ("falling market", &|growth, _| growth <= 1.0),
        ("calm market", &|_, variance| variance <= middle),
        ("turbulent market", &|_, variance| variance > middle),
    ];
    let row = |(name, is_in): (&str, Which<'_>)| {
        let days = days_in(is_in);
        match days.len() {
            0 | 1 => Row::not_run("market regimes", name, "no such days".to_owned()),
            n => Row::of_returns("market regimes", &format!("{name}, {n} days"), &days, per_year, base),
        }
    };
    rows.into_iter().map(row).collect()
}

/// Days with a value in a year of 365.25 days.
pub fn days_per_year(labels: &[i64]) -> f64 {
    match (labels.first(), labels.last()) {
        (Some(first), Some(last)) if last > first => {
            (labels.len() - 1) as f64 * 365.25 * DAY as f64 / (last - first) as f64
        }
        _ => 365.25,
    }
}
