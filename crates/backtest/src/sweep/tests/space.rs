//! What a sweep goes through, and conditions between parameters.

use serde_json::{Value, json};

use super::super::space::{Axis, Method, Space};
use super::super::{Constraint, ParameterSet};

fn axes(written: &Value) -> Vec<Axis> {
    written.as_object().unwrap().iter().map(|(key, value)| Axis::read(key, value).unwrap()).collect()
}

/// The sets of a space, one per line.
fn drawn(space: &Space) -> Vec<String> {
    space.draw(&|_| None).unwrap().sets.iter().map(ToString::to_string).collect()
}

fn values(written: Value) -> Vec<String> {
    let space = Space { axes: axes(&json!({ "x": written })), ..Space::default() };
    drawn(&space).iter().map(|set| set.trim_start_matches("x=").to_owned()).collect()
}

#[test]
fn axes_as_they_are_written() {
    assert_eq!(values(json!([5, 2.5, "close", true])), ["5", "2.5", "close", "true"]);
    assert_eq!(values(json!(7)), ["7"]);
    assert_eq!(values(json!({"from": 2, "to": 5})), ["2", "3", "4", "5"]);
    assert_eq!(values(json!({"from": 0, "to": 10, "step": 2.5})), ["0", "2.5", "5", "7.5", "10"]);
    assert_eq!(values(json!({"from": 0.1, "to": 0.5, "step": 0.1})), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
    assert_eq!(values(json!({"from": 10, "to": 1000, "n": 3, "scale": "log"})), ["10", "100", "1000"]);
    assert_eq!(values(json!({"from": 1, "to": 8, "n": 9, "scale": "log"})), ["1", "2", "3", "4", "5", "6", "8"]);
    assert_eq!(values(json!({"from": 0.0, "to": 1.0, "n": 3})), ["0", "0.5", "1"]);
}

#[test]
fn axes_that_cannot_be() {
    for (written, expected) in [
        (json!([]), "at least one value"),
        (json!({"from": 5, "to": 2}), "`from` at most `to`"),
        (json!({"from": 0, "to": 2, "scale": "log"}), "above 0"),
        (json!({"from": 0, "to": 2, "stepp": 1}), "did you mean `step`?"),
        (json!({"from": 0, "to": 2, "step": 0}), "a step above 0"),
        (json!({"from": 0, "to": 2, "step": 1, "n": 2}), "not both"),
        (json!({"from": 0.5, "to": 2.0, "whole": true}), "whole numbers"),
        (json!({"from": "a", "to": 2}), "from to be a number"),
        (json!({"to": 2}), "`from` and `to`"),
    ] {
        let error = Axis::read("x", &written).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains('x'), "{written}: {error}");
    }
    let open = Space { axes: axes(&json!({"x": {"from": 0.0, "to": 1.0}})), ..Space::default() };
    assert!(open.draw(&|_| None).unwrap_err().to_string().contains("`step` or `n`"));
}

#[test]
fn a_grid_turns_its_last_axis_fastest() {
    let named = ParameterSet { name: Some("base".to_owned()), ..ParameterSet::default() };
    let space = Space {
        axes: axes(&json!({"a": [1, 2], "b": ["x", "y"]})),
        named: vec![named, ParameterSet::new([("a".to_owned(), "2".to_owned()), ("b".to_owned(), "x".to_owned())])],
        ..Space::default()
    };
    assert_eq!(drawn(&space), ["base: ", "a=2 b=x", "a=1 b=x", "a=1 b=y", "a=2 b=y"]);
    assert_eq!(space.draw(&|_| None).unwrap().n_repeated, 1);
}

#[test]
fn constraints_leave_points_out() {
    let constraint = |text: &str| Constraint::parse(text).unwrap();
    let space = Space {
        axes: axes(&json!({"fast": [5, 10, 20], "slow": [10, 20]})),
        constraints: vec![constraint("fast < slow and slow <= most")],
        ..Space::default()
    };
    let found = space.draw(&|key| (key == "most").then(|| "20".to_owned())).unwrap();
    let sets: Vec<String> = found.sets.iter().map(ToString::to_string).collect();
    assert_eq!(
        (sets, found.n_refused),
        (vec!["fast=5 slow=10".into(), "fast=5 slow=20".into(), "fast=10 slow=20".into()], 3)
    );
    assert!(space.draw(&|_| None).unwrap_err().to_string().contains("`most` has no value"));
    let none = Space { constraints: vec![constraint("fast > 100")], ..space.clone() };
    assert!(none.draw(&|_| None).unwrap_err().to_string().contains("none of 6 points"));
    let random = Space { method: Method::Random, n: 3, ..none };
    assert!(random.draw(&|_| None).unwrap_err().to_string().contains("meet the constraints"));
}

#[test]
fn conditions() {
    let holds = |text: &str| {
        let value = |name: &str| match name {
            "a" => Some("3".to_owned()),
            "params.b" => Some("-4e-1".to_owned()),
            "word" => Some("next_open".to_owned()),
            _ => None,
        };
        Constraint::parse(text).and_then(|constraint| constraint.holds(&value))
    };
    for text in [
        "a < 4",
        "a * 2 + 1 == 7",
        "-a < 0 and not a > 3",
        "a > 100 or params.b >= -0.4",
        "word == 'next_open' and word != \"close\"",
        "(a - 1) * (a + 1) / 2 = 4",
        "1e-3 < a",
        "not (a < 1 or a > 5)",
    ] {
        assert!(holds(text).unwrap(), "{text}");
    }
    assert!(!holds("a >= 4").unwrap());
    for (text, expected) in [
        ("a <", "at the end"),
        ("a + 1", "a condition such as"),
        ("a < b", "`b` has no value"),
        ("word < 3", "numbers are needed"),
        ("a < 4)", "the end, found `)`"),
        ("(a < 4", "expected `)`"),
        ("a ~ 4", "`~` has no meaning"),
        ("a and 4", "conditions"),
        ("'a", "does not end"),
        ("", "at the end"),
    ] {
        let error = holds(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(Constraint::parse(&format!("{}a{} < 1", "(".repeat(9000), ")".repeat(9000))).is_err());
}

#[test]
fn draws_follow_from_the_seed() {
    let written = json!({"x": {"from": 0.0, "to": 1.0}, "n": {"from": 1, "to": 3}, "w": ["a", "b"]});
    let space = |method, seed| Space { axes: axes(&written), method, n: 64, seed, ..Space::default() };
    for method in [Method::Random, Method::LatinHypercube, Method::Sobol] {
        let sets = drawn(&space(method, 7));
        assert_eq!(sets.len(), 64);
        assert_eq!(sets, drawn(&space(method, 7)));
        assert_ne!(sets, drawn(&space(method, 8)));
    }
    // A slice of a hypercube has one point.
    let sets = space(Method::LatinHypercube, 1).draw(&|_| None).unwrap().sets;
    let mut slices: Vec<usize> =
        sets.iter().map(|set| (set.get("x").unwrap().parse::<f64>().unwrap() * 64.0) as usize).collect();
    slices.sort_unstable();
    assert_eq!(slices, (0..64).collect::<Vec<_>>());
    // A small space has fewer points than were asked for.
    let small = Space { axes: axes(&json!({"w": ["a", "b"]})), method: Method::Random, n: 10, ..Space::default() };
    assert_eq!(drawn(&small).len(), 2);
}

#[test]
fn sobol_points_are_those_of_scipy() {
    // scipy.stats.qmc.Sobol(40, scramble=False).random(1024): weighted sums over coordinates 1..40 of some points, and of
    // all points with their numbers from 1.
    let mut sobol = super::super::space::sobol::Sobol::new(40);
    let (mut all, mut single) = (0.0, Vec::new());
    for at in 0..1024 {
        let point = sobol.point();
        let sum: f64 = point.iter().enumerate().map(|(axis, value)| value * (axis + 1) as f64).sum();
        all += sum * (at + 1) as f64;
        if [5, 100, 1000].contains(&at) {
            single.push(sum);
        }
    }
    assert_eq!(single, [402.75, 417.5, 421.16796875]);
    assert_eq!(all, 215_171_891.0);
}
