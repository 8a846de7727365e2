//! The answer to one request: a file or a part of it, a listing, what a venue's interface would say, or a fault.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crosscut_model::format_iso;

use crate::download::http_date_of;

use super::faults::Fault;
use super::request::Request;
use super::{ServerConfig, listing, venues};

/// How long a stall lasts, at most.
const STALL: Duration = Duration::from_secs(5);

/// What is said of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFacts {
    /// Bytes.
    pub size: u64,
    /// Entity tag with quotes, from size and time of the last change.
    pub etag: String,
    /// When it was last changed, ISO-8601.
    pub modified: String,
    /// The same as HTTP writes it.
    pub http_modified: String,
}

/// What is said of a file; `None` when there is none.
pub(super) fn facts(path: &Path) -> Option<FileFacts> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let since = meta.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_secs()).unwrap_or(0) * 1_000_000;
    Some(FileFacts {
        size: meta.len(),
        etag: format!("\"{:x}-{:x}\"", meta.len(), since.as_nanos()),
        modified: format_iso(micros),
        http_modified: http_date_of(micros),
    })
}

/// Answers a request; `false` when the connection is to be closed.
pub(super) fn answer(config: &ServerConfig, request: &Request, n_before: u32, mut out: &TcpStream) -> io::Result<bool> {
    let fault = config.faults.of(&request.path, n_before);
    match fault {
        Some(Fault::Reset) => return Ok(false),
        Some(Fault::Absent) => return text(out, request, "404 Not Found", &[], "no such key"),
        Some(Fault::Forbidden) => return text(out, request, "451 Unavailable For Legal Reasons", &[], "not here"),
        Some(Fault::TooMany) => {
            let wait = config.faults.retry_after_s.to_string();
            return text(out, request, "429 Too Many Requests", &[("Retry-After", &wait)], "slow down");
        }
        Some(Fault::ServerError) => {
            let status =
                if n_before.is_multiple_of(2) { "503 Service Unavailable" } else { "500 Internal Server Error" };
            return text(out, request, status, &[], "try again");
        }
        Some(Fault::Redirect) => {
            let query = request.query.iter().map(|(name, value)| format!("{name}={}", crate::download::encoded(value)));
            let query = query.collect::<Vec<_>>().join("&");
            let host = if request.host.is_empty() { String::new() } else { format!("/{}", request.host) };
            let place = format!("{host}/{}?{query}", request.path);
            let statuses = ["302 Found", "301 Moved Permanently", "307 Temporary Redirect"];
            return text(out, request, statuses[n_before as usize % 3], &[("Location", &place)], "");
        }
        _ => {}
    }
    if let Some(body) = venues::answer(&config.folder, request) {
        return text(out, request, "200 OK", &[("Content-Type", "application/json")], &body);
    }
    if request.parameter("prefix").is_some() {
        let body = listing::s3(&config.folder, config.page, request);
        return text(out, request, "200 OK", &[("Content-Type", "application/xml")], &body);
    }
    let is_inside = !request.path.split(['/', '\\']).any(|part| part == "..");
    let is_folder = is_inside && (request.path.ends_with('/') || request.path.is_empty());
    if let Some(body) = is_folder.then(|| listing::html(&config.folder, &request.path)).flatten() {
        return text(out, request, "200 OK", &[("Content-Type", "text/html")], &body);
    }
    let path = config.folder.join(&request.path);
    match facts(&path).filter(|_| is_inside) {
        Some(facts) => Sending { config, request, fault, facts }.send(&path, &mut out),
        None => text(out, request, "404 Not Found", &[], "no such key"),
    }
}

/// Sends a short answer.
fn text(
    mut out: &TcpStream,
    request: &Request,
    status: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    if !request.is_head {
        head += body;
    }
    out.write_all(head.as_bytes())?;
    Ok(true)
}

/// A file on its way out.
struct Sending<'a> {
    /// What is served.
    config: &'a ServerConfig,
    /// What was asked.
    request: &'a Request,
    /// What goes wrong.
    fault: Option<Fault>,
    /// What is said of the file.
    facts: FileFacts,
}

impl Sending<'_> {
    /// Sends the file, or the part asked for.
    fn send(&self, path: &Path, out: &mut &TcpStream) -> io::Result<bool> {
        let FileFacts { size, etag, http_modified, .. } = &self.facts;
        let is_same = self.fault == Some(Fault::IgnoreIfRange)
            || self.request.if_range.as_ref().is_none_or(|tag| tag == etag || tag == http_modified);
        let from = self.request.from.filter(|_| is_same && self.fault != Some(Fault::IgnoreRange));
        if from.is_some_and(|from| from >= *size) {
            return text(
                out,
                self.request,
                "416 Range Not Satisfiable",
                &[("Content-Range", &format!("bytes */{size}"))],
                "",
            );
        }
        let from = from.map(|from| if self.fault == Some(Fault::Elsewhere) { 0 } else { from });
        let start = from.unwrap_or(0);
        let (status, range) = match from {
            Some(from) => ("206 Partial Content", format!("Content-Range: bytes {from}-{}/{size}\r\n", size - 1)),
            None => ("200 OK", String::new()),
        };
        let n = size - start;
        write!(
            out,
            "HTTP/1.1 {status}\r\nContent-Length: {n}\r\nETag: {etag}\r\nLast-Modified: {http_modified}\r\n\
             Accept-Ranges: bytes\r\nContent-Type: application/octet-stream\r\n{range}\r\n"
        )?;
        if self.request.is_head {
            return Ok(true);
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let is_checksum = self.request.path.ends_with(".CHECKSUM");
        match self.fault {
            Some(Fault::Truncate) => {
                io::copy(&mut file.take(n / 2), out)?;
                Ok(false)
            }
            Some(Fault::Stall) => {
                io::copy(&mut file.take(n / 3), out)?;
                std::thread::sleep(STALL);
                Ok(false)
            }
            Some(Fault::Flip) if !is_checksum => self.flipped(file, out),
            Some(Fault::WrongChecksum) if is_checksum => self.flipped(file, out),
            Some(Fault::Drip) => self.slowly(file, out, 100),
            Some(Fault::Trickle) => self.slowly(file, out, 64 * 1024),
            _ if self.config.faults.bytes_per_second > 0 && !is_checksum => {
                self.slowly(file, out, self.config.faults.bytes_per_second)
            }
            _ => io::copy(&mut file.take(n), out).map(|_| true),
        }
    }

    /// Sends the file with its first byte changed.
    fn flipped(&self, mut file: File, out: &mut &TcpStream) -> io::Result<bool> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if let Some(byte) = bytes.first_mut() {
            // A hexadecimal digit stays one.
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        out.write_all(&bytes)?;
        Ok(true)
    }

    /// Sends the file at some bytes a second.
    fn slowly(&self, mut file: File, out: &mut &TcpStream, bytes_per_second: u64) -> io::Result<bool> {
        let mut buffer = vec![0; usize::try_from(bytes_per_second.div_ceil(100)).unwrap_or(1)];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok(true);
            }
            out.write_all(&buffer[..n])?;
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
