//! The information coefficient over time, its distribution, decay and months.

use crosscut_kernels::metrics::probability::normal_quantile;
use crosscut_kernels::metrics::{deviation, mean};
use crosscut_report::{Chart, Figure, Heat, Mark, Page, Section, Table};

use super::returns::{rolling_mean, rolling_window};
use super::{drawn, ends_of, headed, table};
use crate::detail::Detail;
use crate::document::number;
use crate::evaluate::Evaluation;
use crate::series::MeanStatistics;

/// Bins of a histogram.
const BINS: usize = 41;

/// The information coefficient.
pub(super) fn information(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let section = page.section(format!("{}: information coefficient", detail.summary.factor));
    let curves = &detail.curves;
    for (at, h) in detail.summary.horizons.iter().enumerate() {
        let window = rolling_window(curves.times.len());
        section.chart(
            Chart::new(format!("Rank IC over {}", h.words), &curves.times)
                .series("rank IC", Mark::Stem, &curves.rank_ic[at])
                .series(format!("mean of {window}"), Mark::Line, &rolling_mean(&curves.rank_ic[at], window)),
        );
    }
    let mut sums = Chart::new("Sum of the rank IC so far", &curves.times);
    for (ic, h) in curves.rank_ic.iter().zip(&detail.summary.horizons) {
        sums = sums.series(h.words.clone(), Mark::Line, &running_sum(ic));
    }
    section.chart(sums).table(statistics(detail));
    for (ic, h) in curves.rank_ic.iter().zip(&detail.summary.horizons) {
        histogram(section, ic, &h.words);
    }
    let late: Vec<String> = detail.decay.iter().map(|decay| decay.bars_late.to_string()).collect();
    let all: Vec<&MeanStatistics> = detail.decay.iter().map(|decay| &decay.rank_ic).collect();
    let title =
        format!("Decay: rank IC over {} when acted on so many bars late", evaluation.config.horizons[0].words());
    section.figure(means(title, late, &all));
    let names: Vec<String> = detail.summary.horizons.iter().map(|h| h.words.clone()).collect();
    let all: Vec<&MeanStatistics> = detail.summary.horizons.iter().map(|h| &h.rank_ic).collect();
    section.figure(means("Rank IC by horizon, with 95 % bars (Newey-West)".to_owned(), names, &all));
    if !detail.groups.is_empty() {
        let names: Vec<String> = detail.groups.iter().map(|group| group.name.clone()).collect();
        let mut figure = Figure::bars("Rank IC within groups, with 95 % bars (Newey-West)", names);
        for (at, h) in detail.summary.horizons.iter().enumerate() {
            let all: Vec<&MeanStatistics> = detail.groups.iter().map(|group| &group.rank_ic[at]).collect();
            figure = series(figure, h.words.clone(), &all);
        }
        section.figure(figure);
    }
    for (at, h) in detail.summary.horizons.iter().enumerate() {
        section.heat(monthly(detail, at, &h.words));
    }
}

/// Bars of means.
fn means(title: String, names: Vec<String>, all: &[&MeanStatistics]) -> Figure {
    series(Figure::bars(title, names), "rank IC".to_owned(), all)
}

/// Adds means with their 95 % bars.
fn series(figure: Figure, name: String, all: &[&MeanStatistics]) -> Figure {
    let means: Vec<f64> = all.iter().map(|one| drawn(one.mean)).collect();
    figure.series(name, &means, &all.iter().map(|one| ends_of(one)).collect::<Vec<_>>())
}

/// Both kinds of IC over all horizons.
fn statistics(detail: &Detail) -> Table {
    let head = [
        "horizon",
        "IC",
        "mean",
        "deviation",
        "mean / deviation",
        "error",
        "t",
        "p",
        "95 % band",
        "skewness",
        "excess kurtosis",
        "times",
    ];
    let mut rows = headed(&head);
    for h in &detail.summary.horizons {
        for (kind, one, shape) in [("rank", &h.rank_ic, h.rank_ic_shape), ("Pearson", &h.ic, h.ic_shape)] {
            let band = one.band.map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.4} to {high:.4}"));
            rows.push(vec![
                h.words.clone(),
                kind.to_owned(),
                number(one.mean, 4),
                number(one.deviation, 4),
                number(one.ratio, 3),
                number(one.error, 4),
                number(one.t, 2),
                number(one.p, 5),
                band,
                number(shape.skewness, 3),
                number(shape.kurtosis, 3),
                one.n.to_string(),
            ]);
        }
    }
    table(&rows, 2)
}

/// Sums of the finite values so far.
fn running_sum(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let step = |value: &f64| {
        sum += Some(*value).filter(|value| value.is_finite()).unwrap_or(0.0);
        sum
    };
    values.iter().map(step).collect()
}

/// The distribution of the rank IC beside a normal one.
fn histogram(section: &mut Section, values: &[f64], words: &str) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(mean), Some(deviation)) = (mean(&sorted), deviation(&sorted).filter(|d| *d > 0.0)) else { return };
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    let width = (high - low) / BINS as f64;
    let edge = |bin: usize| low + bin as f64 * width;
    let count = |bin: usize| {
        let end = if bin + 1 == BINS { sorted.len() } else { sorted.partition_point(|x| *x < edge(bin + 1)) };
        (end - sorted.partition_point(|x| *x < edge(bin))) as f64 / sorted.len() as f64
    };
    let cdf = |x: f64| crosscut_kernels::metrics::probability::normal_cdf((x - mean) / deviation);
    let shares: Vec<f64> = (0..BINS).map(count).collect();
    let normal: Vec<f64> = (0..BINS).map(|bin| cdf(edge(bin + 1)) - cdf(edge(bin))).collect();
    let names = (0..BINS).map(|bin| format!("{:.2}", edge(bin) + width / 2.0)).collect();
    section.figure(
        Figure::bars(format!("Distribution of the rank IC over {words}"), names)
            .series("share of times", &shares, &[])
            .series("normal", &normal, &[])
            .percent(),
    );
    let n = sorted.len();
    let points = n.min(200);
    let place = |at: usize| (at * n + n / 2) / points.max(1);
    let x: Vec<f64> = (0..points)
        .map(|at| normal_quantile((place(at).min(n - 1) as f64 + 0.5) / n as f64).unwrap_or(f64::NAN))
        .collect();
    let y: Vec<f64> = (0..points).map(|at| (sorted[place(at).min(n - 1)] - mean) / deviation).collect();
    section.figure(
        Figure::points(format!("Q-Q: rank IC over {words} in deviations against a normal distribution"), "normal", &x)
            .series("rank IC", &y, &[])
            .diagonal(),
    );
}

/// Mean rank IC by month of a horizon: years down, months across.
fn monthly(detail: &Detail, at: usize, words: &str) -> Heat {
    let columns = (1..=12).map(|month| format!("{month:02}")).collect();
    let mut heat = Heat::new(format!("Mean rank IC by month, {words}"), columns, 3);
    let year = |month: &crate::stability::Month| month.month[..month.month.len() - 3].to_owned();
    for months in detail.months.chunk_by(|a, b| year(a) == year(b)) {
        let mut row = vec![f64::NAN; 12];
        for month in months {
            let number: usize = month.month[month.month.len() - 2..].parse().unwrap_or(1);
            row[number - 1] = drawn(month.rank_ic[at]);
        }
        heat.row(year(&months[0]), row);
    }
    heat
}
