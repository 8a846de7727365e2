//! A set's definition: everything that can change a number, as JSON that is published with the set and hashed. Written
//! from a resolved plan, and read back so that a published set can be produced again without its file.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::config::{Carried, Config, Factors, Fill, Formula, Group, Outliers, Symbols};
use crate::error::{FactorsError, Place};
use crate::plan::PlannedColumn;

/// Everything that can change a number. Families stand as the formulas they became, so that a program with another
/// library asks for another name.
pub(crate) fn definition(config: &Config, columns: &[PlannedColumn]) -> Value {
    let symbols = match &config.symbols {
        Symbols::All => json!("all"),
        Symbols::List(list) => json!(list),
        Symbols::Pool(name) => json!({ "pool": name }),
    };
    let fill = match config.fill {
        Fill::None => json!("none"),
        Fill::Forward(n) => json!({ "forward": n }),
    };
    let outliers = match config.outliers {
        Outliers::Keep => json!("keep"),
        Outliers::Winsorize(p) => json!({ "winsorize": p }),
        Outliers::DropBeyondMad(x) => json!({ "drop_beyond_mad": x }),
    };
    let pair = |name: &str, formula: &str| json!({ "name": name, "formula": formula });
    let mut definition = json!({
        "factor_set": config.factor_set,
        "timeframe": config.timeframe.to_string(),
        "source": { "venue": config.venue, "bars": config.bars.to_string() },
        "symbols": symbols,
        "fill": fill,
        "outliers": outliers,
        "tradable": config.tradable.as_ref().map(|tradable| &tradable.formula),
        "let": config.lets.iter().map(|entry| pair(&entry.name, &entry.formula)).collect::<Vec<_>>(),
        "factors": columns.iter().map(|column| pair(&column.name, &column.formula)).collect::<Vec<_>>(),
    });
    // Only where there are some, so that sets without keep the hash they had before there were any. What the files say
    // is an input, not a definition.
    if !config.groups.is_empty() {
        definition["groups"] = config.groups.iter().map(|group| json!(group.column)).collect();
    }
    definition
}

impl Config {
    /// The set that has this definition: families stand as the formulas they became, and what the user wrote about
    /// factors is not in it. `origin` names the definition in messages.
    ///
    /// # Errors
    /// When a part is missing or not of its shape: a definition that another program wrote.
    pub fn from_definition(definition: &Value, origin: &str) -> Result<Self, FactorsError> {
        Reader { definition, origin }.config()
    }
}

/// Reads the parts of a definition.
struct Reader<'a> {
    /// The definition.
    definition: &'a Value,
    /// Its name in messages.
    origin: &'a str,
}

impl Reader<'_> {
    /// The whole.
    fn config(&self) -> Result<Config, FactorsError> {
        Ok(Config {
            factor_set: self.text("/factor_set")?,
            timeframe: self.parsed("/timeframe")?,
            venue: self.text("/source/venue")?,
            bars: self.parsed("/source/bars")?,
            symbols: self.symbols()?,
            fill: self.fill()?,
            outliers: self.outliers()?,
            tradable: self.tradable()?,
            library: Vec::new(),
            groups: self.groups()?,
            lets: self.formulas("/let")?,
            factors: self.formulas("/factors")?.into_iter().map(factor).collect(),
            carried: Carried::default(),
            file: self.origin.to_owned(),
        })
    }

    /// A complaint about a part.
    fn error(&self, part: &str) -> FactorsError {
        let seen = self.definition.pointer(part).map_or("nothing".to_owned(), Value::to_string);
        let message = format!(
            "the definition's `{}` is {seen}, which this program cannot read\nhint: give the set's file with --config",
            part.trim_start_matches('/')
        );
        FactorsError::Config { place: Place { file: self.origin.to_owned(), line: 0 }, message }
    }

    /// A text.
    fn text(&self, part: &str) -> Result<String, FactorsError> {
        let text = self.definition.pointer(part).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.error(part))
    }

    /// A text that stands for something.
    fn parsed<T: FromStr<Err: Display>>(&self, part: &str) -> Result<T, FactorsError> {
        self.text(part)?.parse().map_err(|_| self.error(part))
    }

    /// The `symbols` part.
    fn symbols(&self) -> Result<Symbols, FactorsError> {
        match self.definition.get("symbols") {
            Some(Value::String(word)) if word == "all" => Ok(Symbols::All),
            Some(Value::Array(list)) => {
                let names: Option<Vec<String>> = list.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                names.map(Symbols::List).ok_or_else(|| self.error("/symbols"))
            }
            _ => self.text("/symbols/pool").map(Symbols::Pool),
        }
    }

    /// The `fill` part.
    fn fill(&self) -> Result<Fill, FactorsError> {
        if self.definition["fill"] == "none" {
            return Ok(Fill::None);
        }
        let limit = self.definition.pointer("/fill/forward").and_then(Value::as_u64);
        let limit = limit.and_then(|limit| u32::try_from(limit).ok());
        limit.map(Fill::Forward).ok_or_else(|| self.error("/fill"))
    }

    /// The `outliers` part.
    fn outliers(&self) -> Result<Outliers, FactorsError> {
        let number = |part: &str| self.definition.pointer(part).and_then(Value::as_f64);
        match (number("/outliers/winsorize"), number("/outliers/drop_beyond_mad")) {
            _ if self.definition["outliers"] == "keep" => Ok(Outliers::Keep),
            (Some(p), None) => Ok(Outliers::Winsorize(p)),
            (None, Some(x)) => Ok(Outliers::DropBeyondMad(x)),
            _ => Err(self.error("/outliers")),
        }
    }

    /// The `tradable` part.
    fn tradable(&self) -> Result<Option<Formula>, FactorsError> {
        match self.definition.get("tradable") {
            Some(Value::Null) => Ok(None),
            _ => Ok(Some(Formula { name: "tradable".to_owned(), formula: self.text("/tradable")?, line: 0 })),
        }
    }

    /// The `groups` part: columns whose files it does not name.
    fn groups(&self) -> Result<Vec<Group>, FactorsError> {
        let Some(list) = self.definition.get("groups") else { return Ok(Vec::new()) };
        let group = |name: &Value| Some(Group { column: name.as_str()?.to_owned(), file: PathBuf::new(), line: 0 });
        let groups: Option<Vec<Group>> = list.as_array().and_then(|list| list.iter().map(group).collect());
        groups.ok_or_else(|| self.error("/groups"))
    }

    /// A list of named formulas.
    fn formulas(&self, part: &str) -> Result<Vec<Formula>, FactorsError> {
        let entries = self.definition.pointer(part).and_then(Value::as_array).ok_or_else(|| self.error(part))?;
        let text = |entry: &Value, key: &str| entry.get(key)?.as_str().map(str::to_owned);
        let formula =
            |entry: &Value| Some(Formula { name: text(entry, "name")?, formula: text(entry, "formula")?, line: 0 });
        let formulas: Option<Vec<Formula>> = entries.iter().map(formula).collect();
        formulas.ok_or_else(|| self.error(part))
    }
}

/// A column of the definition as an entry of a file.
fn factor(formula: Formula) -> Factors {
    Factors {
        name: formula.name,
        formula: formula.formula,
        weighted: Vec::new(),
        windows: Vec::new(),
        notes: None,
        line: 0,
    }
}

#[cfg(test)]
mod tests {
    //! What is written is read back, and what is not a definition is refused.

    use super::*;
    use crate::plan::{Market, Plan};

    /// A set that uses every part.
    const FULL: &str = "
factor_set: full__1
timeframe: 1h
source: {venue: test, bars: 1h}
symbols: [BBB, AAA]
fill: {forward: 3}
outliers: {winsorize: 0.0125}
tradable: volume > 0
library: [{features: {windows: [5, 10]}}]
let: {ret1: 'close / delay(close, 1) - 1', 'twice(x)': 'x * 2'}
factors:
  - {name: 'gain_{w}', formula: 'ts_sum(ret1, {w}) * sqrt(periods_per_year)', windows: [3, 24], notes: summed}
  - {name: doubled, formula: 'twice(gain_3)'}
";

    /// The definition of a set.
    fn definition_of(config: &Config) -> Value {
        let available = crosscut_model::bar::BAR_COLUMNS;
        Plan::new(config, Market { available: &available, periods_per_year: 8760.0 }).unwrap().definition
    }

    #[test]
    fn a_definition_is_its_own_definition() {
        let plain = "factor_set: a\ntimeframe: 1d\nsource: {venue: v, bars: 1d}\nlibrary: kit_w3\n";
        let pool = format!("{plain}symbols: top\noutliers: {{drop_beyond_mad: 5}}\n");
        for text in [FULL, plain, &pool] {
            let written = definition_of(&Config::parse(text, "set.yaml").unwrap());
            let text = serde_json::to_string(&written).unwrap();
            let read = Config::from_definition(&serde_json::from_str(&text).unwrap(), "the hub").unwrap();
            assert_eq!(definition_of(&read), written);
        }
    }

    #[test]
    fn what_is_no_definition_is_told() {
        let whole = definition_of(&Config::parse(FULL, "set.yaml").unwrap());
        for (part, value) in [
            ("timeframe", json!("1x")),
            ("symbols", json!([1])),
            ("fill", json!({"forward": -1})),
            ("outliers", json!("drop")),
            ("tradable", json!(3)),
            ("let", json!({})),
            ("factors", json!([{"name": "a"}])),
            ("groups", json!({"sector": "a.csv"})),
        ] {
            let mut damaged = whole.clone();
            damaged[part] = value;
            let message = Config::from_definition(&damaged, "a__1").unwrap_err().to_string();
            assert!(message.starts_with("a__1: ") && message.contains(part), "{message}");
        }
    }
}
