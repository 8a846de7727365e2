//! Costs worked out by hand.

use super::*;
use crosscut_model::time::DAY;

#[test]
fn five_and_three_basis_points() {
    let costs = Costs::from_bps(5.0, 3.0).unwrap();
    assert_eq!(costs.price(&Impact::of(Side::Buy, 100.0)), 100.03);
    assert_eq!(costs.price(&Impact::of(Side::Sell, 100.0)), 99.97);
    // 10 units at 100.03 are 1000.3; 5 bps of that are 0.50015.
    assert!((costs.commission(&Charge::taker(Side::Buy, 10.0, 100.03)) - 0.50015).abs() < 1e-12);
    assert!((costs.cash_flow(10.0, 100.0, f64::NAN) + 1000.80015).abs() < 1e-9);
    assert!((costs.cash_flow(-10.0, 100.0, f64::NAN) - (999.7 - 0.49985)).abs() < 1e-9);
}

#[test]
fn impossible_costs_are_refused() {
    for bad in [-1.0, f64::NAN, f64::INFINITY, 10_000.0] {
        assert!(Costs::from_bps(bad, 0.0).is_err());
        assert!(Costs::from_bps(0.0, bad).is_err());
    }
}

#[test]
fn a_fixed_commission_is_paid_once_an_order() {
    let fixed = FixedCommission { amount: 2.5 };
    let first = Charge::taker(Side::Sell, 10.0, 7.0);
    assert_eq!(fixed.commission(&first), 2.5);
    assert_eq!(fixed.commission(&Charge { filled_before: 10.0, charged_before: 2.5, ..first }), 0.0);
}

#[test]
fn the_minimum_per_share_is_of_the_whole_order() {
    let model = PerShare { rate: 0.005, minimum: 1.0, maximum: Some(0.01) };
    let first = Charge::taker(Side::Buy, 100.0, 50.0);
    // 100 shares owe 0.50, so the minimum of 1.
    assert_eq!(model.commission(&first), 1.0);
    // 300 shares owe 1.50, of which 1 is paid.
    let second = Charge { quantity: 200.0, filled_before: 100.0, charged_before: 1.0, ..first };
    assert_eq!(model.commission(&second), 0.5);
    // Ten shares at 5 are worth 50, of which 1 % is less than the minimum.
    assert_eq!(model.commission(&Charge::taker(Side::Buy, 10.0, 5.0)), 0.5);
}

#[test]
fn fee_tiers_hold_from_their_dates() {
    let tier = |from, maker, taker| FeeTier { from, above: 0.0, maker, taker };
    let model = MakerTaker::new(vec![tier(2 * DAY, -0.0001, 0.0004), tier(DAY, 0.001, 0.002)]).unwrap();
    let charge = |at, is_maker| Charge { at, is_maker, ..Charge::taker(Side::Buy, 10.0, 100.0) };
    assert_eq!(model.commission(&charge(0, false)), 2.0);
    assert_eq!(model.commission(&charge(2 * DAY - 1, true)), 1.0);
    assert!((model.commission(&charge(2 * DAY, true)) + 0.1).abs() < 1e-12);
    assert!((model.commission(&charge(3 * DAY, false)) - 0.4).abs() < 1e-12);
    assert!(MakerTaker::new(vec![]).is_err());
    assert!(MakerTaker::new(vec![tier(0, 0.0, 0.0), tier(0, 0.0, 0.1)]).is_err());
    assert!(MakerTaker::new(vec![tier(0, f64::NAN, 0.0)]).is_err());
}

#[test]
fn fee_tiers_follow_what_was_traded() {
    let tier = |from, above, taker| FeeTier { from, above, maker: 0.0, taker };
    let tiers = vec![tier(DAY, 1e6, 0.001), tier(0, 0.0, 0.004), tier(DAY, 0.0, 0.003), tier(0, 1e6, 0.002)];
    let model = MakerTaker::new(tiers).unwrap();
    let fee =
        |at, traded_before| model.commission(&Charge { at, traded_before, ..Charge::taker(Side::Buy, 10.0, 100.0) });
    assert_eq!([fee(0, 0.0), fee(0, 1e6), fee(DAY, 999_999.0), fee(DAY, 2e6)], [4.0, 2.0, 3.0, 1.0]);
    assert!(MakerTaker::new(vec![tier(0, 5.0, 0.0)]).is_err(), "somebody would have no fee");
    assert!(MakerTaker::new(vec![tier(0, 0.0, 0.0), tier(0, f64::NAN, 0.0)]).is_err());
}

#[test]
fn prices_worsen_by_model() {
    let buy = Impact { quantity: 25.0, volume: 100.0, ..Impact::of(Side::Buy, 200.0) };
    let sell = Impact { side: Side::Sell, ..buy };
    assert_eq!(TickSlippage { ticks: 2.0, tick_size: 0.5 }.price(&buy), 201.0);
    assert_eq!(TickSlippage { ticks: 2.0, tick_size: 0.5 }.price(&Impact { tick_size: Some(0.1), ..sell }), 199.8);
    assert!((HalfSpread { spread: 0.01 }.price(&buy) - 201.0).abs() < 1e-9);
    assert_eq!(HalfSpread { spread: 0.01 }.price(&Impact { spread: 0.4, ..sell }), 199.8);
    // A quarter of the volume: 0.1 / 16 of the price, and 0.02 / 2.
    assert!((VolumeShare { coefficient: 0.1 }.price(&buy) - 201.25).abs() < 1e-9);
    assert!((SquareRootImpact { coefficient: 0.02, base: 0.0 }.price(&sell) - 198.0).abs() < 1e-12);
}

#[test]
fn a_missing_volume_is_the_worst_not_the_best() {
    let model = SquareRootImpact { coefficient: 0.02, base: 0.0 };
    for volume in [f64::NAN, 0.0, -1.0] {
        let impact = Impact { quantity: 1.0, volume, ..Impact::of(Side::Buy, 100.0) };
        assert_eq!(model.price(&impact), 102.0, "{volume}");
    }
    assert_eq!(model.price(&Impact { quantity: 1.0, ..Impact::of(Side::Buy, 100.0) }), 100.0);
}

#[test]
fn borrowing_accrues_by_time() {
    // 36.5 % a year on 1000 is 1 a day.
    assert!((BorrowRate { per_year: 0.365 }.cost(1000.0, 2 * DAY) - 2.0).abs() < 1e-12);
}
