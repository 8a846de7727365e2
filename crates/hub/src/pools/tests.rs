//! Pools in, the same pools out.

use serde_json::json;

use super::*;
use crate::fixtures::Scratch;

fn pool() -> PoolSnapshot {
    let member = |symbol: &str, dollar_volume| PoolMember { symbol: symbol.to_owned(), dollar_volume };
    PoolSnapshot {
        name: "top2".to_owned(),
        venue: "binance".to_owned(),
        as_of: 1_700_000_000_000_000,
        rule: json!({"top_n": 2, "window": "24h"}),
        members: vec![member("BTCUSDT", Some(1.5e9)), member("币安USDT", None)],
        excluded: vec![PoolExclusion { symbol: "USDCUSDT".to_owned(), reason: "stablecoin".to_owned() }],
        code_version: "0.1.0".to_owned(),
        format_version: FORMAT_VERSION,
    }
}

#[test]
fn pools_round_trip() {
    let scratch = Scratch::new();
    assert!(scratch.hub.pools().unwrap().is_empty());
    scratch.publisher.publish_pool(&pool()).unwrap();
    assert_eq!(scratch.hub.pools().unwrap(), ["top2"]);
    assert_eq!(scratch.hub.pool("top2").unwrap(), pool());
    let error = scratch.hub.pool("top3").unwrap_err().to_string();
    assert!(error.contains("has no pool `top3`; did you mean `top2`?"), "{error}");
}

#[test]
fn bad_pools_are_refused() {
    let scratch = Scratch::new();
    let publish = |change: fn(&mut PoolSnapshot)| {
        let mut pool = pool();
        change(&mut pool);
        scratch.publisher.publish_pool(&pool).unwrap_err().to_string()
    };
    assert!(publish(|pool| pool.name = "../x".to_owned()).contains("cannot be the name of a pool"));
    assert!(publish(|pool| pool.venue = "X".to_owned()).contains("cannot be the name of a venue"));
    assert!(publish(|pool| pool.members[1].symbol = "a/b".to_owned()).contains("cannot be a symbol"));
    assert!(publish(|pool| pool.members[1].symbol = "BTCUSDT".to_owned()).contains("BTCUSDT appears twice"));
    scratch.publisher.publish_pool(&pool()).unwrap();
    std::fs::write(scratch.path("pools/top2.json"), "[]").unwrap();
    assert!(scratch.hub.pool("top2").unwrap_err().to_string().contains("cannot be read as an asset pool"));
}
