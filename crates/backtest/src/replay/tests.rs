//! Replays by hand and by property.
