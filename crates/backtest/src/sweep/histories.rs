//! What else the history of a sweep's best set could have been, on its page: bands of its figures and of its curve over drawn
//! histories of its own returns.

use crosscut_report::{Align, Cell, Chart, Mark, Section, Table};

use super::SetOutcome;
use super::luck::SweepLuck;
use crate::results::metrics::shown;
use crate::statistics::Bands;

/// The bands of the best set with what came of it.
pub(super) struct Histories<'a> {
    /// The statistics.
    luck: &'a SweepLuck,
    /// Bands of the set with the highest ratio.
    bands: &'a Bands,
    /// Its number.
    set: usize,
    /// What came of it.
    own: &'a SetOutcome,
}

impl<'a> Histories<'a> {
    /// Finds the set among all; `None` without bands. `done` is what came of a set.
    pub(super) fn find(luck: &'a SweepLuck, done: impl Fn(usize) -> Option<&'a SetOutcome>) -> Option<Self> {
        let bands = luck.report.bands.as_ref()?;
        let set = *luck.judged.get(bands.set_idx)?;
        Some(Self { luck, bands, set, own: done(set)? })
    }

    /// The section of the page.
    pub(super) fn show(&self, section: &mut Section) {
        let (report, bands) = (&self.luck.report, self.bands);
        section.table(self.figures());
        section.note(format!(
            "Set {}, the one with the highest Sharpe ratio: {} histories drawn from its own returns, in blocks of {:.1} periods. {} of them end with \
             a loss. What it owes to having been chosen is in all of them.",
            self.set,
            report.n_draws,
            report.block,
            shown("win_rate", Some(bands.probability_of_loss)),
        ));
        let curve = &self.own.sampled;
        let rows: Vec<usize> = bands.period_idx.iter().map(|&n_periods| n_periods - 1).collect();
        if rows.last().is_none_or(|&last| last >= curve.labels.len()) {
            return;
        }
        let labels: Vec<i64> = rows.iter().map(|&row| curve.labels[row]).collect();
        let own: Vec<f64> = rows.iter().map(|&row| curve.equity[row] / self.own.capital).collect();
        let line = |nth: usize| bands.curve.iter().map(|lines| lines[nth]).collect::<Vec<f64>>();
        let chart = Chart::new("Equity over the capital: as it was, and over drawn histories", &labels)
            .band("5 to 95 %", &line(0), &line(4))
            .band("25 to 75 %", &line(1), &line(3))
            .series("middle", Mark::Line, &line(2))
            .series("as it was", Mark::Line, &own);
        section.chart(chart.log_switch());
    }

    /// Its figures as they were, and the lines below which shares of drawn histories lie.
    fn figures(&self) -> Table {
        let columns = ["5 %", "25 %", "middle", "75 %", "95 %"].map(|name| (name, Align::Right));
        let first = [("", Align::Left), ("as it was", Align::Right)];
        let mut table = Table::new(&[&first[..], &columns[..]].concat());
        let ratio = self.luck.of(self.set).and_then(|luck| luck.sharpe);
        for (name, label, own, lines) in [
            ("sharpe", "Sharpe ratio", ratio, self.bands.sharpe),
            ("total_return", "total return", self.own.metric("total_return"), self.bands.total_return),
            ("max_drawdown", "maximum drawdown", self.own.metric("max_drawdown"), self.bands.max_drawdown),
        ] {
            let number = |value: Option<f64>| Cell::number(value.unwrap_or(f64::NAN), shown(name, value));
            let mut cells = vec![Cell::text(label), number(own)];
            cells.extend((0..5).map(|nth| number(lines.map(|lines| lines[nth]))));
            table.row(cells);
        }
        table
    }
}
