//! The terminal in rich style on real pseudo-terminals, by way of `examples/terminal_echo.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod support;

use support::echo::{Control, program};
use support::pty::Pty;

fn position(lines: &[String], text: &str) -> usize {
    lines.iter().position(|line| line == text).unwrap_or_else(|| panic!("{text} in {lines:#?}"))
}

#[test]
fn an_arriving_line_appears_above_the_half_typed_one_which_stays_editable() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("arrive\r");
    pty.wait_for_text("line \"arrive\"");
    pty.send("half a li");
    pty.wait_for_cursor_line("> half a li");
    control.go_on();
    pty.wait_for_text("katie: [31mhello[0m");
    pty.wait_for_cursor_line("> half a li");
    let lines = pty.lines();
    assert_eq!(lines[lines.len() - 2..], ["katie: [31mhello[0m", "> half a li"]);
    assert!(pty.output().contains(&0x07), "the bell rings");
    pty.send("xx\x7f\x7fne\x01b\r");
    pty.wait_for_text("line \"bhalf a line\"");
}

#[test]
fn a_line_longer_than_the_screen_is_wide_stays_whole_too() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("arrive\r");
    pty.wait_for_text("line \"arrive\"");
    let long: String = (0..50).map(|number| format!("{number:03} ")).collect();
    pty.send(&long);
    pty.wait_for_text("048 049");
    control.go_on();
    pty.wait_for_text("katie: [31mhello[0m");
    let shown = format!("> {long}");
    pty.wait_for("the whole line below", |screen| {
        // Rows that are wrapped come as one line.
        let lines: Vec<String> = screen.contents().lines().map(str::to_owned).collect();
        lines[lines.len() - 2..] == ["katie: [31mhello[0m", &shown]
            && !lines[..lines.len() - 2].iter().any(|line| line.contains("000 001"))
    });
    pty.send("\r");
    // What is told is broken before the terminal breaks it.
    pty.wait_for("the line that was typed", |screen| {
        let told: Vec<String> =
            screen.contents().lines().map(|row| row.trim().to_owned()).collect();
        told.join(" ").contains(&format!("line \"{}", long.trim()))
    });
}

#[test]
fn lines_arriving_fast_lose_no_keystroke_and_none_of_them_is_lost() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("flood 200\r");
    let text: String = (0..60).map(|number| char::from(b'a' + number % 26)).collect();
    for key in text.chars() {
        pty.send(&key.to_string());
    }
    pty.send("\r");
    pty.wait_for_output(&format!("line {text:?}"));
    pty.wait_for_output("arriving 200\r\n");
    let output = String::from_utf8(pty.output()).unwrap();
    let arrived = output.split("arriving ").skip(1).map(|rest| rest.split('\r').next().unwrap());
    let expected: Vec<String> = (1..=200).map(|number| number.to_string()).collect();
    assert_eq!(arrived.collect::<Vec<_>>(), expected);
}

#[test]
fn entering_lines_while_others_arrive_never_gets_stuck() {
    let control = Control::new();
    let mut pty = control.rich();
    for round in 0..50 {
        pty.send(&format!("flood 20\rx{round}\r"));
    }
    pty.wait_for_output("line \"x49\"");
    pty.send("idle\r");
    pty.wait_for_output("line \"idle\"");
    control.go_on();
    // Nothing is asked now, and still everything that arrived is shown.
    pty.wait_for_text("katie: ");
    let output = String::from_utf8(pty.output()).unwrap();
    assert_eq!(output.matches("arriving 20\r\n").count(), 50);
    assert_eq!(output.matches("arriving 1\r\n").count(), 50);
}

#[test]
fn a_pasted_block_is_one_line() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("\x1b[200~one\r\ntwo\x07\nthree\n\x1b[201~");
    pty.wait_for_text("three");
    let lines = pty.lines();
    assert_eq!(lines[lines.len() - 3..], ["> one", "two", "three"]);
    assert!(!pty.output().contains(&0x07), "a pasted bell does not ring");
    pty.send("\r");
    pty.wait_for_text("line \"one\\ntwo\\u{7}\\nthree\"");
}

#[test]
fn ctrl_c_interrupts_ctrl_d_ends_and_the_modes_are_as_before() {
    let control = Control::new();
    let mut pty = control.rich();
    assert_ne!(pty.modes(), pty.modes_before());
    pty.send("abc\x03");
    pty.wait_for_text("interrupt");
    pty.wait_for_cursor_line("> ");
    pty.send("ab\x02\x04\x7f");
    pty.wait_for_cursor_line("> ");
    pty.send("\x04");
    pty.wait_for_text("end");
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(pty.modes(), pty.modes_before());
    let output = String::from_utf8(pty.all_output()).unwrap();
    let paste = output.rfind("\x1b[?2004").unwrap();
    assert!(output[paste..].starts_with("\x1b[?2004l"), "bracketed paste is off in the end");
}

#[test]
fn a_panic_leaves_the_modes_as_before() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("panic\r");
    assert_eq!(pty.wait_for_exit(), 101);
    assert_eq!(pty.modes(), pty.modes_before());
}

#[test]
fn an_end_in_the_middle_of_a_line_shows_the_last_words_and_restores_the_modes() {
    let control = Control::new();
    let mut pty = control.spawn(&["--end-on-control"], &[]);
    pty.wait_for_cursor_line("> ");
    pty.send("half");
    pty.wait_for_cursor_line("> half");
    control.go_on();
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(pty.modes(), pty.modes_before());
    pty.all_output();
    let lines = pty.lines();
    assert_eq!(lines.last().unwrap(), "goodbye", "{lines:?}");
}

#[test]
fn ctrl_z_gives_the_shell_its_terminal_and_goes_on_after() {
    let control = Control::new();
    let program = program().to_str().unwrap();
    let mut pty = Pty::spawn("/bin/sh", &["-i"], &[("PS1", "shell: ")]);
    pty.wait_for_cursor_line("shell: ");
    // Whatever line editing the shell has, it is not what is asked about.
    pty.send(&format!("stty -a > {}\r", control.path("before")));
    pty.wait_for("a new prompt", |screen| screen.contents().matches("shell: ").count() == 2);
    pty.send(&format!("HISTORY= {program}\r"));
    pty.wait_for_text("style Rich");
    pty.wait_for_cursor_line("> ");
    pty.send("half");
    pty.wait_for_cursor_line("> half");
    pty.send("\x1a");
    pty.wait_for_cursor_line("shell: ");
    pty.send(&format!("stty -a > {}; echo \"stopped\"\r", control.path("stopped")));
    pty.wait_for_text("\nstopped");
    pty.send("fg\r");
    pty.wait_for_cursor_line("> half");
    pty.send(" a line\r");
    pty.wait_for_text("line \"half a line\"");
    pty.send("\x04");
    pty.wait_for_text("end\n");
    let [before, stopped] =
        ["before", "stopped"].map(|name| std::fs::read_to_string(control.path(name)).unwrap());
    assert_eq!(before, stopped);
    assert!(before.contains(" echo "));
}

#[test]
fn a_secret_is_not_seen_and_arriving_lines_leave_its_prompt_whole() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("secret\r");
    pty.wait_for_cursor_line("Password: ");
    pty.send("hun");
    control.go_on();
    pty.wait_for_text("katie: [31mhello[0m");
    pty.wait_for_cursor_line("Password: ");
    let lines = pty.lines();
    assert!(position(&lines, "katie: [31mhello[0m") == lines.len() - 2);
    // Keys that mean something on a line: none may show or lose anything.
    pty.send("\x1b5\x1b[A\x12\x19\tX\x7fter2\r");
    pty.wait_for_text("secret of 7 characters");
    pty.wait_for_cursor_line("> ");
    pty.send("\x19\x1b[A");
    pty.wait_for_cursor_line("> secret");
    let output = String::from_utf8(pty.output()).unwrap();
    assert!(!output.contains("hun") && !output.contains("ter2") && !output.contains("arg"));
    assert_eq!(std::fs::read_to_string(control.path("history")).unwrap(), "secret\n");
    // Just Enter, Ctrl-C and Ctrl-D are answers too.
    pty.send("\r");
    pty.wait_for_cursor_line("Password: ");
    pty.send("\r");
    pty.wait_for_text("secret of 0 characters");
    pty.send("secret\r");
    pty.wait_for_cursor_line("Password: ");
    pty.send("abc\x03");
    pty.wait_for_text("interrupt");
    pty.send("secret\r");
    pty.wait_for_cursor_line("Password: ");
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(pty.modes(), pty.modes_before());
}

#[test]
fn a_secret_typed_ahead_of_its_prompt_is_not_seen_either() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("secret\rhunter2\rafter\r");
    pty.wait_for_text("line \"after\"");
    pty.wait_for_text("secret of 7 characters");
    let output = String::from_utf8(pty.output()).unwrap();
    assert!(!output.contains("hunter2"));
}

#[test]
fn keys_typed_before_the_first_prompt_are_kept_and_not_shown_early() {
    let control = Control::new();
    let mut pty = control.spawn(&["--late"], &[]);
    pty.wait_for_text("not asking yet");
    pty.send("early\rsecond\r");
    assert!(!pty.screen().contains("early"));
    control.go_on();
    pty.wait_for_text("line \"second\"");
    let lines = pty.lines();
    assert!(position(&lines, "> early") < position(&lines, "line \"early\""));
    assert!(position(&lines, "not asking yet") < position(&lines, "> early"));
}

#[test]
fn up_brings_the_last_line_back_also_in_the_next_session() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("first\r");
    pty.wait_for_text("line \"first\"");
    pty.send(" unsaid\rsecond\r");
    pty.wait_for_text("line \"second\"");
    pty.send("\x1b[A");
    pty.wait_for_cursor_line("> second");
    pty.send("\x1b[A\r");
    pty.wait_for("first again", |screen| screen.contents().matches("line \"first\"").count() == 2);
    pty.send("\x04");
    assert_eq!(pty.wait_for_exit(), 0);

    let mut pty = control.rich();
    pty.send("\x1b[A\x1b[A");
    pty.wait_for_cursor_line("> second");
}

#[test]
fn a_byte_that_is_no_text_does_not_end_the_program() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("latin ");
    pty.wait_for_cursor_line("> latin ");
    pty.send_bytes(b"\xff");
    pty.wait_for("a new prompt", |screen| screen.cursor_position() == (2, 2));
    pty.send("fine\r");
    pty.wait_for_text("line \"fine\"");
}

#[test]
fn tab_completes_a_name_and_lists_several() {
    let control = Control::new();
    let mut pty = control.rich();
    pty.send("hello kat\t");
    pty.wait_for_cursor_line("> hello katie");
    pty.send(" ka\t");
    pty.wait_for_text("karl");
    pty.wait_for_cursor_line("> hello katie ka");
    pty.send("\x15/q\t\r");
    pty.wait_for_text("line \"/quit\"");
}
