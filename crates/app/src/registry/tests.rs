//! What can be looked up, and what is said when it cannot.

use super::*;

/// The names found, or the error.
fn find(kind: Kind, name: &str) -> String {
    let registry = Registry::load().unwrap();
    match registry.find(kind, name) {
        Ok(found) => found.iter().map(|entry| entry.names()[0].clone()).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_are_found() {
    assert_eq!(find(Kind::Operators, "ts_mean"), "ts_mean");
    assert_eq!(find(Kind::Operators, "Mean"), "ts_mean");
    assert_eq!(find(Kind::Operators, "-"), "- -");
    assert_eq!(find(Kind::Factors, "return_20"), "return_{w}");
    assert_eq!(find(Kind::Factors, "return"), "return_{w}");
    assert_eq!(find(Kind::Factors, "features:sma"), "sma_{w}");
    assert_eq!(find(Kind::Factors, "alpha_101"), "alpha_101");
    assert_eq!(find(Kind::Strategies, "TopK"), "top_k");
    assert_eq!(find(Kind::Costs, "bps_slippage"), "bps_slippage");
    assert_eq!(find(Kind::Providers, "synthetic"), "synthetic");
}

#[test]
fn the_nearest_name_is_told() {
    assert_eq!(find(Kind::Operators, "ts_meen"), "there is no operator `ts_meen`\nhint: did you mean `ts_mean`?");
    assert_eq!(
        find(Kind::Factors, "alpha_201"),
        "there is no built-in factor `alpha_201`\nhint: did you mean `alpha_001`?"
    );
    assert_eq!(find(Kind::Strategies, "top_kk"), "there is no strategy `top_kk`\nhint: did you mean `top_k`?");
    assert_eq!(find(Kind::Costs, "zzz"), "there is no cost model `zzz`\nhint: `crosscut list costs` shows all");
    assert_eq!(
        "operatos".parse::<Kind>().unwrap_err().to_string(),
        "there is no list of `operatos`; expected operators, factors, strategies, costs, providers\nhint: did you mean \
         `operators`?"
    );
}

#[test]
fn entries_are_complete() {
    let registry = Registry::load().unwrap();
    for operator in &registry.operators {
        assert!(!operator.summary.is_empty() && !operator.missing.is_empty() && !operator.example.output.is_empty());
        assert!(operator.parameters.iter().all(|parameter| !parameter.expects.is_empty() && parameter.is_required));
    }
    for factor in &registry.factors {
        assert!(!factor.missing.is_empty() || factor.operators.is_empty(), "{}", factor.name);
        assert!(!factor.columns.is_empty() && !factor.inputs.is_empty(), "{}", factor.name);
    }
    // Every model can be chosen; what is charged when none is has a default.
    assert!(registry.costs.iter().all(|cost| cost.is_setting));
    for cost in registry.costs.iter().filter(|cost| ["percent_commission", "bps_slippage"].contains(&&*cost.name)) {
        assert!(cost.parameters.iter().all(|parameter| parameter.default.is_some()), "{}", cost.name);
    }
    for kind in Kind::ALL {
        assert!(!registry.all(kind).is_empty(), "{kind}");
    }
}

#[test]
fn entries_are_plain_data() {
    let registry = Registry::load().unwrap();
    let json = serde_json::to_value(registry.find(Kind::Operators, "ts_quantile").unwrap()).unwrap();
    let parameters: Vec<&str> =
        json[0]["parameters"].as_array().unwrap().iter().filter_map(|p| p["type"].as_str()).collect();
    assert_eq!(parameters, ["series", "rows", "number"]);
    assert_eq!(json[0]["example"]["output"], "- - 6 7");
    let json = serde_json::to_value(registry.find(Kind::Strategies, "top_k").unwrap()).unwrap();
    assert_eq!(json[0]["parameters"][0]["name"], "factor");
}
