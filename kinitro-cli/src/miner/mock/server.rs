//! A server's threads and routes.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use kinitro_core::protocol::view::ViewChoice;
use kinitro_core::protocol::wire::{
    ACT_PATH, CLOSE_PATH, ChunkLimit, Encoding, GripperConvention, HEALTH_PATH, ImageEncoding,
    Protocol, RESET_PATH,
};
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::watch;
use tokio::time::{self, Instant};

use super::app::{App, Request};
use super::behaviour::{Behaviour, Refusal};
use super::error::Error;
use super::fault::{Endpoint, Faults};
use super::reply::Reply;
use super::totals::Totals;
use super::trust::{Admission, Session};

/// Longest request that is read. Seven images of 224 × 224 pixels as nested lists have 5 MB.
const MAX_REQUEST_LEN: usize = 8 * 1024 * 1024;
/// How long answers may take after a server was told to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// Threads that carry requests; what computes has its own.
const CARRIERS: usize = 2;

/// What a server listens on, speaks and does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The generations it speaks.
    pub speaks: Speaks,
    /// The encodings it reads in V3, as announced.
    pub encodings: Vec<Encoding>,
    /// The image encodings it asks for in V3, preferred ones first.
    pub images: Vec<ImageEncoding>,
    /// The gripper's sign in its lists of four numbers. V3 announces it; older servers do not.
    pub gripper_convention: GripperConvention,
    /// What it wants to see: V3 requests with other images are refused with status 422. What it leaves open may be anything.
    pub view: ViewChoice,
    /// The most further actions per answer, where the evaluator wants some.
    pub chunk: ChunkLimit,
    /// The most V3 episodes at once; one more, and the oldest is forgotten.
    pub max_episodes: NonZeroUsize,
    /// How it acts.
    pub behaviour: Arc<dyn Behaviour>,
    /// What goes wrong.
    pub faults: Faults,
    /// Whose requests it answers; everybody's if none.
    pub admission: Option<Admission>,
    /// What it signs receipts for V3 episodes with, if it gives any.
    pub session: Option<Session>,
}

impl Settings {
    /// A faultless server on a free port of this machine alone that speaks everything.
    pub fn new(behaviour: impl Behaviour) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            speaks: Speaks::All,
            encodings: vec![Encoding::Json, Encoding::Msgpack],
            images: vec![ImageEncoding::Raw, ImageEncoding::Png],
            gripper_convention: GripperConvention::default(),
            view: ViewChoice::default(),
            chunk: ChunkLimit::NONE,
            max_episodes: behaviour.affordable_episodes(),
            behaviour: Arc::new(behaviour),
            faults: Faults::default(),
            admission: None,
            session: None,
        }
    }
}

/// Which generations a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Each request is answered in the generation that it came in.
    All,
    /// One generation, as servers that know no other: their health says no more than was known then, and requests of
    /// another generation are answered with status 422.
    Only(Protocol),
}

/// Starts mock servers.
#[derive(Debug)]
pub struct MockServer;

impl MockServer {
    /// Starts a server on threads of its own; it listens when this returns.
    ///
    /// # Errors
    /// [`Error::Listen`], [`Error::Threads`].
    pub fn start(settings: Settings) -> Result<Running, Error> {
        let asked = settings.address;
        let (stop, stopped) = watch::channel(());
        let (report, reported) = mpsc::sync_channel(1);
        let app = Arc::new(App::new(settings));
        let served = Arc::clone(&app);
        let thread = thread::Builder::new()
            .name("mock".to_owned())
            .spawn(move || {
                let runtime = match threads() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(report.send(Err(Error::Threads(error)))),
                };
                runtime.block_on(async {
                    let source = match listen(asked).await {
                        Ok((listener, address)) => {
                            drop(report.send(Ok(address)));
                            return serve(listener, served, stopped).await;
                        }
                        Err(source) => source,
                    };
                    let address = asked;
                    drop(report.send(Err(Error::Listen { address, source })));
                });
                // What still computes ends by itself and is not waited for.
                runtime.shutdown_background();
            })
            .map_err(Error::Threads)?;
        let address = reported
            .recv()
            .expect("the thread reports whether it listens before it ends")?;
        Ok(Running {
            address,
            app,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A server that runs until this is dropped: open requests are then answered for a second at most.
pub struct Running {
    address: SocketAddr,
    app: Arc<App>,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The beginning of its URLs, `http://…`, as seen from this machine.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// What it has done so far.
    pub fn totals(&self) -> Totals {
        self.app.counters.read()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .field("totals", &self.totals())
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The thread takes the sender's end as its own, and bounds what it still does.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic has been reported on standard error.
            let _ = thread.join();
        }
    }
}

fn threads() -> io::Result<Runtime> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    runtime::Builder::new_multi_thread()
        .worker_threads(CARRIERS)
        .max_blocking_threads(cores)
        .thread_name("mock")
        .enable_io()
        .enable_time()
        .build()
}

async fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the sender is gone, and for a moment longer where answers are under way.
async fn serve(listener: TcpListener, app: Arc<App>, stopped: watch::Receiver<()>) {
    let listener = listener.tap_io(|stream| {
        // Answers are small; without this they may wait for the peer's acknowledgment. Best effort.
        let _ = stream.set_nodelay(true);
    });
    let until = |mut stopped: watch::Receiver<()>| async move {
        // An error says that the sender is gone; nothing is ever sent.
        let _ = stopped.changed().await;
    };
    let served = axum::serve(listener, router(app)).with_graceful_shutdown(until(stopped.clone()));
    let given_up = async {
        until(stopped).await;
        time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        // Serving never fails: errors of single connections end these.
        _ = served => {}
        () = given_up => {}
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route(HEALTH_PATH, get(health))
        .route(RESET_PATH, post(reset))
        .route(ACT_PATH, post(act))
        .route(CLOSE_PATH, post(close))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_LEN))
        .with_state(app)
}

async fn health(State(app): State<Arc<App>>, headers: HeaderMap) -> Response<Body> {
    answer(app, Endpoint::Health, headers, Bytes::new()).await
}

async fn reset(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    answer(app, Endpoint::Reset, headers, body).await
}

async fn act(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    answer(app, Endpoint::Act, headers, body).await
}

async fn close(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    answer(app, Endpoint::Close, headers, body).await
}

/// Computes an answer on a thread for that, of which there are as many as cores, and sends it in time.
async fn answer(
    app: Arc<App>,
    endpoint: Endpoint,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let received = Instant::now();
    let request = Request { headers, body };
    let computed = tokio::task::spawn_blocking(move || app.answer(endpoint, &request));
    let reply = computed.await.unwrap_or_else(|_| {
        let refusal = Refusal::new(500, "panic", "this server has a fault of its own");
        Reply::refusal(&refusal, Encoding::Json)
    });
    reply.send(received).await
}
