//! How straight the logarithm of a curve runs.

use crate::metrics::{NOTHING, defined};

/// Replaces positive numbers by their logarithms.
fn logarithms(values: &mut [f64]) {
    values.iter_mut().for_each(|value| *value = libm::log(*value));
}

/// See [`crate::metrics::tail::stability`]; for a curve of positive numbers, at least three.
pub(super) fn stability(equity: &[f64], logs: &mut Vec<f64>) -> Option<f64> {
    let n = equity.len() - 1;
    logs.clear();
    logs.extend(equity[1..].iter().map(|value| value / equity[0]));
    logarithms(logs);
    let (mut sum, mut places, mut highest, mut lowest) = (0.0, 0.0, 0.0, 0.0);
    for (at, &log) in logs.iter().enumerate() {
        sum += log;
        places += at as f64;
        highest = if log > highest { log } else { highest };
        lowest = if log < lowest { log } else { lowest };
    }
    let largest = f64::max(highest, -lowest);
    let (mean, middle) = (defined(sum / n as f64)?, defined(places / n as f64)?);
    let (mut variance, mut spread, mut cov) = (0.0, 0.0, 0.0);
    for (at, log) in logs.iter().enumerate() {
        let (log, place) = (log - mean, at as f64 - middle);
        variance += log * log;
        spread += place * place;
        cov += log * place;
    }
    let free = (n - 1) as f64;
    if (spread / free).sqrt() <= NOTHING * free {
        return None;
    }
    let beta = defined(cov / spread)?;
    defined((mean - beta * middle) * 1.0)?;
    if (variance / free).sqrt() <= NOTHING * largest {
        return None;
    }
    let correlation = defined(cov / (variance.sqrt() * spread.sqrt()))?;
    defined(correlation * correlation)
}
