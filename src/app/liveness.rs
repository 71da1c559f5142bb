//! Whether the threads without which nothing works go on.

use super::App;
use crate::http::Server;

/// How often each of these threads has come round: the writer's, and the event loops'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse(Vec<u64>);

impl Pulse {
    /// Whether all of them have come round since another look.
    pub fn is_after(&self, before: &Pulse) -> bool {
        self.0.iter().zip(&before.0).all(|(now, before)| now > before)
    }
}

impl App {
    /// Looks at the threads, and has those that rest come round once more, which takes them a moment. A thread that
    /// hangs, such as the writer on a disk that does not answer, has not come round at the next look.
    pub fn pulse(&self) -> Pulse {
        let writer = &self.handlers.state.writer;
        let servers = self.servers.iter().map(|server| server.metrics().turns_total.get());
        let pulse = Pulse(servers.chain([writer.figures().turns.get()]).collect());
        writer.wake();
        self.servers.iter().for_each(Server::wake);
        pulse
    }
}
