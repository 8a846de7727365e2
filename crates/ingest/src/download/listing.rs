//! Listings of archives: S3-style XML, page after page, and plain HTML with links.
//!
//! Only what is needed is read; what is not understood is an error, never an empty listing.

use super::wish::Listed;

/// One page of an S3-style listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Files: key and what is said of it.
    pub files: Vec<(String, Listed)>,
    /// Folders, each ending with `/`.
    pub folders: Vec<String>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// Reads one page of `ListBucketResult`.
///
/// # Errors
/// In words, when it is none.
pub(crate) fn parse_s3(text: &str) -> Result<Page, String> {
    let body = tag(text, "ListBucketResult").ok_or("the listing is no ListBucketResult")?;
    let mut page = Page::default();
    for entry in blocks(body, "Contents") {
        let key = unescape(tag(entry, "Key").ok_or("a file of the listing has no Key")?);
        let size = tag(entry, "Size").and_then(|size| size.trim().parse().ok());
        let listed = Listed {
            size: size.ok_or_else(|| format!("`{key}` has no Size in the listing"))?,
            etag: unescape(tag(entry, "ETag").unwrap_or_default()),
            last_modified: tag(entry, "LastModified").unwrap_or_default().trim().to_owned(),
        };
        page.files.push((key, listed));
    }
    for entry in blocks(body, "CommonPrefixes") {
        page.folders.push(unescape(tag(entry, "Prefix").ok_or("a folder of the listing has no Prefix")?));
    }
    if tag(body, "IsTruncated").is_some_and(|text| text.trim() == "true") {
        let named = tag(body, "NextMarker").map(unescape);
        let last = page.files.last().map(|(key, _)| key).max(page.folders.last()).cloned();
        page.next = Some(named.or(last).ok_or("the listing is cut short and does not say where it goes on")?);
    }
    Ok(page)
}

/// The names behind the links of an HTML listing that lie in the folder itself.
pub(crate) fn parse_html(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split("href=").skip(1) {
        let mut letters = part.chars();
        let Some(quote @ ('"' | '\'')) = letters.next() else { continue };
        let Some(link) = letters.as_str().split(quote).next() else { continue };
        let link = unescape(link);
        let name = link.trim_end_matches('/');
        let is_inside = !name.is_empty() && !name.contains('/') && !name.starts_with(['?', '#', '.']);
        if is_inside && !names.contains(&link) {
            names.push(link);
        }
    }
    names
}

/// The text between `<name ...>` and `</name>`, from the first such tag.
fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(&format!("<{name}"))?;
        let rest = &text[at + 1 + name.len()..];
        // `<Prefix>` is not `<PrefixList>`.
        if rest.starts_with(['>', ' ', '\n', '\t', '\r']) {
            let inside = &rest[rest.find('>')? + 1..];
            return Some(&inside[..inside.find(&format!("</{name}>"))?]);
        }
        from = at + 1;
    }
}

/// The insides of all tags of a name.
fn blocks<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = rest.find(&open)? + open.len();
        let length = rest[from..].find(&close)?;
        let inside = &rest[from..from + length];
        rest = &rest[from + length + close.len()..];
        Some(inside)
    })
}

/// Text without the entities XML and HTML know.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|&end| end <= 10);
        let letter = end.and_then(|end| entity(&rest[1..end]));
        match (letter, end) {
            (Some(letter), Some(end)) => {
                out.push(letter);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

/// The letter behind an entity's name.
fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
