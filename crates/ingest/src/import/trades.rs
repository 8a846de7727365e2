//! Trade files: what their rows mean, reading them, merging them, publishing monthly tables.
//!
//! Start reading at [`publish::TickJob`], then [`source::FileTrades`].

mod check;
pub(crate) mod layout;
mod merge;
mod order;
pub(crate) mod parquet;
mod parse;
pub(crate) mod publish;
pub(crate) mod source;
