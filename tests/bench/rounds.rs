//! One call beside its limits, in alternating rounds.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bare::{Bare, Work};
use crate::calls::Call;
use crate::figures::Spread;
use crate::halls::{Halls, seats_of};
use crate::load::{self, Load, Outcome, Play};
use crate::plays::Prepared;
use crate::served::Served;
use crate::wire::{Wire, with_path};

/// Pieces of work that share a transaction of bare SQLite: as many as there are connections.
const BATCH: usize = 64;

/// What one round of a server came to.
pub struct Round {
    pub per_second: f64,
    /// p50, p99 and p99.9 of all requests, in milliseconds.
    pub ms: [f64; 3],
    /// p99 of each call of a purchase.
    pub p99_of_calls_ms: Vec<f64>,
    /// Processor seconds of the server, and of the client, per 1,000 requests.
    pub cpu_per_1000: f64,
    pub client_cpu_per_1000: f64,
    pub resident_mb: f64,
    /// Jobs in a commit.
    pub batch: f64,
}

/// The servers that stay through all rounds.
pub struct Setup<'h> {
    pub halls: &'h Halls,
    pub server: Served,
    pub direct: Served,
    pub reading: Served,
}

/// All rounds of a call.
#[derive(Default)]
pub struct Compared {
    pub ours: Vec<Round>,
    pub server: Vec<Round>,
    pub direct: Vec<Round>,
    pub batches: Vec<f64>,
    pub single: Vec<f64>,
    /// Rounds of tiny_http exposed directly that are not counted, because connections were left unanswered.
    pub rounds_starved: usize,
    pub answer_bytes: usize,
}

pub fn compare(setup: &Setup, call: &Call, load: Load, rounds: usize) -> Compared {
    let reference = Reference::of(setup.halls, &setup.server, &setup.reading, call);
    let mut compared = Compared { answer_bytes: reference.answer_bytes, ..Compared::default() };
    for round in 0..rounds {
        let mut turns = [0, 1, 2, 3, 4];
        if round % 2 == 1 {
            turns.reverse(); // so that nobody profits from what else the machine does
        }
        for turn in turns {
            match turn {
                0 => match limit(&setup.direct, &reference, call, load) {
                    Some(round) => compared.direct.push(round),
                    None => compared.rounds_starved += 1,
                },
                1 => compared.server.extend(limit(&setup.server, &reference, call, load)),
                2 => compared.ours.push(ours(setup, call, load)),
                _ if load.is_new_each => {}
                3 => compared.batches.extend(bare(setup, call, BATCH, load.lasting)),
                _ => compared.single.extend(bare(setup, call, 1, load.lasting)),
            }
        }
    }
    assert_eq!(compared.server.len(), rounds, "{}: the HTTP server left connections unanswered", call.name);
    compared
}

/// Our requests of a call with the lengths of their answers, aimed at the servers that answer the same bytes.
pub struct Reference {
    /// Of the requests: with the status and the length of the content that make
    /// the answer of the HTTP server as long as ours.
    constant: Vec<(Vec<u8>, u16)>,
    answer_bytes: usize,
}

impl Reference {
    /// For the constant answer of `server`; ours come from `reading`, or from a server on a fresh file for a call that
    /// writes.
    pub fn of(halls: &Halls, server: &Served, reading: &Served, call: &Call) -> Reference {
        let fresh = call.work.map(|_| Served::boxoffice(&halls.copy(call.app(halls)), &[]));
        let served = fresh.as_ref().unwrap_or(reading);
        let mut play = call.play(halls, served);
        let (mut ours, mut server) = (Wire::open(served.address), Wire::open(server.address));
        let mut reference = Reference { constant: Vec::new(), answer_bytes: 0 };
        for _ in 0..call.requests() {
            let mut request = Vec::new();
            play.ask(0, &mut request);
            let answer = ours.call(&request);
            play.hear(0, &answer).unwrap();
            let (status, whole, body) = (answer.status, answer.length(), answer.body.len());
            let constant = |length: usize| with_path(&request, &format!("/constant/{status}?{length}"));
            let first = server.call(&constant(body)).length();
            let length = if body == 0 { 0 } else { (body + whole).saturating_sub(first) };
            reference.constant.push((constant(length), status));
            reference.answer_bytes += whole;
        }
        reference
    }

    /// The requests of the constant answer, again and again.
    pub fn play(&self) -> Prepared {
        let requests = self.constant.iter().map(|(request, _)| request.clone()).collect();
        let statuses: Vec<u16> = self.constant.iter().map(|(_, status)| *status).collect();
        Prepared::endless(requests, move |number, answer| answer.status == statuses[number])
    }
}

fn limit(served: &Served, reference: &Reference, call: &Call, load: Load) -> Option<Round> {
    let measured = measure(served, &mut reference.play(), load, &format!("the limit of {}", call.name))?;
    Some(measured.round(call))
}

fn ours(setup: &Setup, call: &Call, load: Load) -> Round {
    let fresh = call.work.map(|_| Served::boxoffice(&setup.halls.copy(call.app(setup.halls)), &[]));
    let served = fresh.as_ref().unwrap_or(&setup.reading);
    let mut play = call.play(setup.halls, served);
    let measured = measure(served, play.as_mut(), load, call.name).expect("every connection is served");
    if fresh.is_some() {
        drop(fresh); // its file is looked at when it is closed
        call.audit(&setup.halls.folder().join("round.db"), &measured.outcome);
    }
    measured.round(call)
}

/// A round, and what the server used for it.
struct Measured {
    outcome: Outcome,
    cpu_seconds: f64,
    resident_mb: f64,
    batch: f64,
}

/// One round; `None` when connections were left without an answer.
fn measure(served: &Served, play: &mut dyn Play, load: Load, what: &str) -> Option<Measured> {
    let (cpu, before) = (served.cpu_seconds(), served.writes());
    let outcome = load::run(served.address, load, play).ok().filter(|outcome| outcome.starved == 0)?;
    let (cpu_seconds, after) = (served.cpu_seconds() - cpu, served.writes());
    Some(Measured {
        outcome: outcome.must_be_right(what),
        cpu_seconds,
        resident_mb: served.memory("VmRSS") / 1e6,
        batch: (after.jobs - before.jobs) as f64 / (after.commits - before.commits) as f64,
    })
}

impl Measured {
    fn round(&self, call: &Call) -> Round {
        let Outcome { latencies_ns, seconds, cpu_seconds, .. } = &self.outcome;
        let answers = self.outcome.answers() as f64;
        let mut all = latencies_ns[0].clone();
        latencies_ns[1..].iter().for_each(|series| all.add(series).expect("the same bounds"));
        // A purchase is done with its last call; its limit has one series for the requests of all of them.
        let done = match latencies_ns.as_slice() {
            [one] => one.len() as f64 / call.requests() as f64,
            [.., last] => last.len() as f64,
            [] => f64::NAN,
        };
        Round {
            per_second: done / seconds,
            ms: [0.5, 0.99, 0.999].map(|quantile| all.value_at_quantile(quantile) as f64 / 1e6),
            p99_of_calls_ms: (0..latencies_ns.len()).map(|series| self.outcome.ms(series, 0.99)).collect(),
            cpu_per_1000: self.cpu_seconds * 1_000.0 / answers,
            client_cpu_per_1000: cpu_seconds * 1_000.0 / answers,
            resident_mb: self.resident_mb,
            batch: self.batch,
        }
    }
}

fn bare(setup: &Setup, call: &Call, batch: usize, lasting: Duration) -> Option<f64> {
    let (halls, work) = (setup.halls, call.work?);
    let app = call.app(halls);
    let users = if work == Work::Purchase { halls.buyers } else { halls.holders };
    Some(Bare::open(&halls.copy(app)).run(work, seats_of(app, halls), users, batch, lasting))
}

/// A figure of all rounds.
pub fn spread(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> Spread {
    Spread::of(&rounds.iter().map(figure).collect::<Vec<f64>>())
}

/// One rate to another, round by round.
pub fn ratios(ours: &[Round], others: &[f64]) -> Vec<f64> {
    ours.iter().zip(others).map(|(ours, other)| ours.per_second / other).collect()
}

/// The rates of rounds.
pub fn rates(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.per_second).collect()
}

fn rounds_json(rounds: &[Round]) -> Value {
    let of = |figure: fn(&Round) -> f64| spread(rounds, figure).json();
    json!({
        "perSecond": of(|round| round.per_second),
        "p50Ms": of(|round| round.ms[0]), "p99Ms": of(|round| round.ms[1]), "p999Ms": of(|round| round.ms[2]),
        "cpuSecondsPer1000": of(|round| round.cpu_per_1000),
        "clientCpuSecondsPer1000": of(|round| round.client_cpu_per_1000),
        "residentMb": of(|round| round.resident_mb), "jobsACommit": of(|round| round.batch),
    })
}

impl Compared {
    pub fn json(&self, call: &Call, load: Load) -> Value {
        json!({
            "call": call.name, "connections": load.connections, "connectionPerRequest": load.is_new_each,
            "answerBytes": self.answer_bytes, "ours": rounds_json(&self.ours), "behindTheServer": rounds_json(&self.server),
            "tinyHttpDirectly": rounds_json(&self.direct), "tinyHttpRoundsNotCounted": self.rounds_starved,
            "sqliteInBatchesPerSecond": Spread::of(&self.batches).json(),
            "sqliteOneEachPerSecond": Spread::of(&self.single).json(),
        })
    }
}
