//! Produce factor sets: config, plan, runs.
