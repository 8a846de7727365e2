//! Universes by hand, and the properties a universe must have.

use crosscut_model::Membership;
use crosscut_model::time::parse_iso;

use super::*;

/// A rule chosen anew each month.
fn rule(text: &str) -> Universe {
    Universe::parse(text, Rebalance::MonthStart).unwrap()
}

/// Daily bars of one symbol: first day, closes, dollar volume of each.
struct Life {
    from: &'static str,
    closes: Vec<f64>,
    dollar_volume: Vec<f64>,
    factor: Vec<f64>,
}

impl Life {
    fn new(from: &'static str, n_days: usize, (close, dollar_volume): (f64, f64)) -> Self {
        let repeat = |value: f64| vec![value; n_days];
        Self { from, closes: repeat(close), dollar_volume: repeat(dollar_volume), factor: repeat(close) }
    }

    fn entries(&self, universe: &Universe) -> Vec<Entry> {
        let first = parse_iso(self.from).unwrap();
        let timestamps: Vec<i64> = (0..self.closes.len() as i64).map(|day| first + day * DAY).collect();
        let history = History {
            timestamps: &timestamps,
            close: &self.closes,
            dollar_volume: &self.dollar_volume,
            columns: &[&self.factor],
            ..History::default()
        };
        universe.entries(&history, None)
    }
}

/// Chooses among lives called A, B, C, ... and prints for each month who is in, or why the others are not.
fn choose(text: &str, lives: &[Life], members: &[Members]) -> Vec<String> {
    let universe = rule(text);
    let names: Vec<String> = (0..lives.len()).map(|at| char::from(b'A' + at as u8).to_string()).collect();
    let entries: Vec<Vec<Entry>> = lives.iter().map(|life| life.entries(&universe)).collect();
    let entries: Vec<&[Entry]> = entries.iter().map(Vec::as_slice).collect();
    let line = |choice: Choice| {
        let word = |(name, ground): (&String, &Option<Ground>)| match ground {
            None => name.clone(),
            Some(ground) => format!("{name}:{}", ground.reason().trim_start_matches("universe: ")),
        };
        let words: Vec<String> = names.iter().zip(&choice.grounds).map(word).collect();
        format!("{} {}", &crosscut_model::format_iso(choice.period)[..7], words.join(" "))
    };
    universe.choose(&names, &entries, members).into_iter().map(line).collect()
}

#[test]
fn conditions_round_trip() {
    for (text, canonical) in [
        ("dollar_volume(30D) top 100", "dollar_volume(30d) top 100"),
        ("AGE>=90d,price > 1", "age >= 90d, price > 1"),
        ("bars(4w) >= 20 and factor(liq_20) <= -0.5", "bars(4w) >= 20, factor(liq_20) <= -0.5"),
        ("factor(x) bottom 12.5% ; price < 1_000", "factor(x) bottom 12.5%, price < 1000"),
        ("member(lists/sp500.csv), not member(banned.csv)", "member(lists/sp500.csv), not member(banned.csv)"),
        ("include(BTC*, ETH?) , exclude(*UP|*DOWN)", "include(BTC* ETH?), exclude(*UP *DOWN)"),
        ("not exclude(A)", "include(A)"),
    ] {
        assert_eq!(rule(text).to_string(), canonical);
        assert_eq!(rule(canonical), rule(text));
    }
    let all = rule(
        "factor(a) > 0, dollar_volume(2d) top 1, factor(b) > 0, factor(a) < 9, member(m), not member(n), member(m)",
    );
    assert_eq!((all.columns(), all.files()), (vec!["a", "b"], vec!["m", "n"]));
    assert!(all.needs_dollar_volume() && all.lookback() == Some(STALE));
    assert_eq!((rule("bars(60d) > 1").lookback(), rule("age > 1d").lookback()), (Some(60 * DAY), None));
}

#[test]
fn what_cannot_be_read_is_told() {
    for (text, expected) in [
        (
            "",
            "`` cannot be read as a universe: it holds no condition; expected one such as `dollar_volume(30d) top 100`",
        ),
        (
            "dolar_volume(30d) top 3",
            "`dolar_volume(30d) top 3` cannot be read as a universe: `dolar_volume` is not one of age, price, bars, dollar_volume, factor, member, include, exclude\nhint: did you mean `dollar_volume`?",
        ),
        (
            "price ~ 1",
            "`price ~ 1` cannot be read as a universe: expected a comparison, such as >= 1, or top 100, bottom 10%",
        ),
        (
            "age >= 3",
            "`age >= 3` cannot be read as a universe: `3` is not a span of fixed length, such as 30d, 12h, 4w",
        ),
        (
            "bars(1M) >= 3",
            "`bars(1M) >= 3` cannot be read as a universe: `1M` is not a span of fixed length, such as 30d, 12h, 4w",
        ),
        ("price >= inf", "`price >= inf` cannot be read as a universe: `inf` is not a finite number"),
        ("price top 0", "`price top 0` cannot be read as a universe: `0` is not a number of symbols of at least 1"),
        ("price top 0%", "`price top 0%` cannot be read as a universe: `0%` is not a percentage above 0, at most 100%"),
        ("bars >= 3", "`bars >= 3` cannot be read as a universe: expected a span, such as (30d) in brackets"),
        ("member(a.csv", "`member(a.csv` cannot be read as a universe: a bracket is not closed"),
        ("member a.csv)", "`member a.csv)` cannot be read as a universe: a bracket closes that was not opened"),
        ("member(a.csv) now", "`member(a.csv) now` cannot be read as a universe: `now` is too much"),
        (
            "not price > 1",
            "`not price > 1` cannot be read as a universe: `not` goes with member, include and exclude alone",
        ),
        ("price(3d) > 1", "`price(3d) > 1` cannot be read as a universe: `price` takes nothing in brackets"),
    ] {
        assert_eq!(Universe::parse(text, Rebalance::MonthStart).unwrap_err().to_string(), expected, "{text}");
    }
    assert!(Universe::parse("price > 1", Rebalance::Bars(5)).is_err());
}

#[test]
fn a_symbol_is_in_from_when_it_passes_until_it_is_gone() {
    // A trades all the time, B from 20 January, C until 10 February.
    let lives = || {
        [
            Life::new("2024-01-01", 120, (5.0, 10.0)),
            Life::new("2024-01-20", 101, (5.0, 30.0)),
            Life::new("2024-01-01", 41, (5.0, 20.0)),
        ]
    };
    // On 1 January nothing is known of anybody. C's last bar is 20 days old on 1 March, and 51 on 1 April.
    assert_eq!(
        choose("age >= 30d", &lives(), &[])[..3],
        ["2024-02 A B:age C", "2024-03 A B C", "2024-04 A B C:no recent bar"]
    );
    assert_eq!(choose("bars(30d) >= 20", &lives(), &[])[..2], ["2024-02 A B:bars C", "2024-03 A B C:bars"]);
    // Left to right: the top two of those that are old enough, or those of the top two that are old enough.
    assert_eq!(choose("age >= 30d, dollar_volume(20d) top 1", &lives(), &[])[0], "2024-02 A:dollar volume B:age C");
    assert_eq!(
        choose("dollar_volume(20d) top 1, age >= 30d", &lives(), &[])[0],
        "2024-02 A:dollar volume B:age C:dollar volume"
    );
    assert_eq!(choose("dollar_volume(20d) bottom 34%", &lives(), &[])[0], "2024-02 A B:dollar volume C:dollar volume");
    assert_eq!(choose("price >= 5, price <= 5, factor(f) > 5", &lives(), &[])[0], "2024-02 A:factor B:factor C:factor");
    // Equal values: the symbol that sorts first.
    assert_eq!(choose("price top 2", &lives(), &[])[0], "2024-02 A B C:price");
}

#[test]
fn names_and_members_count() {
    let lives = || [0, 1, 2].map(|_| Life::new("2024-01-01", 100, (5.0, 1.0)));
    assert_eq!(choose("include(A* C)", &lives(), &[])[0], "2024-02 A B:name C");
    assert_eq!(choose("exclude(?)", &lives(), &[])[0], "2024-02 A:name B:name C:name");
    let stretch = |symbol: &str, start: &str, end: Option<&str>| Membership {
        symbol: symbol.to_owned(),
        start: parse_iso(start).unwrap(),
        end: end.map(|end| parse_iso(end).unwrap()),
    };
    // B leaves on the very day a period begins; C comes in the middle of one.
    let members = Members::new(vec![
        stretch("A", "2020-01-01", None),
        stretch("B", "2020-01-01", Some("2024-03-01")),
        stretch("C", "2024-02-02", None),
    ]);
    let list = [members.unwrap()];
    assert_eq!(
        choose("member(list.csv)", &lives(), &list)[..2],
        ["2024-02 A B C:not a member", "2024-03 A B:not a member C"]
    );
    assert_eq!(choose("not member(list.csv)", &lives(), &list)[0], "2024-02 A:not a member B:not a member C");
}

#[test]
fn an_earlier_holder_is_a_member_under_its_old_name() {
    let universe = rule("member(list.csv)");
    let members = [Members::new(vec![Membership { symbol: "LUNA".to_owned(), start: 0, end: None }]).unwrap()];
    let life = Life::new("2024-01-01", 40, (1.0, 1.0)).entries(&universe);
    let symbols = ["LUNA~20200821".to_owned(), "LUNB".to_owned()];
    let choices = universe.choose(&symbols, &[&life, &life], &members);
    assert_eq!(choices[0].grounds, [None, Some(Ground::Member)]);
}

/// Random lives from a seed.
fn random_lives(seed: u64) -> Vec<Life> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    (0..8)
        .map(|_| {
            let from = ["2024-01-01", "2024-01-20", "2024-02-11", "2024-03-30"][next(4) as usize];
            let n_days = 20 + next(150) as usize;
            let mut column = |scale: f64| -> Vec<f64> {
                (0..n_days).map(|_| if next(12) == 0 { f64::NAN } else { scale * (1 + next(5)) as f64 }).collect()
            };
            let (dollar_volume, factor) = (column(100.0), column(1.0));
            Life { from, closes: (0..n_days).map(|_| (1 + next(5)) as f64).collect(), dollar_volume, factor }
        })
        .collect()
}

/// Rules that use everything.
const RULES: [&str; 3] = [
    "age >= 25d, price >= 2, bars(20d) >= 10, dollar_volume(30d) top 4, factor(f) >= 2",
    "factor(f) top 50%, price <= 4",
    "dollar_volume(5d) bottom 3",
];

#[test]
fn the_future_changes_nothing() {
    let cut = parse_iso("2024-04-01").unwrap();
    for (seed, text) in (1..30).flat_map(|seed| RULES.map(|text| (seed, text))) {
        let mut altered = random_lives(seed);
        for (life, other) in altered.iter_mut().zip(random_lives(seed + 1000)) {
            let known = ((cut - parse_iso(life.from).unwrap()) / DAY).clamp(0, life.closes.len() as i64) as usize;
            // Bars from April on have other values, and there are fewer of them, down to none.
            let keep = known + (life.closes.len() - known) / 2;
            life.closes.truncate(keep);
            life.closes[known..].fill(other.closes[0] + 3.0);
            life.dollar_volume.truncate(keep);
            life.dollar_volume[known..].fill(1e9);
            life.factor.truncate(keep);
            life.factor[known..].fill(-7.0);
        }
        let until_april =
            |lines: Vec<String>| lines.into_iter().filter(|line| line.as_str() < "2024-05").collect::<Vec<_>>();
        let (before, after) = (choose(text, &random_lives(seed), &[]), choose(text, &altered, &[]));
        assert_eq!(until_april(before), until_april(after), "{seed} {text}");
    }
}

#[test]
fn the_order_of_symbols_changes_nothing_but_ties() {
    for (seed, text) in (1..30).flat_map(|seed| RULES.map(|text| (seed, text))) {
        // Values that are all different leave no ties.
        let distinct = || {
            let mut lives = random_lives(seed);
            for (at, life) in lives.iter_mut().enumerate() {
                let shift = |value: &mut f64| *value += 0.001 * at as f64;
                life.closes.iter_mut().for_each(shift);
                life.dollar_volume.iter_mut().for_each(shift);
                life.factor.iter_mut().for_each(shift);
            }
            lives
        };
        let universe = rule(text);
        let grounds = |lives: &[Life]| -> Vec<Vec<Option<Ground>>> {
            let names = vec![String::new(); lives.len()];
            let entries: Vec<Vec<Entry>> = lives.iter().map(|life| life.entries(&universe)).collect();
            let entries: Vec<&[Entry]> = entries.iter().map(Vec::as_slice).collect();
            universe.choose(&names, &entries, &[]).into_iter().map(|choice| choice.grounds).collect()
        };
        let mut reversed = distinct();
        reversed.reverse();
        let mut expected = grounds(&distinct());
        expected.iter_mut().for_each(|choice| choice.reverse());
        assert_eq!(grounds(&reversed), expected, "{seed} {text}");
    }
}
