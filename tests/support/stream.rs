//! A client of streams of events.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Client};

/// An open stream.
pub struct EventStream {
    reader: BufReader<ureq::BodyReader<'static>>,
    pub headers: Vec<(String, String)>,
    /// The id of the last event: what `Last-Event-ID` says when it goes on.
    pub last_id: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

impl Client {
    /// Opens a stream; or the answer of one that is refused, or empty.
    pub fn stream(&self, path: &str, authorization: &str, last_id: &str) -> Result<EventStream, Box<Answer>> {
        let mut request = ureq::http::Request::get(format!("{}/api/v1{path}", self.url));
        let accept = ("accept", "text/event-stream");
        let fields = [accept, ("authorization", authorization), ("last-event-id", last_id)];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        let request = self.agent.configure_request(request.body(()).unwrap());
        let request = request.timeout_recv_body(Some(Duration::from_secs(20))).build();
        let mut response = self.agent.run(request).unwrap();
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap_or("").to_owned()));
        let (headers, status) = (headers.collect(), response.status().as_u16());
        if status != 200 {
            let text = response.body_mut().read_to_string().unwrap();
            let body = serde_json::from_str(&text).unwrap_or(Value::Null);
            return Err(Box::new(Answer { status, headers, text, body }));
        }
        let reader = BufReader::new(response.into_body().into_reader());
        Ok(EventStream { reader, headers, last_id: last_id.to_owned() })
    }
}

impl EventStream {
    /// The next event; `None` at the end, when it is one in good order.
    pub fn next(&mut self) -> Option<Event> {
        let mut event = Event { name: String::new(), id: String::new(), data: Value::Null };
        let mut line = String::new();
        loop {
            line.clear();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                None if line.trim_end().is_empty() && !event.data.is_null() => break,
                None => assert!(matches!(line.trim_end(), "" | ":"), "{line}"),
                Some(_) => panic!("{line}"),
            }
        }
        if !event.id.is_empty() {
            self.last_id.clone_from(&event.id);
        }
        Some(event)
    }

    /// The next event, which must come.
    #[track_caller]
    pub fn must(&mut self) -> Event {
        self.next().unwrap() // it has ended
    }
}
