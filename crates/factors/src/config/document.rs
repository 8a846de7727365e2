//! The shapes of a factor-set file as YAML gives them, with the line of each part. No meaning is checked here:
//! that is [`super::Config`]'s work. Unknown keys are refused by serde, the unions (`none | {forward: N}`) by the
//! visitors below, which say what was expected.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// Name of the set, version included.
    pub factor_set: Spanned<String>,
    /// Timeframe under which the set is published.
    pub timeframe: Spanned<String>,
    /// Which bars to read.
    pub source: Source,
    /// Which symbols.
    #[serde(default)]
    pub symbols: Option<Spanned<Symbols>>,
    /// What to do about missing bars.
    #[serde(default)]
    pub fill: Option<Spanned<Choice>>,
    /// What to do about extreme factor values.
    #[serde(default)]
    pub outliers: Option<Spanned<Choice>>,
    /// When a row may be traded.
    #[serde(default)]
    pub tradable: Option<Spanned<String>>,
    /// Built-in families.
    #[serde(default)]
    pub library: Option<Spanned<Families>>,
    /// Category columns and the files that hold them.
    #[serde(default)]
    pub groups: Entries<String>,
    /// Named intermediates, in order.
    #[serde(default, rename = "let")]
    pub lets: Entries<String>,
    /// The user's own factors.
    #[serde(default)]
    pub factors: Vec<Spanned<Factor>>,
}

/// The `source` part.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Venue folder of the hub.
    pub venue: Spanned<String>,
    /// Bar folder of the hub.
    pub bars: Spanned<String>,
}

/// One entry of `factors`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    /// Column name, with `{w}` when there are windows.
    pub name: String,
    /// The formula, with `{w}` when there are windows.
    #[serde(default)]
    pub formula: Option<String>,
    /// Factors and their weights, in place of a formula.
    #[serde(default)]
    pub weights: Option<Entries<f64>>,
    /// What is done with the factors before they are weighted.
    #[serde(default)]
    pub standardise: Option<String>,
    /// Window lengths, one column each.
    #[serde(default)]
    pub windows: Option<Vec<f64>>,
    /// What the factor means.
    #[serde(default)]
    pub notes: Option<String>,
}

/// What a family may be given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FamilyOptions {
    /// Window lengths in place of the family's own.
    #[serde(default)]
    pub windows: Option<Vec<f64>>,
}

/// `all`, a list of symbols, or the name of a pool.
#[derive(Debug)]
pub(super) enum Symbols {
    /// One word: `all` or a pool's name.
    Word(String),
    /// The symbols themselves.
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for Symbols {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts a word or a list of words.
        struct SymbolsVisitor;
        impl<'de> Visitor<'de> for SymbolsVisitor {
            type Value = Symbols;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all`, a list of symbols, or the name of a pool")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Symbols, E> {
                Ok(Symbols::Word(word.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Symbols, A::Error> {
                let mut list = Vec::new();
                while let Some(symbol) = items.next_element::<String>()? {
                    list.push(symbol);
                }
                Ok(Symbols::List(list))
            }
        }
        deserializer.deserialize_any(SymbolsVisitor)
    }
}

/// A word such as `none`, or one key with a number, such as `{forward: 3}`.
#[derive(Debug)]
pub(super) struct Choice {
    /// The word or the key.
    pub word: String,
    /// The number, when a key was given.
    pub number: Option<f64>,
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts a word or a map of one key.
        struct ChoiceVisitor;
        impl<'de> Visitor<'de> for ChoiceVisitor {
            type Value = Choice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word, or one key with a number such as {forward: 3}")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Choice, E> {
                Ok(Choice { word: word.to_owned(), number: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choice, A::Error> {
                let Some((word, number)) = map.next_entry::<String, f64>()? else {
                    return Err(de::Error::invalid_length(0, &self));
                };
                if let Some(second) = map.next_key::<String>()? {
                    return Err(de::Error::custom(format!("`{word}` and `{second}` exclude each other")));
                }
                Ok(Choice { word, number: Some(number) })
            }
        }
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

/// The `library` part: one name, or a list of names and of `{name: {windows: [...]}}`.
#[derive(Debug)]
pub(super) struct Families(pub Vec<Spanned<Family>>);

impl<'de> Deserialize<'de> for Families {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts one family or a list of them.
        struct FamiliesVisitor;
        impl<'de> Visitor<'de> for FamiliesVisitor {
            type Value = Families;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a family name, or a list of names and of {name: {windows: [...]}}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Families, E> {
                let nowhere = serde_saphyr::Location::UNKNOWN;
                let family = Family { name: name.to_owned(), options: FamilyOptions::default() };
                Ok(Families(vec![Spanned::new(family, nowhere, nowhere)]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Families, A::Error> {
                let mut families = Vec::new();
                while let Some(family) = items.next_element()? {
                    families.push(family);
                }
                Ok(Families(families))
            }
        }
        deserializer.deserialize_any(FamiliesVisitor)
    }
}

/// One family.
#[derive(Debug)]
pub(super) struct Family {
    /// Its name.
    pub name: String,
    /// What it was given.
    pub options: FamilyOptions,
}

impl<'de> Deserialize<'de> for Family {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts a name or `{name: {windows: [...]}}`.
        struct FamilyVisitor;
        impl<'de> Visitor<'de> for FamilyVisitor {
            type Value = Family;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a family name or {name: {windows: [...]}}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Family, E> {
                Ok(Family { name: name.to_owned(), options: FamilyOptions::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Family, A::Error> {
                let Some((name, options)) = map.next_entry()? else {
                    return Err(de::Error::invalid_length(0, &self));
                };
                if let Some(second) = map.next_key::<String>()? {
                    return Err(de::Error::custom(format!(
                        "one family per list entry; start `{second}` on a line of its own with `- `"
                    )));
                }
                Ok(Family { name, options })
            }
        }
        deserializer.deserialize_any(FamilyVisitor)
    }
}

/// A map whose order counts: a later formula may use an earlier one.
#[derive(Debug)]
pub(super) struct Entries<V>(pub Vec<(Spanned<String>, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts a map and keeps its order.
        struct EntriesVisitor<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map such as {name: value}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}
