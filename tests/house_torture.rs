//! The torture of the house in a short form; `scripts/torture` runs it in full.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod torture;

use torture::rows::run_short;

#[test]
fn killed_under_load_it_loses_no_answer() {
    run_short("kill");
}

#[test]
fn asked_to_stop_under_load_it_answers_what_is_under_way() {
    run_short("stop");
}

#[test]
fn after_a_power_loss_every_answer_is_kept() {
    run_short("power-loss");
}

#[test]
fn calls_whose_answers_were_lost_have_one_effect_and_one_answer() {
    run_short("lost-answers");
}
