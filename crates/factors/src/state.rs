//! What a generation keeps so that the next one can continue where it ended: which bars it has seen, what is carried of
//! each symbol, and the operators' numbers.
//!
//! The state `index` names the tables that were read with the digests of their rows. The operators' numbers lie in
//! snapshots beside it: for a set that looks at one symbol at a time in shards of symbols, so that an update reads and
//! writes no more than what it touches; for a set that compares symbols one for each checkpoint in time. A state is
//! little-endian binary and begins with a mark and a version. Whatever cannot be read is no state: the next run is then
//! a full one. That the bytes are those that were written is the hub's promise.

use std::collections::BTreeMap;

use crosscut_hub::RowDigests;

use crate::evaluate::Tally;

/// Name of the state that holds an [`Index`].
pub(crate) const INDEX: &str = "index";

/// The first bytes of every state: what it is and the version of this layout.
const MARK: &[u8; 16] = b"crosscut-state-1";

/// What a generation was made from, and where its snapshots are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Index {
    /// Hash of everything that must be the same for a state to be continued.
    pub fingerprint: String,
    /// How the operators' numbers are kept.
    pub layout: Layout,
    /// The symbols of the generation.
    pub symbols: BTreeMap<String, Record>,
}

/// How the operators' numbers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In so many shards of symbols, each as of the symbol's last row.
    Shards(u64),
    /// In checkpoints of all symbols.
    Checkpoints(Checkpoints),
}

/// The checkpoints of a set that compares symbols.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Checkpoints {
    /// The last label each of them has seen, ascending; the last one is the end of the generation.
    pub until: Vec<i64>,
    /// Microseconds of a segment of time.
    pub span: i64,
}

/// A symbol as a generation saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Hash of the bar table.
    pub content_hash: String,
    /// Digests of its rows; `None` for a table that was written without.
    pub digests: Option<RowDigests>,
    /// Label of its first row; 0 for none.
    pub first: i64,
    /// What was counted up to its last row.
    pub tally: Tally,
}

/// The operators' numbers of some symbols at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Snapshot {
    /// The last time at which a symbol had a row.
    pub last_time: Option<i64>,
    /// Values that the outlier rule has changed, by column.
    pub n_outliers: Vec<u64>,
    /// What is carried of each symbol.
    pub symbols: BTreeMap<String, Carried>,
}

/// What is carried of a symbol.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Carried {
    /// What was counted.
    pub tally: Tally,
    /// The operators' numbers; their bits count.
    pub numbers: Vec<f64>,
}

/// Name of a shard's snapshot.
pub(crate) fn shard_name(shard: u64) -> String {
    format!("shard-{shard:04}")
}

/// The shard of a symbol: by its name alone (FNV-1a), so that it stays where it is when others come and go.
pub(crate) fn shard_of(symbol: &str, n_shards: u64) -> u64 {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    symbol.bytes().fold(0xcbf2_9ce4_8422_2325, hash) % n_shards.max(1)
}

/// Name of the snapshot of the checkpoint that has seen all labels up to `until`.
pub(crate) fn checkpoint_name(until: i64) -> String {
    format!("checkpoint-{until}")
}

impl Index {
    /// The index as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        let n_blocks: usize =
            self.symbols.values().filter_map(|record| Some(record.digests.as_ref()?.rows() / 256)).sum();
        out.bytes.reserve(16 * n_blocks + 512 * self.symbols.len());
        out.text(&self.fingerprint);
        match &self.layout {
            Layout::Shards(n_shards) => {
                out.number(0);
                out.number(*n_shards);
            }
            Layout::Checkpoints(checkpoints) => {
                out.number(1);
                out.time(checkpoints.span);
                out.number(checkpoints.until.len() as u64);
                checkpoints.until.iter().for_each(|&until| out.time(until));
            }
        }
        out.number(self.symbols.len() as u64);
        for (symbol, record) in &self.symbols {
            out.text(symbol);
            out.text(&record.content_hash);
            out.bytes(&record.digests.as_ref().map_or(Vec::new(), RowDigests::to_bytes));
            out.time(record.first);
            out.tally(&record.tally);
        }
        out.bytes
    }

    /// What [`Self::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes)?;
        let fingerprint = from.text()?;
        let layout = match from.number()? {
            0 => Layout::Shards(from.number()?),
            1 => {
                let span = from.time()?;
                let n = from.number()?;
                let until = (0..n).map(|_| from.time()).collect::<Option<_>>()?;
                Layout::Checkpoints(Checkpoints { until, span })
            }
            _ => return None,
        };
        let n = from.number()?;
        let mut symbols = BTreeMap::new();
        for _ in 0..n {
            let symbol = from.text()?;
            let record = Record {
                content_hash: from.text()?,
                digests: match from.slice()? {
                    [] => None,
                    bytes => Some(RowDigests::from_bytes(bytes)?),
                },
                first: from.time()?,
                tally: from.tally()?,
            };
            symbols.insert(symbol, record);
        }
        from.rest.is_empty().then_some(Self { fingerprint, layout, symbols })
    }
}

impl Snapshot {
    /// The snapshot as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        let n_numbers: usize = self.symbols.values().map(|carried| carried.numbers.len()).sum();
        out.bytes.reserve(8 * n_numbers + 512 * self.symbols.len());
        out.number(u64::from(self.last_time.is_some()));
        out.time(self.last_time.unwrap_or(0));
        out.number(self.n_outliers.len() as u64);
        self.n_outliers.iter().for_each(|&n| out.number(n));
        out.number(self.symbols.len() as u64);
        for (symbol, carried) in &self.symbols {
            out.text(symbol);
            out.tally(&carried.tally);
            out.floats(&carried.numbers);
        }
        out.bytes
    }

    /// What [`Self::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes)?;
        let has_time = from.number()? == 1;
        let last_time = Some(from.time()?).filter(|_| has_time);
        let n = from.number()?;
        let n_outliers = (0..n).map(|_| from.number()).collect::<Option<_>>()?;
        let n = from.number()?;
        let mut symbols = BTreeMap::new();
        for _ in 0..n {
            let symbol = from.text()?;
            symbols.insert(symbol, Carried { tally: from.tally()?, numbers: from.floats()? });
        }
        from.rest.is_empty().then_some(Self { last_time, n_outliers, symbols })
    }
}

/// Writes a state.
struct Writer {
    /// What was written.
    bytes: Vec<u8>,
}

impl Writer {
    /// A state that begins.
    fn new() -> Self {
        Self { bytes: MARK.to_vec() }
    }

    /// A count.
    fn number(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A time.
    fn time(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes with their count.
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// A text.
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Flags, one byte each.
    fn flags(&mut self, flags: &[bool]) {
        self.number(flags.len() as u64);
        self.bytes.extend(flags.iter().map(|&flag| u8::from(flag)));
    }

    /// Numbers by their bits.
    fn floats(&mut self, numbers: &[f64]) {
        self.number(numbers.len() as u64);
        let begin = self.bytes.len();
        self.bytes.resize(begin + 8 * numbers.len(), 0);
        let (places, _) = self.bytes[begin..].as_chunks_mut::<8>();
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
    }

    /// What was counted of a symbol.
    fn tally(&mut self, tally: &Tally) {
        self.number(tally.n_bars);
        self.number(tally.n_rows);
        self.flags(&tally.given);
        self.flags(&tally.has_value);
    }
}

/// Reads a state; `None` where it ends too early.
struct Reader<'a> {
    /// What has not been read.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A state from its beginning; `None` for one of another version and for what is none.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { rest: bytes.strip_prefix(MARK)? })
    }

    /// The next `n` bytes.
    fn take(&mut self, n: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(n).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// A count.
    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*number))
    }

    /// A time.
    fn time(&mut self) -> Option<i64> {
        self.number().map(|number| i64::from_le_bytes(number.to_le_bytes()))
    }

    /// Bytes with their count.
    fn slice(&mut self) -> Option<&'a [u8]> {
        let n = self.number()?;
        self.take(n)
    }

    /// A text.
    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.slice()?.to_vec()).ok()
    }

    /// Flags.
    fn flags(&mut self) -> Option<Vec<bool>> {
        Some(self.slice()?.iter().map(|&flag| flag == 1).collect())
    }

    /// Numbers.
    fn floats(&mut self) -> Option<Vec<f64>> {
        let n = self.number()?.checked_mul(8)?;
        let (numbers, _) = self.take(n)?.as_chunks::<8>();
        Some(numbers.iter().map(|number| f64::from_le_bytes(*number)).collect())
    }

    /// What was counted of a symbol.
    fn tally(&mut self) -> Option<Tally> {
        Some(Tally { n_bars: self.number()?, n_rows: self.number()?, given: self.flags()?, has_value: self.flags()? })
    }
}

#[cfg(test)]
mod tests {
    //! What is written is read back to the bit, and no damage is taken for a state.

    use super::*;

    /// A tally to write.
    fn tally() -> Tally {
        Tally { n_bars: 7, n_rows: 9, given: vec![true, false], has_value: vec![false, true, true] }
    }

    /// A snapshot with missing values of two kinds.
    fn snapshot() -> Snapshot {
        let numbers = vec![1.5, f64::NAN, -0.0, f64::from_bits(0x7ff8_0000_0000_0001)];
        let carried = Carried { tally: tally(), numbers };
        Snapshot {
            last_time: Some(-3),
            n_outliers: vec![0, 4],
            symbols: [("A".to_owned(), carried), ("B".to_owned(), Carried::default())].into(),
        }
    }

    #[test]
    fn snapshots_come_back() {
        let (written, read) = (snapshot(), Snapshot::from_bytes(&snapshot().to_bytes()).unwrap());
        assert_eq!(read.to_bytes(), written.to_bytes());
        assert_eq!((read.last_time, &read.n_outliers), (Some(-3), &vec![0, 4]));
        assert_eq!(read.symbols["A"].tally, tally());
        assert_eq!(read.symbols["A"].numbers[3].to_bits(), 0x7ff8_0000_0000_0001);
    }

    #[test]
    fn an_index_comes_back() {
        let record = |digests| Record { content_hash: "ab".to_owned(), digests, first: 5, tally: tally() };
        let symbols = [("A".to_owned(), record(None)), ("B".to_owned(), record(Some(RowDigests::default())))];
        let checkpoints = Checkpoints { until: vec![-7, 3], span: 11 };
        for layout in [Layout::Shards(3), Layout::Checkpoints(checkpoints)] {
            let index = Index { fingerprint: "f".to_owned(), layout, symbols: symbols.clone().into() };
            assert_eq!(Index::from_bytes(&index.to_bytes()), Some(index));
        }
    }

    #[test]
    fn damage_is_no_state() {
        let whole = snapshot().to_bytes();
        for length in 0..whole.len() {
            assert_eq!(Snapshot::from_bytes(&whole[..length]), None, "cut to {length} bytes");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(Snapshot::from_bytes(&longer), None);
        assert_eq!(Index::from_bytes(&whole), None);
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            // Whether or not it is noticed, it must not panic nor ask for the memory that a damaged count speaks of.
            let _ = (Snapshot::from_bytes(&damaged), Index::from_bytes(&damaged));
        }
    }

    #[test]
    fn shards_are_shared_out() {
        let mut sizes = [0; 9];
        (0..540).for_each(|n| sizes[shard_of(&format!("S{n:03}USDT"), 9) as usize] += 1);
        assert!(sizes.iter().all(|&size| (30..100).contains(&size)), "{sizes:?}");
        assert_eq!(shard_of("A", 0), 0);
    }
}
