//! Indicators that are programs rather than formulas. A missing operand leaves what is carried as it is and gives a
//! missing result.

use crosscut_kernels::{Recurrence, Scalar};

use super::table::{positive, series};
use super::{Missing, Operator, Run, Stage};

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "parabolic_sar",
        aliases: &[],
        parameters: &[series("high"), series("low"), positive("acceleration"), positive("maximum")],
        stage: Stage::Accumulator,
        missing: Missing::Carried,
        summary: "Wilder's parabolic stop and reverse; missing in the first row",
        run: Run::Series(|g, a| {
            let (acceleration, maximum) = (Scalar(a.number(2)), Scalar(a.number(3)));
            g.recurrence(Recurrence::ParabolicSar { acceleration, maximum }, &[a.terms[0], a.terms[1]])
        }),
    },
    Operator {
        name: "super_trend",
        aliases: &[],
        parameters: &[series("upper"), series("lower"), series("close")],
        stage: Stage::Accumulator,
        missing: Missing::Carried,
        summary: "the lower band while the trend rises, the upper while it falls; bands only move towards the price until the close passes them",
        run: Run::Series(|g, a| {
            let before = g.delay(a.terms[2], 1);
            g.recurrence(Recurrence::SuperTrend, &[a.terms[0], a.terms[1], a.terms[2], before])
        }),
    },
    Operator {
        name: "dominant_cycle",
        aliases: &[],
        parameters: &[series("x")],
        stage: Stage::Accumulator,
        missing: Missing::Carried,
        summary: "Ehlers' dominant cycle period in rows by the Hilbert transform, 6 to 50; missing in the first 32 rows",
        run: Run::Series(|g, a| g.recurrence(Recurrence::DominantCycle, &[a.terms[0]])),
    },
];
