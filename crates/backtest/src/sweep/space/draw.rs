//! Points of a space.

use crosscut_kernels::bootstrap::Random;

use super::sobol::Sobol;
use super::{SETS_MAX, Space, Taken};
use crate::error::BacktestError;

/// Points drawn for one that meets the constraints, before giving up.
const TRIES_PER_POINT: usize = 1000;

/// Every combination, the last axis turning fastest.
pub(super) fn grid(space: &Space, taken: &mut Taken<'_>) -> Result<(), BacktestError> {
    let points: Vec<Vec<String>> = space.axes.iter().map(|axis| axis.points()).collect::<Result<_, _>>()?;
    let n_points = points.iter().try_fold(1usize, |n, values| n.checked_mul(values.len()));
    let Some(n_points) = n_points.filter(|n| *n <= SETS_MAX) else {
        let sizes: Vec<String> = points.iter().map(|values| values.len().to_string()).collect();
        let problem = format!("a grid of {} points; at most {SETS_MAX}", sizes.join(" x "));
        return Err(BacktestError::Search { problem: problem + "\nhint: draw some of them: method sobol with n" });
    };
    for mut at in 0..n_points {
        let mut values = vec![String::new(); points.len()];
        for (value, of_axis) in values.iter_mut().zip(&points).rev() {
            value.clone_from(&of_axis[at % of_axis.len()]);
            at /= of_axis.len();
        }
        taken.offer(space.set(values))?;
    }
    Ok(())
}

/// Draws until there are as many as wanted.
fn until_enough(
    space: &Space,
    taken: &mut Taken<'_>,
    point: &mut dyn FnMut() -> Vec<f64>,
) -> Result<(), BacktestError> {
    let (mut n_taken, mut n_tried) = (0, 0);
    while n_taken < space.n {
        let values = space.axes.iter().zip(point()).map(|(axis, place)| axis.at(place)).collect();
        n_taken += usize::from(taken.offer(space.set(values))?);
        n_tried += 1;
        // Repeats are no fault: a small space has fewer points than were asked for.
        if n_tried >= TRIES_PER_POINT * (n_taken + 1) {
            if taken.drawn.n_refused > taken.drawn.n_repeated {
                let problem =
                    format!("only {n_taken} of {n_tried} points drawn meet the constraints; {} are asked for", space.n);
                return Err(BacktestError::Search { problem });
            }
            break;
        }
    }
    Ok(())
}

/// A place from 0 to below 1.
fn place(random: &mut Random) -> f64 {
    // The highest 53 bits, all a number of this size holds.
    (random.bits() >> 11) as f64 / (1u64 << 53) as f64
}

/// Independent draws.
pub(super) fn random(space: &Space, taken: &mut Taken<'_>) -> Result<(), BacktestError> {
    let mut random = Random::new(space.seed);
    until_enough(space, taken, &mut || space.axes.iter().map(|_| place(&mut random)).collect())
}

/// A Latin hypercube; points that break a constraint leave it with fewer.
pub(super) fn latin_hypercube(space: &Space, taken: &mut Taken<'_>) -> Result<(), BacktestError> {
    let mut random = Random::new(space.seed);
    let mut columns = Vec::with_capacity(space.axes.len());
    for _ in &space.axes {
        let mut slices: Vec<usize> = (0..space.n).collect();
        for last in (1..space.n).rev() {
            slices.swap(last, random.below(last + 1));
        }
        let places: Vec<f64> =
            slices.into_iter().map(|slice| (slice as f64 + place(&mut random)) / space.n as f64).collect();
        columns.push(places);
    }
    for at in 0..space.n {
        let values = space.axes.iter().zip(&columns).map(|(axis, column)| axis.at(column[at])).collect();
        taken.offer(space.set(values))?;
    }
    Ok(())
}

/// The Sobol sequence; a seed other than 0 shifts it around the cube.
pub(super) fn sobol(space: &Space, taken: &mut Taken<'_>) -> Result<(), BacktestError> {
    let mut random = Random::new(space.seed);
    let shifts: Vec<f64> = space.axes.iter().map(|_| if space.seed == 0 { 0.0 } else { place(&mut random) }).collect();
    let mut points = Sobol::new(space.axes.len());
    until_enough(space, taken, &mut || {
        let point = points.point();
        point.iter().zip(&shifts).map(|(place, shift)| (place + shift).fract()).collect()
    })
}
