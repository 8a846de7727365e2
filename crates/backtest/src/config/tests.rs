//! What users write, and what becomes of it.

use super::*;

/// Commission and slippage as written, and as they are written back.
#[track_caller]
fn round(text: &str, back: &str) {
    match text.parse::<CommissionConfig>() {
        Ok(model) => assert_eq!(model.to_string(), back),
        Err(error) => assert_eq!(error.to_string(), back),
    }
}

#[test]
fn commissions_are_read_and_written() {
    round("bps:5", "bps:5");
    round("percent:0.05", "bps:5");
    round("fixed: 1.5", "fixed:1.5");
    round("per_share:0.005", "per_share:rate=0.005,minimum=0");
    round("Per-Share:rate=0.005, minimum=1,maximum=0.01", "per_share:rate=0.005,minimum=1,maximum=0.01");
    round("maker_taker:maker_bps=-1,taker_bps=5", "maker_taker:maker_bps=-1,taker_bps=5");
    round(
        "maker_taker:from=2024-06-01,maker_bps=1,taker_bps=4;maker_bps=2,taker_bps=5",
        "maker_taker:maker_bps=2,taker_bps=5;maker_bps=1,taker_bps=4,from=2024-06-01T00:00:00Z",
    );
}

#[test]
fn wrong_commissions_say_what_was_expected() {
    let start = "`costs.commission` is";
    round(
        "bp:5",
        &format!(
            "{start} `bp:5`; expected one of the models bps, percent, fixed, per_share, maker_taker\nhint: did you mean `bps`?"
        ),
    );
    round("bps", &format!("{start} `bps`; expected bps of bps, a number from 0 to below 10000, to be given"));
    round(
        "bps:NaN",
        &format!("{start} `bps:NaN`; expected bps of bps to be a number from 0 to below 10000, not `NaN`"),
    );
    round(
        "per_share:rat=1",
        &format!(
            "{start} `per_share:rat=1`; expected of per_share only rate, minimum, maximum, not `rat`\nhint: did you mean `rate`?"
        ),
    );
    round("fixed:1;2", &format!("{start} `fixed:1;2`; expected one set of parameters for fixed, not 2"));
    round("fixed:1,2", &format!("{start} `fixed:1,2`; expected amount of fixed only once"));
    round(
        "maker_taker:1,taker_bps=2;3,taker_bps=4",
        &format!("{start} `maker_taker:1,taker_bps=2;3,taker_bps=4`; expected one maker_taker tier per date"),
    );
}

#[test]
fn slippage_is_read_and_written() {
    for text in [
        "bps:3",
        "ticks:ticks=1,tick_size=0.01",
        "half_spread:4",
        "volume_share:0.1",
        "sqrt_impact:coefficient=0.1,base_bps=1",
    ] {
        assert_eq!(text.parse::<SlippageConfig>().unwrap().to_string(), text);
    }
    for bad in ["", "bps:-1", "ticks:1", "sqrt_impact:1", "volume_share:inf", "sqrt_impact:0.9,base_bps=1000"] {
        assert!(bad.parse::<SlippageConfig>().is_err(), "{bad}");
    }
}

#[test]
fn mappings_read_as_texts_do() {
    let read = |json: &str| serde_json::from_str::<CostsConfig>(json);
    let costs = read(
        r#"{"commission": {"maker_taker": [{"maker_bps": 2, "taker_bps": 5},
            {"from": "2024-06-01", "maker_bps": 1, "taker_bps": 4}]}, "slippage": {"bps": 3}}"#,
    );
    let costs = costs.unwrap();
    let text = "maker_taker:maker_bps=2,taker_bps=5;maker_bps=1,taker_bps=4,from=2024-06-01T00:00:00Z";
    assert_eq!(costs.commission.as_ref().unwrap().to_string(), text);
    assert_eq!(costs.slippage, Some(SlippageConfig::Bps(3.0)));
    let again: CostsConfig = serde_json::from_value(serde_json::to_value(&costs).unwrap()).unwrap();
    assert_eq!(again, costs);
    for bad in
        [r#"{"commission": 5}"#, r#"{"commission": {"bps": [[1]]}}"#, r#"{"commission": {"bps": 1, "fixed": 2}}"#]
    {
        assert!(read(bad).unwrap_err().to_string().starts_with("`costs.commission` is"), "{bad}");
    }
}

#[test]
fn lengths_of_time() {
    for text in ["0", "250ms", "7us", "2s", "5m", "8h", "30d", "2w"] {
        assert_eq!(text.parse::<Delay>().unwrap().to_string(), text);
    }
    assert_eq!("1000ms".parse::<Delay>().unwrap().to_string(), "1s");
    for bad in ["", "5", "-5s", "1M", "ms", "1e3ms"] {
        assert!(bad.parse::<Delay>().is_err(), "{bad}");
    }
}

#[test]
fn defaults_are_left_out_of_the_text_that_names_a_run() {
    let written = serde_json::to_value(BacktestConfig::default()).unwrap();
    for group in ["costs", "borrow", "funding", "margin", "steps", "venue_rules", "risk", "feeds", "sampling", "audit"]
    {
        assert!(written.get(group).is_none(), "{group}");
    }
}

/// A configuration with one thing changed.
fn with(change: impl FnOnce(&mut BacktestConfig)) -> BacktestConfig {
    let mut config = BacktestConfig { params: [("k".to_owned(), "1".to_owned())].into(), ..BacktestConfig::default() };
    change(&mut config);
    config
}

#[test]
fn two_ways_of_saying_one_thing_name_one_run() {
    let said = |mut config: BacktestConfig| {
        config.one_way_of_saying();
        serde_json::to_string(&config).unwrap()
    };
    let short = said(with(|config| config.commission_bps = 7.0));
    assert_eq!(said(with(|config| config.costs.commission = "percent:0.07".parse().ok())), short);
    let by_leverage = said(with(|config| config.margin.leverage = Some(4.0)));
    assert_eq!(said(with(|config| config.margin.initial = Some(0.25))), by_leverage);
    assert_eq!(said(with(|config| config.borrow = Some(0.0))), said(with(|_| {})));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let refused = |change: fn(&mut BacktestConfig), begins: &str| {
        let told = with(change).prepare().unwrap_err().to_string();
        assert!(told.starts_with(begins), "{told}");
    };
    refused(|c| c.capital = f64::NAN, "`capital` is `NaN`");
    refused(|c| c.borrow = Some(-0.1), "`borrow` is `-0.1`");
    refused(|c| c.margin.leverage = Some(0.5), "`margin.leverage` is `0.5`");
    refused(|c| c.margin.maintenance = Some(0.1), "`margin.maintenance` is `0.1`; expected nothing without");
    refused(
        |c| c.margin = MarginConfig { leverage: Some(3.0), initial: Some(0.5), ..MarginConfig::default() },
        "`margin.leverage` is `3.0`; expected 1 over",
    );
    refused(
        |c| {
            c.margin.leverage = Some(3.0);
            c.allow_negative_cash = true;
        },
        "`allow_negative_cash` is `true`",
    );
    refused(|c| c.venue_rules.participation = Some(2.0), "`participation` is 2.0");
    refused(|c| c.risk.stop_loss = Some(1.5), "`stop_loss` is 1.5");
    refused(|c| c.risk.max_positions = Some(0), "`max_positions` is `0`");
    refused(|c| c.risk.cooldown = Some(Delay(5)), "`cooldown` is `5us`; expected nothing without stop_loss");
    refused(
        |c| {
            c.funding.source = FundingSource::Table;
            c.funding.mark_bars = "tick-100".parse().unwrap();
        },
        "`funding.mark_bars` is `tick-100`",
    );
}

#[test]
fn names_that_may_not_be_traded_are_of_the_run() {
    let prepared = with(|config| config.risk.no_trade = vec!["BTCUSDT".to_owned(), "ADAUSDT".to_owned()]).prepare();
    let prepared = prepared.unwrap();
    let symbols = ["ADAUSDT", "BTCUSDT"].map(str::to_owned);
    assert_eq!(prepared.risk(&symbols).unwrap().no_trade, [0, 1]);
    let told = prepared.risk(&symbols[..1]).unwrap_err().to_string();
    assert!(told.starts_with("no_trade symbol `BTCUSDT` is not in this run"), "{told}");
}
