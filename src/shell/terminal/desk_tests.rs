//! What the desk promises to the program, and to the threads of the terminal.

use std::io::Read;

use crate::limits::PIPE_BYTES_AT_ONCE;

use super::*;

fn desk() -> Desk {
    Desk::new(Style::Rich, false, Arc::new(|| ()))
}

fn texts(desk: &Desk) -> Vec<String> {
    let mut state = desk.lock();
    let items = desk.take_items(&mut state);
    items.into_iter().map(|item| format!("{item:?}")).collect()
}

#[test]
fn lines_beyond_the_limit_are_counted_and_the_count_comes_last() {
    let desk = desk();
    for number in 0..SCREEN_LINES_MAX + 37 {
        desk.push_talk(&number.to_string(), false);
    }
    let shown = texts(&desk);
    assert_eq!(shown.len(), SCREEN_LINES_MAX + 1);
    assert!(shown.last().unwrap().contains("37 lines skipped"));
    desk.push_talk("after", false);
    assert_eq!(texts(&desk).len(), 1);
}

#[test]
fn data_waits_for_room_and_nothing_is_lost() {
    let desk = desk();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..3 * SCREEN_LINES_MAX {
                desk.push_data(&number.to_string());
            }
        });
        let mut seen = 0;
        while seen < 3 * SCREEN_LINES_MAX {
            let mut state = desk.lock();
            while state.items.is_empty() {
                state = desk.wait_to_print(state);
            }
            assert!(state.items.len() <= SCREEN_LINES_MAX);
            seen += desk.take_items(&mut state).len();
        }
        writer.join().unwrap();
        assert_eq!(seen, 3 * SCREEN_LINES_MAX);
    });
}

#[test]
fn a_short_line_goes_into_a_pipe_at_once_unless_another_waits() {
    let (mut reader, writer) = io::pipe().unwrap();
    let desk = Desk::new(Style::Pipe, false, Arc::new(|| ()));
    desk.lock().pipe = Outlet::to_pipe(writer);
    desk.push_data("one");
    let mut read = [0; 4];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"one\n");
    let long = "two".repeat(PIPE_BYTES_AT_ONCE);
    desk.push_data(&long);
    desk.push_data("three");
    assert_eq!(texts(&desk), [format!("Data({long:?})"), "Data(\"three\")".into()]);
    // Those are being written now.
    desk.push_data("four");
    assert_eq!(desk.lock().items.len(), 1);
}

#[test]
fn a_full_pipe_is_left_to_the_printer() {
    let (_reader, writer) = io::pipe().unwrap();
    let desk = Desk::new(Style::Pipe, false, Arc::new(|| ()));
    desk.lock().pipe = Outlet::to_pipe(writer);
    while desk.lock().items.is_empty() {
        desk.push_data("line");
    }
    assert_eq!(texts(&desk), ["Data(\"line\")"]);
}

#[test]
fn closed_output_is_told_once_and_data_no_longer_waits() {
    let desk = desk();
    desk.set_output_closed();
    desk.set_output_closed();
    assert!(matches!(desk.pop_typed(), Some(Typed::OutputClosed)));
    assert!(desk.pop_typed().is_none());
    for number in 0..2 * SCREEN_LINES_MAX {
        desk.push_data(&number.to_string());
    }
    assert!(texts(&desk).is_empty());
}

#[test]
fn a_server_goes_on_without_whoever_does_not_read_its_output() {
    let desk = Desk::new(Style::Pipe, true, Arc::new(|| ()));
    for number in 0..2 * SCREEN_LINES_MAX {
        desk.push_data(&number.to_string());
    }
    assert!(matches!(desk.pop_typed(), Some(Typed::OutputClosed)));
    assert!(desk.pop_typed().is_none());
}

#[test]
fn a_server_loses_nothing_of_a_burst_that_is_read() {
    let desk = Desk::new(Style::Pipe, true, Arc::new(|| ()));
    let all = 5 * SCREEN_LINES_MAX;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = 0;
            while read < all && !desk.lock().output_closed {
                read += texts(&desk).len();
                std::thread::yield_now();
            }
            read
        });
        (0..all).for_each(|number| desk.push_data(&number.to_string()));
        assert_eq!(reader.join().unwrap(), all);
    });
}

#[test]
fn a_finish_without_writers_ends_all_the_same() {
    desk().finish(Duration::from_millis(1));
}
