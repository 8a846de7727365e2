//! Small tables of texts with a header, for readers that publish nothing themselves.

use std::path::Path;

use crate::error::Fault;

use super::container;
use super::fields::plain_name;
use super::shape::read_shape;

/// Such a table has at most this many bytes.
const BYTES_MAX: usize = 64 << 20;

/// The asked columns of every row, with the row's number. Each column is asked for by its spellings, reduced to lower-case
/// letters and digits, the best first.
///
/// # Errors
/// When the file cannot be read as text, lacks a column, or a row has another number of fields than the header.
pub(crate) fn dated_rows<const N: usize>(path: &Path, columns: [&[&str]; N]) -> Result<Vec<(u64, [String; N])>, Fault> {
    let container = container::recognise(path)?;
    let shape = read_shape(&container::head(path, &container, BYTES_MAX)?)?;
    let header = shape.header.ok_or_else(|| Fault::file("has no header; expected one that names its columns"))?;
    let mut places = [0; N];
    for (place, spellings) in places.iter_mut().zip(columns) {
        let find = |spelling: &&str| header.iter().position(|name| plain_name(name) == **spelling);
        *place = spellings
            .iter()
            .find_map(find)
            .ok_or_else(|| Fault::file(format!("has no column `{}` among {}", spellings[0], header.join(", "))))?;
    }
    let row = |(at, fields): (usize, &Vec<String>)| {
        let number = shape.lines_before + 1 + at as u64;
        if fields.len() != header.len() {
            return Err(Fault::row(number, format!("has {} fields; expected {}", fields.len(), header.len())));
        }
        Ok((number, places.map(|place| fields[place].clone())))
    };
    shape.rows.iter().enumerate().map(row).collect()
}
