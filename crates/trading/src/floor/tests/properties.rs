//! Random orders on random markets: cash is conserved at every event, fills stay within their bars, shifting time shifts
//! results, nothing looks ahead.

use crosscut_model::{Change, Exits, OrderKind, OrderRequest, TimeInForce, Trail};

use super::*;
use crate::account::{CashKind, Margin};
use crate::cost::{BpsSlippage, FeeTier, MakerTaker};
use crate::limits::Limits;
use crate::venue::{LimitFill, PathRule, Session};

/// Symbols of a random market.
const N_SYMBOLS: u32 = 3;

/// A small deterministic generator (xorshift).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A walk of bars, some flat, some with gaps and without volume.
fn market(seed: u64, n_bars: usize) -> Vec<Bar> {
    let mut dice = Dice(seed | 1);
    let mut last = [100.0, 50.0, 10.0];
    let mut bars = Vec::new();
    for number in 0..n_bars {
        for symbol_idx in 0..N_SYMBOLS {
            if dice.below(10) == 0 {
                continue;
            }
            let before: f64 = last[symbol_idx as usize];
            let open = before * (1.0 + 0.02 * (dice.unit() - 0.5));
            let close = open * (1.0 + 0.06 * (dice.unit() - 0.5));
            let is_flat = dice.below(12) == 0;
            let close = if is_flat { open } else { close };
            let reach = if is_flat { 0.0 } else { 0.03 };
            let high = open.max(close) * (1.0 + reach * dice.unit());
            let low = open.min(close) * (1.0 - reach * dice.unit());
            last[symbol_idx as usize] = close;
            let volume = if dice.below(15) == 0 { 0.0 } else { 200.0 * dice.unit() };
            bars.push(Bar { symbol_idx, ..bar(number, (open, high, low, close), volume) });
        }
    }
    bars
}

/// Trades at random and keeps books of its own from what it hears.
struct Gambler {
    dice: Dice,
    cash: f64,
    held: [f64; N_SYMBOLS as usize],
    decisions: Vec<String>,
    fills: Vec<(i64, u32, Side, f64, f64)>,
}

impl Gambler {
    fn new(seed: u64) -> Self {
        let dice = Dice(seed | 1);
        Self { dice, cash: 10_000.0, held: [0.0; 3], decisions: Vec::new(), fills: Vec::new() }
    }

    fn kind(&mut self, price: f64) -> OrderKind {
        let mut near = || price * (1.0 + 0.06 * (self.dice.unit() - 0.5));
        let (one, two) = (near(), near());
        match self.dice.below(10) {
            0 | 1 => OrderKind::Market,
            2 | 3 => OrderKind::Limit { price: one },
            4 => OrderKind::Stop { trigger: one },
            5 => OrderKind::StopLimit { trigger: one, price: two },
            6 => OrderKind::TrailingStop { trail: Trail::Fraction(0.01 + 0.03 * self.dice.unit()) },
            7 => OrderKind::MarketOnClose,
            8 => OrderKind::LimitOnOpen { price: one },
            _ => OrderKind::TrailingStop { trail: Trail::Amount(0.02 * price) },
        }
    }

    fn request(&mut self, symbol_idx: u32, price: f64, now: i64) -> OrderRequest {
        let side = if self.dice.below(2) == 0 { Side::Buy } else { Side::Sell };
        let quantity = (1.0 + self.dice.unit() * 30.0) * 20.0 / price;
        let kind = self.kind(price);
        let tif = match self.dice.below(8) {
            0 => TimeInForce::Day,
            1 => TimeInForce::Gtd(now + self.dice.below(9) as i64 * HOUR / 2),
            2 => TimeInForce::Ioc,
            3 => TimeInForce::Fok,
            _ => TimeInForce::Gtc,
        };
        let request = OrderRequest::new(symbol_idx, side, quantity, kind).lasting(tif);
        OrderRequest { is_post_only: self.dice.below(9) == 0, is_reduce_only: self.dice.below(9) == 0, ..request }
    }
}

impl Strategy for Gambler {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let (symbol_idx, price) = (data.symbol_idx(), data.price());
        let throw = self.dice.below(12);
        if throw < 4 {
            let request = self.request(symbol_idx, price, desk.now());
            self.decisions.push(format!("{} {request:?}", desk.now()));
            if throw == 0 {
                let sign = request.side.sign();
                let exits = Exits {
                    stop_loss: Some(price * (1.0 - 0.02 * sign)),
                    take_profit: Some(price * (1.0 + 0.03 * sign)),
                };
                desk.bracket(OrderRequest { is_reduce_only: false, ..request }, exits);
            } else if throw == 1 {
                let other = self.request(symbol_idx, price, desk.now());
                desk.one_cancels_other(request, other);
            } else {
                desk.submit(request);
            }
        } else if throw == 4 && !desk.open_orders().is_empty() {
            let at = self.dice.below(desk.open_orders().len() as u64) as usize;
            desk.cancel(desk.open_orders()[at].order_id);
        } else if throw == 5 && !desk.open_orders().is_empty() {
            let at = self.dice.below(desk.open_orders().len() as u64) as usize;
            let open = desk.open_orders()[at];
            let quantity = Some(open.request.quantity * (0.2 + 1.5 * self.dice.unit()));
            let price = Some(desk.price(open.request.symbol_idx));
            desk.modify(open.order_id, Change { quantity, price, trigger: None });
        } else if throw == 6 {
            desk.close(symbol_idx);
        }
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        if let Event::Filled { fill, .. } = update.event {
            let signed = update.side.sign() * fill.quantity;
            self.cash -= signed * fill.price + fill.commission;
            let held = &mut self.held[update.symbol_idx as usize];
            *held += signed;
            self.fills.push((update.at, update.symbol_idx, update.side, fill.quantity, fill.price));
        }
    }

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// Configurations that between them use every rule.
fn configs() -> Vec<FloorConfig> {
    let tier = FeeTier { from: 0, above: 0.0, maker: -0.0001, taker: 0.0005 };
    let costs = || {
        let slippage = Box::new(BpsSlippage { rate: SLIPPAGE });
        Costs::new(Box::new(MakerTaker::new(vec![tier]).unwrap()), slippage)
    };
    let base = || FloorConfig { n_symbols: N_SYMBOLS as usize, costs: costs(), ..config() };
    let margin = Margin { initial: 0.2, maintenance: 0.1, liquidation_fee: 0.005 };
    vec![
        base(),
        FloorConfig {
            venue: VenueRules { participation: Some(0.2), path: PathRule::NearerFirst, ..VenueRules::default() },
            ..base()
        },
        FloorConfig { funds: Funds::Cash, venue: VenueRules { latency: HOUR / 4, ..VenueRules::default() }, ..base() },
        FloorConfig {
            funds: Funds::Margin(margin),
            borrow: Some(BorrowRate { per_year: 0.5 }),
            venue: VenueRules {
                market: crate::rules::Execution::Close,
                limit_fill: LimitFill::Touch,
                session: Session::Daily { opens: 0, closes: 24 * HOUR },
                ..VenueRules::default()
            },
            ..base()
        },
        FloorConfig {
            risk: RiskRules {
                limits: Limits {
                    max_position: Some(0.2),
                    max_gross: Some(0.5),
                    max_drawdown: Some(0.2),
                    ..Limits::default()
                },
                stop_loss: Some(0.03),
                trailing_stop: Some(0.05),
                turnover: Some(2.0),
                cooldown: Some(3 * HOUR),
                max_positions: Some(2),
                ..RiskRules::default()
            },
            ..base()
        },
    ]
}

/// Slippage of the random runs, a fraction.
const SLIPPAGE: f64 = 0.0004;

/// Passes a market, with funding at every eighth hour, and lets `inspect` look after every event.
fn run(floor: &mut Floor, gambler: &mut Gambler, bars: &[Bar], mut inspect: impl FnMut(&Floor, &Gambler)) {
    for bar in bars {
        floor.pass_bar(gambler, bar);
        if bar.available_at % (8 * HOUR) == 0 {
            floor.fund(bar.symbol_idx, 0.0003, bar.close);
        }
        inspect(floor, gambler);
    }
}

#[test]
fn a_split_changes_no_cash_and_no_equity() {
    // Powers of two, so that the same bits come out in other units.
    for seed in 1..40u64 {
        for (number, config) in configs().into_iter().enumerate() {
            let bars = market(seed * 31, 120);
            let mut plain = Vec::new();
            let mut floor = Floor::new(config).unwrap();
            run(&mut floor, &mut Gambler::new(seed * 977), &bars, |floor, _| {
                plain.push((floor.desk().cash().to_bits(), floor.desk().equity().to_bits()));
            });
            let config = configs().swap_remove(number);
            let (mut floor, mut gambler) = (Floor::new(config).unwrap(), Gambler::new(seed * 977));
            let (mut dice, mut units, mut n_splits) = (Dice((seed * 13) | 1), [1.0f64; N_SYMBOLS as usize], 0);
            for (at, bar) in bars.iter().enumerate() {
                let unit = &mut units[bar.symbol_idx as usize];
                if dice.below(9) == 0 {
                    let ratio = [0.25, 0.5, 2.0, 4.0][dice.below(4) as usize];
                    floor.split(bar.symbol_idx, ratio);
                    *unit *= ratio;
                    n_splits += 1;
                }
                let split = bar.grown(1.0 / *unit);
                floor.pass_bar(&mut gambler, &split);
                if bar.available_at % (8 * HOUR) == 0 {
                    floor.fund(bar.symbol_idx, 0.0003, split.close);
                }
                let (cash, equity) = (floor.desk().cash(), floor.desk().equity());
                assert_eq!(plain[at], (cash.to_bits(), equity.to_bits()), "{seed} {number} bar {at}: {cash} {equity}");
            }
            assert!(n_splits > 0);
        }
    }
}

#[test]
fn cash_is_conserved_at_every_event() {
    for seed in 1..40u64 {
        for (number, config) in configs().into_iter().enumerate() {
            let mut floor = Floor::new(config).unwrap();
            let mut gambler = Gambler::new(seed * 977);
            run(&mut floor, &mut gambler, &market(seed * 31, 120), |floor, gambler| {
                let account = floor.desk().account();
                let moved: f64 = CashKind::ALL.iter().map(|kind| account.moved(*kind)).sum();
                let cash = gambler.cash + moved;
                assert!((floor.desk().cash() - cash).abs() < 1e-6, "{seed} {number}: {} {cash}", floor.desk().cash());
                let mut value = 0.0;
                for symbol_idx in 0..N_SYMBOLS {
                    let held = gambler.held[symbol_idx as usize];
                    assert!((floor.desk().quantity(symbol_idx) - held).abs() < 1e-9, "{seed} {number}");
                    if held.abs() > 1e-9 {
                        value += held * floor.desk().price(symbol_idx);
                    }
                }
                assert!((floor.desk().equity() - cash - value).abs() < 1e-6, "{seed} {number}");
                if matches!(account.funds(), Funds::Cash) {
                    assert!(floor.desk().cash() > -1e-9 && gambler.held.iter().all(|held| *held > -1e-9), "{seed}");
                }
            });
            assert!(number == 4 || gambler.fills.len() > 5, "{seed} {number}: {}", gambler.fills.len());
            let open: f64 = floor.desk().held().iter().map(|&held| floor.desk().account().value(held)).sum();
            assert!(open.is_finite());
        }
    }
}

#[test]
fn closed_trades_and_open_positions_explain_the_profit() {
    for seed in 1..20u64 {
        let mut floor = Floor::new(configs().swap_remove(0)).unwrap();
        let mut gambler = Gambler::new(seed);
        let bars = market(seed, 150);
        for bar in &bars {
            floor.pass_bar(&mut gambler, bar);
        }
        for symbol_idx in 0..N_SYMBOLS {
            floor.delist(symbol_idx);
        }
        let pnl: f64 = floor.account().take_closed().iter().map(|trade| trade.pnl).sum();
        assert!((floor.desk().equity() - 10_000.0 - pnl).abs() < 1e-6, "{seed}");
        assert!(floor.desk().held().is_empty());
    }
}

#[test]
fn fills_stay_within_their_bars_beyond_slippage() {
    for seed in 1..40u64 {
        for config in configs() {
            let bars = market(seed * 17, 120);
            let mut floor = Floor::new(config).unwrap();
            let mut gambler = Gambler::new(seed * 3);
            run(&mut floor, &mut gambler, &bars, |_, _| {});
            for (at, symbol_idx, side, _, price) in &gambler.fills {
                let is_its =
                    |bar: &&Bar| bar.symbol_idx == *symbol_idx && (bar.timestamp == *at || bar.available_at == *at);
                let within = bars.iter().filter(is_its).any(|bar| {
                    let (low, high) = match side {
                        Side::Buy => (bar.low, bar.high * (1.0 + SLIPPAGE)),
                        Side::Sell => (bar.low * (1.0 - SLIPPAGE), bar.high),
                    };
                    (low * (1.0 - 1e-12)..=high * (1.0 + 1e-12)).contains(price)
                });
                // A position that is liquidated with another's has its last price, which may be a bar old.
                assert!(within || matches!(floor.desk().account().funds(), Funds::Margin(_)), "{seed}: {at} {price}");
            }
        }
    }
}

#[test]
fn altering_the_future_changes_no_decision_of_the_past() {
    for seed in 1..20u64 {
        for number in 0..configs().len() {
            let bars = market(seed * 13, 80);
            let until = 50 * HOUR;
            let decide = |bars: &[Bar]| {
                let mut floor = Floor::new(configs().swap_remove(number)).unwrap();
                let mut gambler = Gambler::new(seed * 7);
                run(&mut floor, &mut gambler, bars, |_, _| {});
                gambler.decisions.retain(|line| line.split(' ').next().unwrap().parse::<i64>().unwrap() <= until);
                gambler.fills.retain(|(at, ..)| *at < until);
                (gambler.decisions, gambler.fills)
            };
            let altered: Vec<Bar> = bars
                .iter()
                .map(|bar| {
                    if bar.available_at <= until {
                        *bar
                    } else {
                        Bar {
                            open: bar.open * 3.0,
                            high: bar.high * 4.0,
                            low: bar.low * 0.5,
                            close: bar.close * 2.0,
                            volume: 1.0,
                            ..*bar
                        }
                    }
                })
                .collect();
            assert_eq!(decide(&bars), decide(&altered), "{seed} {number}");
        }
    }
}

#[test]
fn shifting_time_shifts_the_results() {
    let by = 7 * 24 * HOUR;
    for seed in 1..20u64 {
        for number in 0..configs().len() {
            let play = |shift: i64| {
                let mut floor = Floor::new(configs().swap_remove(number)).unwrap();
                let mut gambler = Gambler::new(seed * 7);
                let moved = market(seed * 13, 80).into_iter().map(|bar| Bar {
                    timestamp: bar.timestamp + shift,
                    available_at: bar.available_at + shift,
                    ..bar
                });
                let bars: Vec<Bar> = moved.collect();
                run(&mut floor, &mut gambler, &bars, |_, _| {});
                for fill in &mut gambler.fills {
                    fill.0 -= shift;
                }
                (gambler.fills, floor.desk().equity().to_bits())
            };
            assert_eq!(play(0), play(by), "{seed} {number}");
        }
    }
}

#[test]
fn orders_end_once_and_none_is_lost() {
    for seed in 1..20u64 {
        for config in configs() {
            let mut floor = Floor::new(config).unwrap();
            let mut gambler = Gambler::new(seed * 5);
            run(&mut floor, &mut gambler, &market(seed * 3, 100), |_, _| {});
            let mut ended = std::collections::BTreeMap::new();
            for record in floor.journal().records() {
                use crate::journal::Entry;
                if matches!(record.entry, Entry::Cancelled(_) | Entry::Rejected(_)) {
                    *ended.entry(record.order_id).or_insert(0) += 1;
                }
            }
            assert!(ended.values().all(|n| *n == 1), "{seed}");
            // What the desk thinks is open is what the venue holds.
            let mut held: Vec<OrderId> =
                (0..N_SYMBOLS).flat_map(|idx| floor.venue.orders(idx).iter().map(|order| order.order_id)).collect();
            held.sort_unstable();
            let open: Vec<OrderId> = floor.desk().open_orders().iter().map(|order| order.order_id).collect();
            assert_eq!(held, open, "{seed}");
        }
    }
}

#[test]
fn nothing_fills_before_it_was_decided_nor_in_the_bar_that_decided_it() {
    // Regression of others: orders filled at prices of the very bar whose close had made the decision.
    for seed in 1..30u64 {
        let bars = market(seed * 41, 100);
        let mut floor = Floor::new(configs().swap_remove(0)).unwrap();
        let mut gambler = Gambler::new(seed * 11);
        run(&mut floor, &mut gambler, &bars, |_, _| {});
        let mut decided = std::collections::BTreeMap::new();
        let mut n_fills = 0;
        for record in floor.journal().records() {
            match record.entry {
                crate::journal::Entry::Decision { .. } => {
                    decided.insert(record.order_id, record.at);
                }
                crate::journal::Entry::Filled { .. } => {
                    n_fills += 1;
                    let decided_at = decided[&record.order_id];
                    // A fill has the time of its bar's open, or of its close when it came later in the bar.
                    let began = bars.iter().any(|bar| {
                        let is_its = bar.timestamp == record.at || bar.available_at == record.at;
                        bar.symbol_idx == record.symbol_idx && is_its && bar.timestamp >= decided_at
                    });
                    assert!(record.at >= decided_at && began, "{seed}: {}", record.text());
                }
                _ => {}
            }
        }
        assert!(n_fills > 5);
    }
}
