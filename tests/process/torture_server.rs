//! The torture harness of the server in a short form; `scripts/torture` runs it in full.

use crate::torture::rows::run_short;

#[test]
fn torture_killed_under_load_it_loses_no_answer() {
    run_short("kill");
}

#[test]
fn torture_asked_to_stop_under_load_it_answers_what_is_under_way() {
    run_short("stop");
}

#[test]
fn torture_after_a_power_loss_every_answer_is_kept() {
    run_short("power-loss");
}

#[test]
fn calls_whose_answers_were_lost_have_one_effect_and_one_answer() {
    run_short("lost-answers");
}

#[test]
fn torture_every_answer_is_explained_by_one_order_of_events() {
    run_short("history");
}

#[test]
fn torture_on_a_full_disk_reads_go_on_and_writes_heal() {
    run_short("disk-full");
}

#[test]
fn readiness_asked_by_many_writes_once_a_second_and_holds_no_reader_up() {
    run_short("readiness");
}

#[test]
fn torture_whichever_call_on_the_disk_fails_there_is_no_half_state() {
    run_short("io-errors");
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused_and_left_alone() {
    run_short("refused-files");
}

#[test]
fn wall_clock_that_steps_moves_no_hold_and_no_sale() {
    run_short("clock");
}

#[test]
fn clock_a_wall_that_stands_elsewhere_at_each_start_leaves_a_sound_file() {
    run_short("clock-starts");
}

#[test]
fn torture_of_two_hundred_clients_for_one_seat_one_gets_it() {
    run_short("one-seat");
}

#[test]
fn torture_in_a_storm_at_the_door_honest_customers_notice_nothing() {
    run_short("storm");
}

#[test]
fn torture_mixed_load_with_faults_leaves_nothing_behind() {
    run_short("soak");
}

#[test]
fn backup_made_under_load_has_all_that_was_answered() {
    run_short("backups");
}

#[test]
fn file_reached_by_links_is_copied_with_what_stands_in_its_log() {
    run_short("linked-paths");
}

#[test]
fn torture_no_file_is_made_beside_the_log_of_another() {
    run_short("leftovers");
}

#[test]
fn replacement_killed_at_any_step_leaves_a_database() {
    run_short("replaced");
}

#[test]
fn files_are_made_where_there_are_no_hard_links() {
    run_short("no-hard-links");
}
