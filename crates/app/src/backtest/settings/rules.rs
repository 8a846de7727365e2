//! What the guard allows, how the simulated venue fills, and what a strategy reads, as the settings say.

use crosscut_backtest::config::{FeedKind, OrdersConfig, RiskConfig, VenueConfig};

use crate::config::Config;
use crate::error::AppError;

/// How the simulated venue fills orders.
pub(super) fn venue_rules(config: &Config) -> Result<VenueConfig, AppError> {
    let default = VenueConfig::default();
    Ok(VenueConfig {
        path: config.parsed("backtest.venue_rules.path")?.unwrap_or(default.path),
        limit_fill: config.parsed("backtest.venue_rules.limit_fill")?.unwrap_or(default.limit_fill),
        participation: config.number("backtest.venue_rules.participation"),
        latency: config.parsed("backtest.venue_rules.latency")?.unwrap_or(default.latency),
        session: config.parsed("backtest.venue_rules.session")?.unwrap_or(default.session),
    })
}

/// How what strategies want is put to the venue.
pub(super) fn orders(config: &Config) -> Result<OrdersConfig, AppError> {
    Ok(OrdersConfig {
        kind: config.parsed("backtest.orders.type")?.unwrap_or_default(),
        entry: config.parsed("backtest.orders.entry")?,
        tif: config.parsed("backtest.orders.tif")?.unwrap_or_default(),
        post_only: config.flag("backtest.orders.post_only"),
        stop: config.parsed("backtest.orders.stop")?,
        take_profit: config.parsed("backtest.orders.take_profit")?,
        reprice: config.flag("backtest.orders.reprice"),
    })
}

/// Rules of the guard beyond those of weights.
pub(super) fn risk(config: &Config) -> Result<RiskConfig, AppError> {
    let max_positions = config.count("backtest.risk.max_positions");
    Ok(RiskConfig {
        max_order: config.number("backtest.risk.max_order"),
        max_net: config.number("backtest.risk.max_net"),
        max_positions: max_positions.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        stop_loss: config.number("backtest.risk.stop_loss"),
        take_profit: config.number("backtest.risk.take_profit"),
        trailing_stop: config.number("backtest.risk.trailing_stop"),
        daily_loss: config.number("backtest.risk.daily_loss"),
        cooldown: config.parsed("backtest.risk.cooldown")?,
        turnover: config.number("backtest.risk.turnover"),
        no_trade: config.list("backtest.risk.no_trade"),
    })
}

/// What an event strategy reads.
pub(super) fn feeds(config: &Config) -> Result<Vec<FeedKind>, AppError> {
    let path = "backtest.feeds";
    let read = |text: &String| {
        text.parse().map_err(|_| {
            let why = format!("`{text}` is no feed; expected ticks, or bars such as 1h, 1d, tick-1000, dollar-1000000");
            config.refuse(path, &why)
        })
    };
    let feeds: Vec<FeedKind> = config.list(path).iter().map(read).collect::<Result<_, _>>()?;
    let is_twice = |(at, feed): &(usize, &FeedKind)| feeds[..*at].contains(feed);
    match feeds.iter().enumerate().find(is_twice) {
        Some((_, feed)) => Err(config.refuse(path, &format!("`{feed}` is named twice; expected each feed once"))),
        None => Ok(feeds),
    }
}
