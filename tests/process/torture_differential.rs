//! Random byte streams to the HTTP server, cut at random places: well-formed ones get their own answers, in order;
//! malformed ones a refusal and a close. The generator knows what it built; nothing here asks its parser.

use crate::torture::report::{Against, Report};
use crate::torture::rows::ALL;
use crate::torture::streams::stream;

#[test]
fn http_random_streams_get_their_own_answers_or_a_refusal() {
    let row = ALL.iter().find(|row| row.name == "differential").unwrap();
    let seed = std::env::var("TORTURE_SEED").ok().and_then(|text| text.parse().ok());
    let report = Report::of(row, row.short, Against::Server, seed, None);
    println!("{}", report.line(row.name));
    assert!(report.violations.is_empty(), "TORTURE_SEED={} {:#?}", report.seed, report.violations);
}

#[test]
fn seed_gives_the_same_stream_again() {
    for seed in 0..200 {
        let (one, other) = (stream(seed), stream(seed));
        assert_eq!((one.bytes, one.cuts, one.end), (other.bytes, other.cuts, other.end));
    }
}
