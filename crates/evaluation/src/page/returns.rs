//! Returns of the portfolios: means, distributions, growth, spread, around decisions, by group.

use crosscut_kernels::metrics::tail::quantile;
use crosscut_report::{Chart, Figure, Mark, Page, Section, Table, Violin, Violins};

use super::{drawn, ends, ends_of, headed, table};
use crate::detail::{Detail, level};
use crate::document::{bps, number, percent};
use crate::evaluate::Evaluation;
use crate::portfolio::KINDS;
use crate::series::MeanStatistics;

/// Returns of the portfolios.
pub(super) fn returns(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let name = &detail.summary.factor;
    let section = page.section(format!("{name}: returns"));
    let n_quantiles = evaluation.config.n_quantiles;
    let labels: Vec<String> = (1..=n_quantiles).map(|q| format!("q{q}")).collect();
    let mut bars = Figure::bars(
        "Mean return by portfolio less the mean of all names, with 95 % bars (Newey-West)",
        labels.clone(),
    );
    for h in &detail.summary.horizons {
        let all: Vec<&MeanStatistics> = h.quantiles.iter().map(|q| &q.demeaned_by_time).collect();
        let means: Vec<f64> = all.iter().map(|one| drawn(one.mean)).collect();
        bars = bars.series(h.words.clone(), &means, &all.iter().map(|one| ends_of(one)).collect::<Vec<_>>());
    }
    section.figure(bars.percent()).table(quantiles(detail));
    for (at, h) in detail.summary.horizons.iter().enumerate() {
        let list = detail.curves.quantiles[at].iter().zip(&labels).filter_map(|(values, name)| violin(name, values));
        section.violins(Violins::new(
            format!("Distribution of the mean return of each portfolio over times, {}", h.words),
            list.collect(),
        ));
    }
    growth(section, detail, n_quantiles);
    section.figure(around(detail));
    section.table(portfolios(detail));
    section.note("The factor-weighted portfolio regressed on the mean of all names:").table(market_fits(detail));
    if !detail.by_group.is_empty() {
        by_group(section, detail, &labels);
    }
}

/// Growth of portfolios and their spread over time, for each horizon.
fn growth(section: &mut Section, detail: &Detail, n_quantiles: usize) {
    let curves = &detail.curves;
    for (at, h) in detail.summary.horizons.iter().enumerate() {
        let mut chart =
            Chart::new(format!("Growth of each portfolio, held for {}", h.words), &curves.times).height(300);
        for (q, returns) in curves.quantiles[at].iter().enumerate() {
            chart = chart.series(format!("q{}", q + 1), Mark::Line, &level(returns, h.bars));
        }
        section.chart(chart.series("all names", Mark::Line, &level(&curves.market[at], h.bars)).log_switch());
        let mut chart =
            Chart::new(format!("Growth of portfolios that could be held, each for {}", h.words), &curves.times);
        for (kind, words) in KINDS.iter().map(|kind| kind.words()).enumerate() {
            if kind == 0 || kind == 3 {
                chart = chart.series(format!("{words}, gross"), Mark::Line, &level(&curves.gross[at][kind], h.bars));
            }
            chart = chart.series(format!("{words}, net"), Mark::Line, &level(&curves.net[at][kind], h.bars));
        }
        section.chart(chart.log_switch());
        let spread = difference(&curves.quantiles[at][n_quantiles - 1], &curves.quantiles[at][0]);
        let errors = &curves.spread_error[at];
        let window = rolling_window(spread.len());
        let high: Vec<f64> = spread.iter().zip(errors).map(|(spread, error)| spread + error).collect();
        section.chart(
            Chart::new(format!("Spread of q{n_quantiles} over q1, {}", h.words), &curves.times)
                .band("one standard error of the time", &difference(&spread, errors), &high)
                .series("spread", Mark::Stem, &spread)
                .series(format!("mean of {window}"), Mark::Line, &rolling_mean(&spread, window))
                .percent(),
        );
    }
}

/// The distribution of values between their first and 99th hundredth; `None` without values.
fn violin(name: &str, values: &[f64]) -> Option<Violin> {
    /// Bins of the outline.
    const BINS: usize = 41;
    /// How often neighbouring bins are averaged, so that the outline shows the shape and not the noise.
    const SMOOTHED: usize = 6;
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| quantile(&sorted, share);
    let (low, high) = (at(0.01)?, at(0.99)?);
    let width = (high - low) / BINS as f64;
    let below = |edge: f64| sorted.partition_point(|value| *value < edge);
    let share = |bin: usize| {
        let (from, to) = (below(low + bin as f64 * width), below(low + (bin + 1) as f64 * width));
        (to - from) as f64 / sorted.len() as f64
    };
    let mut shares: Vec<f64> = (0..BINS).map(share).collect();
    for _ in 0..SMOOTHED {
        let at = |bin: usize| shares[bin.min(BINS - 1)];
        shares = (0..BINS).map(|bin| (at(bin.saturating_sub(1)) + 2.0 * at(bin) + at(bin + 1)) / 4.0).collect();
    }
    Some(Violin { name: name.to_owned(), ends: (low, high), shares, quartiles: [at(0.25)?, at(0.5)?, at(0.75)?] })
}

/// Returns around decisions.
fn around(detail: &Detail) -> Figure {
    let offsets: Vec<f64> =
        detail.around.first().map_or_else(Vec::new, |around| around.offsets.iter().map(|bars| *bars as f64).collect());
    let title = "Return around the entry (0) less the mean of all names, with 95 % bars";
    let mut figure = Figure::points(title, "bars", &offsets).joined().percent();
    for around in &detail.around {
        let means: Vec<f64> = around.mean.iter().map(|mean| drawn(*mean)).collect();
        let bars: Vec<_> = around.mean.iter().zip(&around.error).map(|(mean, error)| ends(*mean, *error)).collect();
        figure = figure.series(format!("q{}", around.quantile), &means, &bars);
    }
    figure
}

/// Returns of groups by portfolio.
fn by_group(section: &mut Section, detail: &Detail, labels: &[String]) {
    /// Groups drawn side by side.
    const GROUPS: usize = 8;
    for (at, h) in detail.summary.horizons.iter().enumerate() {
        let grouped = &detail.by_group[at];
        let title = format!("Mean return by portfolio and group less the mean of all names, {}", h.words);
        let mut figure = Figure::bars(title, labels.to_vec());
        for group in grouped.of_all.groups.iter().take(GROUPS) {
            let means: Vec<f64> = group.quantiles.iter().map(|q| drawn(q.demeaned.mean)).collect();
            figure = figure.series(group.group.clone(), &means, &[]);
        }
        section.figure(figure.percent());
        let title = format!("Portfolios formed within groups: mean return less that of the group, {}", h.words);
        let within = &grouped.within_groups.quantiles;
        let means: Vec<f64> = within.iter().map(|q| drawn(q.adjusted.mean)).collect();
        let bars: Vec<(f64, f64)> = within.iter().map(|q| ends(q.adjusted.mean, q.adjusted.error)).collect();
        section.figure(Figure::bars(title, labels.to_vec()).series("all groups", &means, &bars).percent());
        section.note(format!(
            "Over {}: rank IC with returns less those of the group {} (t {}); weighted within groups, the same capital in each, {} bp (t {}).",
            h.words,
            number(grouped.rank_ic_adjusted.mean, 4),
            number(grouped.rank_ic_adjusted.t, 2),
            bps(grouped.weighted.mean),
            number(grouped.weighted.t, 2)
        ));
    }
    let n_groups = detail.by_group.first().map_or(0, |grouped| grouped.of_all.groups.len());
    if n_groups > GROUPS {
        section.note(format!("{GROUPS} of {n_groups} groups are drawn; all are in evaluation.json."));
    }
}

/// The portfolios by quantile of all horizons.
fn quantiles(detail: &Detail) -> Table {
    let head = ["horizon", "portfolio", "returns", "mean bps", "error bps", "less all names bps", "t", "turnover"];
    let mut rows = headed(&head);
    for h in &detail.summary.horizons {
        for q in &h.quantiles {
            rows.push(vec![
                h.words.clone(),
                format!("q{}", q.quantile),
                q.n.to_string(),
                bps(q.by_time.mean),
                bps(q.by_time.error),
                bps(q.demeaned_by_time.mean),
                number(q.demeaned_by_time.t, 2),
                percent(q.turnover),
            ]);
        }
    }
    table(&rows, 2)
}

/// A minus b.
fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The portfolios of all horizons.
fn portfolios(detail: &Detail) -> Table {
    let head = [
        "horizon",
        "portfolio",
        "gross bps",
        "t",
        "traded",
        "cost bps",
        "funding bps",
        "net bps",
        "t",
        "net % a year",
        "Sharpe",
        "break-even bps",
    ];
    let mut rows = headed(&head);
    for h in &detail.summary.horizons {
        for p in &h.portfolios {
            rows.push(vec![
                h.words.clone(),
                p.kind.words().to_owned(),
                bps(p.gross.mean),
                number(p.gross.t, 2),
                number(p.traded, 3),
                bps(p.cost),
                bps(p.funding),
                bps(p.net.mean),
                number(p.net.t, 2),
                number(p.annual_net.map(|net| net * 100.0), 1),
                number(p.sharpe_net, 2),
                number(p.break_even_bps, 1),
            ]);
        }
    }
    table(&rows, 2)
}

/// The factor-weighted portfolio against the market.
fn market_fits(detail: &Detail) -> Table {
    let mut rows = headed(&["horizon", "alpha % a year", "t", "beta", "t"]);
    for h in &detail.summary.horizons {
        let fit = h.market_fit;
        rows.push(vec![
            h.words.clone(),
            number(fit.and_then(|fit| fit.alpha_annual).map(|alpha| alpha * 100.0), 1),
            number(fit.and_then(|fit| fit.alpha_t), 2),
            number(fit.map(|fit| fit.beta), 3),
            number(fit.and_then(|fit| fit.beta_t), 2),
        ]);
    }
    table(&rows, 1)
}

/// Values a rolling mean takes: a twentieth of the data, 10 to 500.
pub(super) fn rolling_window(n: usize) -> usize {
    (n / 20).clamp(10, 500)
}

/// Means of the last `window` finite values; NaN until there are half as many.
pub(super) fn rolling_mean(values: &[f64], window: usize) -> Vec<f64> {
    let (mut sum, mut n) = (0.0, 0usize);
    let finite = |value: f64| if value.is_finite() { Some(value) } else { None };
    (0..values.len())
        .map(|at| {
            if let Some(value) = finite(values[at]) {
                sum += value;
                n += 1;
            }
            if let Some(value) = at.checked_sub(window).and_then(|before| finite(values[before])) {
                sum -= value;
                n -= 1;
            }
            if 2 * n >= window { sum / n as f64 } else { f64::NAN }
        })
        .collect()
}
