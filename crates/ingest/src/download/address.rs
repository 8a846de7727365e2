//! The hosts of venues by name, from `venues.yaml`, and where they are asked instead when the user says so.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::error::IngestError;

use super::client::Manners;

/// The facts about all hosts.
const VENUES: &str = include_str!("venues.yaml");

/// What is known of a host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    /// Its address, without a `/` at the end.
    url: String,
    /// Least time between two requests, milliseconds.
    spacing_ms: u64,
    /// The same for funding rates; as for everything else when it is not said.
    #[serde(default)]
    funding_spacing_ms: Option<u64>,
    /// Weight per minute it grants; 0 when it counts none.
    weight_per_minute: u32,
}

/// A host, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Host {
    /// The venue's own address: what is recorded.
    pub origin: String,
    /// The address that is asked.
    pub url: String,
    /// How it wants to be asked.
    pub manners: Manners,
    /// How it wants to be asked for funding rates.
    pub funding_manners: Manners,
}

/// All hosts by name, such as `binance_archive`.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(BTreeMap<String, Host>);

impl Hosts {
    /// The hosts, asked at their own address, at a mirror (`<mirror>/<host>/...`), or where `given` says.
    ///
    /// # Errors
    /// When `given` names no host, or an address is none.
    pub fn new(mirror: Option<&str>, given: &[(String, String)]) -> Result<Self, IngestError> {
        let facts: BTreeMap<String, Facts> = serde_saphyr::from_str(VENUES)
            .map_err(|error| IngestError::request(format!("the built-in list of hosts cannot be read: {error}")))?;
        let mut hosts: BTreeMap<String, Host> = facts.into_iter().map(|(name, facts)| (name, host(facts))).collect();
        if let Some(mirror) = mirror {
            let mirror = checked(mirror)?;
            for host in hosts.values_mut() {
                let rest = host.origin.split_once("://").map_or(host.origin.as_str(), |(_, rest)| rest);
                host.url = format!("{mirror}/{rest}");
            }
        }
        for (name, url) in given {
            let names: Vec<String> = hosts.keys().cloned().collect();
            let host = hosts.get_mut(name).ok_or_else(|| {
                IngestError::request(format!("`{name}` is no host that is asked; expected {}", names.join(", ")))
            })?;
            host.url = checked(url)?;
        }
        if mirror.is_some() || !given.is_empty() {
            // A server of one's own sets its own limits.
            hosts.values_mut().filter(|host| host.url != host.origin).for_each(|host| {
                host.manners.spacing = Duration::ZERO;
                host.funding_manners.spacing = Duration::ZERO;
            });
        }
        Ok(Self(hosts))
    }

    /// A host of the list.
    pub fn get(&self, name: &'static str) -> &Host {
        self.0.get(name).expect("adapters name hosts of the list; a test looks each up")
    }
}

/// A host at its own address.
fn host(facts: Facts) -> Host {
    let spaced = |ms| Manners { spacing: Duration::from_millis(ms), weight_per_minute: facts.weight_per_minute };
    let manners = spaced(facts.spacing_ms);
    let funding_manners = spaced(facts.funding_spacing_ms.unwrap_or(facts.spacing_ms));
    Host { origin: facts.url.clone(), url: facts.url, manners, funding_manners }
}

/// An address without a `/` at the end.
fn checked(url: &str) -> Result<String, IngestError> {
    let is_usable = url.starts_with("http://") || url.starts_with("https://");
    if !is_usable {
        return Err(IngestError::request(format!("`{url}` is no address; expected http://... or https://...")));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Percent-encodes a symbol or a value for an address: all but letters, digits and `-._~`.
pub(crate) fn encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Percent-encodes the parts of a path.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// Whether a text can be a file's or folder's name: nothing that leads elsewhere.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_dots = name.chars().all(|c| c == '.');
    !name.is_empty() && name.len() <= 200 && !is_dots && !name.contains(|c: char| "/\\:".contains(c) || c.is_control())
}
