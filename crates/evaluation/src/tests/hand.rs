//! Numbers worked out by hand: ties, tiny cross-sections, constant factors, days without values, delistings, costs.

use super::{judge, market, matrix, rules, schedule};
use crate::horizon::{Calendar, Horizon};
use crate::market::Delisting;
use crate::portfolio::Kind;
use crate::quantile::QuantileRule;
use crate::schedule::{NONE, Timing};
use crate::section::Rows;
use crosscut_model::Zone;
use crosscut_model::time::{DAY, HOUR, MINUTE, parse_iso};

/// A bar ahead.
const NEXT: [Horizon; 1] = [Horizon::Bars(1)];

#[test]
fn ties_share_their_average_rank() {
    let market = market(&[vec![100.0; 4], vec![110.0, 120.0, 130.0, 140.0]]);
    let factor = matrix(&[vec![1.0, 2.0, 2.0, 3.0], vec![f64::NAN; 4]]);
    let (sections, _) = judge(&market, &factor, (&NEXT, rules(2, QuantileRule::Rank)));
    let outcome = &sections.rows[0].outcomes[0];
    // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: covariance 4.5, squares 4.5 and 5: 4.5 / sqrt(22.5).
    assert!((outcome.rank_ic - 4.5 / 22.5f64.sqrt()).abs() < 1e-15);
    // Average rank 2.5 of 4 in two portfolios: ceil(1.25) = 2 for both of the tie.
    assert_eq!(sections.quantiles.row(0), [1, 2, 2, 2]);
    assert!((outcome.quantiles[1].mean - 0.3).abs() < 1e-15 && outcome.quantiles[1].n == 3.0);
    let (sections, _) = judge(&market, &factor, (&NEXT, rules(2, QuantileRule::Ordinal)));
    assert_eq!(sections.quantiles.row(0), [1, 1, 2, 2]);
    // pandas: qcut([1, 2, 2, 3], 2) puts the median 2 into the lower half.
    let (sections, _) = judge(&market, &factor, (&NEXT, rules(2, QuantileRule::Interpolated)));
    assert_eq!(sections.quantiles.row(0), [1, 1, 1, 2]);
    // Bins of [1, 3]: the edge 2 belongs to the lower.
    let (sections, _) = judge(&market, &factor, (&NEXT, rules(2, QuantileRule::Width)));
    assert_eq!(sections.quantiles.row(0), [1, 1, 1, 2]);
}

#[test]
fn a_constant_factor_says_nothing() {
    let market = market(&[vec![100.0; 3], vec![110.0, 90.0, 100.0], vec![120.0, 80.0, 100.0]]);
    let (sections, summary) = judge(&market, &matrix(&vec![vec![7.0; 3]; 3]), (&NEXT, rules(3, QuantileRule::Rank)));
    assert!(sections.rows[0].outcomes[0].rank_ic.is_nan() && sections.rows[0].outcomes[0].weighted.is_nan());
    let first = &summary.horizons[0];
    assert_eq!((first.rank_ic.mean, first.rank_ic.t, first.rank_ic.n), (None, None, 0));
    assert_eq!((first.spread.mean, first.market_fit), (None, None));
    // All share the middle portfolio.
    assert_eq!(sections.quantiles.row(0), [2, 2, 2]);
    assert_eq!((first.quantiles[0].mean, first.quantiles[0].n), (None, 0));
}

#[test]
fn days_without_values_and_with_few_names() {
    let market = market(&vec![vec![100.0, 101.0, 102.0]; 5]);
    let nan = f64::NAN;
    let factor = matrix(&[vec![nan; 3], vec![1.0, nan, nan], vec![1.0, 2.0, nan], vec![nan; 3], vec![1.0, 2.0, 3.0]]);
    let (sections, summary) = judge(&market, &factor, (&NEXT, rules(2, QuantileRule::Rank)));
    let judged: Vec<bool> = sections.rows.iter().map(|section| !section.outcomes.is_empty()).collect();
    assert_eq!(judged, [false, false, true, false, true]);
    assert_eq!((sections.dropped.too_few_names, sections.dropped.n_values), (1, 6));
    assert_eq!(sections.missing[0].end_of_data, 3);
    assert!(sections.rows[2].outcomes[0].rank_ic.is_nan(), "all returns are 0: nothing to correlate with");
    assert_eq!(summary.horizons[0].rank_ic.n, 0);
}

#[test]
fn nothing_at_all_is_no_panic() {
    let market = market(&[vec![f64::NAN; 2], vec![f64::NAN; 2]]);
    let (_, summary) =
        judge(&market, &matrix(&vec![vec![f64::NAN; 2]; 2]), (&NEXT, rules(5, QuantileRule::Interpolated)));
    assert_eq!((summary.coverage.times_judged, summary.horizons[0].rank_ic.mean), (0, None));
}

#[test]
fn a_missing_exit_is_counted_and_not_filled() {
    let mut market = market(&[vec![100.0; 3], vec![110.0, f64::NAN, 90.0], vec![120.0, f64::NAN, 80.0]]);
    let factor = matrix(&[vec![1.0, 2.0, 3.0], vec![f64::NAN; 3], vec![f64::NAN; 3]]);
    let returns = |market: &super::Market| {
        let schedule = schedule(market, 0, &[Horizon::Bars(2)]);
        let mut out = Vec::new();
        (market.returns(&schedule, (0, 0), &[0, 1, 2], &mut out), out)
    };
    let (missing, out) = returns(&market);
    assert_eq!((missing.no_exit_price, missing.delisted), (1, 0));
    assert!(out[1].is_nan());
    // Delisted after the first day: left at its last price, or dropped under its own name.
    market.last_row[1] = 0;
    let (missing, out) = returns(&market);
    assert_eq!((missing.total(), out[1]), (0, 0.0));
    market.delisting = Delisting::Drop;
    let (missing, _) = returns(&market);
    assert_eq!((missing.no_exit_price, missing.delisted), (0, 1));
    // Two horizons, rows common to both: the name without an exit is in no portfolio.
    let mut strict = rules(2, QuantileRule::Rank);
    strict.rows = Rows::Common;
    let (sections, _) = judge(&market, &factor, (&[Horizon::Bars(1), Horizon::Bars(2)], strict));
    assert_eq!((sections.quantiles.row(0), sections.dropped.incomplete), (&[1, 0, 2][..], 1));
}

#[test]
fn costs_are_taken_off_what_is_traded() {
    // Two names change places: each day both sides are sold and bought anew.
    let market = market(&[vec![100.0, 100.0], vec![101.0, 100.0], vec![101.0, 101.0], vec![102.01, 101.0]]);
    let factor = matrix(&[vec![2.0, 1.0], vec![1.0, 2.0], vec![2.0, 1.0], vec![1.0, 2.0]]);
    let (_, summary) = judge(&market, &factor, (&NEXT, rules(2, QuantileRule::Rank)));
    let portfolio = &summary.horizons[0].portfolios[0];
    assert_eq!(portfolio.kind, Kind::LongShort);
    // Half on each side: 0.5 * 1 % each day; weights go from +-0.5 to -+0.5, so 2 is traded: 16 bp.
    assert!((portfolio.gross.mean.unwrap() - 0.005).abs() < 1e-12);
    assert_eq!(portfolio.traded, Some(2.0));
    assert!((portfolio.net.mean.unwrap() - (0.005 - 0.0016)).abs() < 1e-12);
    assert!((portfolio.break_even_bps.unwrap() - 25.0).abs() < 1e-9);
    assert_eq!(summary.horizons[0].quantiles[1].turnover, Some(1.0));
    assert_eq!(summary.rank_autocorrelation_1, Some(-1.0));
}

#[test]
fn funding_is_paid_by_what_is_held() {
    let nan = f64::NAN;
    let mut market = market(&[vec![100.0; 4], vec![100.0, 100.0, nan, 100.0], vec![110.0, 100.0, nan, nan]]);
    market.funding = Some(matrix(&[vec![0.0; 4], vec![0.0, 0.0, 0.25, 0.5], vec![0.0, 1.0, 0.25, 0.75]]));
    // The last name is delisted after the second day: it pays up to then. The third has no price to leave at.
    market.last_row[3] = 1;
    let factor = matrix(&[vec![1.0, 2.0, 3.0, 4.0], vec![nan; 4], vec![nan; 4]]);
    let (sections, _) = judge(&market, &factor, (&[Horizon::Bars(2)], rules(2, QuantileRule::Rank)));
    let outcome = &sections.rows[0].outcomes[0];
    assert_eq!((outcome.n, &outcome.funding[..]), (3, &[0.5, 0.5][..]));
    // Weights -1.5, -0.5, 0.5, 1.5 over 4.
    assert!((outcome.weighted_funding - (-0.5 * 1.0 + 1.5 * 0.5) / 4.0).abs() < 1e-15);
}

#[test]
fn horizons_are_read() {
    for (text, expected) in [
        ("5", Some(Horizon::Bars(5))),
        ("24h", Some(Horizon::Hours(24 * HOUR))),
        ("1m", Some(Horizon::Duration(MINUTE))),
        ("60d", Some(Horizon::Duration(60 * DAY))),
        ("61d", None),
        ("30s", None),
        ("0", None),
        ("-1", None),
        ("1M", None),
        ("", None),
        ("x", None),
    ] {
        assert_eq!(text.parse::<Horizon>().ok(), expected, "{text}");
    }
    assert_eq!(Horizon::Hours(48 * HOUR).to_string(), "48h");
}

#[test]
fn trading_days_and_exact_times() {
    let at = |text: &str| parse_iso(text).unwrap();
    // Friday to Wednesday, the Monday being a holiday.
    let times = [at("2024-05-24"), at("2024-05-28"), at("2024-05-29")];
    let base = [0, 1, 2];
    let timing = |calendar, lag| super::timing((&base, &times), lag, calendar);
    let day = [Horizon::Duration(DAY)];
    assert_eq!(timing(Calendar::Exchange, 0).schedule(&day).unwrap().exits[0], [1, 2, NONE]);
    assert_eq!(timing(Calendar::RoundTheClock, 0).schedule(&day).unwrap().exits[0], [NONE, 2, NONE]);
    assert_eq!(timing(Calendar::Exchange, 1).schedule(&day).unwrap().exits[0], [2, NONE, NONE]);
    assert_eq!(Calendar::of(&times), Calendar::RoundTheClock, "five days cannot tell");
    let error = timing(Calendar::RoundTheClock, 0).schedule(&[Horizon::Duration(HOUR)]).unwrap_err().to_string();
    assert!(error.contains("the horizon 1h") && error.contains("1d apart"), "{error}");
    let error = timing(Calendar::Exchange, 0).schedule(&[Horizon::Bars(3)]).unwrap_err().to_string();
    assert!(error.contains("3 bars"), "{error}");
}

#[test]
fn a_bar_under_way_is_not_traded_at_its_open() {
    // Hourly rows known at 01:00 and 23:00 of the 2nd and at 00:00 of the 3rd, daily bars of prices.
    let at = |text: &str| parse_iso(text).unwrap();
    let known = [at("2024-01-02T01:00"), at("2024-01-02T23:00"), at("2024-01-03")];
    let prices = [at("2024-01-01"), at("2024-01-02"), at("2024-01-03"), at("2024-01-04"), at("2024-01-05")];
    let timing = |lag, whole_bars| Timing {
        known: &known,
        whole_bars,
        ..super::timing((&[0, 0, 1], &prices), lag, Calendar::RoundTheClock)
    };
    let entries = |lag, whole_bars| timing(lag, whole_bars).schedule(&[Horizon::Duration(DAY)]).unwrap().entry;
    // The open of the 2nd was at 00:00, before the rows were known: the next one is that of the 3rd.
    assert_eq!(entries(1, true), [2, 2, 2]);
    assert_eq!(entries(2, true), [3, 3, 3]);
    // Its close comes after.
    assert_eq!(entries(1, false), [1, 1, 2]);
    assert_eq!(entries(0, false), [0, 0, 1]);
}

#[test]
fn trading_days_follow_the_clocks_of_the_exchange() {
    let at = |text: &str| parse_iso(text).unwrap();
    // 9:30 and 15:30 in New York on the Friday before and the Monday after the clocks change.
    let times = [at("2024-03-08T14:30"), at("2024-03-08T20:30"), at("2024-03-11T13:30"), at("2024-03-11T19:30")];
    let base = [0, 1, 2, 3];
    let exits = |zone| {
        let timing = Timing { zone, ..super::timing((&base, &times), 0, Calendar::Exchange) };
        timing.schedule(&[Horizon::Duration(DAY)]).unwrap().exits.remove(0)
    };
    assert_eq!(exits(Zone::NewYork), [2, 3, NONE, NONE]);
    assert_eq!(exits(Zone::Utc), [2, 3, NONE, NONE]);
    // Back to winter: at the same time of UTC nobody trades yet.
    let times = [at("2024-11-01T13:30"), at("2024-11-01T19:30"), at("2024-11-04T14:30"), at("2024-11-04T20:30")];
    let exits = |zone| {
        let timing = Timing { zone, ..super::timing((&base, &times), 0, Calendar::Exchange) };
        timing.schedule(&[Horizon::Duration(DAY)]).unwrap().exits.remove(0)
    };
    assert_eq!(exits(Zone::NewYork), [2, 3, NONE, NONE]);
    assert_eq!(exits(Zone::Utc), [2, 2, NONE, NONE], "an hour off");
}

#[test]
fn a_gap_is_not_the_end_of_the_data() {
    // Three hours of which the third is absent for all names; a day more.
    let mut market = market(&vec![vec![100.0; 2]; 4]);
    market.price_times[3] = 5 * DAY;
    let schedule = schedule(&market, 0, &[Horizon::Duration(DAY)]);
    let missing = |t| market.returns(&schedule, (0, t), &[0, 1], &mut Vec::new());
    assert_eq!((schedule.exits[0].clone(), schedule.ends[0]), (vec![1, 2, NONE, NONE], 2));
    assert_eq!((missing(2).end_of_data, missing(3).end_of_data), (2, 2));
    market.price_times = vec![0, DAY, 4 * DAY, 5 * DAY];
    let schedule = super::schedule(&market, 0, &[Horizon::Duration(DAY)]);
    let missing = market.returns(&schedule, (0, 1), &[0, 1], &mut Vec::new());
    assert_eq!((missing.no_exit_price, missing.end_of_data), (2, 0));
}
