//! A client of the first days: the five flows with their refusals, as the server answered them before there were
//! tariffs, exchanges and lines of their own. What stood in an answer then stands there still; what came since it need
//! not read. `first_clients.json` was written down from the program of then: what differs each time stands between `<`
//! and `>`, what an earlier answer gave between `{` and `}`.

use std::collections::BTreeMap;

use crate::support::{TestApp, basic};
use serde_json::Value;

/// The values that answers gave, by name.
type Given = BTreeMap<String, String>;

fn filled(text: &str, given: &Given) -> String {
    given.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Where an answer of today is another than that of then, if it is.
fn difference(then: &Value, now: &Value, given: &Given, at: &str) -> Option<String> {
    let is_same = match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            return then.iter().find_map(|(name, value)| {
                difference(value, now.get(name).unwrap_or(&Value::Null), given, &format!("{at}/{name}"))
            });
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            let pairs = then.iter().zip(now).enumerate();
            return pairs.into_iter().find_map(|(n, (then, now))| difference(then, now, given, &format!("{at}/{n}")));
        }
        (Value::String(then), Value::String(now)) => {
            then.starts_with('<') && !now.is_empty() || filled(then, given) == *now
        }
        (then, now) => then == now,
    };
    (!is_same).then(|| format!("{at} was {then} and is {now}"))
}

#[test]
fn flows_answer_a_client_of_the_first_days_as_they_did_then() {
    let app = TestApp::with_seats(4, &["--max-active=1"]);
    let steps: Vec<Value> = serde_json::from_str(include_str!("first_clients.json")).unwrap();
    let mut given = Given::new();
    assert!(steps.len() > 35);
    for step in &steps {
        let text = |name: &str| filled(step[name].as_str().unwrap_or(""), &given);
        let (call, caller) = (text("call"), text("as"));
        let (method, path) = call.split_once(' ').unwrap();
        let authorization = match caller.strip_prefix("Basic ").and_then(|pair| pair.split_once(':')) {
            Some((id, key)) => basic(id, key),
            None => caller,
        };
        let key = step["headers"]["Idempotency-Key"].as_str().unwrap_or("");
        let body = step.get("body").map(|body| filled(&body.to_string(), &given));
        let headers = [("authorization", &*authorization), ("idempotency-key", key)];
        let answer = app.client.call_with(method, &format!("/api/v1{path}"), &headers, body.as_deref());
        assert_eq!(answer.status, step["status"].as_u64().unwrap() as u16, "{call}: {}", answer.text);
        for (name, at) in step["take"].as_object().into_iter().flatten() {
            let at = format!("/{}", at.as_str().unwrap().replace('.', "/"));
            given.insert(name.clone(), answer.body.pointer(&at).unwrap().as_str().unwrap().to_owned());
        }
        let then = step.get("answer").unwrap_or(&Value::Null);
        if !then.is_null() {
            assert_eq!(difference(then, &answer.body, &given, ""), None, "{call}: {}", answer.text);
        }
        if let Some(location) = step["location"].as_str() {
            assert_eq!(answer.header("location"), Some(&*filled(location, &given)), "{call}");
        }
    }
}
