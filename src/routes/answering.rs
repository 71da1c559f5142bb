//! Where an answer goes: to its caller, and on a server for tests into the list of what was asked.

use std::sync::Arc;

use super::Handlers;
use crate::clock::Millis;
use crate::http::{Credential, Reply, Request, Responder, Wait};
use crate::ids::{self, TokenKey};
use crate::testing::TestServer;

/// The way back to a caller.
pub(super) struct Answering {
    responder: Responder,
    /// Where the request is remembered, and its sequence there.
    listed: Option<(Arc<TestServer>, u64)>,
}

impl Answering {
    /// Sends the answer.
    pub fn send(self, reply: Reply) {
        if let Some((tests, sequence)) = &self.listed {
            tests.requests.end(*sequence, &reply);
        }
        self.responder.send(reply);
    }

    /// Lets the request wait.
    pub fn wait(self, mut wait: Wait) {
        if let Some((_, sequence)) = self.listed {
            wait.memo = format!("{sequence} {}", wait.memo);
        }
        self.responder.wait(wait);
    }
}

impl Handlers {
    /// The way back to who made a request. One that waited gives back what [`Answering::wait`] added to its memo.
    pub(super) fn answering(&self, request: &mut Request, responder: Responder, now: Millis) -> Answering {
        let tests = self.tests.as_ref().filter(|_| !super::is_below_tests(&request.path));
        let listed = tests.map(|tests| {
            let sequence = match &mut request.resumed {
                None => self.list(tests, request, now),
                Some(resumed) => {
                    let (sequence, memo) = resumed.memo.split_once(' ').unwrap_or_default();
                    let sequence = sequence.parse().unwrap_or_default();
                    resumed.memo = memo.to_owned();
                    sequence
                }
            };
            (Arc::clone(tests), sequence)
        });
        Answering { responder, listed }
    }

    fn list(&self, tests: &TestServer, request: &Request, now: Millis) -> u64 {
        let user_id = match Credential::of(request) {
            Credential::Nothing => None,
            Credential::Basic(user_id, _) => ids::parse_id(&user_id),
            Credential::Bearer(token) => TokenKey::parse(&token)
                .and_then(|key| self.line.view(key, now))
                .map(|found| found.map_or_else(|(_, user_id)| user_id, |seen| seen.user_id)),
        };
        let given = self.venue.settings.staff_key.as_deref();
        let is_key = |text: &str| given.is_some_and(|given| text.contains(given)) || self.keyring.has_had(text);
        tests.requests.begin(request, now, user_id, is_key)
    }
}
