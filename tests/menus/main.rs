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

#[path = "../support/binaries.rs"]
mod binaries;
mod network;
#[path = "../support/mod.rs"]
mod support;
mod transcript;

use transcript::{play, play_text, play_with};

#[test]
fn the_demo_needs_nobody_else() {
    play("demo");
}

#[test]
fn the_readme_shows_what_really_happens() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (_, rest) = readme.split_once("<!-- transcript: client demo -->\n```text\n").unwrap();
    let (shown, _) = rest.split_once("```\n<!-- end of transcript -->").unwrap();
    // Addresses, fingerprints and states differ from run to run: what stands before them does not.
    let steady = |line: &str| {
        let varies = ["127.0.0.1:", "fingerprint ", "available", "in-chat"];
        let end = varies.iter().filter_map(|word| line.find(word)).min();
        line[..end.unwrap_or(line.len())].trim().to_owned()
    };
    let steps: Vec<String> = shown
        .lines()
        .map(|line| match (line.strip_prefix("$ "), line.starts_with("> ")) {
            (Some(command), _) => format!("@katie: {command}"),
            (None, true) => line.to_owned(),
            (None, false) => format!("< {}", steady(line)),
        })
        .collect();
    assert!(steps.len() > 15, "{steps:?}");
    play_text("README.md", &(steps.join("\n") + "\n<exit> 0"), &[]);
}

#[test]
fn the_readme_names_the_two_commands_and_they_are_the_ones_that_are_run() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let ci = std::fs::read_to_string(".ci/run").unwrap();
    assert!(readme.contains("```sh\ncargo run --release --bin client\n```"));
    assert!(readme.contains("```sh\ncargo test --workspace\n```"));
    assert!(ci.contains("cargo test --workspace"));
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
fn people_and_communities_on_the_network_are_chosen_by_a_number() {
    if let Some(network) = network::Network::new() {
        play_with("people", &[("lan", network.name())]);
    }
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
fn files_are_offered_taken_denied_shared_and_fetched() {
    play("files");
}

#[test]
fn what_several_share_is_one_list_and_something_is_sent_to_all_of_them() {
    play_with("files-of-several", &[("style", ""), ("term", "TERM=xterm")]);
    play_with("files-of-several", &[("style", "--plain"), ("term", "TERM=dumb")]);
}

#[test]
fn who_leaves_with_an_offer_unanswered_is_told_what_becomes_of_it() {
    play("files-cut-off");
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
