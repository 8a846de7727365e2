//! Dropout, weighted factors, rotation and lists of targets by hand.

use super::*;

const NAN: f64 = f64::NAN;

/// A decision over one column and what is held.
fn with_held(name: &str, params: &str, scores: &[f64], holdings: Vec<Holding>) -> String {
    decide_seeing(name, params, Seen { columns: vec![scores.to_vec()], holdings, ..Seen::default() })
}

/// A decision over closes of `symbols`.
fn rotate(params: &str, symbols: &[&'static str], closes: &[&[f64]], held: &[(u32, f64)]) -> String {
    let closes = closes.iter().map(|closes| closes.to_vec()).collect();
    let seen = Seen { closes, holdings: holding(held), symbols: symbols.to_vec(), ..Seen::default() };
    decide_seeing("rotation", params, seen)
}

#[test]
fn dropout_replaces_a_few() {
    let run = |params: &str, held: &[(u32, f64)], scores: &[f64]| {
        with_held("top_k_dropout", &format!("k=3 risk_degree=1 {params}"), scores, holding(held))
    };
    let scores = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
    // From cash: three places, and one more candidate that is not bought.
    assert_eq!(run("n_drop=1", &[], &scores), "0:0.3333 1:0.3333 2:0.3333");
    // Held 2, 3, 4; the candidate is 0; the lowest of 0, 2, 3, 4 goes, and 0 comes for its money.
    assert_eq!(run("n_drop=1", &[(2, 0.3), (3, 0.3), (4, 0.4)], &scores), "0:0.4000 2:keep 3:keep");
    assert_eq!(run("n_drop=2", &[(2, 0.3), (3, 0.3), (4, 0.4)], &scores), "0:0.3500 1:0.3500 2:keep");
    // What is held is better than any candidate: nothing is sold for worse.
    assert_eq!(run("n_drop=1", &[(0, 0.3), (1, 0.3), (2, 0.4)], &scores), "0:keep 1:keep 2:keep");
    // Two places are free: the best two come, and one that is held is dropped for the third candidate.
    assert_eq!(run("n_drop=1", &[(5, 0.3)], &scores), "0:0.3333 1:0.3333 2:0.3333");
    // Half of the cash of 0.4 stays cash.
    let held = holding(&[(2, 0.3), (3, 0.3), (4, 0.4)]);
    assert_eq!(with_held("topk_dropout", "topk=3 n_drop=1 risk_degree=0.5", &scores, held), "0:0.2000 2:keep 3:keep");
    assert_eq!(run("n_drop=0", &[(3, 0.3), (4, 0.3), (5, 0.4)], &scores), "3:keep 4:keep 5:keep");
}

#[test]
fn dropout_waits_for_the_holding_time_and_counts_what_is_stuck() {
    let scores = [6.0, 5.0, 4.0, 3.0, NAN, 1.0];
    let mut held = holding(&[(2, 0.3), (3, 0.3), (4, 0.4)]);
    held[2].is_stuck = true;
    // The stuck one is the lowest and takes up the drop: its place is given away, but it brings no cash.
    let params = "k=3 n_drop=1 risk_degree=1";
    assert_eq!(with_held("top_k_dropout", params, &scores, held.clone()), "0:0.0000 2:keep 3:keep");
    // Passed over: 3 is the lowest that can be sold.
    let only = format!("{params} only_tradable=true");
    assert_eq!(with_held("top_k_dropout", &only, &scores, held.clone()), "0:0.3000 2:keep");
    // Too young to be sold: the candidate comes with what cash there is.
    let young = format!("{only} hold_thresh=11");
    assert_eq!(with_held("top_k_dropout", &young, &scores, held.clone()), "0:0.0000 2:keep 3:keep");
    // A name that is neither ranked nor stuck has left the universe: it is sold, its place and its money are free.
    held[2].is_stuck = false;
    assert_eq!(with_held("top_k_dropout", params, &scores, held), "0:0.3500 1:0.3500 2:keep");
}

#[test]
fn lots_are_drawn_from_seed_and_time() {
    let scores: Vec<f64> = (0..20).map(|i| 20.0 - f64::from(i)).collect();
    let held = || holding(&[(12, 0.2), (13, 0.2), (14, 0.2), (15, 0.2), (16, 0.2)]);
    let run = |seed: u64| {
        let params = format!("k=5 n_drop=2 method_sell=random method_buy=random seed={seed}");
        with_held("top_k_dropout", &params, &scores, held())
    };
    assert_eq!(run(1), run(1));
    let drawn: std::collections::BTreeSet<String> = (0..40).map(run).collect();
    assert!(drawn.len() > 20, "{}", drawn.len());
    for plan in drawn {
        let bought: Vec<u32> = plan
            .split(' ')
            .filter(|word| !word.ends_with("keep"))
            .map(|word| word.split_once(':').unwrap().0.parse().unwrap())
            .collect();
        assert!(bought.len() == 2 && bought.iter().all(|name| *name < 5), "bought among the five best: {plan}");
        assert_eq!(plan.matches("keep").count(), 3, "{plan}");
    }
}

#[test]
fn factors_are_added_as_z_scores() {
    let run = |params: &str, columns: &[&[f64]]| {
        let strategy = make("linear_weighted", params).unwrap();
        let seen = Seen { columns: columns.iter().map(|column| column.to_vec()).collect(), ..Seen::default() };
        let names: Vec<u32> = (0..columns[0].len() as u32).collect();
        let mut scores = Vec::new();
        strategy.rule().unwrap().score(&names, &seen, &mut scores);
        scores.iter().map(|score| format!("{score:.3}")).collect::<Vec<_>>().join(" ")
    };
    // 1, 2, 3: z = -1, 0, 1; 10, 30, 20: z = -1, 1, 0.
    let columns: [&[f64]; 2] = [&[1.0, 2.0, 3.0], &[10.0, 30.0, 20.0]];
    assert_eq!(run("factors=a:2,b:-1", &columns), "-1.000 -1.000 2.000");
    assert_eq!(run("factors=a:2,b:-1 standardise=none", &columns), "-8.000 -26.000 -14.000");
    assert_eq!(run("factors=a,b standardise=rank", &columns), "0.667 1.667 1.667");
    // A name that lacks a factor is out, and the others are compared without it: 1, 3 and 10, 20.
    let missing: [&[f64]; 2] = [&[1.0, 2.0, 3.0], &[10.0, NAN, 20.0]];
    assert_eq!(run("factors=a,b", &missing), "-1.414 NaN 1.414");
    // Neutral: -1 0 1 and -0.707, 0 (missing), 0.707.
    assert_eq!(run("factors=a,b missing=neutral", &missing), "-1.707 0.000 1.707");
    assert_eq!(run("factors=a,b missing=neutral", &[&[NAN, 2.0], &[NAN, 1.0]]), "NaN 0.000");
    // A column of equal values says nothing.
    assert_eq!(run("factors=a,b", &[&[5.0, 5.0], &[1.0, 2.0]]), "-0.707 0.707");
    let seen = Seen { columns: vec![vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 4]], ..Seen::default() };
    assert_eq!(decide_seeing("linear_weighted", "factors=a:1,b:1 k=1 short_k=1", seen), "0:-0.5000 3:0.5000");
    let resolved = make("linear_weighted", "factors=b:-0.50,a").unwrap();
    assert_eq!(resolved.params["factors"], "b:-0.5,a:1");
    assert_eq!(resolved.columns(), [Column::Named("b".to_owned()), Column::Named("a".to_owned())]);
    for (wrong, expected) in [
        (
            "factors=a:x",
            "parameter `factors` of strategy `linear_weighted` is `a:x`; expected names with weights, such as momentum_20:0.6,rsi_14:-0.4",
        ),
        (
            "factors=a,a:2",
            "parameter `factors` of strategy `linear_weighted` is `a,a:2`; expected names with weights, such as momentum_20:0.6,rsi_14:-0.4",
        ),
        (
            "factors=a:0",
            "strategy `linear_weighted`: all weights of `factors` are 0; expected at least one that counts",
        ),
        ("factors=a k=0", "strategy `linear_weighted`: `k` and `short_k` are both 0; expected at least one name"),
    ] {
        assert_eq!(make("linear_weighted", wrong).unwrap_err().to_string(), expected);
    }
}

#[test]
fn rotation_holds_the_strongest_above_the_hurdle() {
    // Two-bar returns: +20 %, +10 %, -10 %; the safe asset +12 %.
    let symbols = ["A", "B", "C", "SAFE"];
    let closes: [&[f64]; 4] = [&[100.0, 90.0, 120.0], &[10.0, 10.0, 11.0], &[1.0, 1.0, 0.9], &[50.0, 50.0, 56.0]];
    let all = |params: &str| rotate(&format!("lookbacks=2 {params}"), &symbols, &closes, &[]);
    assert_eq!(all("top_n=2 absolute=none safe=SAFE"), "0:0.5000 1:0.5000");
    assert_eq!(all("top_n=3"), "0:0.3333 1:0.3333 3:0.3333");
    // Without the safe asset among them, the third is below zero: its slot stays cash, or goes to the safe asset.
    assert_eq!(rotate("lookbacks=2 top_n=3", &symbols[..3], &closes[..3], &[]), "0:0.3333 1:0.3333 2:below the hurdle");
    assert_eq!(all("top_n=3 safe=SAFE"), "0:0.3333 1:0.3333 3:0.3333 2:below the hurdle");
    // Against the safe asset's 12 % only the first passes.
    assert_eq!(all("top_n=2 safe=SAFE absolute=safe"), "0:0.5000 3:0.5000 1:below the hurdle");
    // One bar less: -10 %, 0 and 0; zero is not above zero.
    assert_eq!(rotate("lookbacks=1 skip=1 top_n=1 safe=SAFE", &symbols, &closes, &[]), "3:1.0000 1:below the hurdle");
    // The mean of one bar (+33.3 %, +10 %, -10 %) and two.
    assert_eq!(rotate("lookbacks=1,2 top_n=1", &symbols, &closes, &[]), "0:1.0000");
    // A safe asset too young to have a momentum: nothing passes, everything is cash.
    let young: [&[f64]; 4] = [closes[0], closes[1], closes[2], &[50.0]];
    assert_eq!(rotate("lookbacks=2 top_n=1 safe=SAFE absolute=safe", &symbols, &young, &[]), "0:below the hurdle");
    // B is held: with a buffer it keeps its place behind A.
    assert_eq!(rotate("lookbacks=2 top_n=1 buffer=1 safe=SAFE", &symbols, &closes, &[(1, 1.0)]), "1:1.0000");
    let made = make("rotation", "lookbacks=21,63 skip=5 safe=SHY").unwrap();
    assert_eq!((made.history_bars(), made.symbols_needed()), (69, &["SHY".to_owned()][..]));
    assert!(make("rotation", "lookbacks=0").is_err() && make("rotation", "lookbacks=").is_err());
    assert_eq!(
        make("rotation", "absolute=safe").unwrap_err().to_string(),
        "strategy `rotation`: `absolute` is safe and `safe` is not given; expected the symbol of a safe asset"
    );
}

#[test]
fn targets_are_taken_as_they_are() {
    let run = |params: &str, values: &[f64]| with_held("target_list", params, values, Vec::new());
    assert_eq!(run("factor=t", &[0.25, 0.0, 0.7, NAN]), "0:0.2500 2:0.7000");
    assert_eq!(run("factor=t", &[0.25, -0.5]), "0:0.2500 (negative targets count as 0: allow_short is false)");
    assert_eq!(run("factor=t allow_short=true", &[0.25, -0.5]), "0:0.2500 1:-0.5000");
    assert_eq!(
        run("factor=t allow_short=true values=sides gross=2", &[1.0, -1.0, 0.0, 1.0]),
        "0:0.6667 1:-0.6667 3:0.6667"
    );
    assert_eq!(run("factor=t values=sides", &[0.0, 0.0]), "");
    let list = make("target_list", "file=weights.csv").unwrap();
    assert_eq!((list.targets(), list.columns().len(), list.ranks_by_column()), (Some("weights.csv"), 0, false));
    assert!(make("target_list", "file=w.csv factor=t").is_err());
}

#[test]
fn names_are_ranked_by_score_and_then_by_symbol() {
    let scores = [0.5, -0.0, f64::NAN, f64::MAX, -1.0e-300, 0.0, f64::INFINITY, f64::MIN, 0.5, f64::MIN_POSITIVE];
    let seen = Seen { columns: vec![scores.to_vec()], ..Seen::default() };
    let strategy = make("top_k", "k=1").unwrap().into_rule().unwrap();
    let mut ranking = Ranking::default();
    rank(strategy.as_ref(), &(0..10).collect::<Vec<u32>>(), &seen, &mut ranking);
    let ranked: Vec<(u32, f64)> = ranking.ranked.iter().map(|name| (name.symbol_idx, name.score)).collect();
    // The two zeros are one score; what is not finite is not eligible.
    let expected =
        [(3, f64::MAX), (0, 0.5), (8, 0.5), (9, f64::MIN_POSITIVE), (1, 0.0), (5, 0.0), (4, -1.0e-300), (7, f64::MIN)];
    assert_eq!(ranked, expected);
}
