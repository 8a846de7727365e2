//! Factors combined by weights, as the formula they stand for: `{a: 0.6, b: -0.4}` with `standardise: zscore` is
//! `0.6 * cs_zscore(a) - 0.4 * cs_zscore(b)`. Whether there are such factors is for the plan to say, which knows those
//! of the built-in families too.

use crosscut_model::nearest;
use serde_saphyr::Spanned;

/// What may be done with each factor before it is weighted, and the operator that does it.
const STANDARDISE: [(&str, &str); 3] = [("none", ""), ("zscore", "cs_zscore"), ("rank", "cs_rank")];

/// The formula, and the names that are weighted.
///
/// # Errors
/// In words: no weight, one that is no finite number or 0, or an unknown way to standardise.
pub(super) fn formula(
    weights: &[(Spanned<String>, f64)],
    standardise: Option<&str>,
) -> Result<(String, Vec<String>), String> {
    let word = standardise.unwrap_or("none");
    let Some((_, operator)) = STANDARDISE.iter().find(|(name, _)| *name == word) else {
        let names = STANDARDISE.iter().map(|(name, _)| *name);
        let hint = nearest(word, names).map_or(String::new(), |name| format!("\nhint: did you mean `{name}`?"));
        return Err(format!("standardise: `{word}` is not a choice; expected none, zscore or rank{hint}"));
    };
    if weights.is_empty() {
        return Err("weights: there are none; expected factors and numbers such as {momentum_20: 0.6}".to_owned());
    }
    let mut text = String::new();
    for (at, (name, weight)) in weights.iter().enumerate() {
        let name = &name.value;
        if !weight.is_finite() || *weight == 0.0 {
            return Err(format!("weights: {name}: {weight} is not a weight; expected a number other than 0"));
        }
        let term = if operator.is_empty() { name.clone() } else { format!("{operator}({name})") };
        let sign = match (at, *weight < 0.0) {
            (0, true) => "-",
            (0, false) => "",
            (_, true) => " - ",
            (_, false) => " + ",
        };
        text.push_str(&format!("{sign}{} * {term}", weight.abs()));
    }
    Ok((text, weights.iter().map(|(name, _)| name.value.clone()).collect()))
}
