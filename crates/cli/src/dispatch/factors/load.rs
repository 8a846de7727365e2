//! `factors load`, and the lines other commands say about a SQL store.

use crosscut_app::factors::{self, LoadRequest, StoreListing, StoreSummary};
use crosscut_app::{AppError, Desk};
use serde_json::json;

use crate::answer::Answer;
use crate::commands::LoadFactorsArgs;
use crate::dispatch::rows;
use crate::text_table::TextTable;

/// `factors load`.
pub fn load(args: &LoadFactorsArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let request = LoadRequest {
        name: args.name.clone(),
        timeframe: args.timeframe.clone(),
        start: args.start.clone(),
        end: args.end.clone(),
        symbols: args.symbols.clone(),
        columns: args.columns.clone(),
        out: args.table.out.clone(),
        n_rows: args.table.rows,
    };
    let loaded = factors::load(desk, &request)?;
    let Some(file) = &args.table.out else {
        return Ok(rows::last_rows(&loaded.last, args.table.rows, loaded.n_rows));
    };
    let text = format!(
        "wrote {} rows of {} symbols and {} columns from {} to {}\n",
        loaded.n_rows,
        loaded.n_symbols,
        loaded.n_columns,
        loaded.from,
        file.display()
    );
    let object = json!({
        "file": file,
        "from": loaded.from,
        "rows": loaded.n_rows,
        "symbols": loaded.n_symbols,
        "columns": loaded.n_columns,
    });
    Ok(Answer::good(object, text))
}

/// What was done to a store, in one line.
pub fn saved(store: &StoreSummary) -> String {
    if store.unchanged {
        return format!("  {} holds it already, in {}\n", store.store, store.values_table);
    }
    format!(
        "  saved to {}, {}: {} rows written, {} deleted, {} symbols changed, {} removed\n",
        store.store,
        store.values_table,
        store.n_rows_written,
        store.n_rows_deleted,
        store.n_symbols_changed,
        store.n_symbols_removed
    )
}

/// The sets of a store.
pub fn listing(store: &StoreListing) -> String {
    let headings = ["factor set in the store", "timeframe", ">columns", ">symbols", ">rows", "from", "to", "table"];
    let mut table = TextTable::new(&headings);
    for stored in &store.sets {
        let set = &stored.set;
        table.row([
            set.factor_set.clone(),
            set.timeframe.clone(),
            set.n_columns.to_string(),
            set.n_symbols.to_string(),
            set.n_rows.to_string(),
            set.start_time.clone().unwrap_or_else(|| "-".to_owned()),
            set.end_time.clone().unwrap_or_else(|| "-".to_owned()),
            stored.values_table.clone(),
        ]);
    }
    format!("{}\n{}\n", store.store, table.render())
}
