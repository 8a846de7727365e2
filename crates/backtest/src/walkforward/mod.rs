//! Whether a choice of parameters holds beyond the data it was made on.
//!
//! - [`Walk`]: training and test windows one after another; the tests in a row are one history that no choice has seen.
//! - [`Combinatorial`]: purged cross-validation over every choice of test groups, which gives several such histories.
//! - [`Selection`]: how one set, or a few, are chosen by their results in training.
//!
//! Pure functions of times, samples and results; who runs what is for `app`.

mod combinatorial;
mod cross;
mod page;
mod selection;
mod stitch;
#[cfg(test)]
mod tests;
mod trial;
mod windows;

pub use combinatorial::{Combinatorial, Split, Splits};
pub use cross::{Crossed, cross_validate};
pub use page::{Tested, WalkPage};
pub use selection::Selection;
pub use stitch::{Stitched, mean, mean_curve, stitch, waited, walk_metrics, walk_text};
pub use trial::{Tried, walk_trial};
pub use windows::{Span, Walk, Window};
