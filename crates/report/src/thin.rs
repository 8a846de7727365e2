//! Which points of long series to draw: each time bucket's lowest and highest of every series.
//!
//! Keeping the extremes rather than every n-th point means that no spike disappears from the picture (the reasoning of
//! M4, Jugel et al., "M4: a visualization-oriented time series data aggregation", VLDB 2014, without its first and
//! last points per bucket). The kept positions are shared by all series of a chart, so a reading at one time is exact.

/// Points a chart shows at most, give or take a bucket.
pub const POINTS_MAX: usize = 2_000;

/// The positions to draw, ascending: all of them up to `points_max`, else the union over `series` of each time
/// bucket's first lowest and first highest finite value, a bucket's first position when nothing in it is finite,
/// and always the first and the last.
///
/// `times` is ascending (any unit) and as long as each of `series`.
pub fn positions(times: &[i64], series: &[&[f64]], points_max: usize) -> Vec<usize> {
    let n = times.len();
    if n <= points_max {
        return (0..n).collect();
    }
    let n_buckets = (points_max / (2 * series.len().max(1))).max(1);
    let mut kept = vec![0];
    let mut start = 0;
    while start < n {
        let bucket = bucket_of(times, start, n_buckets);
        let end = start + times[start..].partition_point(|&t| bucket_at(times, t, n_buckets) <= bucket);
        // Unsorted times would give an empty bucket; moving on by one keeps the loop finite.
        let end = end.max(start + 1);
        let first_kept = kept.len();
        for values in series {
            keep_extremes(&values[start..end], start, &mut kept);
        }
        if kept.len() == first_kept {
            kept.push(start);
        }
        start = end;
    }
    kept.push(n - 1);
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The bucket of the point at `position`.
fn bucket_of(times: &[i64], position: usize, n_buckets: usize) -> usize {
    bucket_at(times, times[position], n_buckets)
}

/// The bucket of a time, by equal stretches of the whole span; in integers, so it cannot depend on rounding.
fn bucket_at(times: &[i64], time: i64, n_buckets: usize) -> usize {
    let (first, last) = (i128::from(times[0]), i128::from(times[times.len() - 1]));
    let span = (last - first).max(1);
    let at = (i128::from(time) - first) * n_buckets as i128 / span;
    usize::try_from(at.max(0)).map_or(n_buckets - 1, |at| at.min(n_buckets - 1))
}

/// Appends the positions of the first lowest and first highest finite value of a bucket that begins at `offset`.
fn keep_extremes(values: &[f64], offset: usize, kept: &mut Vec<usize>) {
    let mut extremes: Option<(usize, usize)> = None;
    for (i, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let (low, high) = extremes.unwrap_or((i, i));
        extremes = Some((if *value < values[low] { i } else { low }, if *value > values[high] { i } else { high }));
    }
    if let Some((low, high)) = extremes {
        kept.push(offset + low);
        kept.push(offset + high);
    }
}
