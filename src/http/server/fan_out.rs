//! Pieces that are the same for many streams: one is asked for all who were told the same, and sent to them a few at a
//! time, so that other requests get their turn between them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ConnectionId;
use super::upstream::WaitingRequest;
use crate::http::body::Body;

/// Followers that are sent their piece in one turn of the event loop.
const SENT_AT_ONCE: usize = 64;

/// Pieces that were asked for on behalf of many, and those on their way to them.
#[derive(Default)]
pub struct FanOut {
    asked: Vec<Group>,
    deliveries: VecDeque<(ConnectionId, Arc<SharedPiece>)>,
}

struct Group {
    /// The number of the request that asks for all of them.
    number: u64,
    /// The epoch in which it was submitted: who is woken later may want what it does not see.
    epoch: u64,
    target: Box<str>,
    language: Box<str>,
    told: Box<str>,
    followers: Vec<ConnectionId>,
}

pub struct SharedPiece {
    pub number: u64,
    /// How their streams go on; they end without.
    pub next: Option<WaitingRequest>,
    pub body: Option<Body>,
}

impl FanOut {
    /// Joins those for whom such a piece is being asked for in this epoch; gives the number of the request.
    pub fn join(&mut self, id: ConnectionId, waiting: &WaitingRequest, epoch: u64) -> Option<u64> {
        let told = waiting.told.as_ref().map_or("", |told| &told.id);
        let is_same = |group: &&mut Group| {
            group.epoch == epoch
                && *group.told == *told
                && group.target == waiting.target
                && group.language == waiting.language
        };
        let group = self.asked.iter_mut().find(is_same)?;
        group.followers.push(id);
        Some(group.number)
    }

    /// A request asks for all who join from now on.
    pub fn lead(&mut self, number: u64, waiting: &WaitingRequest, epoch: u64) {
        let (target, language) = (waiting.target.clone(), waiting.language.clone());
        let told = waiting.told.as_ref().map_or_else(Box::default, |told| told.id.clone());
        self.asked.push(Group { number, epoch, target, language, told, followers: Vec::new() });
    }

    /// Whether a request asks for many.
    pub fn has_asked(&self, number: u64) -> bool {
        self.asked.iter().any(|group| group.number == number)
    }

    /// The request is answered or lost; gives who joined it. `None` where it asked for its own client alone.
    pub fn answered(&mut self, number: u64) -> Option<Vec<ConnectionId>> {
        let at = self.asked.iter().position(|group| group.number == number)?;
        Some(self.asked.swap_remove(at).followers)
    }

    /// Sends a piece to followers when it is their turn.
    pub fn deliver(&mut self, followers: Vec<ConnectionId>, piece: SharedPiece) {
        let piece = Arc::new(piece);
        self.deliveries.extend(followers.into_iter().map(|id| (id, Arc::clone(&piece))));
    }

    /// Whether somebody waits for a turn.
    pub fn has_deliveries(&self) -> bool {
        !self.deliveries.is_empty()
    }

    /// Those whose turn it is.
    pub fn take_turn(&mut self) -> impl Iterator<Item = (ConnectionId, Arc<SharedPiece>)> + use<> {
        let rest = self.deliveries.split_off(self.deliveries.len().min(SENT_AT_ONCE));
        std::mem::replace(&mut self.deliveries, rest).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::upstream::StreamCursor;
    use super::*;
    use crate::http::Method;

    fn waiting(target: &str, told: &str) -> WaitingRequest {
        let told = Some(StreamCursor { id: told.into(), is_shared: true, has_more: false });
        let (language, topics, memo) = ("".into(), [].into(), "".into());
        WaitingRequest { wait_seconds: 1, method: Method::Get, target: target.into(), language, topics, memo, told }
    }

    #[test]
    fn fan_out_joins_who_was_told_the_same_of_the_same_in_the_same_epoch() {
        let (mut fan_out, id) = (FanOut::default(), ConnectionId::MIN);
        fan_out.lead(7, &waiting("/a", "1"), 3);
        for (target, told, epoch, joined) in
            [("/a", "1", 3, Some(7)), ("/a", "2", 3, None), ("/b", "1", 3, None), ("/a", "1", 4, None)]
        {
            assert_eq!(fan_out.join(id, &waiting(target, told), epoch), joined, "{target} {told} {epoch}");
        }
        assert_eq!((fan_out.answered(8), fan_out.answered(7), fan_out.answered(7)), (None, Some(vec![id]), None));
        assert_eq!(fan_out.join(id, &waiting("/a", "1"), 3), None);
    }

    #[test]
    fn fan_out_sends_to_a_few_at_a_time() {
        let mut fan_out = FanOut::default();
        fan_out.deliver(vec![ConnectionId::MIN; 150], SharedPiece { number: 1, next: None, body: None });
        let turns: Vec<usize> = (0..4).map(|_| fan_out.take_turn().count()).collect();
        assert_eq!((turns, fan_out.has_deliveries()), (vec![64, 64, 22, 0], false));
    }
}
