//! The three programs as people use them: transcripts of typed lines and of what must then be on
//! the screens of real pseudo-terminals. `transcript.rs` tells how a transcript is written.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "../support/mod.rs"]
mod support;
mod transcript;

use transcript::{play, play_with};

#[test]
fn the_demo_needs_nobody_else() {
    play("demo");
}

#[test]
fn a_first_start_is_answered_by_enter() {
    play("first-start");
}

#[test]
fn a_community_leads_from_its_list_to_a_chat_and_back_to_the_list() {
    play("community");
}

#[test]
fn a_private_chat_needs_an_address_and_a_password() {
    play("private-chat");
}

#[test]
fn wrong_answers_are_explained_and_asked_again() {
    play("wrong-answers");
}

#[test]
fn a_call_is_accepted_denied_missed_or_answered_at_a_password_prompt() {
    play("calls");
}

#[test]
fn with_several_conversations_each_line_goes_to_whom_it_was_typed_for() {
    play("several");
}

#[test]
fn a_taken_name_is_replaced_by_another() {
    play("name-taken");
}

#[test]
fn somebody_else_under_a_known_name_is_announced_and_can_be_trusted() {
    play("identity");
}

#[test]
fn a_community_that_was_lost_comes_back_by_itself() {
    play("lost-and-back");
}

#[test]
fn a_half_typed_line_stays_whole_and_a_pasted_block_is_one_message() {
    play("typing");
}

#[test]
fn a_dumb_terminal_gets_no_escape_sequence() {
    play_with("plain", &[("style", ""), ("term", "TERM=dumb")]);
    play_with("plain", &[("style", "--plain"), ("term", "TERM=xterm")]);
}

#[test]
fn every_prompt_can_be_left_and_the_terminal_is_sane_then() {
    for style in ["", "--plain"] {
        for leave in ["<key> Ctrl-C", "<key> Ctrl-D", "<signal> TERM"] {
            play_with("leaving", &[("style", style), ("leave", leave)]);
        }
    }
}

#[test]
fn the_last_entry_and_q_leave_too() {
    play("leaving-by-words");
}

#[test]
fn every_transcript_is_played() {
    let source = include_str!("main.rs");
    for name in transcript::names() {
        assert!(source.contains(&format!("(\"{name}\"")), "{name} is played by no test");
    }
}
