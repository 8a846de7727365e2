//! What is shown of factors: of the library by any of their names, of published sets with the names they use.

use crosscut_hub::Hub;

use super::market::hub;
use crate::{
    Config, RunOptions, Silent, library_entries, library_factors, library_names, published_columns, published_factor,
    run,
};

/// Names of the cards and where they are from.
fn found(name: &str, windows: Option<&[usize]>) -> Vec<String> {
    let cards = library_factors(name, windows).unwrap();
    cards.iter().map(|card| format!("{} of {}", card.name, card.of)).collect()
}

#[test]
fn a_library_factor_has_several_names() {
    assert_eq!(found("alpha_006", None), ["alpha_006 of family alpha101"]);
    assert_eq!(found("features:sma_20", None), ["sma_20 of family features"]);
    assert_eq!(found("features:sma_37", None), ["sma_37 of family features"]);
    assert_eq!(found("features:sma", Some(&[3, 5])), ["sma_3 of family features", "sma_5 of family features"]);
    assert_eq!(found("features:sma_{w}", Some(&[9])), ["sma_9 of family features"]);
    assert!(found("sma_20", None).contains(&"sma_20 of family features".to_owned()));
    assert!(found("features:return_1", None) == ["return_1 of family features"], "the factor, not the window 1");
    assert!(
        found("sma_0", None).is_empty() && found("no_such", None).is_empty() && found("features:", None).is_empty()
    );
    assert_eq!(found("sma", Some(&[3, 5])), ["sma_3 of family features", "sma_5 of family features"]);
    assert_eq!(found("SMA_37", None), [""; 0]);
    assert_eq!(found("alpha#6", None), ["alpha_006 of family alpha101"]);
    assert_eq!(found("KMID", None), ["kmid of family alpha158"]);
    assert!(found("ATR_14", None).contains(&"atr_14 of family talib".to_owned()));
    for begin in ["adx", "Ichimoku", "keltner", "donchian", "heikin", "macd", "session"] {
        let found = found(begin, None);
        let is_it = |name: &String| name.starts_with(&begin.to_ascii_lowercase());
        assert!(!found.is_empty() && found.iter().all(is_it), "{begin}: {found:?}");
    }
    let message = library_factors("talib:sma", Some(&[7])).unwrap_err().to_string();
    assert!(message.contains("fixed windows"), "{message}");
    let message = library_factors("features:sma", Some(&[0])).unwrap_err().to_string();
    assert!(message.contains("window 0"), "{message}");
}

#[test]
fn every_library_factor_can_be_shown() {
    for entry in library_entries(None).unwrap() {
        let windows = entry.windows.first().map(usize::to_string).unwrap_or_default();
        let name = entry.name.replace("{w}", &windows);
        let cards = library_factors(&format!("{}:{name}", entry.family), None).unwrap();
        assert_eq!(cards.len(), 1, "{}:{name}", entry.family);
        let card = &cards[0];
        assert!(card.name == name && !card.inputs.is_empty() && card.usage.contains(&entry.family), "{card:?}");
        assert!(card.missing.iter().all(|rule| !rule.rule.is_empty()), "{card:?}");
        assert!(card.source.as_ref().is_some_and(|source| !source.is_empty()), "{card:?}");
        assert!(library_names().contains(&name));
    }
    let message = library_entries(Some("alpha10")).unwrap_err().to_string();
    assert!(message.contains("did you mean `alpha101`?"), "{message}");
}

#[test]
fn a_card_says_what_the_formula_says() {
    let card = &library_factors("features:ema_10", None).unwrap()[0];
    assert_eq!((card.stage.as_str(), card.lookback.unbounded), ("accumulator", true));
    assert_eq!(card.inputs, ["close"]);
    assert!(card.missing.iter().any(|rule| rule.rule.starts_with("a missing value leaves what is carried")));
    assert_eq!(card.usage, "library: [{features: {windows: [10]}}], in a factor-set file");
    let alpha = &library_factors("alpha_048", None).unwrap()[0];
    assert_eq!(alpha.stage, "scorer");
    assert!(alpha.inputs.contains(&"subindustry".to_owned()), "{:?}", alpha.inputs);
    assert!(alpha.source.as_ref().is_some_and(|source| source.contains("Kakushadze")), "{:?}", alpha.source);
}

#[test]
fn a_published_factor_is_shown_with_the_names_it_uses() {
    let root = hub();
    let text = "factor_set: named__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\n\
                library: [{features: {windows: [7]}}]\n\
                let: {ret1: 'close / delay(close, 1) - 1', 'gap(a, b)': 'a / b - 1', unused: volume, calm: '-ret1'}\n\
                factors:\n  - {name: base, formula: 'ts_sum(calm, 5)'}\n\
                \x20 - {name: last, formula: 'base * gap(close, $open) + 1e2', notes: both}\n\
                \x20 - {name: combo, weights: {base: 2, sma_7: -1}, standardise: rank}\n";
    let options = RunOptions { threads: 1, code_version: "1".to_owned(), generation_time: String::new() };
    run(&Config::parse(text, "set.yaml").unwrap(), root.path(), &options, &Silent).unwrap();
    let hub = Hub::open(root.path()).unwrap();
    let set = hub.factor_set("1h".parse().unwrap(), "named__1").unwrap();
    let card = published_factor(&hub, set.metadata(), "last").unwrap();
    let uses: Vec<&str> = card.uses.iter().map(|used| used.name.as_str()).collect();
    assert_eq!(uses, ["ret1", "gap(a, b)", "calm", "base"]);
    let expanded = card.expanded.unwrap();
    assert_eq!(expanded, "(ts_sum((-(close / delay(close, 1) - 1)), 5)) * gap(close, $open) + 1e2");
    assert_eq!(card.notes.as_deref(), Some("both"));
    assert_eq!((card.inputs, card.lookback.rows), (vec!["open".to_owned(), "close".to_owned()], 5));
    assert!(card.quality.is_some() && card.proof.is_none());
    let combo = published_factor(&hub, set.metadata(), "combo").unwrap();
    assert_eq!(combo.formula, "2 * cs_rank(base) - 1 * cs_rank(sma_7)");
    assert_eq!(combo.stage, "scorer");
    let sma = published_factor(&hub, set.metadata(), "sma_7").unwrap();
    let same = &library_factors("features:sma_7", None).unwrap()[0];
    assert_eq!((&sma.notes, &sma.formula, sma.expanded), (&same.notes, &same.formula, None));
    let columns = published_columns(&hub, set.metadata());
    assert_eq!(columns.len(), set.columns().len());
    assert!(columns.iter().all(|card| card.stage.is_some() && card.quality.is_some() && card.formula.is_some()));
    let message = published_factor(&hub, set.metadata(), "lst").unwrap_err().to_string();
    assert!(message.contains("did you mean `last`?"), "{message}");
}
