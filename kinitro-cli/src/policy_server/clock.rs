//! When the bytes of an exchange went out and came in, noted where they do.
//!
//! Whoever waits for an answer may have to wait for a processor too, once it is there; that is not the policy's time.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::network::lock;

/// Times of the exchange under way on one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    first_sent: Option<Instant>,
    last_received: Option<Instant>,
}

impl Clock {
    /// Another exchange begins.
    pub(super) fn restart(&self) {
        *lock(&self.0) = Times::default();
    }

    /// From the first byte sent to the last received; `None` while either is missing.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        let times = lock(&self.0);
        Some(
            times
                .last_received?
                .saturating_duration_since(times.first_sent?),
        )
    }

    fn sends(&self) {
        lock(&self.0).first_sent.get_or_insert_with(Instant::now);
    }

    fn has_received(&self) {
        lock(&self.0).last_received = Some(Instant::now());
    }
}

/// A connection that tells a clock. Encryption goes on top, so that it is the bytes of the network that count.
#[derive(Debug)]
pub(super) struct Clocked {
    stream: TcpStream,
    clock: Clock,
}

impl Clocked {
    pub(super) fn new(stream: TcpStream, clock: Clock) -> Self {
        Self { stream, clock }
    }
}

impl AsyncRead for Clocked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if before < buffer.filled().len() {
            self.clock.has_received();
        }
        polled
    }
}

impl AsyncWrite for Clocked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.clock.sends();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.clock.sends();
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
