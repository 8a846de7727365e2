//! The words every other crate speaks. Standard library only: no IO, no clock, no JSON.
//!
//! Glossary (a word means one thing everywhere):
//! - **timestamp**: the venue's own label of a row, the *open* of a bar; `i64` microseconds since the epoch, UTC.
//! - **available_at**: when the row could be known, the *close* of a bar. Research uses only rows with `available_at <= now`.
//! - **trade** (tick): one execution, or one aggregated execution, at a venue.
//! - **bar**: trades folded over a stretch of time, or until a threshold of ticks, volume or dollars is reached.
//! - **timeframe**: the length of a time bar, written `1h`; **bar spec**: any kind of bar, written `1h`, `tick-1000`, `mark-1h`.
//! - **symbol** (instrument id): the venue's name of an instrument for its current holder, `SYMBOL~YYYYMMDD` for an earlier holder.
//! - **factor**: a number per symbol and bar that is meant to say something about later returns.
//! - **funding**: what the holders of one side of a perpetual pay the other, at the venue's own intervals.
//! - **corporate action**: a split or a dividend; prices stay as they were traded, the action is a row of its own.
//! - **order**, **fill**, **position**: a wish to trade, what came of it, what is held.
//!
//! Start reading at [`time`], then [`bar`].

pub mod action;
pub mod bar;
pub mod calendar;
pub mod funding;
pub mod groups;
pub mod instrument;
pub mod membership;
pub mod names;
pub mod order;
pub mod progress;
pub mod request;
pub mod session;
pub mod table;
pub mod time;
pub mod timeframe;
pub mod trade;

pub use action::CorporateAction;
pub use bar::{BarSpec, Bars};
pub use funding::Funding;
pub use groups::{GroupError, GroupLine, parse_groups};
pub use instrument::{Instrument, SymbolError, check_symbol, decode_path, encode_path};
pub use membership::{Members, Membership};
pub use names::{matches, nearest};
pub use order::{Fill, Order, OrderStatus, OrderType, Position, Side};
pub use progress::{Progress, Silent};
pub use request::{Change, Exits, OrderId, OrderKind, OrderRequest, TimeInForce, Trail};
pub use session::{Sessions, Zone};
pub use table::{Column, Table};
pub use time::{Range, format_iso, parse_iso};
pub use timeframe::Timeframe;
pub use trade::{TradeKind, Trades};
