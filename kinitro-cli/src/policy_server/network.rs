//! The threads that wait for the network, and how names and connections come about.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_rustls::rustls::ClientConfig;

use super::{Endpoint, Error, encryption};

/// Threads that carry bytes; the work on messages is done by the callers.
const THREADS: usize = 2;

/// The door to the network: one per process is enough, however many servers and episodes there are.
///
/// Clones are the same network. When the last clone is gone, what is under way is dropped without waiting for any server.
#[derive(Debug, Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Taken when dropped.
    runtime: Option<Runtime>,
    world: Box<dyn World>,
    /// The places at servers that keep one episode for everybody. Several policies may name the same server.
    single_seats: Mutex<BTreeMap<String, Weak<Semaphore>>>,
}

/// What lies beyond the door: the system's name service, TCP and trusted certificates, or a test's.
pub(super) trait World: fmt::Debug + Send + Sync {
    /// The addresses of a name.
    fn look_up<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<IpAddr>>;

    /// Opens a connection to exactly this address.
    fn dial(&self, address: SocketAddr) -> Pending<'_, TcpStream>;

    /// How connections are encrypted, and whose certificates are trusted.
    ///
    /// # Errors
    /// [`Error::Encryption`].
    fn encryption(&self) -> Result<Arc<ClientConfig>, Error>;
}

/// An operation of a [`World`] under way.
pub(super) type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

#[derive(Debug)]
struct System;

impl World for System {
    fn look_up<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        Box::pin(async move {
            // The system's interface wants a port; it plays no part.
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn dial(&self, address: SocketAddr) -> Pending<'_, TcpStream> {
        Box::pin(TcpStream::connect(address))
    }

    fn encryption(&self) -> Result<Arc<ClientConfig>, Error> {
        encryption::with_trust_of_the_system()
    }
}

impl Network {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::Runtime`].
    pub fn new() -> Result<Self, Error> {
        Self::within(Box::new(System))
    }

    pub(super) fn within(world: Box<dyn World>) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("kinitro-network")
            .enable_all()
            .build()
            .map_err(|source| Error::Runtime { source })?;
        let runtime = Some(runtime);
        Ok(Self {
            shared: Arc::new(Shared {
                runtime,
                world,
                single_seats: Mutex::default(),
            }),
        })
    }

    /// Waits on the calling thread, which must not be one of the network's own or of another asynchronous runtime.
    pub(super) fn wait<T>(&self, pending: impl Future<Output = T>) -> T {
        let runtime = self.shared.runtime.as_ref();
        runtime
            .expect("taken by `drop` alone")
            .handle()
            .block_on(pending)
    }

    /// The one place at a server that keeps one episode for everybody; the same for all who name the same endpoint.
    pub(super) fn single_seat(&self, endpoint: &Endpoint) -> Arc<Semaphore> {
        let key = format!("{}{}", endpoint.authority(), endpoint.base());
        let mut seats = lock(&self.shared.single_seats);
        seats.retain(|_, seat| seat.strong_count() > 0);
        if let Some(seat) = seats.get(&key).and_then(Weak::upgrade) {
            return seat;
        }
        let seat = Arc::new(Semaphore::new(1));
        seats.insert(key, Arc::downgrade(&seat));
        seat
    }

    pub(super) fn world(&self) -> &dyn World {
        self.shared.world.as_ref()
    }
}

/// Takes a lock; no code that holds one of ours can panic half-way.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name service that does not answer must not hold up the end of the program.
            runtime.shutdown_background();
        }
    }
}
