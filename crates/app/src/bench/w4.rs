//! W4: the kit's cross-sectional long-short backtest over the hourly panel.

use serde_json::Value;

use super::BenchRequest;
use crate::error::AppError;

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    Err(AppError::new(format!("bench W4 on {}: not built yet", request.data.display())))
}
