//! The report: one page that opens offline, with the plots people know from alphalens and what that library leaves out.

use crosscut_kernels::metrics::probability::normal_quantile;
use crosscut_kernels::metrics::{deviation, mean};
use crosscut_model::format_iso;
use crosscut_report::{Align, Cell, Chart, Figure, Heat, Mark, Page, Section, Table, Tile};

use crate::detail::{Detail, level};
use crate::document::{METHOD, bps, comparison_table, horizon_table, number, percent};
use crate::evaluate::Evaluation;
use crate::horizon::Horizon;
use crate::portfolio::KINDS;
use crate::series::MeanStatistics;
use crate::stability::Part;

/// Factors whose correlations are drawn.
const CORRELATED: usize = 40;

/// Bins of a histogram.
const BINS: usize = 41;

/// Others listed in the table of redundancy.
const BESIDE: usize = 40;

/// The whole page.
pub fn render(evaluation: &Evaluation, code_version: &str) -> String {
    let market = &evaluation.frame.market;
    let mut page = Page::new(format!("Factor evaluation: {}", evaluation.config.factor_set));
    let ends = market.times.first().zip(market.times.last());
    let span = ends.map(|(first, last)| format!("{} to {}", format_iso(*first), format_iso(*last))).unwrap_or_default();
    page.subtitle(format!(
        "{} {}, {} symbols, {} times, {span}; traded at the {}, {} after the bar just known",
        evaluation.factors.len(),
        if evaluation.factors.len() == 1 { "factor" } else { "factors" },
        market.symbols.len(),
        market.times.len(),
        evaluation.config.price.name(),
        Horizon::Bars(evaluation.config.lag).words()
    ));
    if !evaluation.warnings.is_empty() {
        page.section("Warnings").list(evaluation.warnings.clone());
    }
    if evaluation.comparison.len() > 1 {
        comparison(&mut page, evaluation);
    }
    for (at, detail) in evaluation.details.iter().enumerate() {
        factor(&mut page, evaluation, (at, detail));
    }
    about(&mut page, evaluation, code_version);
    page.footer(format!("crosscut {code_version}; the same input gives the same page"));
    page.render()
}

/// A table of texts; cells that read as numbers are sorted as such.
fn table(rows: &[Vec<String>], left: usize) -> Table {
    let head: Vec<(&str, Align)> = rows[0]
        .iter()
        .enumerate()
        .map(|(at, name)| (name.as_str(), if at < left { Align::Left } else { Align::Right }))
        .collect();
    let mut out = Table::new(&head).sortable();
    for row in &rows[1..] {
        let cell = |(at, text): (usize, &String)| {
            if at < left {
                return Cell::text(text.clone());
            }
            let first = text.split(' ').next().unwrap_or_default();
            Cell::number(first.parse().unwrap_or(f64::NAN), text.clone())
        };
        out.row(row.iter().enumerate().map(cell).collect());
    }
    out
}

/// Many factors side by side.
fn comparison(page: &mut Page, evaluation: &Evaluation) {
    let section = page.section("Factors side by side");
    let n = evaluation.comparison.iter().filter(|factor| factor.is_discovery).count();
    section.note(format!(
        "{n} of {} count as discoveries at a false-discovery rate of 5 % (Benjamini and Hochberg), by the rank IC over {}. \
         A factor whose spread is negative is held the other way round for net return and break-even cost.",
        evaluation.comparison.len(),
        evaluation.config.horizons[0].words()
    ));
    let mut rows = comparison_table(evaluation);
    rows.iter_mut().for_each(|row| row.swap(0, 1));
    section.table(table(&rows, 1));
    let names: Vec<String> = evaluation.comparison.iter().take(30).map(|factor| factor.factor.clone()).collect();
    let t: Vec<f64> = evaluation.comparison.iter().take(30).map(|factor| factor.t.unwrap_or(f64::NAN)).collect();
    section.figure(Figure::bars("t of the rank IC (Newey-West), strongest first", names).series("t", &t, &[]));
    if evaluation.correlations.len() > 1 {
        let shown = strongest(evaluation);
        let names: Vec<String> = shown.iter().map(|at| evaluation.factors[*at].clone()).collect();
        let mut heat = Heat::new("Mean rank correlation of the factors", names.clone(), 2);
        for (name, at) in names.iter().zip(&shown) {
            heat.row(name.clone(), shown.iter().map(|other| evaluation.correlations[*at][*other]).collect());
        }
        section.heat(heat);
        if evaluation.factors.len() > shown.len() {
            section.note(format!(
                "The {} strongest of {} factors are shown; all are in correlations.parquet.",
                shown.len(),
                evaluation.factors.len()
            ));
        }
    }
}

/// Positions of the strongest factors.
fn strongest(evaluation: &Evaluation) -> Vec<usize> {
    let place = |name: &String| evaluation.factors.iter().position(|factor| factor == name);
    evaluation.comparison.iter().filter_map(|factor| place(&factor.factor)).take(CORRELATED).collect()
}

/// One factor.
fn factor(page: &mut Page, evaluation: &Evaluation, (at, detail): (usize, &Detail)) {
    let name = &detail.summary.factor;
    let section = page.section(name.clone());
    tiles(section, detail);
    let definition = &evaluation.definitions[at];
    let mut facts = Vec::new();
    if let Some(formula) = definition["definition"]["formula"].as_str() {
        facts.push(("formula".to_owned(), formula.to_owned()));
    }
    if let Some(notes) = definition["definition"]["notes"].as_str() {
        facts.push(("notes".to_owned(), notes.to_owned()));
    }
    let proof = &definition["proof"]["causal"];
    let causal = match (proof["passed"].as_bool(), proof["n_cuts"].as_u64()) {
        (Some(true), Some(cuts)) => format!("proved on {cuts} cuts: no value changes with what happens later"),
        (Some(false), _) => {
            format!("FAILED: {}", proof["detail"].as_str().unwrap_or("values change with what happens later"))
        }
        _ => "not proved; run `crosscut factors audit`".to_owned(),
    };
    facts.push(("knowledge of the future".to_owned(), causal));
    facts.push((
        "factor set".to_owned(),
        format!(
            "{} generation {}, made by version {}",
            evaluation.config.factor_set,
            definition["generation"],
            definition["code_version"].as_str().unwrap_or("?")
        ),
    ));
    section.facts(facts).table(table(&horizon_table(&detail.summary), 1));
    returns(page, evaluation, detail);
    information(page, evaluation, detail);
    turnover(page, evaluation, detail);
    stability(page, evaluation, detail);
    redundancy(page, detail);
    coverage(page, detail);
}

/// The main numbers.
fn tiles(section: &mut Section, detail: &Detail) {
    let Some(h) = detail.summary.horizons.first() else { return };
    let portfolio = h.portfolios.first();
    let tile = |label: &str, value: String, note: String| Tile { label: label.to_owned(), value, note };
    section.tiles(vec![
        tile("rank IC", number(h.rank_ic.mean, 4), format!("over {}, t {}", h.words, number(h.rank_ic.t, 2))),
        tile("ICIR", number(h.rank_ic.ratio, 3), format!("{} of times above 0", percent(h.rank_ic.share_positive))),
        tile("spread", format!("{} bp", bps(h.spread.mean)), format!("t {}", number(h.spread.t, 2))),
        tile(
            "long-short net",
            format!("{} % a year", number(portfolio.and_then(|p| p.annual_net).map(|x| x * 100.0), 1)),
            format!("Sharpe {}", number(portfolio.and_then(|p| p.sharpe_net), 2)),
        ),
        tile(
            "break-even cost",
            format!("{} bp", number(portfolio.and_then(|p| p.break_even_bps), 1)),
            "per unit bought or sold".to_owned(),
        ),
        tile(
            "half-life",
            format!("{} bars", number(detail.ic_half_life_bars, 1)),
            "until half of the rank IC is gone".to_owned(),
        ),
        tile(
            "capacity",
            money(detail.capacity.median_name),
            format!("at {} of a bar's volume, median name", percent(Some(detail.capacity.participation))),
        ),
        tile(
            "names",
            number(detail.summary.coverage.mean_names, 0),
            format!("{} of rows dropped", percent(detail.summary.coverage.loss)),
        ),
    ]);
}

/// An amount in quote units.
fn money(value: Option<f64>) -> String {
    match value {
        Some(value) if value >= 1e9 => format!("{:.1} bn", value / 1e9),
        Some(value) if value >= 1e6 => format!("{:.1} m", value / 1e6),
        Some(value) if value >= 1e3 => format!("{:.1} k", value / 1e3),
        other => number(other, 0),
    }
}

/// Returns of the portfolios.
fn returns(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let name = &detail.summary.factor;
    let section = page.section(format!("{name}: returns"));
    let n_quantiles = evaluation.config.n_quantiles;
    let labels: Vec<String> = (1..=n_quantiles).map(|q| format!("q{q}")).collect();
    let mut bars =
        Figure::bars("Mean return by portfolio less the mean of all names, with 95 % bars (Newey-West)", labels);
    for h in &detail.summary.horizons {
        let statistics = |q: usize| h.quantiles[q].demeaned_by_time;
        let means: Vec<f64> = (0..n_quantiles).map(|q| statistics(q).mean.unwrap_or(f64::NAN)).collect();
        let ends = |q: usize| {
            let (mean, error) = (statistics(q).mean.unwrap_or(f64::NAN), statistics(q).error.unwrap_or(f64::NAN));
            (mean - 1.96 * error, mean + 1.96 * error)
        };
        bars = bars.series(h.words.clone(), &means, &(0..n_quantiles).map(ends).collect::<Vec<_>>());
    }
    section.figure(bars.percent());
    let curves = &detail.curves;
    for (at, h) in detail.summary.horizons.iter().enumerate().take(1) {
        let mut chart =
            Chart::new(format!("Growth of each portfolio, held for {}", h.words), &curves.times).height(300);
        for (q, returns) in curves.quantiles[at].iter().enumerate() {
            chart = chart.series(format!("q{}", q + 1), Mark::Line, &level(returns, h.bars));
        }
        section.chart(chart.series("all names", Mark::Line, &level(&curves.market[at], h.bars)).log_switch());
    }
    for (at, h) in detail.summary.horizons.iter().enumerate() {
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
        let window = rolling_window(spread.len());
        section.chart(
            Chart::new(format!("Spread of q{n_quantiles} over q1, {}", h.words), &curves.times)
                .series("spread", Mark::Stem, &spread)
                .series(format!("mean of {window}"), Mark::Line, &rolling_mean(&spread, window))
                .percent(),
        );
    }
    section.table(portfolios(detail));
    section.note("The factor-weighted portfolio regressed on the mean of all names:").table(market_fits(detail));
}

/// A minus b.
fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The portfolios of all horizons.
fn portfolios(detail: &Detail) -> Table {
    let mut rows = vec![
        [
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
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
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
    let mut rows = vec![["horizon", "alpha % a year", "t", "beta", "t"].map(str::to_owned).to_vec()];
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

/// Values a rolling mean takes: about a tenth of the data, 10 to 500.
fn rolling_window(n: usize) -> usize {
    (n / 20).clamp(10, 500)
}

/// Means of the last `window` finite values; NaN until there are half as many.
fn rolling_mean(values: &[f64], window: usize) -> Vec<f64> {
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

/// The information coefficient.
fn information(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
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
    section.chart(sums);
    if let Some(ic) = curves.rank_ic.first() {
        histogram(section, ic);
    }
    let late: Vec<String> = detail.decay.iter().map(|decay| decay.bars_late.to_string()).collect();
    let means: Vec<f64> = detail.decay.iter().map(|decay| decay.rank_ic.mean.unwrap_or(f64::NAN)).collect();
    let ends = |s: &MeanStatistics| {
        let (mean, error) = (s.mean.unwrap_or(f64::NAN), s.error.unwrap_or(f64::NAN));
        (mean - 1.96 * error, mean + 1.96 * error)
    };
    let errors: Vec<(f64, f64)> = detail.decay.iter().map(|decay| ends(&decay.rank_ic)).collect();
    let title =
        format!("Decay: rank IC over {} when acted on so many bars late", evaluation.config.horizons[0].words());
    section.figure(Figure::bars(title, late).series("rank IC", &means, &errors));
    let names: Vec<String> = detail.summary.horizons.iter().map(|h| h.words.clone()).collect();
    let means: Vec<f64> = detail.summary.horizons.iter().map(|h| h.rank_ic.mean.unwrap_or(f64::NAN)).collect();
    let errors: Vec<(f64, f64)> = detail.summary.horizons.iter().map(|h| ends(&h.rank_ic)).collect();
    section.figure(
        Figure::bars("Rank IC by horizon, with 95 % bars (Newey-West)", names.clone())
            .series("rank IC", &means, &errors),
    );
    section.heat(monthly(detail));
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
fn histogram(section: &mut Section, values: &[f64]) {
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
        Figure::bars("Distribution of the rank IC", names)
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
        Figure::points("Q-Q: rank IC in deviations against a normal distribution", "normal", &x)
            .series("rank IC", &y, &[])
            .diagonal(),
    );
}

/// Mean rank IC by month of the first horizon: years down, months across.
fn monthly(detail: &Detail) -> Heat {
    let columns = (1..=12).map(|month| format!("{month:02}")).collect();
    let horizon = detail.summary.horizons.first().map(|h| h.words.clone()).unwrap_or_default();
    let mut heat = Heat::new(format!("Mean rank IC by month, {horizon}"), columns, 3);
    let year = |month: &crate::stability::Month| month.month[..month.month.len() - 3].to_owned();
    for months in detail.months.chunk_by(|a, b| year(a) == year(b)) {
        let mut row = vec![f64::NAN; 12];
        for month in months {
            let number: usize = month.month[month.month.len() - 2..].parse().unwrap_or(1);
            row[number - 1] = month.rank_ic.first().copied().flatten().unwrap_or(f64::NAN);
        }
        heat.row(year(&months[0]), row);
    }
    heat
}

/// Turnover and autocorrelation.
fn turnover(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let section = page.section(format!("{}: turnover", detail.summary.factor));
    let curves = &detail.curves;
    let top = evaluation.config.n_quantiles;
    let mut chart = Chart::new("Share of names new in a portfolio since the bar before", &curves.times).percent();
    chart = chart.series("q1", Mark::Line, &curves.turnover[0]);
    section.chart(chart.series(format!("q{top}"), Mark::Line, &curves.turnover[top - 1]));
    section.chart(Chart::new("Rank correlation of the factor with itself the bar before", &curves.times).series(
        "rank autocorrelation",
        Mark::Line,
        &curves.rank_autocorrelation,
    ));
    let mut rows = vec![
        ["horizon".to_owned()]
            .into_iter()
            .chain((1..=top).map(|q| format!("q{q}")))
            .chain(["rank autocorrelation".to_owned()])
            .collect::<Vec<_>>(),
    ];
    for h in &detail.summary.horizons {
        let turnover = h.quantiles.iter().map(|q| percent(q.turnover));
        rows.push(
            std::iter::once(h.words.clone()).chain(turnover).chain([number(h.rank_autocorrelation, 3)]).collect(),
        );
    }
    section.table(table(&rows, 1));
}

/// Whether it works everywhere.
fn stability(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let section = page.section(format!("{}: stability", detail.summary.factor));
    for (title, list) in [
        ("year", &detail.years),
        ("state of the market", &detail.states),
        ("age of the listing", &detail.ages),
        ("group", &detail.groups),
    ] {
        if !list.is_empty() {
            section.table(parts(title, list, evaluation));
        }
    }
    section.note("State of the market: the mean of all names over the window, rising or falling; its volatility against the median of all earlier times. Both as they were known.");
    let mut rows =
        vec![["variant", "horizon", "rank IC", "t", "spread bps", "t", "net % a year"].map(str::to_owned).to_vec()];
    let plain = std::iter::once(("as it is", &detail.summary));
    for (name, summary) in plain.chain(detail.variants.iter().map(|v| (v.variant.as_str(), &v.summary))) {
        for h in &summary.horizons {
            rows.push(vec![
                name.to_owned(),
                h.words.clone(),
                number(h.rank_ic.mean, 4),
                number(h.rank_ic.t, 2),
                bps(h.spread.mean),
                number(h.spread.t, 2),
                number(h.portfolios.first().and_then(|p| p.annual_net).map(|x| x * 100.0), 1),
            ]);
        }
    }
    section.table(table(&rows, 2));
}

/// A table of parts.
fn parts(title: &str, list: &[Part], evaluation: &Evaluation) -> Table {
    let mut head = vec![title.to_owned()];
    for horizon in &evaluation.config.horizons {
        head.extend([format!("rank IC {}", horizon.words()), "t".to_owned(), "n".to_owned()]);
        if list.iter().any(|part| !part.spread.is_empty()) {
            head.push("spread bps".to_owned());
        }
    }
    let mut rows = vec![head];
    for part in list {
        let mut row = vec![part.name.clone()];
        for (h, ic) in part.rank_ic.iter().enumerate() {
            row.extend([number(ic.mean, 4), number(ic.t, 2), ic.n.to_string()]);
            if let Some(spread) = part.spread.get(h) {
                row.push(bps(spread.mean));
            }
        }
        rows.push(row);
    }
    table(&rows, 1)
}

/// Exposures and other factors.
fn redundancy(page: &mut Page, detail: &Detail) {
    let section = page.section(format!("{}: exposures and other factors", detail.summary.factor));
    let names = detail.exposures.iter().map(|e| e.characteristic.clone()).collect();
    let means: Vec<f64> = detail.exposures.iter().map(|e| e.correlation.mean.unwrap_or(f64::NAN)).collect();
    section.figure(Figure::bars("Mean rank correlation with what is known of the names", names).series(
        "correlation",
        &means,
        &[],
    ));
    section.facts(detail.exposures.iter().map(|e| (e.characteristic.clone(), e.meaning.clone())).collect());
    for (title, joint) in [
        ("size, liquidity, volatility, momentum and beta", &detail.beyond_exposures),
        ("the closest other factors", &detail.beyond_others),
    ] {
        if let Some(joint) = joint {
            section.note(format!(
                "Without {title} ({}), taken out by regression time by time, a rank IC of {} (t {}) is left of {} (t {}); they explain {} of its ranks.",
                joint.others.join(", "),
                number(joint.incremental.mean, 4),
                number(joint.incremental.t, 2),
                number(joint.rank_ic.mean, 4),
                number(joint.rank_ic.t, 2),
                percent(joint.r_squared)
            ));
        }
    }
    let mut rows = vec![
        ["factor", "set", "rank correlation", "its rank IC", "incremental rank IC", "t"].map(str::to_owned).to_vec(),
    ];
    for beside in detail.beside.iter().take(BESIDE) {
        rows.push(vec![
            beside.factor.clone(),
            beside.factor_set.clone(),
            number(beside.correlation, 3),
            number(beside.rank_ic, 4),
            number(beside.incremental.mean, 4),
            number(beside.incremental.t, 2),
        ]);
    }
    section.table(table(&rows, 2));
    if detail.beside.len() > BESIDE {
        section.note(format!("{} more are in evaluation.json.", detail.beside.len() - BESIDE));
    }
}

/// Rows, missing values, outliers.
fn coverage(page: &mut Page, detail: &Detail) {
    let section = page.section(format!("{}: coverage", detail.summary.factor));
    let (coverage, outliers) = (&detail.summary.coverage, &detail.outliers);
    let mut facts: Vec<(String, String)> = [
        ("rows of the factor", coverage.rows.rows.to_string()),
        ("without a value", coverage.rows.missing.to_string()),
        ("not tradable", coverage.rows.untradable.to_string()),
        ("known late", coverage.rows.late.to_string()),
        ("outside the pool", coverage.rows.outside_pool.to_string()),
        ("at times with too few names", coverage.too_few_names.to_string()),
        ("without the returns of all horizons", coverage.incomplete.to_string()),
        ("times judged", format!("{} of {}", coverage.times_judged, coverage.times)),
        ("values beyond 5 scaled MADs of the median", percent(outliers.beyond_5)),
        ("values beyond 10", percent(outliers.beyond_10)),
        ("farthest value, scaled MADs", number(outliers.largest, 1)),
        ("values shared with another name", percent(outliers.tied)),
        ("capacity, median name", money(detail.capacity.median_name)),
        ("capacity, name at the lowest tenth of volume", money(detail.capacity.thin_name)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    for h in &detail.summary.horizons {
        let m = h.missing;
        facts.push((
            format!("returns missing over {}", h.words),
            format!(
                "{} end of data, {} no entry price, {} no exit price, {} delisted",
                m.end_of_data, m.no_entry_price, m.no_exit_price, m.delisted
            ),
        ));
    }
    section.facts(facts);
    section.chart(
        Chart::new("Names that take part", &detail.curves.times)
            .series("names", Mark::Step, &detail.curves.n_names)
            .height(180),
    );
    if !detail.symbols.is_empty() {
        let mut rows = vec![["symbol", "times", "missing"].map(str::to_owned).to_vec()];
        rows.extend(detail.symbols.iter().map(|s| vec![s.symbol.clone(), s.times.to_string(), s.missing.to_string()]));
        section.table(table(&rows, 1));
    }
}

/// Settings, method, data.
fn about(page: &mut Page, evaluation: &Evaluation, code_version: &str) {
    let section = page.section("Settings and method");
    let mut facts = vec![
        ("program version".to_owned(), code_version.to_owned()),
        ("calendar".to_owned(), format!("{}; {}", evaluation.calendar.name(), evaluation.annualisation.basis)),
        ("input tables".to_owned(), format!("{}, with hashes in evaluation.json", evaluation.inputs.len())),
    ];
    facts.extend(METHOD.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    section.facts(facts);
    if !evaluation.notes.is_empty() {
        section.list(evaluation.notes.clone());
    }
    section.preformatted("Settings", format!("{:#}", evaluation.config.canonical()));
}
