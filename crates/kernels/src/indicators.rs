//! Recurrences of technical analysis that are programs rather than formulas: parabolic SAR, SuperTrend, and the
//! dominant cycle. Numbers carried are listed with each; all are 0 before the first row.

/// Numbers the parabolic SAR carries: rows seen (up to 2), long or not, SAR of the next row, extreme point, acceleration
/// factor, last high, last low.
pub(crate) const SAR_NUMBERS: usize = 7;

/// Parabolic stop and reverse of one row.
///
/// Source: Wilder (1978), New Concepts in Technical Trading Systems; the start as TA-Lib does it: the second row is
/// short if the first move is more down than up, else long, with the first row's other extreme as SAR.
pub(crate) fn parabolic_sar([step, limit]: [f64; 2], carried: &mut [f64], [high, low]: [f64; 2]) -> f64 {
    if !high.is_finite() || !low.is_finite() {
        return f64::NAN;
    }
    let step = step.min(limit);
    let [seen, mut long, mut sar, mut extreme, mut factor, mut last_high, mut last_low] =
        std::array::from_fn(|i| carried[i]);
    if seen == 0.0 {
        carried.copy_from_slice(&[1.0, 0.0, 0.0, 0.0, step, high, low]);
        return f64::NAN;
    }
    if seen == 1.0 {
        let (up, down) = (high - last_high, last_low - low);
        let is_long = !(down > 0.0 && up < down);
        (long, sar, extreme) = if is_long { (1.0, last_low, high) } else { (0.0, last_high, low) };
        // The first comparison is with the row itself.
        (last_high, last_low) = (high, low);
    }
    // A short side is the long side of the mirrored prices.
    let sign = if long == 1.0 { 1.0 } else { -1.0 };
    let (ahead, behind) = if long == 1.0 { (high, low) } else { (-low, -high) };
    let (last_ahead, last_behind) = if long == 1.0 { (last_high, last_low) } else { (-last_low, -last_high) };
    let (mut stop, mut best) = (sign * sar, sign * extreme);
    let result;
    if behind <= stop {
        // Turn: the old extreme becomes the stop, beyond the last two rows.
        stop = max(best, last_ahead, ahead);
        result = sign * stop;
        (long, factor, best) = (1.0 - long, step, behind);
        stop = max(stop + factor * (best - stop), last_ahead, ahead);
    } else {
        result = sar;
        if ahead > best {
            (best, factor) = (ahead, (factor + step).min(limit));
        }
        stop = -max(-(stop + factor * (best - stop)), -last_behind, -behind);
    }
    (sar, extreme) = (sign * stop, sign * best);
    carried.copy_from_slice(&[2.0, long, sar, extreme, factor, high, low]);
    result
}

/// The largest of three.
fn max(a: f64, b: f64, c: f64) -> f64 {
    a.max(b).max(c)
}

/// Numbers SuperTrend carries: whether it has begun, rising or not, upper band, lower band.
pub(crate) const TREND_NUMBERS: usize = 4;

/// SuperTrend of one row: the lower band while the trend rises, the upper while it falls. A band moves towards the
/// price only, until the close passes it. The first row rises if the close is not below the middle of the bands.
///
/// Source: Seban, Tout le monde merite d'etre riche; the start as Stock.Indicators does it.
pub(crate) fn super_trend(carried: &mut [f64], [upper, lower, close, last_close]: [f64; 4]) -> f64 {
    if ![upper, lower, close, last_close].into_iter().all(f64::is_finite) {
        return f64::NAN;
    }
    let [begun, mut rising, mut top, mut bottom] = std::array::from_fn(|i| carried[i]);
    if begun == 0.0 {
        rising = if close >= (upper + lower) / 2.0 { 1.0 } else { 0.0 };
        (top, bottom) = (upper, lower);
    }
    if upper < top || last_close > top {
        top = upper;
    }
    if lower > bottom || last_close < bottom {
        bottom = lower;
    }
    rising = if close <= (if rising == 1.0 { bottom } else { top }) { 0.0 } else { 1.0 };
    carried.copy_from_slice(&[1.0, rising, top, bottom]);
    if rising == 1.0 { bottom } else { top }
}

/// Rows before the first dominant cycle period.
pub(crate) const CYCLE_WARM_UP: u32 = 32;

/// Numbers the dominant cycle carries: four prices, four transformers of seven, rows seen, and the phasor.
pub(crate) const CYCLE_NUMBERS: usize = 4 + 28 + 10;

/// One Hilbert transformer: the last inputs, seven of them, newest first.
struct Transformer<'a>(&'a mut [f64]);

impl Transformer<'_> {
    /// Adds an input and gives the transform of the last seven.
    fn push(&mut self, x: f64, gain: f64) -> f64 {
        self.0.rotate_right(1);
        self.0[0] = x;
        let v = &self.0;
        (0.0962 * v[0] + 0.5769 * v[2] - 0.5769 * v[4] - 0.0962 * v[6]) * gain
    }
}

/// Dominant cycle period in rows, 6 to 50, smoothed; the first result after 32 rows.
///
/// Source: Ehlers (2001), Rocket Science for Traders, chapter 7; the start as TA-Lib does it: the price smoother works
/// from the fourth row, the transformers from the thirteenth, all with zeros before.
pub(crate) fn dominant_cycle(carried: &mut [f64], x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    let (prices, rest) = carried.split_at_mut(4);
    let (transformers, cycle) = rest.split_at_mut(28);
    prices.rotate_right(1);
    prices[0] = x;
    let seen = cycle[0];
    cycle[0] = (seen + 1.0).min(f64::from(CYCLE_WARM_UP) + 1.0);
    if seen < 12.0 {
        return f64::NAN;
    }
    let smooth = (4.0 * prices[0] + 3.0 * prices[1] + 2.0 * prices[2] + prices[3]) * 0.1;
    let result = advance_cycle(transformers, &mut cycle[1..], smooth);
    if seen >= f64::from(CYCLE_WARM_UP) { result } else { f64::NAN }
}

/// One step of the phasor and its period. `cycle` holds the period, the smoothed period, real and imaginary part of
/// the phasor's turn, the last two components, and the last three detrended values.
fn advance_cycle(transformers: &mut [f64], cycle: &mut [f64], smooth: f64) -> f64 {
    let [period, smooth_period, real, imaginary, last_i2, last_q2] = std::array::from_fn(|i| cycle[i]);
    let gain = 0.075 * period + 0.54;
    let mut parts = transformers.chunks_exact_mut(7).map(Transformer);
    let mut push = |x: f64| parts.next().map_or(f64::NAN, |mut transformer| transformer.push(x, gain));
    let detrended = push(smooth);
    let quadrature = push(detrended);
    let in_phase = cycle[8];
    let (advanced_i, advanced_q) = (push(in_phase), push(quadrature));
    let i2 = 0.2 * (in_phase - advanced_q) + 0.8 * last_i2;
    let q2 = 0.2 * (quadrature + advanced_i) + 0.8 * last_q2;
    let real = 0.2 * (i2 * last_i2 + q2 * last_q2) + 0.8 * real;
    let imaginary = 0.2 * (i2 * last_q2 - q2 * last_i2) + 0.8 * imaginary;
    let mut next = period;
    if imaginary != 0.0 && real != 0.0 {
        next = 360.0 / (libm::atan(imaginary / real) * (180.0 / std::f64::consts::PI));
    }
    next = next.min(1.5 * period).max(0.67 * period).clamp(6.0, 50.0);
    next = 0.2 * next + 0.8 * period;
    let smooth_period = 0.33 * next + 0.67 * smooth_period;
    let (one, two) = (cycle[6], cycle[7]);
    cycle[..9].copy_from_slice(&[next, smooth_period, real, imaginary, i2, q2, detrended, one, two]);
    smooth_period
}
