//! What an input file is packed in, by its first bytes, and its plain bytes as a stream.
//!
//! Refuses ZIPs without a member, members whose names would escape a folder, encryption, and data whose
//! length or CRC-32 is not what the archive says. Nothing is ever extracted to disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crosscut_hub::HubError;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::lean_intraday::LeanRows;
use crate::error::{AGAIN, Fault};

/// Bytes read from disk at a time.
const READ_BYTES: usize = 256 * 1024;

/// What a file is packed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Container {
    /// Text as it is.
    Plain,
    /// One or more gzip members.
    Gzip,
    /// A ZIP with one file.
    Zip(Member),
    /// A Parquet file.
    Parquet,
    /// An Arrow file, also called Feather.
    Feather,
    /// JSON: a venue's answer to a request, read as the table of its records.
    Json,
    /// JSON of that kind, packed.
    PackedJson(Box<Self>),
    /// YAML: a list of records written by hand.
    Yaml,
    /// One of LEAN's ZIPs of a day or of hourly bars, read as rows with UTC times.
    Lean(LeanRows),
    /// An instrument of a qlib folder, read as a table.
    Qlib,
}

/// The one file in a ZIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name.
    pub name: String,
    /// Where its data begins in the archive.
    start: u64,
    /// Length as stored.
    packed: u64,
    /// Length once inflated.
    size: u64,
    /// CRC-32 of the inflated bytes.
    crc: u32,
    /// Whether it is deflated; otherwise stored.
    deflated: bool,
}

impl Container {
    /// The name of the member of a ZIP.
    pub fn member(&self) -> Option<&str> {
        match self {
            Self::Zip(member) => Some(&member.name),
            Self::PackedJson(inner) => inner.member(),
            _ => None,
        }
    }

    /// Whether its columns have types of their own.
    pub fn is_typed(&self) -> bool {
        matches!(self, Self::Parquet | Self::Feather)
    }

    /// The container in words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain => "plain text",
            Self::Gzip => "gzip",
            Self::Zip(_) => "ZIP",
            Self::Parquet => "Parquet",
            Self::Feather => "Feather",
            Self::Json | Self::PackedJson(_) => "JSON",
            Self::Yaml => "YAML",
            Self::Lean(rows) => rows.words(),
            Self::Qlib => "qlib folder",
        }
    }
}

/// Recognises the container by its first bytes.
///
/// # Errors
/// When the file is absent, empty or unreadable, or is a ZIP of another shape than one member.
pub(crate) fn recognise(path: &Path) -> Result<Container, Fault> {
    let mut all = recognise_all(path)?;
    let names: Vec<String> = all.iter().take(4).filter_map(Container::member).map(|name| format!("`{name}`")).collect();
    match (all.len(), all.pop()) {
        (1, Some(container)) => Ok(container),
        (n, _) => Err(Fault::file(format!("the ZIP holds {n} files ({}, ...); expected one CSV", names.join(", ")))
            .hint("unpack it and name one of the files")),
    }
}

/// Recognises the containers in a file by its first bytes: a ZIP has one for each of its members, anything else is one.
///
/// # Errors
/// When the file is absent, empty or unreadable, or is a ZIP without a member.
pub(crate) fn recognise_all(path: &Path) -> Result<Vec<Container>, Fault> {
    if path.is_dir() {
        return Err(Fault::file("is a folder where a file was expected"));
    }
    if super::qlib::is_feature(path) {
        return Ok(vec![Container::Qlib]);
    }
    // A pipe would be waited for, and could not be read twice.
    if path.metadata().is_ok_and(|meta| !meta.is_file()) {
        return Err(Fault::file("is neither a file nor a folder").hint("write it to a file first"));
    }
    let mut file = File::open(path).map_err(|error| cannot_read(&error))?;
    let mut magic = Vec::with_capacity(4);
    (&mut file).take(4).read_to_end(&mut magic).map_err(|error| cannot_read(&error))?;
    match magic.as_slice() {
        [] => Err(Fault::file("the file is empty; expected trades, bars or instruments").hint(AGAIN)),
        [0x1f, 0x8b, ..] => Ok(vec![Container::Gzip]),
        b"PAR1" => Ok(vec![Container::Parquet]),
        [b'P', b'K', ..] => Ok(zip_members(file)?.into_iter().map(Container::Zip).collect()),
        b"ARRO" | b"FEA1" => Ok(vec![Container::Feather]),
        [b'{' | b'[', ..] => Ok(vec![Container::Json]),
        _ if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") => Ok(vec![Container::Yaml]),
        _ => Ok(vec![Container::Plain]),
    }
}

/// The plain bytes of a text file, unpacked as they are read.
///
/// # Errors
/// When the file cannot be opened. Damage further on shows as an error of the stream.
pub(crate) fn open(path: &Path, container: &Container) -> Result<Box<dyn Read + Send>, Fault> {
    let mut file = File::open(path).map_err(|error| cannot_read(&error))?;
    match container {
        Container::Plain => Ok(Box::new(file)),
        Container::Gzip => Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, file)))),
        Container::Zip(member) => {
            file.seek(SeekFrom::Start(member.start)).map_err(|error| cannot_read(&error))?;
            let packed = BufReader::with_capacity(READ_BYTES, file).take(member.packed);
            Ok(if member.deflated { checked(DeflateDecoder::new(packed), member) } else { checked(packed, member) })
        }
        Container::Json => Ok(Box::new(io::Cursor::new(super::json::table_text(path)?))),
        Container::PackedJson(inner) => Ok(Box::new(io::Cursor::new(super::json::packed_text(open(path, inner)?)?))),
        Container::Yaml => Ok(Box::new(io::Cursor::new(super::json::yaml_text(path)?))),
        Container::Lean(rows) => Ok(Box::new(io::Cursor::new(rows.text(path)?))),
        Container::Qlib => Ok(Box::new(io::Cursor::new(super::qlib::text(path)?))),
        Container::Parquet | Container::Feather => Err(Fault::file("holds typed columns where text was expected")),
    }
}

/// Reads a packed file to its end: whether every member is whole and has the CRC-32 its archive says.
///
/// # Errors
/// When it is not, or is no archive at all.
pub(crate) fn check_whole(path: &Path) -> Result<(), Fault> {
    for container in recognise_all(path)? {
        if matches!(container, Container::Gzip | Container::Zip(_)) {
            io::copy(&mut open(path, &container)?, &mut io::sink()).map_err(|error| cannot_read(&error))?;
        }
    }
    Ok(())
}

/// The plain bytes of a text file, of a ZIP's first member.
///
/// # Errors
/// As [`recognise_all`] and [`open`].
pub(crate) fn plain_bytes(path: &Path) -> Result<Box<dyn Read + Send>, Fault> {
    let containers = recognise_all(path)?;
    open(path, containers.first().expect("a file is packed in something"))
}

/// The bytes of a JSON file, unpacked as they are read.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_json(path: &Path, container: &Container) -> Result<Box<dyn Read + Send>, Fault> {
    match container {
        Container::Json => open(path, &Container::Plain),
        Container::PackedJson(inner) => open(path, inner),
        packed => open(path, packed),
    }
}

/// The first bytes of a file, unpacked, enough to tell JSON and recordings by.
///
/// # Errors
/// As [`open`].
pub(crate) fn first_bytes(path: &Path, container: &Container) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    open_json(path, container)?.take(64).read_to_end(&mut bytes).map_err(|error| cannot_read(&error))?;
    Ok(bytes)
}

/// What a failed read means, in words for the user.
pub(crate) fn cannot_read(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::file("there is no such file or folder").hint("check the path"),
        io::ErrorKind::UnexpectedEof => Fault::file("the file is cut short: its compressed data ends too early")
            .hint("fetch the file again and import it once more"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Fault::file(format!("the compressed data is damaged: {error}"))
                .hint("fetch the file again and import it once more")
        }
        _ => Fault::file(format!("cannot be read: {error}")).hint("check the file, its rights and its disk"),
    }
}

/// What a failed read of a Parquet or Feather file means, in words for the user.
pub(crate) fn cannot_read_typed(error: &HubError) -> Fault {
    match error {
        HubError::Parquet { reason, .. } => Fault::file(format!("cannot be read as Parquet: {reason}")).hint(AGAIN),
        HubError::Schema { message, .. } => Fault::file(message.as_str()),
        HubError::Row { row, message, .. } => Fault::row(*row as u64 + 1, message.as_str()),
        other => Fault::file(other.to_string()),
    }
}

/// A ZIP has at most this many members that are looked at.
const MEMBERS_MAX: usize = 10_000;

/// Whether a member is what systems and venues pack beside the data.
fn is_beside(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/") || file.starts_with('.') || file.to_ascii_uppercase().ends_with(".CHECKSUM")
}

/// Finds the members of a ZIP that may hold data.
fn zip_members(file: File) -> Result<Vec<Member>, Fault> {
    let damaged = |error: &dyn std::fmt::Display| {
        Fault::file(format!("cannot be read as ZIP: {error}")).hint("fetch the file again and import it once more")
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let mut members = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|error| damaged(&error))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.is_dir() {
            continue;
        }
        check_member_name(&name)?;
        if is_beside(&name) {
            continue;
        }
        if members.len() == MEMBERS_MAX {
            return Err(Fault::file(format!("the ZIP holds more than {MEMBERS_MAX} files")).hint("unpack it"));
        }
        let deflated = match entry.compression() {
            CompressionMethod::Deflated => true,
            CompressionMethod::Stored => false,
            other => {
                return Err(Fault::file(format!("`{name}` is packed with {other}; expected deflate"))
                    .hint("unpack it and import the CSV"));
            }
        };
        if entry.encrypted() {
            return Err(Fault::file(format!("`{name}` is encrypted")).hint("unpack it and import the CSV"));
        }
        check_ratio(&name, entry.compressed_size(), entry.size())?;
        let start = entry.data_start().ok_or_else(|| damaged(&"a member has no data"))?;
        members.push(Member {
            start,
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
            deflated,
            name,
        });
    }
    if members.is_empty() {
        return Err(Fault::file("the ZIP holds no file; expected one CSV").hint(AGAIN));
    }
    Ok(members)
}

/// Members that inflate to more bytes than this are looked at.
const LARGE: u64 = 64 << 20;

/// Rows of numbers deflate to a tenth of their length, rows that repeat to a hundredth.
const RATIO_MAX: u64 = 300;

/// Refuses a member that says it would inflate to far more than rows of data do: a bomb. What it inflates to may not be
/// more than it says, see [`Checked`].
fn check_ratio(name: &str, packed: u64, size: u64) -> Result<(), Fault> {
    if size > LARGE && size / packed.max(1) > RATIO_MAX {
        let times = size / packed.max(1);
        return Err(Fault::file(format!(
            "`{}` would unpack to {times} times its size, {size} bytes",
            name.escape_debug()
        ))
        .hint("do not trust this file; fetch it again from the venue"));
    }
    Ok(())
}

/// Refuses member names that point out of the folder an archive would be unpacked to.
fn check_member_name(name: &str) -> Result<(), Fault> {
    let escapes = name.starts_with(['/', '\\'])
        || name.contains(['\0', ':'])
        || name.split(['/', '\\']).any(|part| part == "..")
        || name.is_empty();
    if escapes {
        return Err(Fault::file(format!(
            "the ZIP holds a member named `{}`, which leaves its folder",
            name.escape_debug()
        ))
        .hint("do not trust this file; fetch it again from the venue"));
    }
    Ok(())
}

/// Wraps a member's bytes with the check of length and CRC-32.
fn checked(source: impl Read + Send + 'static, member: &Member) -> Box<dyn Read + Send> {
    Box::new(Checked { source, crc: crc32fast::Hasher::new(), left: member.size, expected: member.crc })
}

/// A stream that must have the length and CRC-32 the archive promises.
struct Checked<R> {
    /// The inflated bytes.
    source: R,
    /// CRC-32 so far.
    crc: crc32fast::Hasher,
    /// Bytes still promised.
    left: u64,
    /// CRC-32 promised.
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.crc.update(&buffer[..n]);
        let bad = |message: &str| Err(io::Error::new(io::ErrorKind::InvalidData, message.to_owned()));
        match self.left.checked_sub(n as u64) {
            None => return bad("it inflates to more bytes than the archive says"),
            Some(left) => self.left = left,
        }
        if n == 0 && !buffer.is_empty() {
            if self.left > 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            if self.crc.clone().finalize() != self.expected {
                return bad("its CRC-32 is not what the archive says");
            }
        }
        Ok(n)
    }
}

/// The first bytes of a text file, for recognising what it holds: up to `limit`, cut after the last whole line.
///
/// # Errors
/// When the file cannot be opened or is damaged within these bytes.
pub(crate) fn head(path: &Path, container: &Container, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(limit);
    let mut source = BufReader::new(open(path, container)?);
    while bytes.len() < limit {
        let filled = source.fill_buf().map_err(|error| cannot_read(&error))?;
        if filled.is_empty() {
            if bytes.last().is_some_and(|&last| last != b'\n') {
                bytes.push(b'\n');
            }
            return Ok(bytes);
        }
        let n = filled.len().min(limit - bytes.len());
        bytes.extend_from_slice(&filled[..n]);
        source.consume(n);
    }
    match bytes.iter().rposition(|&b| b == b'\n') {
        Some(end) => bytes.truncate(end + 1),
        None => return Err(Fault::file(format!("has no line end within {limit} bytes; expected CSV text"))),
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
