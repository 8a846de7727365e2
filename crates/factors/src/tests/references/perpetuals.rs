//! The 101 alphas and Alpha360 on 150 perpetuals, 700 days, against digests of an independent implementation.

use super::*;

/// The digests, and how they were made.
const REFERENCE: &str = include_str!("perpetuals.txt");

/// Columns of the panel.
const COLUMNS: [&str; 10] =
    ["open", "high", "low", "close", "volume", "vwap", "cap", "sector", "industry", "subindustry"];

/// Milliseconds of a day.
const DAY: f64 = 86_400e3;

/// The panel: the last 700 days of the table; the first 150 symbols, in alphabetical order, that have more than 400
/// days of it, the last one too, none missing in between and none without volume.
fn panel() -> Option<(Vec<Rows>, i64)> {
    let names = ["symbol", "open_time", "open", "high", "low", "close", "volume", "quote_volume"];
    let table = parquet_file::read(&shared("data/crypto/binance_um_perp_1d.parquet")?, &names).unwrap();
    let times = numbers(&table, "open_time");
    let last = times.iter().copied().fold(0.0, f64::max);
    let first = last - 699.0 * DAY;
    let columns = names[2..].iter().map(|name| numbers(&table, name)).collect::<Vec<_>>();
    let mut symbols = Vec::new();
    for (_, rows) in rows_by_symbol(&table) {
        let mut rows: Vec<usize> = rows.into_iter().filter(|&row| times[row] >= first).collect();
        rows.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
        let whole = rows.windows(2).all(|pair| times[pair[1]] - times[pair[0]] == DAY);
        let traded = rows.iter().all(|&row| columns[4][row] > 0.0);
        if rows.len() <= 400 || !whole || !traded || rows.last().is_none_or(|&row| times[row] != last) {
            continue;
        }
        let pick = |at: usize| rows.iter().map(|&row| columns[at][row]).collect::<Vec<f64>>();
        let mut own: Vec<Vec<f64>> = (0..5).map(pick).collect();
        own.push(pick(5).iter().zip(pick(4)).map(|(quote, base)| quote / base).collect());
        own.push(pick(5));
        own.extend([5, 11, 23].map(|groups| vec![(symbols.len() % groups) as f64; rows.len()]));
        symbols
            .push(Rows { times: rows.iter().map(|&row| ((times[row] - first) / DAY) as i64).collect(), columns: own });
        if symbols.len() == 150 {
            break;
        }
    }
    let n_rows = symbols.iter().map(|rows| rows.times.len() as i64).sum();
    Some((symbols, n_rows))
}

/// What of a family differs from its digests.
fn differences(family: &str, symbols: &[Rows]) -> (usize, Vec<String>) {
    let (names, outputs) = run_family(family, &COLUMNS, symbols);
    let (mut n_checked, mut wrong) = (0, Vec::new());
    for line in REFERENCE.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, count, sum, weighted] = fields[..4] else { panic!("{line}") };
        let Some(output) = names.iter().position(|output| output == name) else { continue };
        let (mut got, mut size) = ([0.0; 3], 0.0);
        for (symbol, (rows, outputs)) in symbols.iter().zip(&outputs).enumerate() {
            for (&time, value) in rows.times.iter().zip(&outputs[output]).filter(|(_, value)| value.is_finite()) {
                let weight = ((time as usize * 7 + symbol * 13) % 11) as f64;
                got = [got[0] + 1.0, got[1] + value, got[2] + value * weight];
                size += value.abs() * 11.0;
            }
        }
        // Where equal numbers are ranked after different roundings, single ranks differ.
        let ties = fields.contains(&"ties");
        let want: Vec<f64> = [count, sum, weighted].iter().map(|field| field.parse().unwrap()).collect();
        let allowed = size * if ties { 1e-2 } else { 1e-11 };
        let count_allowed = if ties { want[0] * 1e-3 } else { 0.0 };
        if (got[0] - want[0]).abs() > count_allowed
            || (got[1] - want[1]).abs() > allowed
            || (got[2] - want[2]).abs() > allowed
        {
            wrong.push(format!("{name}: {got:?} for {want:?}"));
        }
        n_checked += 1;
    }
    (n_checked, wrong)
}

#[test]
fn alphas_on_perpetuals() {
    let Some((symbols, n_rows)) = panel() else { return };
    assert_eq!((symbols.len(), n_rows), (150, 96_302));
    for (family, n_outputs) in [("alpha101", 101), ("alpha360", 360)] {
        let (n_checked, wrong) = differences(family, &symbols);
        assert!(wrong.is_empty(), "{family}: {}", wrong.join("\n"));
        assert_eq!(n_checked, n_outputs);
    }
}
