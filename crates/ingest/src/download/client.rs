//! Questions to venues over HTTP: classified answers, at most N retries with exponential backoff and jitter, pauses the
//! host orders, timeouts for what stalls, and an end when the user says so.
//!
//! Blocking on purpose: a connection is a thread, there are as many as the user asks for, and no runtime is needed.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Response};
use ureq::typestate::WithoutBody;
use ureq::{Agent, Body, RequestBuilder};

use crosscut_model::parse_iso;
use crosscut_model::time;

use crate::error::IngestError;

use super::gate::Gates;
use super::present::Seen;

/// How patient a download is.
#[derive(Debug, Clone, PartialEq)]
pub struct Patience {
    /// Further attempts after the first.
    pub n_retries: u32,
    /// Wait before the first further attempt; doubles with each.
    pub backoff: Duration,
    /// Longest wait between two attempts.
    pub backoff_max: Duration,
    /// Longest pause a host may order with `Retry-After` before the task is given up.
    pub retry_after_max: Duration,
    /// Longest time to connect.
    pub connect: Duration,
    /// Longest time without a byte.
    pub stall: Duration,
}

/// Why something was not fetched.
#[derive(Debug)]
pub(crate) enum FetchError {
    /// The venue does not have it (404, 410).
    Absent,
    /// The venue does not give it to this place or this user (401, 403, 451).
    NotAllowed(String),
    /// The user stopped the work.
    Stopped,
    /// All attempts failed; the reason of the last.
    Failed(String),
    /// This machine cannot keep it.
    Local(IngestError),
}

impl From<IngestError> for FetchError {
    fn from(error: IngestError) -> Self {
        Self::Local(error)
    }
}

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another attempt would end the same way.
    Final(FetchError),
    /// Another attempt may succeed.
    Again {
        /// What went wrong.
        reason: String,
        /// The pause the host orders.
        wait: Option<Duration>,
    },
}

impl Trouble {
    /// Something that may pass.
    pub fn again(reason: impl Into<String>) -> Self {
        Self::Again { reason: reason.into(), wait: None }
    }
}

impl From<IngestError> for Trouble {
    fn from(error: IngestError) -> Self {
        Self::Final(FetchError::Local(error))
    }
}

/// How a host wants to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Manners {
    /// Least time between two questions.
    pub spacing: Duration,
    /// Weight per minute it grants; 0 when it counts none.
    pub weight_per_minute: u32,
}

/// The largest answer that is read into memory, bytes.
const ANSWER_MAX: u64 = 64 << 20;

/// Sleeps are cut into pieces this long, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(20);

/// A client for all venues.
#[derive(Debug)]
pub(crate) struct Client {
    /// Connections and their timeouts.
    agent: Agent,
    /// How patient to be.
    patience: Patience,
    /// How often each host may be asked.
    gates: Gates,
    /// Set when the user wants to stop.
    stop: Arc<AtomicBool>,
    /// Draws the jitter.
    seed: u64,
    /// Requests sent.
    pub n_requests: AtomicU64,
    /// Attempts after a first one.
    pub n_retries: AtomicU64,
}

impl Client {
    /// A client that keeps `n_connections` open; `seed` draws the jitter between attempts.
    ///
    /// # Errors
    /// When the proxy's address is none.
    pub fn new(
        patience: &Patience,
        proxy: Option<&str>,
        n_connections: usize,
        seed: u64,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, IngestError> {
        let proxy = proxy.map(|address| {
            ureq::Proxy::new(address).map_err(|error| IngestError::request(format!("`{address}` is no proxy: {error}")))
        });
        let proxy = proxy.transpose()?;
        let config = Agent::config_builder()
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(5)
            .user_agent(concat!("crosscut/", env!("CARGO_PKG_VERSION")))
            .accept("*/*")
            .timeout_connect(Some(patience.connect))
            .timeout_per_read(Some(patience.stall))
            .timeout_per_write(Some(patience.stall))
            .max_idle_connections(n_connections.saturating_mul(2))
            .max_idle_connections_per_host(n_connections)
            .build();
        Ok(Self {
            agent: Agent::new_with_config(config),
            patience: patience.clone(),
            gates: Gates::default(),
            stop,
            seed,
            n_requests: AtomicU64::new(0),
            n_retries: AtomicU64::new(0),
        })
    }

    /// Ends what is under way: connections are closed, waiting threads return.
    pub fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// How long bytes may trickle in before the connection is given up.
    pub fn slow_after(&self) -> Duration {
        self.patience.stall.saturating_mul(2)
    }

    /// Whether the user wants to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Attempts something until it works, is hopeless, or has been tried often enough. `what` draws the jitter.
    ///
    /// # Errors
    /// As told by the attempts.
    pub fn persist<T>(&self, what: &str, mut attempt: impl FnMut(u32) -> Result<T, Trouble>) -> Result<T, FetchError> {
        let mut n_failed = 0;
        loop {
            if self.is_stopped() {
                return Err(FetchError::Stopped);
            }
            let (reason, wait) = match attempt(n_failed) {
                Ok(value) => return Ok(value),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Again { reason, wait }) => (reason, wait),
            };
            if self.is_stopped() {
                return Err(FetchError::Stopped);
            }
            if n_failed >= self.patience.n_retries {
                return Err(FetchError::Failed(format!("{reason}, in {} attempts", n_failed + 1)));
            }
            if let Some(wait) = wait.filter(|&wait| wait > self.patience.retry_after_max) {
                let (wait, most) = (wait.as_secs(), self.patience.retry_after_max.as_secs());
                return Err(FetchError::Failed(format!("{reason}; it asks for {wait} s, the limit is {most} s")));
            }
            self.n_retries.fetch_add(1, Ordering::Relaxed);
            self.sleep(self.backoff(what, n_failed).max(wait.unwrap_or_default()))?;
            n_failed += 1;
        }
    }

    /// The wait before attempt `n_failed + 1`: doubling, up to the limit, of which a drawn half to whole is taken.
    fn backoff(&self, what: &str, n_failed: u32) -> Duration {
        let full = self.patience.backoff.saturating_mul(1 << n_failed.min(20)).min(self.patience.backoff_max);
        full.mul_f64(0.5 + 0.5 * share(self.seed, what, n_failed))
    }

    /// Waits, unless the user stops the work.
    fn sleep(&self, time: Duration) -> Result<(), FetchError> {
        let end = Instant::now() + time;
        loop {
            if self.is_stopped() {
                return Err(FetchError::Stopped);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(NAP));
        }
    }

    /// Sends one GET and classifies the answer; 200 and 206 come back. `headers` are added.
    ///
    /// # Errors
    /// Everything else, as what it means.
    pub fn get(&self, url: &str, headers: &[(&str, &str)], manners: Manners) -> Result<Response<Body>, Trouble> {
        let request = headers.iter().fold(self.agent.get(url), |request, (name, value)| request.header(*name, *value));
        self.send(request, url, manners)
    }

    /// Sends a request when the host may be asked, and classifies the answer.
    fn send(
        &self,
        request: RequestBuilder<WithoutBody>,
        url: &str,
        manners: Manners,
    ) -> Result<Response<Body>, Trouble> {
        let host = host(url);
        if self.gates.is_shut(host) {
            let reason = format!("{host} refuses requests from here");
            return Err(Trouble::Final(FetchError::NotAllowed(reason)));
        }
        self.sleep(self.gates.enter(host, manners.spacing, Instant::now())).map_err(Trouble::Final)?;
        // Another thread may have been told to wait meanwhile.
        while let wait @ 1.. = self.gates.paused_for(host, Instant::now()).as_nanos() {
            self.sleep(Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))).map_err(Trouble::Final)?;
        }
        self.n_requests.fetch_add(1, Ordering::Relaxed);
        let response = request.call().map_err(|error| transport(host, &error))?;
        self.note_weight(host, response.headers(), manners);
        self.classify(host, response)
    }

    /// What the venue says of a file without sending it, with retries; `None` when it says nothing.
    ///
    /// # Errors
    /// As [`Client::persist`].
    pub fn head(&self, url: &str, manners: Manners) -> Result<Option<Seen>, FetchError> {
        let seen = self.persist(url, |_| {
            let response = self.send(self.agent.head(url), url, manners)?;
            let headers = response.headers();
            Ok(Seen {
                size: header(headers, "content-length").and_then(|text| text.parse().ok()),
                etag: header(headers, "etag").unwrap_or_default(),
                last_modified: header(headers, "last-modified").unwrap_or_default(),
            })
        })?;
        Ok(Some(seen).filter(|seen| *seen != Seen::default()))
    }

    /// What an answer's status means.
    fn classify(&self, host: &str, response: Response<Body>) -> Result<Response<Body>, Trouble> {
        let status = response.status().as_u16();
        let refused = matches!(status, 401 | 403 | 451);
        self.gates.note(host, refused);
        match status {
            200 | 206 => Ok(response),
            404 | 410 => Err(Trouble::Final(FetchError::Absent)),
            401 | 403 | 451 => {
                let reason = format!("{host} answered {status}: not allowed from here");
                Err(Trouble::Final(FetchError::NotAllowed(reason)))
            }
            416 => Err(Trouble::again("the venue's file is shorter than what was fetched of it (416)")),
            418 | 429 => {
                let wait = retry_after(response.headers()).unwrap_or(Duration::from_secs(1));
                self.gates.pause(host, wait.min(self.patience.retry_after_max), Instant::now());
                Err(Trouble::Again { reason: format!("too many requests ({status})"), wait: Some(wait) })
            }
            400 | 405..=409 | 411..=415 => {
                Err(Trouble::Final(FetchError::Failed(format!("{host} answered {status}: {}", excerpt(response)))))
            }
            500..=599 => {
                let wait = retry_after(response.headers());
                Err(Trouble::Again { reason: format!("{host} answered {status}"), wait })
            }
            _ => Err(Trouble::again(format!("{host} answered {status}"))),
        }
    }

    /// Closes the host until the next minute once a fifth of its weight is left, which other programs may need.
    fn note_weight(&self, host: &str, headers: &HeaderMap, manners: Manners) {
        let used = headers.get("x-mbx-used-weight-1m").and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
        let (Some(used), limit @ 1..) = (used, manners.weight_per_minute) else { return };
        if u64::from(used) * 5 >= u64::from(limit) * 4 {
            // Windows are aligned to the host's clock.
            let second = header_time(headers, "date").map_or(0, |date| date.div_euclid(1_000_000).rem_euclid(60));
            let wait = Duration::from_secs(u64::try_from(60 - second).unwrap_or(60));
            self.gates.pause(host, wait.min(self.patience.retry_after_max), Instant::now());
        }
    }

    /// The text of an answer, with retries.
    ///
    /// # Errors
    /// As [`Client::persist`]; also when it is no UTF-8 or too long.
    pub fn text(&self, url: &str, manners: Manners) -> Result<String, FetchError> {
        self.persist(url, |_| {
            let bytes = body(self.get(url, &[], manners)?)?;
            String::from_utf8(bytes).map_err(|_| Trouble::again("the answer is no text"))
        })
    }
}

/// All bytes of an answer.
fn body(response: Response<Body>) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    let mut reader = response.into_body().into_with_config().limit(ANSWER_MAX).reader();
    reader.read_to_end(&mut bytes).map_err(|error| Trouble::again(format!("the answer broke off: {error}")))?;
    Ok(bytes)
}

/// The beginning of an answer's text, on one line.
fn excerpt(response: Response<Body>) -> String {
    let mut bytes = vec![0; 200];
    let n = response.into_body().into_reader().read(&mut bytes).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..n]).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What a failure below HTTP means.
fn transport(host: &str, error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::TooManyRedirects | ureq::Error::InvalidProxyUrl => {
            Trouble::Final(FetchError::Failed(error.to_string()))
        }
        ureq::Error::Timeout(_) => Trouble::again(format!("nothing came for too long ({error})")),
        // `io: ` in front of the system's words tells nothing.
        _ => Trouble::again(format!("{host} cannot be reached: {}", error.to_string().trim_start_matches("io: "))),
    }
}

/// The host and port of an address.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// The pause a host orders: seconds, or a date compared with the host's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(text)? - header_time(headers, "date")?;
    Some(Duration::from_micros(u64::try_from(wait).unwrap_or(0)))
}

/// A header as text.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// A header that holds a date, microseconds UTC.
pub(crate) fn header_time(headers: &HeaderMap, name: &str) -> Option<i64> {
    http_date(headers.get(name)?.to_str().ok()?)
}

/// `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 9110, IMF-fixdate), microseconds UTC; `None` for anything else.
pub(crate) fn http_date(text: &str) -> Option<i64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (clock, zone) = (words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" {
        return None;
    }
    parse_iso(&format!("{year}-{month:02}-{day:0>2}T{clock}Z")).ok()
}

/// The months as HTTP writes them.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time as HTTP writes it.
pub(crate) fn to_http_date(timestamp: i64) -> String {
    let date = time::civil(timestamp);
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let weekday = weekdays[usize::try_from(time::weekday(timestamp)).unwrap_or(0) % 7];
    let month = MONTHS[usize::try_from(date.month - 1).unwrap_or(0) % 12];
    let second = timestamp.div_euclid(1_000_000).rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", date.day, date.year)
}

/// A number in `[0, 1)` that depends on a seed, a name and a count alone.
pub(crate) fn share(seed: u64, name: &str, n: u32) -> f64 {
    (mix(seed, name, n) >> 11) as f64 / (1_u64 << 53) as f64
}

/// 64 bits that depend on a seed, a name and a count alone: FNV-1a, then the finaliser of SplitMix64.
pub(crate) fn mix(seed: u64, name: &str, n: u32) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325 ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for byte in name.bytes().chain(n.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    let z = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
