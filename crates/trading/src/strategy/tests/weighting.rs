//! Weighting, largest weights, buffers and bands by hand.

use super::*;

#[test]
fn weights_by_inverse_volatility() {
    // Returns +10 %, -10 %, +10 %: mean 1/30, squares (2/30)^2 * 2 + (4/30)^2 = 24/900, over 2: deviation 0.11547. The second
    // symbol moves half as much, the third does not move, the fourth has not traded for long enough.
    let closes = |step: f64| {
        vec![
            100.0,
            100.0 * (1.0 + step),
            100.0 * (1.0 + step) * (1.0 - step),
            100.0 * (1.0 + step) * (1.0 - step) * (1.0 + step),
        ]
    };
    let mut flat = closes(0.1);
    flat.fill(50.0);
    let seen = |n: usize| Seen {
        columns: vec![vec![4.0, 3.0, 2.0, 1.0][..n].to_vec()],
        closes: vec![closes(0.1), closes(0.05), flat.clone(), vec![1.0, 2.0]],
        ..Seen::default()
    };
    let params = "k=4 weighting=inverse_volatility vol_lookback=3";
    // 1 : 2 of the whole, also the share of those that cannot be weighed.
    assert_eq!(decide_seeing("top_k", params, seen(4)), "0:0.3333 1:0.6667 2:no volatility 3:no volatility");
    // Two of four slots.
    assert_eq!(decide_seeing("top_k", params, seen(2)), "0:0.1667 1:0.3333");
    let none = Seen { columns: vec![vec![1.0, 2.0]], closes: vec![flat.clone(), flat], ..Seen::default() };
    assert_eq!(
        decide_seeing("top_k", "k=2 weighting=inverse_volatility vol_lookback=3", none),
        "0:0.5000 1:0.5000 (no name has a volatility: equal weights)"
    );
    assert_eq!(make("top_k", params).unwrap().history_bars(), 4);
    assert_eq!(make("top_k", "k=4").unwrap().history_bars(), 0);
}

#[test]
fn weights_above_the_largest_go_to_the_others() {
    // 6 : 3 : 1 of the whole, none above 0.4: 0.4 and 0.6 in 3 : 1, of which 0.45 is too much again: 0.4, 0.4, 0.2.
    let capped = "k=3 weighting=capped max_weight=0.4";
    assert_eq!(decide("top_k", capped, &[6.0, 3.0, 1.0]), "0:0.4000 1:0.4000 2:0.2000");
    // Nobody can take the rest: it stays cash.
    assert_eq!(decide("top_k", "k=2 max_weight=0.3", &[2.0, 1.0]), "0:0.3000 1:0.3000");
    // A name of weight 0 takes nothing.
    assert_eq!(decide("top_k", capped, &[6.0, 3.0, -1.0]), "0:0.4000 1:0.4000 2:0.0000");
    assert_eq!(
        decide("long_short", "long_count=2 short_count=2 weighting=score max_weight=0.3", &[3.0, 1.0, -1.0, -3.0]),
        "0:0.3000 1:0.2000 2:-0.2000 3:-0.3000"
    );
    assert_eq!(
        make("top_k", "weighting=capped").unwrap_err().to_string(),
        "strategy `top_k`: `weighting` is capped and `max_weight` is not given; expected a largest weight"
    );
}

#[test]
fn a_held_name_stays_within_the_buffer() {
    let run = |params: &str, held: &[(u32, f64)], scores: &[f64]| {
        decide_seeing(
            "top_k",
            params,
            Seen { columns: vec![scores.to_vec()], holdings: holding(held), ..Seen::default() },
        )
    };
    let scores = [5.0, 4.0, 3.0, 2.0, 1.0];
    // Symbol 2 is third of two: it keeps its place with a buffer of one, and the best other takes the second.
    assert_eq!(run("k=2 buffer=1", &[(2, 0.5)], &scores), "0:0.5000 2:0.5000");
    assert_eq!(run("k=2 buffer=1", &[(3, 0.5)], &scores), "0:0.5000 1:0.5000");
    assert_eq!(run("k=2 buffer=9", &[(3, 0.5), (4, 0.5)], &scores), "3:0.5000 4:0.5000");
    // Of three held names the best two stay; a short position is not held for the long side.
    assert_eq!(run("k=2 buffer=9", &[(2, 0.3), (3, 0.3), (4, 0.3)], &scores), "2:0.5000 3:0.5000");
    assert_eq!(run("k=2 buffer=9", &[(3, -0.5)], &scores), "0:0.5000 1:0.5000");
    // The least score holds for those who stay too.
    assert_eq!(run("k=2 buffer=9 min_factor=3.5", &[(3, 0.5)], &scores), "0:0.5000 3:below min_factor");
    let sides = |held: &[(u32, f64)], buffer: usize| {
        let params = format!("long_count=1 short_count=1 buffer={buffer}");
        let seen = Seen { columns: vec![scores.to_vec()], holdings: holding(held), ..Seen::default() };
        decide_seeing("long_short", &params, seen)
    };
    assert_eq!(sides(&[(1, 0.5), (3, -0.5)], 1), "1:0.5000 3:-0.5000");
    assert_eq!(sides(&[(1, 0.5), (2, -0.5)], 1), "1:0.5000 4:-0.5000");
    // However large the buffer, no name is on both sides.
    assert_eq!(sides(&[(4, 0.5), (0, -0.5)], 9), "0:0.5000 4:-0.5000");
}

#[test]
fn small_differences_of_weight_are_left_alone() {
    let run = |held: &[(u32, f64)]| {
        let seen = Seen { columns: vec![vec![3.0, 2.0, 1.0]], holdings: holding(held), ..Seen::default() };
        decide_seeing("top_k", "k=2 no_trade_band=0.05", seen)
    };
    assert_eq!(run(&[(0, 0.54), (1, 0.44)]), "0:keep 1:0.5000");
    assert_eq!(run(&[(0, -0.5), (2, 0.01)]), "0:0.5000 1:0.5000");
    assert!(make("top_k", "no_trade_band=1.5").is_err() && make("top_k", "no_trade_band=-0.1").is_err());
}
