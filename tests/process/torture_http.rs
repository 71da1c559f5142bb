//! The torture of the HTTP server in a short, counted form; `scripts/torture` runs it in full.

use crate::torture::rows::run_short as run;

/// The process that a row starts is this binary, run with this name.
#[test]
#[ignore = "not a test: the server of a row of the torture, which starts it as a process of its own"]
fn server_of_a_row() {
    assert!(crate::torture::inside::serve_if_asked(), "a row starts this, and nobody else");
}

#[test]
fn bursts_of_connections_are_answered_within_a_second() {
    run("bursts");
}

#[test]
fn flood_of_pipelined_requests_is_answered_in_order_and_nobody_notices() {
    run("pipelining");
}

#[test]
fn requests_behind_a_parked_one_wait_for_it() {
    run("parked-pipelined");
}

#[test]
fn parked_waits_of_vanished_clients_are_freed() {
    run("vanished");
}

#[test]
fn clients_that_drip_are_refused_in_time_and_nobody_notices() {
    run("drips");
}

#[test]
fn handshakes_of_tls_that_do_not_end_are_ended_in_time_and_nobody_notices() {
    run("half-handshakes");
}

#[test]
fn clients_that_do_not_read_are_let_go_and_nobody_notices() {
    run("slow-readers");
}

#[test]
#[cfg_attr(inner_socket = "loopback", ignore = "the limit is what a start with the Unix inner socket needs")]
fn http_without_descriptors_refuses_and_recovers() {
    run("descriptors-64");
    run("descriptors-65");
}

#[test]
fn http_without_threads_goes_on_and_recovers() {
    run("threads");
}

#[test]
#[cfg_attr(inner_socket = "loopback", ignore = "the limit is what a start with the Unix inner socket needs")]
fn descriptors_few_for_the_binary_many_are_refused_and_it_recovers() {
    run("binary-descriptors");
}

#[test]
fn http_other_versions_of_http_are_refused_and_cost_nothing() {
    run("versions");
}

#[test]
fn impossible_lengths_are_refused_and_nothing_is_allocated_for_them() {
    run("lengths");
}

#[test]
fn heads_without_an_end_are_refused() {
    run("endless-heads");
}

#[test]
fn http_what_two_readers_could_read_differently_is_refused_and_what_follows_is_not_answered() {
    run("framing");
}

#[test]
fn panic_of_a_handler_is_told_logged_once_and_costs_no_worker() {
    run("panics");
}

#[test]
fn answer_that_comes_too_late_reaches_nobody() {
    run("late-answers");
}

#[test]
fn answers_go_to_the_request_they_belong_to_under_load() {
    run("mixups");
}
