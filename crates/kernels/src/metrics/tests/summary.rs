//! All metrics at once against the formulas one by one: the same bits.

use crate::bootstrap::Random;
use crate::metrics::*;

/// What the formulas give, in the order of [`Summary`]'s fields, as bits.
fn one_by_one(equity: &[f64], returns: &[f64]) -> Vec<Option<u64>> {
    let gains: Vec<f64> = returns.iter().map(|value| f64::from(*value > 0.0)).collect();
    let values = [
        total_return(equity),
        volatility(returns, 365.0),
        sharpe(returns, 365.0, 0.0),
        sortino(returns, 365.0, 0.0),
        downside_deviation(returns, 0.0),
        max_drawdown(equity),
        probabilistic_sharpe(returns, 0.0),
        tail::ulcer_index(equity),
        tail::recovery_factor(equity),
        trades::best(returns),
        trades::worst(returns),
        mean(&gains),
        tail::value_at_risk(returns, 0.05),
        tail::conditional_value_at_risk(returns, 0.05),
        tail::skewness(returns),
        tail::kurtosis(returns),
        tail::tail_ratio(returns),
        tail::omega(returns, 0.0),
        tail::gain_to_pain(returns),
        tail::stability(equity),
    ];
    values.iter().map(|value| value.map(f64::to_bits)).collect()
}

/// The same of the summary.
fn at_once(summary: &Summary) -> Vec<Option<u64>> {
    let values = [
        summary.total_return,
        summary.volatility,
        summary.sharpe,
        summary.sortino,
        summary.downside_deviation,
        summary.max_drawdown,
        summary.probabilistic_sharpe,
        summary.ulcer_index,
        summary.recovery_factor,
        summary.best,
        summary.worst,
        summary.positive,
        summary.value_at_risk,
        summary.conditional_value_at_risk,
        summary.skewness,
        summary.kurtosis,
        summary.tail_ratio,
        summary.omega,
        summary.gain_to_pain,
        summary.stability,
    ];
    values.iter().map(|value| value.map(f64::to_bits)).collect()
}

/// The longest drawdown looked for from each high anew.
fn longest_slowly(equity: &[f64]) -> Option<Drawdown> {
    let falls = all_drawdowns(equity);
    let length = |fall: &Drawdown| fall.recovery_idx.unwrap_or(equity.len() - 1) - fall.peak_idx;
    falls.into_iter().reduce(|best, next| if length(&next) > length(&best) { next } else { best })
}

/// Checks all at once against one by one.
#[track_caller]
fn check(curve: &[f64], workspace: &mut Workspace) {
    let returns = returns(curve);
    let summary = summary(curve, 365.0, workspace);
    assert_eq!(at_once(&summary), one_by_one(curve, &returns), "{curve:?}");
    assert_eq!(summary.worst_drawdown, worst_drawdown(curve));
    assert_eq!(summary.longest_drawdown, longest_drawdown(curve));
    if max_drawdown(curve).is_some() {
        assert_eq!(summary.longest_drawdown, longest_slowly(curve), "{curve:?}");
    }
    if let [start, after @ ..] = curve {
        assert_eq!(at_once(&summary_after(*start, after, 365.0, workspace)), at_once(&summary));
    }
}

/// A curve of `n` values, whose steps are up to `step`, in parts of a thousandth of it.
fn random_curve(n: usize, step: f64, random: &mut Random) -> Vec<f64> {
    let mut value = 100.0;
    let curve = (0..n).map(|_| {
        value *= 1.0 + step * (random.below(2001) as f64 - 1000.0) / 1000.0;
        value
    });
    curve.collect()
}

#[test]
fn all_at_once_has_the_bits_of_one_by_one() {
    let mut random = Random::new(11);
    let mut curves: Vec<Vec<f64>> = vec![
        Vec::new(),
        vec![1.0],
        vec![1.0, 1.0],
        vec![1.0, 2.0],
        vec![2.0, 1.0, 1.5],
        vec![1.0; 30],
        vec![1.0, 0.0, 1.0],
        vec![1.0, -1.0, 3.0, 2.0],
        vec![1.0, f64::NAN, 3.0],
        (1..50).map(f64::from).collect(),
        (1..500).rev().map(f64::from).collect(),
        (1..6000).map(|at| f64::from(at / 100 + 1)).collect(),
        (1..6000).map(|at| 1.0 + f64::from(at % 3)).collect(),
        // Hardly anything, yet more than rounding.
        (0..300).map(|at| 100.0 + f64::from(at % 5) * 1e-11).collect(),
    ];
    for n in [3, 4, 5, 19, 20, 21, 22, 40, 41, 100, 255, 256, 257, 258, 259, 513, 1000] {
        for step in [0.1, 0.01, 0.5] {
            let mut value = 100.0;
            let curve = (0..n).map(|_| {
                value *= 1.0 + step * (random.below(21) as f64 - 10.0) / 10.0;
                value
            });
            curves.push(curve.collect());
        }
    }
    for n in [4095, 4096, 4097, 4098, 6000] {
        let plain = random_curve(n, 0.02, &mut random);
        // What a sample of every so many returns sees is not what there is.
        for step in [5, 9, 13, 17] {
            let mut misleading = plain.clone();
            misleading.iter_mut().skip(1).step_by(step).for_each(|value| *value *= 0.9);
            curves.push(misleading);
        }
        let (mut crashed, mut idle) = (plain.clone(), plain.clone());
        crashed[n / 3..].iter_mut().for_each(|value| *value *= 1e-4);
        idle[n / 10..].fill(77.0);
        curves.extend([plain, crashed, idle]);
    }
    let mut workspace = Workspace::default();
    for curve in curves {
        check(&curve, &mut workspace);
    }
}

#[test]
fn falls_of_any_length_and_depth_have_the_places_of_one_by_one() {
    let mut random = Random::new(15);
    let mut workspace = Workspace::default();
    for _ in 0..400 {
        let (mut curve, mut high) = (Vec::new(), 1000.0);
        let (length, depth) = (1 + random.below(45), 1 + random.below(60));
        // Long and shallow ones, then short and deep ones, or the other way round, or of all kinds.
        let (longer, deeper) = (random.below(3), random.below(3));
        for nth in 0..60 {
            let times = |way: usize| [1, 1 + nth / 20, 4 - nth / 20][way];
            let (length, depth) = (random.below(length * times(longer)), 1 + random.below(depth * times(deeper)));
            curve.extend((0..1 + random.below(3)).map(|at| high + at as f64));
            high = *curve.last().unwrap();
            curve.extend((0..length).map(|_| high - (1 + random.below(depth)) as f64));
        }
        let summary = summary(&curve, 365.0, &mut workspace);
        assert_eq!(summary.worst_drawdown, worst_drawdown(&curve), "{curve:?}");
        assert_eq!(summary.longest_drawdown, longest_slowly(&curve), "{curve:?}");
        assert_eq!(summary.max_drawdown, max_drawdown(&curve));
    }
}

#[test]
fn curves_of_odd_numbers_have_the_bits_of_one_by_one() {
    let mut random = Random::new(14);
    let mut workspace = Workspace::default();
    for odd in [0.0, -0.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-310, 1e-300, 1e300, f64::MAX] {
        for n in [3, 600, 5000] {
            for at in [0, 1, n / 2, n - 2, n - 1] {
                let mut curve = random_curve(n, 0.02, &mut random);
                curve[at] = odd;
                check(&curve, &mut workspace);
            }
            check(&vec![odd; n], &mut workspace);
        }
    }
}

/// All against a benchmark at once against the formulas one by one.
#[track_caller]
fn check_relative(curve: &[f64], benchmark: &[f64], workspace: &mut Workspace) {
    let (own, other) = (returns(curve), returns(benchmark));
    let fit = regression(&own, &other, 365.0);
    let one_by_one = [
        total_return(curve),
        total_return(benchmark),
        relative::tracking_error(&own, &other, 365.0),
        relative::information_ratio(&own, &other, 365.0),
        relative::capture(&own, &other, relative::Market::Up, 1.0),
        relative::capture(&own, &other, relative::Market::Down, 1.0),
        fit.map(|fit| fit.alpha),
        fit.map(|fit| fit.beta),
        fit.and_then(|fit| fit.correlation),
    ];
    let summary = relative::summary(curve, benchmark, 365.0, workspace);
    let at_once = [
        summary.total_return,
        summary.benchmark_return,
        summary.tracking_error,
        summary.information_ratio,
        summary.up_capture,
        summary.down_capture,
        summary.regression.map(|fit| fit.alpha),
        summary.regression.map(|fit| fit.beta),
        summary.regression.and_then(|fit| fit.correlation),
    ];
    let bits = |values: [Option<f64>; 9]| values.map(|value| value.map(f64::to_bits));
    assert_eq!(bits(at_once), bits(one_by_one), "{curve:?} against {benchmark:?}");
}

#[test]
fn all_against_a_benchmark_at_once_has_the_bits_of_one_by_one() {
    let mut random = Random::new(16);
    let mut workspace = Workspace::default();
    for n in [0, 1, 2, 3, 4, 50, 700] {
        let mut curves: Vec<Vec<f64>> = [0.5, 0.01, 1e-12].map(|step| random_curve(n, step, &mut random)).to_vec();
        curves.push(vec![3.0; n]);
        // Growth by the same share each time, up to rounding.
        curves.push((0..n).map(|at| 100.0 * 1.01f64.powi(at as i32)).collect());
        let noise = (0..n).map(|_| 1.0 + random.below(2) as f64 * f64::EPSILON).collect::<Vec<_>>();
        curves.push(noise.iter().enumerate().map(|(at, noise)| 2f64.powi(at as i32) * noise).collect());
        for odd in [0.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-310, f64::MAX] {
            let mut curve = random_curve(n, 0.02, &mut random);
            curve.iter_mut().skip(n / 2).step_by(97).for_each(|value| *value = odd);
            curves.push(curve);
        }
        for curve in &curves {
            for benchmark in &curves {
                check_relative(curve, benchmark, &mut workspace);
            }
            check_relative(curve, &curve[..n / 2], &mut workspace);
            check_relative(curve, &curve.iter().map(|value| value * 2.0).collect::<Vec<_>>(), &mut workspace);
        }
    }
}

/// Trades, owned.
#[derive(Debug)]
struct Trades {
    profits: Vec<f64>,
    bars: Vec<f64>,
    longs: Vec<bool>,
    adverse: Vec<f64>,
    favourable: Vec<f64>,
}

impl Trades {
    /// Trades with these profits, lasting so many bars at most.
    fn new(profits: Vec<f64>, most_bars: usize, random: &mut Random) -> Self {
        let n = profits.len();
        let mut column =
            |below: usize, scale: f64| (0..n).map(|_| random.below(below) as f64 * scale).collect::<Vec<_>>();
        let (bars, adverse, favourable) =
            (column(most_bars + 1, 1.0), column(900, -1e-3 / 7.0), column(900, 1e-3 / 7.0));
        let longs = column(2, 1.0).iter().map(|side| *side > 0.0).collect();
        Self { profits, bars, longs, adverse, favourable }
    }

    /// What the formulas give, in the order of the summary's fields.
    fn one_by_one(&self) -> Vec<Option<f64>> {
        let Self { profits, bars, longs, adverse, favourable } = self;
        let known = !profits.is_empty();
        let streak = |is_of_it: fn(f64) -> bool| known.then(|| trades::longest_streak(profits, is_of_it) as f64);
        let of_side = |side: bool| -> Vec<f64> {
            let pairs = profits.iter().zip(longs).filter(|(_, long)| **long == side);
            pairs.map(|(profit, _)| *profit).collect()
        };
        let (long, short) = (of_side(true), of_side(false));
        vec![
            win_rate(profits),
            profit_factor(profits),
            expectancy(profits),
            payoff(profits),
            trades::best(profits),
            trades::worst(profits),
            trades::average_win(profits),
            trades::average_loss(profits),
            streak(|profit| profit > 0.0),
            streak(|profit| profit < 0.0),
            trades::quality_number(profits),
            trades::kelly(profits),
            mean(bars),
            tail::median(bars),
            Some(long.len() as f64),
            Some(short.len() as f64),
            win_rate(&long),
            win_rate(&short),
            mean(adverse),
            mean(favourable),
            trades::edge_ratio(adverse, favourable),
        ]
    }

    /// The same of the summary.
    fn at_once(&self) -> Vec<Option<f64>> {
        let Self { profits, bars, longs, adverse, favourable } = self;
        let summary = trades::summary(&trades::Closed { profits, bars, longs, adverse, favourable });
        vec![
            summary.win_rate,
            summary.profit_factor,
            summary.expectancy,
            summary.payoff,
            summary.best,
            summary.worst,
            summary.average_win,
            summary.average_loss,
            summary.longest_winning_streak,
            summary.longest_losing_streak,
            summary.quality_number,
            summary.kelly,
            summary.mean_bars,
            summary.median_bars,
            Some(summary.n_long as f64),
            Some(summary.n_short as f64),
            summary.win_rate_long,
            summary.win_rate_short,
            summary.mean_adverse,
            summary.mean_favourable,
            summary.edge_ratio,
        ]
    }

    /// Both have the same bits.
    #[track_caller]
    fn check(&self) {
        let bits = |values: Vec<Option<f64>>| values.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>();
        assert_eq!(bits(self.at_once()), bits(self.one_by_one()), "{self:?}");
    }
}

#[test]
fn all_of_trades_at_once_has_the_bits_of_one_by_one() {
    let mut random = Random::new(12);
    let mut all: Vec<Vec<f64>> = vec![
        Vec::new(),
        vec![1.5],
        vec![-1.5],
        vec![0.0],
        vec![3.0, 3.0],
        vec![1.0, f64::NAN, -2.0],
        vec![1.0, f64::INFINITY, -2.0],
        vec![f64::NEG_INFINITY, f64::INFINITY, -2.0],
        vec![-1.0, 0.0, -0.0, -3.0, -1.0, 0.0],
        vec![1.0, -0.0, 0.0, 3.0, 0.0, -0.0],
    ];
    // Zeros of both signs are the best, or the worst.
    for side in [1.0, -1.0] {
        all.extend((0..20).map(|_| (0..11).map(|_| [0.0, -0.0, side][random.below(3)]).collect()));
    }
    for n in [2, 3, 7, 40, 500] {
        for spread in [4, 5, 2001] {
            all.push((0..n).map(|_| (random.below(spread) as f64 - 2.0) / 7.0).collect());
        }
    }
    // Short and long, around the numbers that are counted one by one, and large.
    for most_bars in [0, 1, 5, 900, 1022, 1023, 1024, 3000, 1 << 20, 1 << 40] {
        for profits in &all {
            Trades::new(profits.clone(), most_bars, &mut random).check();
        }
    }
}

#[test]
fn bars_of_any_numbers_have_the_bits_of_one_by_one() {
    let mut random = Random::new(13);
    for n in [127, 128, 129, 130, 131, 400] {
        let profits: Vec<f64> = (0..n).map(|_| random.below(100) as f64 - 50.0).collect();
        for odd in [0.5, -1.0, -0.0, f64::NAN, f64::INFINITY, 1e300, 1e-300, 1023.0, 5000.0] {
            for at in [0, n / 2, n - 1] {
                let mut trades = Trades::new(profits.clone(), 40, &mut random);
                trades.bars[at] = odd;
                trades.check();
                trades.bars.fill(odd);
                trades.check();
            }
        }
    }
}
