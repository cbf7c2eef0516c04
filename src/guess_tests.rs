//! Who may try a password when, and who is remembered.

use super::*;

fn source(last: u8) -> Source {
    Source::of(IpAddr::from([10, 0, 0, last]))
}

/// One of as many sources as it takes.
fn one_of_many(number: u32) -> Source {
    Source::of(IpAddr::from((number + (11 << 24)).to_be_bytes()))
}

/// A log-in that fails at once.
fn guess(guesses: &mut Guesses, now: Millis, source: Source) -> Result<(), Millis> {
    guesses.take(now, source).inspect(|()| guesses.lose(source))
}

fn log_in(guesses: &mut Guesses, now: Millis, source: Source) -> Result<(), Millis> {
    guesses.take(now, source).inspect(|()| guesses.give_back(now, source))
}

/// Strangers have used up what there is for all of them.
fn flooded(now: Millis) -> Guesses {
    let mut guesses = Guesses::new(GuessLimits::default());
    for number in 0..limits::GUESS_GLOBAL_BURST {
        assert_eq!(guess(&mut guesses, now, one_of_many(number)), Ok(()));
    }
    guesses
}

#[test]
fn after_the_burst_one_guess_comes_back_each_interval() {
    let mut guesses = Guesses::new(GuessLimits::default());
    for _ in 0..limits::GUESS_BURST {
        assert_eq!(guess(&mut guesses, Millis(0), source(1)), Ok(()));
    }
    assert_eq!(guesses.take(Millis(0), source(1)), Err(limits::GUESS_REFILL));
    assert_eq!(guesses.take(Millis(4_000), source(1)), Err(Millis(6_000)));
    assert_eq!(guess(&mut guesses, limits::GUESS_REFILL, source(1)), Ok(()));
    assert!(guesses.take(limits::GUESS_REFILL, source(1)).is_err());
    assert_eq!(guesses.take(Millis(0), source(2)), Ok(()), "others are not locked out");
}

#[test]
fn a_thousand_good_log_ins_are_not_throttled() {
    let mut guesses = Guesses::new(GuessLimits::default());
    for _ in 0..1000 {
        assert_eq!(log_in(&mut guesses, Millis(0), source(1)), Ok(()));
    }
}

#[test]
fn a_class_behind_one_router_logs_in_at_once_and_so_many_guesses_are_paid_off() {
    let mut guesses = Guesses::new(GuessLimits::default());
    for _ in 0..30 {
        assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
    }
    for _ in 0..30 {
        guesses.give_back(Millis(0), source(1));
    }
    for _ in 0..30 {
        assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
    }
    for _ in 0..30 {
        guesses.lose(source(1));
    }
    let debt = Millis(limits::GUESS_REFILL.0 * 26);
    assert_eq!(guesses.take(Millis(0), source(1)), Err(debt));
    assert!(guesses.take(debt, source(1)).is_ok());
}

#[test]
fn all_sources_together_are_limited_too() {
    let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: 3 });
    for last in 0..3 {
        assert_eq!(guess(&mut guesses, Millis(0), source(last)), Ok(()));
    }
    assert_eq!(guesses.take(Millis(0), source(9)), Err(limits::GUESS_GLOBAL_REFILL));
}

#[test]
fn who_has_been_in_comes_back_during_a_flood_of_strangers_but_guesses_no_more_than_they() {
    let mut guesses = Guesses::new(GuessLimits::default());
    assert_eq!(log_in(&mut guesses, Millis(0), source(1)), Ok(()));
    for number in 0..limits::GUESS_GLOBAL_BURST {
        assert_eq!(guess(&mut guesses, Millis(0), one_of_many(number)), Ok(()));
    }
    assert!(guesses.take(Millis(0), source(2)).is_err(), "a stranger waits");
    for _ in 0..100 {
        assert_eq!(log_in(&mut guesses, Millis(0), source(1)), Ok(()));
    }
    for _ in 0..limits::GUESS_BURST {
        assert_eq!(guess(&mut guesses, Millis(0), source(1)), Ok(()));
    }
    assert_eq!(guesses.take(Millis(0), source(1)), Err(limits::GUESS_REFILL));
}

#[test]
fn all_who_have_been_in_are_limited_together_too() {
    let mut guesses = Guesses::new(GuessLimits::default());
    let count = limits::GUESS_GLOBAL_BURST;
    for number in 0..=count {
        assert_eq!(log_in(&mut guesses, Millis(0), one_of_many(number)), Ok(()));
    }
    for number in 0..count {
        assert_eq!(guess(&mut guesses, Millis(0), one_of_many(number)), Ok(()));
    }
    assert!(guesses.take(Millis(0), one_of_many(count)).is_err());
}

#[test]
fn log_ins_under_way_go_over_to_the_proven_with_the_first_that_succeeds() {
    let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: 3 });
    for _ in 0..3 {
        assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
    }
    guesses.give_back(Millis(0), source(1));
    guesses.lose(source(1));
    guesses.lose(source(1));
    let left = |pool: &Pool| (pool.all.tokens, pool.all.pending);
    assert_eq!((left(&guesses.strangers), left(&guesses.proven)), ((3, 0), (1, 0)));
}

#[test]
fn a_newcomer_waits_for_one_turn_of_each_source_however_often_the_others_ask() {
    let mut guesses = flooded(Millis(0));
    let others = 200;
    let mut now = Millis(0);
    let ask_all = |guesses: &mut Guesses, now| {
        (0..others).filter(|number| guess(guesses, now, one_of_many(*number)).is_ok()).count()
    };
    assert_eq!(ask_all(&mut guesses, now), 0);
    let told = guesses.take(now, source(1)).unwrap_err();
    assert_eq!(told, Millis(limits::GUESS_GLOBAL_REFILL.0 * u64::from(others + 1)));
    // The others ask fifty times a second; the newcomer comes when it was told to.
    let mut guessed = 0;
    while now < told {
        now = now + Millis(20);
        guessed += ask_all(&mut guesses, now);
    }
    assert_eq!(log_in(&mut guesses, now, source(1)), Ok(()));
    assert!(guessed <= others as usize, "{guessed}");
}

#[test]
fn who_does_not_come_when_it_is_its_turn_loses_its_place() {
    let mut guesses = flooded(Millis(0));
    assert!(guesses.take(Millis(0), source(1)).is_err());
    let second = guesses.take(Millis(0), source(2)).unwrap_err();
    let first = limits::GUESS_GLOBAL_REFILL;
    assert_eq!(second, Millis(2 * first.0));
    assert!(guesses.take(first, source(2)).is_err(), "it is the turn of another");
    let over = first + limits::GUESS_TURN;
    assert_eq!(guesses.take(over, source(3)), Ok(()), "there are tokens for all three");
    assert!(guesses.strangers.line.len() <= 1);
}

#[test]
fn the_line_of_those_who_wait_is_bounded() {
    let mut guesses = flooded(Millis(0));
    for number in 0..5_000 {
        assert!(guesses.take(Millis(0), one_of_many(number)).is_err());
        assert!(guesses.strangers.line.len() <= limits::GUESS_LINE_MAX);
    }
}

#[test]
fn the_memory_of_sources_is_bounded_and_keeps_the_guilty() {
    let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: u32::MAX });
    let guilty = source(1);
    for _ in 0..5 {
        assert!(guess(&mut guesses, Millis(0), guilty).is_ok());
    }
    for number in 0..5_000 {
        assert!(guess(&mut guesses, Millis(0), one_of_many(number)).is_ok());
        assert!(guesses.strangers.sources.len() <= limits::GUESS_SOURCES_MAX);
    }
    assert!(guesses.take(Millis(0), guilty).is_err());
}

#[test]
fn the_memory_of_who_has_been_in_is_bounded_and_loses_those_of_long_ago() {
    let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: u32::MAX });
    let count = limits::GUESS_PROVEN_MAX as u32;
    for number in 0..=count {
        let now = Millis(u64::from(number));
        assert!(log_in(&mut guesses, now, one_of_many(number)).is_ok());
    }
    assert_eq!(guesses.proven.sources.len(), limits::GUESS_PROVEN_MAX);
    assert!(!guesses.proven.sources.contains_key(&one_of_many(0)));
    assert!(guesses.proven.sources.contains_key(&one_of_many(count)));
}

#[test]
fn neighbours_on_an_ipv6_network_are_told_apart_and_a_mapped_address_is_ipv4() {
    let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
    let other: IpAddr = "2001:db8:1:2::2".parse().unwrap();
    assert_ne!(Source::of(one), Source::of(other));
    assert_ne!(source(1), source(2));
    let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!(Source::of(mapped), source(1));
}
