//! The strategy that `docs/strategies.md` shows, as it stands there, run on a few bars.

// As written in docs/strategies.md.
use crosscut_model::{Exits, OrderRequest, Side};
use crosscut_trading::market::Data;
use crosscut_trading::order::{Event, Update};
use crosscut_trading::{Desk, Strategy};

/// Buys a fall of a twentieth below the highest close so far, with a stop and a target; counts what was filled.
struct Dip {
    highest: f64,
    n_fills: usize,
}

impl Strategy for Dip {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let Data::Bar(bar) = data else { return };
        self.highest = self.highest.max(bar.close);
        let is_free = desk.quantity(bar.symbol_idx) == 0.0 && desk.open_orders().is_empty();
        if is_free && bar.close < 0.95 * self.highest && desk.is_in_universe(bar.symbol_idx) {
            let quantity = 0.5 * desk.equity() / bar.close;
            let exits = Exits { stop_loss: Some(0.9 * bar.close), take_profit: Some(1.1 * bar.close) };
            desk.bracket(OrderRequest::market(bar.symbol_idx, Side::Buy, quantity), exits);
        }
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        if let Event::Filled { .. } = update.event {
            self.n_fills += 1;
        }
    }

    fn evaluate(&mut self, desk: &mut Desk) {
        // Called where the calendar says so (`EventOptions::evaluate`): here all is sold at the end of each week.
        for symbol_idx in desk.held().to_vec() {
            desk.cancel_all(symbol_idx);
            desk.close(symbol_idx);
        }
    }
}
// So far.

use super::*;
use crosscut_model::time::HOUR;

#[test]
fn the_strategy_of_the_page_is_the_one_that_runs() {
    let source = include_str!("written.rs");
    let shown = source.split("// As written in docs/strategies.md.\n").nth(1).unwrap();
    let shown = shown.split("// So far.").next().unwrap();
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/strategies.md")).unwrap();
    assert!(page.contains(shown), "docs/strategies.md shows another strategy than this file");
    let mut bars = Bars::default();
    for (at, close) in [100.0, 94.0, 94.0, 104.0, 104.0, 98.0, 98.0, 88.0].into_iter().enumerate() {
        let label = at as i64 * HOUR;
        push(&mut bars, (label, label + HOUR), [close; 4], 1000.0);
    }
    let market = Market {
        symbols: vec!["A".to_owned()],
        feeds: vec![Feed::Bars { symbol: "A", bars: &bars }],
        ..Market::default()
    };
    let mut dip = Dip { highest: 0.0, n_fills: 0 };
    let outcome = replay_events(market, config(1000.0, 1), EventOptions::default(), &mut dip).unwrap();
    // In at 94, out at the better open of 104, beyond the target of 103.4; in at 98, out at the worse open of 88.
    let prices: Vec<(f64, f64)> = outcome.trades.iter().map(|trade| (trade.entry_price, trade.exit_price)).collect();
    assert_eq!((prices, dip.n_fills), (vec![(94.0, 104.0), (98.0, 88.0)], 4));
}
