//! Indicators that are programs rather than formulas. A missing operand leaves what is carried as it is and gives a
//! missing result.

use crosscut_kernels::{Recurrence, Scalar};

use super::table::{positive, series};
use super::{Missing, Operator, OperatorFamily, Stage};

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Indicators that are programs",
    about: "Those that no formula over a window expresses. The other indicators are formulas of the library.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::built(
        "parabolic_sar",
        &[series("high"), series("low"), positive("acceleration"), positive("maximum")],
        "Wilder's parabolic stop and reverse; missing in the first row",
        |g, a| {
            let (acceleration, maximum) = (Scalar(a.number(2)), Scalar(a.number(3)));
            g.recurrence(Recurrence::ParabolicSar { acceleration, maximum }, &[a.terms[0], a.terms[1]])
        },
    )
    .stage(Stage::Accumulator)
    .missing(Missing::Carried)
    .source("Wilder (1978), New Concepts in Technical Trading Systems; TA-Lib SAR")
    // Rising from the first low 8. Each row adds a share of the way to the highest high, but not past the lows of the
    // last two rows (of the first step's own row): 8 + 0.5 * (12 - 8) = 10 is cut to 9, 9 + 1 * (14 - 9) = 14 to 9.
    .example("parabolic_sar(high, low, 0.5, 1)", "high: 10 12 14 16; low: 8 9 11 13", "- 8 9 9"),
    Operator::built(
        "super_trend",
        &[series("upper"), series("lower"), series("close")],
        "the lower band while the trend rises, the upper while it falls; bands only move towards the price until the \
         close passes them",
        |g, a| {
            let before = g.delay(a.terms[2], 1);
            g.recurrence(Recurrence::SuperTrend, &[a.terms[0], a.terms[1], a.terms[2], before])
        },
    )
    .stage(Stage::Accumulator)
    .missing(Missing::Carried)
    .source("Seban's SuperTrend as in Stock.Indicators")
    .example(
        "super_trend(upper, lower, close)",
        "upper: 12 13 11 15; lower: 8 9 7 12; close: 10 10 10 14",
        "- 13 11 12",
    ),
    Operator::built(
        "dominant_cycle",
        &[series("x")],
        "Ehlers' dominant cycle period in rows by the Hilbert transform, 6 to 50; missing in the first 32 rows",
        |g, a| g.recurrence(Recurrence::DominantCycle, &[a.terms[0]]),
    )
    .stage(Stage::Accumulator)
    .missing(Missing::Carried)
    .source("Ehlers (2001), Rocket Science for Traders; TA-Lib HT_DCPERIOD")
    // Without a price the n-th step is the shortest period 6 (1 - 0.8^n), smoothed s + 0.33 (p - s) from 0 on; the
    // first result is the 21st.
    .example(
        "dominant_cycle(x)",
        "x: 0*36",
        "-*32 5.888993599430637 5.911015890312149 5.928692789464038 5.942873883304824",
    ),
];
