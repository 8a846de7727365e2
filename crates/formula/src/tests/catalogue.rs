//! What is told of the built-in factors.

use crate::Stage;
use crate::library::{Catalogued, families};

/// The entries of a family that answer to a name.
fn of(family: &str, name: &str) -> Vec<Catalogued> {
    let mut entries = crate::library::family(family).unwrap().catalogue().unwrap();
    entries.retain(|entry| entry.answers_to(name));
    entries
}

#[test]
fn a_template_is_one_entry() {
    let entries = of("features", "volatility_ann_20");
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(entry.name, "volatility_ann_{w}");
    let columns: Vec<_> = entry.columns.iter().map(|c| (c.name.as_str(), c.window, c.lookback.rows)).collect();
    assert_eq!(columns[..2], [("volatility_ann_5", Some(5), 5), ("volatility_ann_10", Some(10), 10)]);
    assert_eq!(
        (entry.inputs.as_slice(), entry.stage, entry.is_across),
        (["close".to_owned()].as_slice(), Stage::Transformer, false)
    );
    assert!(entry.windows_are_free);
    // The kit's go window by window.
    let kit = of("kit_w3", "ret");
    assert_eq!(kit.len(), 1);
    assert_eq!(kit[0].columns.iter().map(|c| c.window).collect::<Vec<_>>(), [Some(5), Some(10), Some(20), Some(60)]);
}

#[test]
fn every_family_is_catalogued() {
    for family in families() {
        let entries = family.catalogue().unwrap();
        let n_columns: usize = entries.iter().map(|entry| entry.columns.len()).sum();
        let n_factors: usize = family.factors(None).unwrap().iter().map(|factor| factor.windows.len().max(1)).sum();
        assert_eq!(n_columns, n_factors, "{}", family.name);
        for entry in entries {
            assert!(!entry.inputs.is_empty() && !entry.notes.is_empty(), "{}", entry.name);
            assert!(!entry.inputs.iter().any(|column| column == crate::library::PERIODS_PER_YEAR), "{}", entry.name);
        }
    }
    let [alpha] = of("alpha101", "alpha_048").try_into().unwrap();
    assert!(alpha.is_across && alpha.stage == Stage::Scorer && alpha.inputs.contains(&"subindustry".to_owned()));
    assert!(alpha.source.contains("Kakushadze"));
}
