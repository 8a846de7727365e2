//! One self-contained HTML page from tables and series.
//!
//! A [`Page`] is a title and [`Section`]s; a section is a list of blocks: [`Tile`]s, key-value facts, [`Table`]s,
//! [`Chart`]s, [`Figure`]s, [`Violins`], [`Heat`] tables, [`Explorer`]s, notes, preformatted text. [`Page::render`] gives the whole page as one string: styles and the one
//! hand-written script (`page.css`, `page.js`) are inside, nothing is ever requested, it opens from a file.
//!
//! It knows nothing of finance, reads no clock and no file, and gives the same bytes for the same input. Every text is
//! escaped. Long series are thinned for display ([`thin`]), and the page says so where it was done.
//!
//! Start reading at [`page`], then [`chart`].

pub mod chart;
pub mod escape;
pub mod explorer;
pub mod figure;
pub mod page;
pub mod table;
pub mod thin;

pub use chart::{Chart, Mark, ValueFormat};
pub use explorer::Explorer;
pub use figure::{Figure, Heat, Violin, Violins};
pub use page::{Page, Section, Tile};
pub use table::{Align, Cell, CellMark, Table};

#[cfg(test)]
mod tests;
