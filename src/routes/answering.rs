//! Where an answer goes: to its caller. On a server for tests, requests are listed and meet faults on the way.

use std::sync::Arc;

use super::Handlers;
use crate::clock::Millis;
use crate::http::{Credential, Delivery, Reply, Request, Responder, Wait};
use crate::ids::{self, TokenKey};
use crate::testing::{Fault, TestServer};

/// The way back to a caller.
pub(super) struct Answering {
    responder: Responder,
    listed: Option<TestedRequest>,
    /// What a course makes of the answer. Its calls never wait.
    through: Option<Box<dyn FnOnce(Reply) -> Reply + Send>>,
}

/// A request of a test.
struct TestedRequest {
    tests: Arc<TestServer>,
    sequence: u64,
    /// How a fault has the answer delivered.
    delivery: Option<Delivery>,
}

impl Answering {
    /// The same for an answer that `through` makes another of.
    pub fn through(self, through: impl FnOnce(Reply) -> Reply + Send + 'static) -> Answering {
        Answering { through: Some(Box::new(through)), ..self }
    }

    pub fn send(mut self, reply: Reply) {
        let reply = match self.through.take() {
            Some(through) => through(reply),
            None => reply,
        };
        if let Some(listed) = &self.listed {
            listed.tests.requests.end(listed.sequence, &reply);
            self.responder.deliver_by(listed.delivery);
        }
        self.responder.send(reply);
    }

    /// Sends the next piece of a stream, which goes on.
    pub fn stream(mut self, reply: Reply, wait: Wait) {
        match self.listed.take() {
            Some(listed) if listed.delivery.is_some() => {
                self.listed = Some(listed);
                self.send(reply); // it comes as the test wishes, and nothing after it
            }
            listed => {
                listed.iter().for_each(|listed| listed.tests.requests.end(listed.sequence, &reply));
                self.responder.stream(reply, wait);
            }
        }
    }

    /// Lets the request wait.
    pub fn wait(self, mut wait: Wait) {
        if let Some(TestedRequest { sequence, delivery, .. }) = self.listed {
            let delivery = delivery.map_or("-".to_owned(), |delivery| delivery.to_string());
            wait.memo = format!("{sequence} {delivery} {}", wait.memo);
        }
        self.responder.wait(wait);
    }
}

impl Handlers {
    /// The way back to who made a request; `None` where it met a fault and is not to be carried out. One that waited
    /// gives back what [`Answering::wait`] added to its memo.
    pub(super) fn answering(&self, request: &mut Request, mut responder: Responder, now: Millis) -> Option<Answering> {
        let Some(tests) = self.tests.as_ref().filter(|_| !super::is_below_tests(&request.path)) else {
            return Some(Answering { responder, listed: None, through: None });
        };
        let tests = Arc::clone(tests);
        if request.resumed.as_ref().is_some_and(|resumed| resumed.told.is_some()) {
            return Some(Answering { responder, listed: None, through: None }); // its stream was listed when it began
        }
        if let Some(resumed) = &mut request.resumed {
            let mut words = resumed.memo.splitn(3, ' ');
            let sequence = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
            let delivery = words.next().and_then(Delivery::parse);
            resumed.memo = words.next().unwrap_or_default().to_owned();
            let listed = Some(TestedRequest { tests, sequence, delivery });
            return Some(Answering { responder, listed, through: None });
        }
        let fault = tests.faults.meet(request.method, &request.path, request.language());
        let sequence = self.list(&tests, request, now, fault.as_ref());
        match fault {
            Some(Fault { is_carried_out: false, reply, delivery, .. }) => {
                if let Some(reply) = &reply {
                    tests.requests.end(sequence, reply);
                }
                responder.deliver_by(Some(delivery));
                responder.send(reply.unwrap_or_else(|| Reply::empty(204))); // without one nothing of it is sent
                None
            }
            fault => {
                let delivery = fault.map(|fault| fault.delivery);
                let listed = Some(TestedRequest { tests, sequence, delivery });
                Some(Answering { responder, listed, through: None })
            }
        }
    }

    fn list(&self, tests: &TestServer, request: &Request, now: Millis, fault: Option<&Fault>) -> u64 {
        let user_id = match Credential::of(request) {
            Credential::Nothing => None,
            Credential::Basic(user_id, _) => ids::parse_id(&user_id),
            Credential::Bearer(token) => TokenKey::parse(&token)
                .and_then(|key| self.lines.view(key, now))
                .map(|found| found.map_or_else(|(_, user_id)| user_id, |seen| seen.user_id)),
        };
        let given = self.state.settings.staff_key.as_deref();
        let is_key = |text: &str| given.is_some_and(|given| text.contains(given)) || self.keyring.has_had(text);
        tests.requests.begin(request, now, user_id, fault.map(|fault| fault.word), is_key)
    }
}
