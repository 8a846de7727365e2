//! Bring the market in: archive import, bar jobs, asset pools, the synthetic market.
