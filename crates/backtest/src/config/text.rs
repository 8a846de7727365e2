//! How values are written down: as the text the command line takes, times in ISO-8601, lengths of time with a unit.

use std::fmt;
use std::str::FromStr;

use crosscut_model::Timeframe;
use crosscut_model::time::SECOND;

/// Whether a group has its default value: it is then left out of the text that names a run.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A length of time from microseconds up: `250ms`, `2s`, `5m`, `8h`, `30d`; `0` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Delay(pub i64);

/// The units below those of timeframes, microseconds each.
const SMALL_UNITS: [(&str, i64); 2] = [("us", 1), ("ms", 1000)];

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let wrong =
            || format!("`{text}` is no length of time; expected a number and us, ms, s, m, h, d or w, such as 250ms");
        if text == "0" {
            return Ok(Self(0));
        }
        for (unit, length) in SMALL_UNITS {
            if let Some(count) = text.strip_suffix(unit) {
                let count: u32 = count.trim().parse().map_err(|_| wrong())?;
                return Ok(Self(i64::from(count) * length));
            }
        }
        let length = text.parse::<Timeframe>().ok().and_then(Timeframe::micros);
        length.map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            micros if micros % SECOND == 0 => match Timeframe::from_micros(micros) {
                Some(timeframe) => write!(f, "{timeframe}"),
                None => write!(f, "{micros}us"),
            },
            micros if micros % 1000 == 0 => write!(f, "{}ms", micros / 1000),
            micros => write!(f, "{micros}us"),
        }
    }
}

/// A fraction, written `0.02` or `2%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fraction(pub f64);

impl FromStr for Fraction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim(), 100.0));
        let number: Option<f64> = number.parse().ok().filter(|number: &f64| number.is_finite());
        let wrong = || format!("`{text}` is no fraction; expected a number such as 0.02 or 2%");
        number.map(|number| Self(number / unit)).ok_or_else(wrong)
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Values written as the text the command line takes.
pub(super) mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the text.
    pub(in crate::config) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads the text.
    pub(in crate::config) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Optional values written as text, or null.
pub(super) mod as_optional_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the text, or null.
    pub(in crate::config) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(ToString::to_string).serialize(serializer)
    }

    /// Reads the text, or null.
    pub(in crate::config) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Lists of values written as texts.
pub(super) mod as_texts {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the texts.
    pub(in crate::config) fn serialize<T: Display, S: Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(ToString::to_string))
    }

    /// Reads the texts.
    pub(in crate::config) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
    }
}

/// Optional times written in ISO-8601.
pub(super) mod as_iso {
    use crosscut_model::{format_iso, parse_iso};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the time, or null.
    pub(in crate::config) fn serialize<S: Serializer>(value: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(format_iso).serialize(serializer)
    }

    /// Reads the time, or null.
    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_iso(&text).map_err(D::Error::custom)).transpose()
    }
}
