//! Listings of the served folder: S3-style XML with prefixes, markers and pages, and HTML with links.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::answer::{FileFacts, facts};
use super::request::Request;

/// Entries of a page as S3 gives them.
const S3_PAGE: usize = 1_000;

/// The listing a request with `prefix=` asks for. Only prefixes that end with a folder's `/` are understood.
pub(super) fn s3(folder: &Path, page: usize, request: &Request) -> String {
    let prefix = request.parameter("prefix").unwrap_or_default();
    let marker = request.parameter("marker").unwrap_or_default();
    let page = if page == 0 { S3_PAGE } else { page };
    let mut entries: Vec<(String, Option<FileFacts>)> = Vec::new();
    for (name, is_folder) in names(folder, prefix) {
        let key = if is_folder { format!("{prefix}{name}/") } else { format!("{prefix}{name}") };
        let file = if is_folder { None } else { facts(&folder.join(&key)) };
        entries.push((key, file));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries.retain(|(key, _)| key.as_str() > marker);
    let is_cut = entries.len() > page;
    entries.truncate(page);
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
    );
    let _ = write!(xml, "<Name>archive</Name><Prefix>{}</Prefix><IsTruncated>{is_cut}</IsTruncated>", escape(prefix));
    if let (true, Some((last, _))) = (is_cut, entries.last()) {
        let _ = write!(xml, "<NextMarker>{}</NextMarker>", escape(last));
    }
    for (key, file) in entries {
        let key = escape(&key);
        let _ = match file {
            Some(FileFacts { size, etag, modified, .. }) => write!(
                xml,
                "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><ETag>{}</ETag><Size>{size}</Size></Contents>",
                escape(&etag)
            ),
            None => write!(xml, "<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>"),
        };
    }
    xml + "</ListBucketResult>"
}

/// The listing of a folder as a page of links; `None` when there is no such folder.
pub(super) fn html(folder: &Path, path: &str) -> Option<String> {
    folder.join(path).is_dir().then(|| {
        let link = |(name, is_folder): (String, bool)| {
            let name = escape(&name) + if is_folder { "/" } else { "" };
            format!("<li><a href=\"{name}\">{name}</a></li>\n")
        };
        let links: String = names(folder, path).into_iter().map(link).collect();
        format!("<html><body><ul>\n<li><a href=\"../\">..</a></li>\n{links}</ul></body></html>")
    })
}

/// The names in a folder, sorted, and whether each is a folder.
fn names(folder: &Path, path: &str) -> BTreeSet<(String, bool)> {
    let is_inside = !path.split('/').any(|part| part == "..");
    let entries = fs::read_dir(folder.join(path)).ok().filter(|_| is_inside);
    let name = |entry: fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir());
    entries.into_iter().flatten().flatten().map(name).collect()
}

/// Text with what XML and HTML would take for themselves written otherwise.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
