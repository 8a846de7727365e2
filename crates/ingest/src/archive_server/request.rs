//! One request of a client: the line and the headers the server looks at.

use std::io::{BufRead, Read};

/// Longest head of a request, bytes.
const HEAD_MAX: u64 = 64 * 1024;

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Whether only headers are wanted.
    pub is_head: bool,
    /// Path below the folder, decoded, without the hosts' names and without a `/` in front.
    pub path: String,
    /// The host named in the path; empty when there was none.
    pub host: String,
    /// Decoded parameters in order.
    pub query: Vec<(String, String)>,
    /// First byte wanted, if not all are.
    pub from: Option<u64>,
    /// `If-Range`.
    pub if_range: Option<String>,
}

impl Request {
    /// Reads the next request of a connection; `None` when there is no further one.
    pub(super) fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut head = reader.take(HEAD_MAX);
        let mut line = String::new();
        head.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?, words.next()?);
        let mut request = Self::of_target(target);
        request.is_head = method == "HEAD";
        loop {
            let mut line = String::new();
            head.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                return (method == "GET" || method == "HEAD").then_some(request);
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "range" => request.from = range_start(value.trim()),
                "if-range" => request.if_range = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }

    /// The parts of a request's target.
    fn of_target(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut parts: Vec<String> = path.split('/').skip(1).map(decode).collect();
        let is_folder = path.ends_with('/');
        let mut hosts = Vec::new();
        // A file has a dot too, but is the last part.
        while parts.len() > 1 && parts[0].contains('.') && parts[0] != ".." {
            hosts.push(parts.remove(0));
        }
        if !query.is_empty() && parts.len() == 1 && parts[0].contains('.') && !is_folder {
            hosts.push(parts.remove(0));
        }
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(&value.replace('+', " ")))
        });
        Self { path: parts.join("/"), host: hosts.join("/"), query: query.collect(), ..Self::default() }
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.parse().ok()
    }
}

/// `bytes=100-`: the first byte.
fn range_start(value: &str) -> Option<u64> {
    value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// Text without percent-encoding.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], code.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
