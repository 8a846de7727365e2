//! What to do about a mistake, where more can be said than the nearest name.

use crate::library;
use crate::operators::{self, Operator, ParameterKind};

/// What to do about a number that is no number of rows; `name` is how the operator was called.
pub(super) fn rows(operator: &Operator, name: &str, kind: ParameterKind, number: Option<f64>) -> Option<String> {
    let ParameterKind::Rows { .. } = kind else { return None };
    let number = number?;
    let is_of_qlib = is_of_qlib(name);
    match operator.over_all {
        "" if number == 0.0 && is_of_qlib => {
            Some("qlib's window of all rows so far would have to keep them all for this operator".to_owned())
        }
        all if number == 0.0 && !all.is_empty() => {
            let usage = operators::function(all).map_or(all.to_owned(), Operator::usage);
            Some(format!("from all rows so far is `{usage}`"))
        }
        // What qlib's other windows make of a share is an exponential mean too, which nobody means.
        "cummean" if number > 0.0 && number < 1.0 => {
            Some(format!("an exponential mean of alpha {number} is `EMA(x, {number})`"))
        }
        _ if number > 1.0 && number.fract() != 0.0 => {
            Some(format!("the formulaic alphas round down: write {}", number.floor()))
        }
        _ => None,
    }
}

/// Whether a name is one of qlib's: those begin with a capital and are one word.
pub(super) fn is_of_qlib(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && !name.contains('_')
}

/// What to do about an unknown function that is not a slip of the fingers.
pub(super) fn function(name: &str) -> Option<String> {
    if matches!(name, "Mask" | "ChangeInstrument") {
        return Some("it reads another instrument in qlib: import that as a column beside the bars".to_owned());
    }
    let is_known = operators::operators()
        .flat_map(|o| [o.name].into_iter().chain(o.aliases.iter().copied()))
        .any(|known| known.eq_ignore_ascii_case(name));
    if is_known {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let families = ["ts_", "cs_"].map(|prefix| format!("{prefix}{lower}"));
    if let Some(known) = families.iter().find(|name| operators::function(name).is_some()) {
        return Some(format!("did you mean `{known}`?"));
    }
    library::family_of(name).map(|_| format!("it is a factor of the library: `crosscut factors show {lower}`"))
}

/// What to do about an unknown name that is a column of some set.
pub(super) fn column(name: &str) -> Option<String> {
    match name {
        "sector" | "industry" | "subindustry" => Some(format!(
            "it is a category: name its file, `groups: {{{name}: FILE.csv}}`, or give the bars such a column"
        )),
        "cap" => Some("it is the market capitalisation in quote units, as a column beside the bars".to_owned()),
        "timestamp" => {
            Some("it is the time of the row in microseconds since the epoch, as a column beside the bars".to_owned())
        }
        "nan" | "NaN" | "None" | "null" => Some("a missing value has no name; `has_value(x)` asks for it".to_owned()),
        "true" | "false" | "True" | "False" => Some("true is 1, false is 0".to_owned()),
        _ => None,
    }
}

/// What to do about the name of a factor of the library that the set lacks.
pub(super) fn factor(name: &str) -> Option<String> {
    let family = library::family_of(name)?;
    Some(format!("it is a factor of the library: `library: [{family}]` includes it"))
}
