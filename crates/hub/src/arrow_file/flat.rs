//! A view of FlatBuffers bytes: tables, vectors and strings by offset, every access within bounds or `None`.
//!
//! Only what the Arrow file format needs. A damaged file gives `None` somewhere, never a panic.

/// A table of a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat<'a> {
    /// The whole buffer.
    bytes: &'a [u8],
    /// Where the table begins.
    at: usize,
}

/// A vector of a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlatVector<'a> {
    /// The whole buffer.
    bytes: &'a [u8],
    /// Where its first element is.
    at: usize,
    /// Number of elements.
    pub(super) len: usize,
}

/// `N` bytes at a place.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Where an offset stored at `at` leads.
fn follow(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(u32::from_le_bytes(array(bytes, at)?) as usize).filter(|to| *to < bytes.len())
}

impl<'a> Flat<'a> {
    /// The root table of a buffer.
    pub(super) fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes, at: follow(bytes, 0)? })
    }

    /// Where field number `field` lies; `None` when the table does not have it.
    fn field(&self, field: usize) -> Option<usize> {
        let back = i32::from_le_bytes(array(self.bytes, self.at)?);
        let vtable = usize::try_from(self.at as i64 - i64::from(back)).ok()?;
        let size = u16::from_le_bytes(array(self.bytes, vtable)?) as usize;
        let entry = 4 + 2 * field;
        if entry + 2 > size {
            return None;
        }
        match u16::from_le_bytes(array(self.bytes, vtable.checked_add(entry)?)?) {
            0 => None,
            offset => Some(self.at + offset as usize),
        }
    }

    /// A byte; `default` when absent.
    pub(super) fn u8(&self, field: usize, default: u8) -> Option<u8> {
        self.field(field).map_or(Some(default), |at| self.bytes.get(at).copied())
    }

    /// A short number; `default` when absent.
    pub(super) fn i16(&self, field: usize, default: i16) -> Option<i16> {
        self.field(field).map_or(Some(default), |at| Some(i16::from_le_bytes(array(self.bytes, at)?)))
    }

    /// A number; `default` when absent.
    pub(super) fn i32(&self, field: usize, default: i32) -> Option<i32> {
        self.field(field).map_or(Some(default), |at| Some(i32::from_le_bytes(array(self.bytes, at)?)))
    }

    /// A long number; `default` when absent.
    pub(super) fn i64(&self, field: usize, default: i64) -> Option<i64> {
        self.field(field).map_or(Some(default), |at| Some(i64::from_le_bytes(array(self.bytes, at)?)))
    }

    /// A table; `None` also when it is absent.
    pub(super) fn table(&self, field: usize) -> Option<Self> {
        Some(Self { bytes: self.bytes, at: follow(self.bytes, self.field(field)?)? })
    }

    /// A text; `None` also when it is absent.
    pub(super) fn text(&self, field: usize) -> Option<&'a str> {
        let vector = self.vector(field)?;
        std::str::from_utf8(self.bytes.get(vector.at..vector.at.checked_add(vector.len)?)?).ok()
    }

    /// A vector; empty when it is absent.
    pub(super) fn vector(&self, field: usize) -> Option<FlatVector<'a>> {
        let Some(at) = self.field(field) else { return Some(FlatVector { bytes: self.bytes, at: 0, len: 0 }) };
        let at = follow(self.bytes, at)?;
        let len = u32::from_le_bytes(array(self.bytes, at)?) as usize;
        // No element is smaller than a byte: a longer vector cannot be in the buffer.
        (len <= self.bytes.len()).then_some(FlatVector { bytes: self.bytes, at: at + 4, len })
    }
}

impl<'a> FlatVector<'a> {
    /// An element that is a table.
    pub(super) fn table(&self, number: usize) -> Option<Flat<'a>> {
        let at = self.at.checked_add(number.checked_mul(4)?)?;
        Some(Flat { bytes: self.bytes, at: follow(self.bytes, at)? })
    }

    /// The long number `offset` bytes into an element of `size` bytes.
    pub(super) fn i64(&self, number: usize, size: usize, offset: usize) -> Option<i64> {
        let at = self.at.checked_add(number.checked_mul(size)?)?.checked_add(offset)?;
        Some(i64::from_le_bytes(array(self.bytes, at)?))
    }

    /// The number `offset` bytes into an element of `size` bytes.
    pub(super) fn i32(&self, number: usize, size: usize, offset: usize) -> Option<i32> {
        let at = self.at.checked_add(number.checked_mul(size)?)?.checked_add(offset)?;
        Some(i32::from_le_bytes(array(self.bytes, at)?))
    }
}
