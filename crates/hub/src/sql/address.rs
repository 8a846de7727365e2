//! Where a SQL store is: `sqlite:FILE` or `postgres://user:password@host:port/database`.
//!
//! What this prints never holds a password: neither [`StoreAddress`] itself nor an error about a text that is none.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use postgres::config::{Host, SslMode};

use crate::error::HubError;

/// How an address is written.
const FORMS: &str = "hint: write sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/// Seconds a server has to answer when the address does not say.
const CONNECT_SECONDS: u64 = 10;

/// The address of a SQL store.
#[derive(Clone)]
pub struct StoreAddress {
    /// Which database and where.
    pub(super) place: Place,
    /// The address as it may be printed.
    shown: String,
}

/// A database and where it is.
#[derive(Clone)]
pub(super) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<postgres::Config>),
}

impl FromStr for StoreAddress {
    type Err = HubError;

    /// Reads an address.
    ///
    /// # Errors
    /// When the text is no address, or asks for an encrypted connection, which this program does not speak.
    fn from_str(text: &str) -> Result<Self, HubError> {
        let text = text.trim();
        if let Some(file) = text.strip_prefix("sqlite:") {
            return sqlite(file);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return postgres_server(text);
        }
        // Whatever this is may hold a password: only the word before the first colon is repeated.
        let scheme = text.split(':').next().filter(|word| word.len() < text.len()).unwrap_or_default();
        let seen =
            if scheme.is_empty() { "the address".to_owned() } else { format!("`{}:...`", scheme.escape_debug()) };
        Err(HubError::refused(format!("{seen} is not the address of a SQL store\n{FORMS}")))
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreAddress").field(&self.shown).finish()
    }
}

/// The address of a file. `sqlite://FILE` is the same as `sqlite:FILE`.
fn sqlite(file: &str) -> Result<StoreAddress, HubError> {
    let file = file.strip_prefix("//").unwrap_or(file);
    if file.is_empty() || file.starts_with(":memory:") || file.contains('\0') {
        return Err(HubError::refused(format!("`sqlite:{}` names no file\n{FORMS}", file.escape_debug())));
    }
    Ok(StoreAddress { place: Place::Sqlite(PathBuf::from(file)), shown: format!("sqlite:{file}") })
}

/// The address of a server.
fn postgres_server(text: &str) -> Result<StoreAddress, HubError> {
    let mut config: postgres::Config = text.parse().map_err(|error: postgres::Error| {
        let why = without(&super::postgres::causes(&error), &secrets(text));
        HubError::refused(format!("the postgres:// address cannot be read: {why}\n{FORMS}"))
    })?;
    let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    if hosts.iter().any(|host| host.contains('@')) {
        return Err(HubError::refused(
            "the postgres:// address has more than one `@`\nhint: write an `@` inside a password as %40",
        ));
    }
    if hosts.is_empty() {
        return Err(HubError::refused(format!("the postgres:// address names no host\n{FORMS}")));
    }
    if !matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
        return Err(HubError::refused(
            "the address asks for an encrypted connection (sslmode), which this program does not speak\n\
             hint: leave sslmode out and reach the server through a socket, a private network or an SSH tunnel",
        ));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(CONNECT_SECONDS));
    }
    if config.get_application_name().is_none() {
        config.application_name("crosscut");
    }
    let shown = shown_server(&config);
    Ok(StoreAddress { place: Place::Postgres(Box::new(config)), shown })
}

/// A server's address without its password.
fn shown_server(config: &postgres::Config) -> String {
    let ports = config.get_ports();
    let place = |(at, host_at): (usize, &Host)| match (host_at, ports.get(at).or(ports.first())) {
        (Host::Tcp(_), Some(port)) => format!("{}:{port}", host(host_at)),
        _ => host(host_at),
    };
    let places: Vec<String> = config.get_hosts().iter().enumerate().map(place).collect();
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let database = config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("postgres://{user}{}{database}", places.join(","))
}

/// A host in words.
fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    }
}

/// The parts of an address that cannot be read which may be its password.
fn secrets(text: &str) -> Vec<String> {
    let behind = text.split_once("://").map_or("", |(_, rest)| rest);
    let user = behind.rsplit_once('@').map_or(behind, |(user, _)| user);
    let password = user.split_once(':').map(|(_, password)| password);
    let queries = text.split(['?', '&']).filter_map(|pair| pair.strip_prefix("password="));
    password.into_iter().chain(queries).filter(|secret| !secret.is_empty()).map(str::to_owned).collect()
}

/// A text without the secrets.
pub(super) fn without(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

/// A setting that may be an address, in a form that can be shown: the address without its password, or nothing of it.
pub fn shown_address(text: &str) -> String {
    text.parse::<StoreAddress>().map_or_else(|_| "***".to_owned(), |address| address.to_string())
}
