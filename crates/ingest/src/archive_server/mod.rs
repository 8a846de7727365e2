//! An archive on this machine that answers as the venues' do: files with checksums, entity tags and ranges, S3-style
//! listings, HTML listings; and that misbehaves by a seed when asked to.
//!
//! It serves a folder, below any host's name: `http://127.0.0.1:PORT/data.binance.vision/data/spot/...` is
//! `<folder>/data/spot/...`. Meant for trying downloads without a network, for tests and measurements. It binds the loopback
//! interface only, reads and never writes, and leaves the folder for nobody. Start reading at [`ArchiveServer::start`].

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

mod answer;
mod faults;
mod listing;
mod request;
mod venues;

pub use faults::{Fault, Faults};
pub use request::Request;

/// What is served.
#[derive(Debug, Clone, Default)]
pub struct ServerConfig {
    /// The folder.
    pub folder: PathBuf,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// How it misbehaves.
    pub faults: Faults,
    /// Entries of one page of a listing; 0 takes the 1,000 of S3.
    pub page: usize,
}

/// A connection without a request for this long is closed.
const IDLE: Duration = Duration::from_secs(20);

/// What all connections share.
struct Hall {
    /// What is served.
    config: ServerConfig,
    /// Set when it ends.
    is_over: AtomicBool,
    /// How often each path was asked for.
    asked: Mutex<BTreeMap<String, u32>>,
    /// Requests so far.
    n_requests: AtomicU64,
}

/// A running server; dropping it ends it.
pub struct ArchiveServer {
    /// Where it listens.
    address: SocketAddr,
    /// What its connections share.
    hall: Arc<Hall>,
    /// The thread that takes connections.
    door: Option<JoinHandle<()>>,
}

impl ArchiveServer {
    /// Starts serving, on threads of its own.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(config: ServerConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        let address = listener.local_addr()?;
        let hall = Arc::new(Hall {
            config,
            is_over: AtomicBool::new(false),
            asked: Mutex::default(),
            n_requests: AtomicU64::new(0),
        });
        let inside = hall.clone();
        let door = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if inside.is_over.load(Ordering::Relaxed) {
                    return;
                }
                if let Ok(stream) = stream {
                    let hall = inside.clone();
                    std::thread::spawn(move || converse(&hall, stream));
                }
            }
        });
        Ok(Self { address, hall, door: Some(door) })
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests so far.
    pub fn n_requests(&self) -> u64 {
        self.hall.n_requests.load(Ordering::Relaxed)
    }

    /// How often each path was asked for, in order of path.
    pub fn asked(&self) -> Vec<(String, u32)> {
        let asked = self.hall.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().map(|(path, n)| (path.clone(), *n)).collect()
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(door) = self.door.take() {
            let _ = door.join();
        }
    }
}

impl Drop for ArchiveServer {
    fn drop(&mut self) {
        self.hall.is_over.store(true, Ordering::Relaxed);
        // The door waits for a connection; this is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(door) = self.door.take() {
            let _ = door.join();
        }
    }
}

/// Answers the requests of one connection until it is closed.
fn converse(hall: &Hall, stream: TcpStream) {
    let _ = stream.set_read_timeout(Some(IDLE));
    let _ = stream.set_nodelay(true);
    let Ok(reader) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reader);
    while let Some(request) = Request::read(&mut reader) {
        hall.n_requests.fetch_add(1, Ordering::Relaxed);
        let n_before = {
            let mut asked = hall.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let n = asked.entry(request.path.clone()).or_insert(0);
            *n += 1;
            *n - 1
        };
        let goes_on = answer::answer(&hall.config, &request, n_before, &stream);
        if hall.is_over.load(Ordering::Relaxed) || !matches!(goes_on, Ok(true)) {
            break;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}
