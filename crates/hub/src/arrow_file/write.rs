//! Arrow files of one time column and numbers, as pandas and freqtrade read them: Feather version 2, one batch, not packed.
//!
//! The messages are FlatBuffers, which are written here front to back: a table's layout (its vtable), the table with room
//! for the distances of what it refers to, then what it refers to. Numbers of fields and of types are those of Arrow's
//! `Schema.fbs`, `Message.fbs` and `File.fbs`.

use super::MAGIC;

/// Version 5 of the metadata.
const VERSION: Value<'static> = Value::Short(4);

/// What begins every message.
const CONTINUES: [u8; 4] = [0xff; 4];

/// Blocks of a file begin at multiples of this many bytes.
const ALIGNED: usize = 8;

/// A field of a table, or a table.
enum Value<'a> {
    /// One byte.
    Byte(u8),
    /// Two bytes.
    Short(i16),
    /// Eight bytes.
    Long(i64),
    /// A text.
    Text(&'a str),
    /// A table: its fields by number, absent ones as `None`.
    Table(Vec<Option<Value<'a>>>),
    /// A list of tables.
    Tables(Vec<Value<'a>>),
    /// A list of structs of whole numbers, and how many numbers each has.
    Structs(Vec<i64>, usize),
}

impl Value<'_> {
    /// Bytes it takes inside a table: what is referred to takes a distance.
    fn width(&self) -> usize {
        match self {
            Self::Byte(_) => 1,
            Self::Short(_) => 2,
            Self::Long(_) => 8,
            _ => 4,
        }
    }
}

/// A FlatBuffer in the making.
#[derive(Default)]
struct Writer {
    /// The bytes so far.
    bytes: Vec<u8>,
}

impl Writer {
    /// A whole buffer with this table as its root.
    fn whole(root: &Value<'_>) -> Vec<u8> {
        let mut writer = Self { bytes: vec![0; 4] };
        let at = writer.referred(root);
        writer.point(0, at);
        writer.pad(ALIGNED, 0);
        writer.bytes
    }

    /// Fills up with zeros until `ahead` bytes on the length is a multiple of `to`.
    fn pad(&mut self, to: usize, ahead: usize) {
        while !(self.bytes.len() + ahead).is_multiple_of(to) {
            self.bytes.push(0);
        }
    }

    /// Writes the distance to `to` into the four bytes at `at`.
    fn point(&mut self, at: usize, to: usize) {
        let distance = (to - at) as u32;
        self.bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
    }

    /// Writes what is referred to; where it lies.
    fn referred(&mut self, value: &Value<'_>) -> usize {
        match value {
            Value::Table(fields) => self.table(fields),
            Value::Text(text) => {
                self.pad(4, 0);
                let at = self.bytes.len();
                self.bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                self.bytes.extend_from_slice(text.as_bytes());
                self.bytes.push(0);
                at
            }
            Value::Tables(items) => {
                self.pad(4, 0);
                let at = self.bytes.len();
                self.bytes.extend_from_slice(&(items.len() as u32).to_le_bytes());
                self.bytes.resize(at + 4 + 4 * items.len(), 0);
                for (n, item) in items.iter().enumerate() {
                    let to = self.referred(item);
                    self.point(at + 4 + 4 * n, to);
                }
                at
            }
            Value::Structs(numbers, each) => {
                // The first struct is aligned, its number before it.
                self.pad(ALIGNED, 4);
                let at = self.bytes.len();
                self.bytes.extend_from_slice(&((numbers.len() / each) as u32).to_le_bytes());
                numbers.iter().for_each(|number| self.bytes.extend_from_slice(&number.to_le_bytes()));
                at
            }
            Value::Byte(_) | Value::Short(_) | Value::Long(_) => self.bytes.len(),
        }
    }

    /// Writes a table behind its layout, then what it refers to; where the table lies.
    fn table(&mut self, fields: &[Option<Value<'_>>]) -> usize {
        let mut places = Vec::with_capacity(fields.len());
        let mut size = 4;
        for field in fields {
            places.push(field.as_ref().map(|value| {
                size = usize::next_multiple_of(size, value.width());
                let at = size;
                size += value.width();
                at
            }));
        }
        let layout_bytes = 4 + 2 * fields.len();
        self.pad(ALIGNED, layout_bytes);
        let layout = self.bytes.len();
        let numbers = [layout_bytes, size].into_iter().chain(places.iter().map(|place| place.unwrap_or(0)));
        numbers.for_each(|number| self.bytes.extend_from_slice(&(number as u16).to_le_bytes()));
        let at = self.bytes.len();
        self.bytes.resize(at + size, 0);
        self.bytes[at..at + 4].copy_from_slice(&((at - layout) as i32).to_le_bytes());
        for (field, place) in fields.iter().zip(places) {
            let (Some(value), Some(place)) = (field, place) else { continue };
            let place = at + place;
            match value {
                Value::Byte(number) => self.bytes[place] = *number,
                Value::Short(number) => self.bytes[place..place + 2].copy_from_slice(&number.to_le_bytes()),
                Value::Long(number) => self.bytes[place..place + 8].copy_from_slice(&number.to_le_bytes()),
                referred => {
                    let to = self.referred(referred);
                    self.point(place, to);
                }
            }
        }
        at
    }
}

/// An Arrow file of a column of times, milliseconds UTC, and of numbers, all of one length; NaN stays NaN.
pub fn encode(time: (&str, &[i64]), numbers: &[(&str, &[f64])]) -> Vec<u8> {
    let n_rows = time.1.len();
    let mut file = Vec::with_capacity((n_rows * 8 + 512) * (numbers.len() + 2));
    file.extend_from_slice(MAGIC);
    file.resize(ALIGNED, 0);
    message(&mut file, 1, schema(time.0, numbers), 0);
    let (mut nodes, mut buffers) = (Vec::new(), Vec::new());
    let column_bytes = n_rows as i64 * 8;
    for column in 0..=numbers.len() as i64 {
        nodes.extend([n_rows as i64, 0]);
        // No value is absent, so that the buffer that would say which has no bytes.
        buffers.extend([column * column_bytes, 0, column * column_bytes, column_bytes]);
    }
    let body = (numbers.len() as i64 + 1) * column_bytes;
    let batch = Value::Table(vec![
        Some(Value::Long(n_rows as i64)),
        Some(Value::Structs(nodes, 2)),
        Some(Value::Structs(buffers, 2)),
    ]);
    let at = file.len() as i64;
    let metadata = message(&mut file, 3, batch, body);
    time.1.iter().for_each(|time| file.extend_from_slice(&time.to_le_bytes()));
    let values = numbers.iter().flat_map(|(_, values)| values.iter());
    values.for_each(|value| file.extend_from_slice(&value.to_le_bytes()));
    file.extend_from_slice(&CONTINUES);
    file.extend_from_slice(&[0; 4]);
    // Where the batch lies; the length of its metadata has four bytes, and four more fill it up.
    let blocks = Value::Structs(vec![at, metadata, body], 3);
    let none = Value::Structs(Vec::new(), 3);
    let footer =
        Writer::whole(&Value::Table(vec![Some(VERSION), Some(schema(time.0, numbers)), Some(none), Some(blocks)]));
    file.extend_from_slice(&footer);
    file.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    file.extend_from_slice(MAGIC);
    file
}

/// Appends a message of a kind (1 is a schema, 3 a batch) whose body of `body` bytes follows; the bytes of its metadata.
fn message(file: &mut Vec<u8>, kind: u8, header: Value<'_>, body: i64) -> i64 {
    let root = Value::Table(vec![Some(VERSION), Some(Value::Byte(kind)), Some(header), Some(Value::Long(body))]);
    let metadata = Writer::whole(&root);
    file.extend_from_slice(&CONTINUES);
    file.extend_from_slice(&(metadata.len() as u32).to_le_bytes());
    file.extend_from_slice(&metadata);
    8 + metadata.len() as i64
}

/// The columns: a time in milliseconds UTC (type 10, unit 1), and doubles (type 3, precision 2).
fn schema<'a>(time: &'a str, numbers: &[(&'a str, &[f64])]) -> Value<'a> {
    let field = |name: &'a str, kind: u8, kind_of: Value<'a>| {
        let none = Value::Tables(Vec::new());
        let fields = [Value::Text(name), Value::Byte(1), Value::Byte(kind), kind_of];
        Value::Table(fields.into_iter().map(Some).chain([None, Some(none)]).collect())
    };
    let stamp = Value::Table(vec![Some(Value::Short(1)), Some(Value::Text("UTC"))]);
    let double = || Value::Table(vec![Some(Value::Short(2))]);
    let columns = numbers.iter().map(|(name, _)| field(name, 3, double()));
    let columns = std::iter::once(field(time, 10, stamp)).chain(columns).collect();
    Value::Table(vec![Some(Value::Short(0)), Some(Value::Tables(columns))])
}

#[cfg(test)]
mod tests {
    //! What is written comes back.

    use super::*;
    use crosscut_model::Column;

    #[test]
    fn columns_come_back() {
        for n in [0_usize, 1, 2, 7, 1000] {
            let times: Vec<i64> = (0..n as i64).map(|at| 1_700_000_000_000 + at * 3_600_000).collect();
            let first: Vec<f64> = (0..n).map(|at| if at == 3 { f64::NAN } else { at as f64 / 3.0 }).collect();
            let second: Vec<f64> = first.iter().map(|value| -value).collect();
            let bytes = encode(("date", &times), &[("open", &first), ("a longer name", &second)]);
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.feather");
            std::fs::write(&path, &bytes).unwrap();
            let table = crate::arrow_file::read(&path, &["date", "open", "a longer name"]).unwrap();
            let micros: Vec<i64> = times.iter().map(|time| time * 1000).collect();
            assert_eq!(table.get("date"), Some(&Column::I64(micros)), "{n} rows");
            for (name, values) in [("open", &first), ("a longer name", &second)] {
                let Some(Column::F64(read)) = table.get(name) else { panic!("{name}") };
                let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(read), bits(values));
            }
        }
    }
}
