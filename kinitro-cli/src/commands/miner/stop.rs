//! How commands that run until they are told to stop learn of it.

use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Kind;

/// Ctrl-C and SIGTERM, caught from the moment that this exists.
pub(super) struct StopSignals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// From now on the signals end nothing by themselves.
    pub(super) fn catch() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let entered = runtime.enter();
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        drop(entered);
        Ok(Self {
            runtime,
            interrupt,
            terminate,
        })
    }

    /// Waits for one, and says how the process is to end.
    pub(super) fn wait(mut self) -> Kind {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => Kind::Interrupted,
                _ = self.terminate.recv() => Kind::Terminated,
            }
        })
    }
}
