//! The terminal in plain style and on pipes, by way of `examples/terminal_echo.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};

use support::echo::{Control, program};
use support::in_time;

fn plain_session(args: &[&str], env: &[(&str, &str)]) {
    let control = Control::new();
    let mut pty = control.spawn(args, env);
    pty.wait_for_text("style Plain");
    pty.wait_for_cursor_line("> ");
    pty.send("secret\r");
    pty.wait_for_cursor_line("Password: ");
    control.go_on();
    pty.wait_for_text("katie: [31mhello[0m");
    pty.wait_for_cursor_line("Password: ");
    pty.send("hunter2\r");
    pty.wait_for_text("secret of 7 characters");
    pty.wait_for_cursor_line("> ");
    pty.send("one\r");
    pty.wait_for_text("line \"one\"");
    pty.wait_for_cursor_line("> ");
    pty.send("\x04");
    pty.wait_for_text("end");
    assert_eq!(pty.wait_for_exit(), 0);
    assert_eq!(pty.modes(), pty.modes_before());
    let output = pty.all_output();
    assert!(!output.contains(&0x1b), "{:?}", String::from_utf8_lossy(&output));
    assert!(!String::from_utf8_lossy(&output).contains("hunter2"));
    let lines = pty.lines();
    let end = lines.len() - 9;
    assert_eq!(
        lines[end..],
        [
            "line \"secret\"",
            "Password: ",
            "katie: [31mhello[0m",
            "Password: ",
            "secret of 7 characters",
            "> one",
            "line \"one\"",
            "> ",
            "end",
        ]
    );
}

#[test]
fn a_dumb_terminal_gets_no_escape_sequence() {
    plain_session(&[], &[("TERM", "dumb")]);
}

#[test]
fn the_flag_plain_gives_any_terminal_none() {
    plain_session(&["--plain"], &[]);
}

fn piped(args: &[&str]) -> Child {
    let mut command = Command::new(program());
    command
        .args(args)
        .env_remove("CONTROL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn answer(args: &[&str], input: &[u8]) -> (Output, String) {
    let mut child = piped(args);
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = in_time(|| child.wait_with_output().unwrap());
    let talk = String::from_utf8(output.stderr.clone()).unwrap();
    (output, talk)
}

#[test]
fn lines_are_read_from_a_pipe_and_its_end_is_the_end() {
    let (output, talk) = answer(&[], b"hello\nsecret\nsesame\r\ndata\n\xff last");
    assert_eq!(output.status.code(), Some(0));
    let expected = "style Pipe\nline \"hello\"\nline \"secret\"\nsecret of 6 characters\n\
                    line \"data\"\nline \"\u{fffd} last\"\nend\n";
    assert_eq!(talk, expected);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "data 1\ndata 2\ndata 3\n");
}

#[test]
fn an_empty_input_is_the_end() {
    let (output, talk) = answer(&[], b"");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(talk, "style Pipe\nend\n");
}

#[test]
fn all_data_reaches_a_reader_however_slow() {
    let mut child = piped(&["--count", "--no-input"]);
    let mut stdout = child.stdout.take().unwrap();
    // A megabyte is more than the pipe and the queue hold: until we read, it waits.
    let output = in_time(move || {
        let mut output = String::new();
        stdout.read_to_string(&mut output).unwrap();
        output
    });
    let expected: String = (1..=5000).map(|number| format!("data {number:0>200}\n")).collect();
    assert!(output == expected, "{} lines", output.lines().count());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_never_reads_cannot_keep_the_program_from_ending() {
    let mut child = piped(&["--leave", "--no-input"]);
    let stdout = child.stdout.take();
    assert!(in_time(move || child.wait().unwrap()).success());
    drop(stdout);
}

#[test]
fn a_closed_output_is_told_and_is_no_panic() {
    let mut child = piped(&[]);
    drop(child.stdout.take());
    // Held open: the end of input would end the program before it notices.
    let mut stdin = child.stdin.take().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    // Again and again, because another test may just be starting a program: until that has become
    // itself, it holds a copy of our end of the pipe.
    let told = in_time(move || {
        let told = (0..10_000).any(|_| {
            let _ = stdin.write_all(b"data\n");
            talk.next().is_some_and(|line| line.unwrap() == "output closed")
        });
        assert_eq!(talk.count(), 0, "nothing else is said, above all no panic");
        told
    });
    assert!(told);
    assert_eq!(in_time(move || child.wait().unwrap()).code(), Some(7));
}

#[test]
fn a_closed_error_output_is_ignored() {
    let mut child = piped(&[]);
    drop(child.stderr.take());
    child.stdin.take().unwrap().write_all(b"one\ndata\n").unwrap();
    let output = in_time(|| child.wait_with_output().unwrap());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"data 1\ndata 2\ndata 3\n");
}
