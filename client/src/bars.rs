//! Progress bars of transfers, under the lines that tell of them: on a terminal, unless it is to
//! stay plain.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr};

use files::disk::TransferId;
use files::news::{About, News, Progress, Stage, Way};
use hallway::shell::options::Common;
use hallway::shell::terminal::Terminal;
use hallway::text::{columns, shortened};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// All bars on the screen; none where nobody would see them.
pub(crate) struct Bars {
    screen: Option<MultiProgress>,
    bars: BTreeMap<TransferId, ProgressBar>,
    /// How wide the screen is now.
    width: fn() -> usize,
}

impl Bars {
    /// On standard error, when that is a terminal that can move its cursor.
    pub(crate) fn new(common: &Common) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let seen = stderr().is_terminal() && !common.plain && !common.json && !dumb;
        let screen =
            seen.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)));
        Self { screen, bars: BTreeMap::new(), width: screen_columns }
    }

    /// Something about a transfer.
    pub(crate) fn news(&mut self, news: &News) {
        match news {
            News::Begun(about, progress) => self.show(about, progress, Stage::Moving),
            News::Moved(about, progress, stage) => self.show(about, progress, *stage),
            News::Interrupted(about, progress) => self.show(about, progress, Stage::Waiting),
            News::Done(about, ..) | News::HadAlready(about, _) | News::Failed(about, _) => {
                if let Some(bar) = self.bars.remove(&about.id) {
                    bar.finish_and_clear();
                }
            }
            News::Asked(_)
            | News::Offered(..)
            | News::Skipped(..)
            | News::SkippedMore(..)
            | News::Listed(..)
            | News::NotThere(..)
            | News::Looking(_)
            | News::Shares(..) => {}
        }
    }

    fn show(&mut self, about: &About, progress: &Progress, stage: Stage) {
        let Some(screen) = &self.screen else { return };
        let bar = self.bars.entry(about.id).or_insert_with(|| {
            let bar = screen.add(about.bytes.map_or_else(ProgressBar::no_length, ProgressBar::new));
            bar.set_position(progress.done);
            bar.reset_eta();
            bar
        });
        // The terminal may have another width by now.
        let (template, room) = row(about.bytes.is_some(), (self.width)());
        bar.set_style(style(template));
        bar.set_position(progress.done);
        let way = match about.way {
            Way::Out => "to",
            Way::In => "from",
        };
        let state = match stage {
            Stage::Moving => String::new(),
            Stage::Looking => "looking: ".into(),
            Stage::Asking => "asking: ".into(),
            Stage::Checking => "checking: ".into(),
            Stage::Stalled => "stalled: ".into(),
            Stage::Waiting => "waiting: ".into(),
        };
        let entries = if about.entries > 1 {
            format!(" {}/{}", progress.entries, about.entries)
        } else {
            String::new()
        };
        let with = format!(" {way} {}{entries}", about.peer);
        let name = room.saturating_sub(columns(&state) + columns(&with)).max(NAME_COLUMNS_MIN);
        let name = shortened(about.name.as_str(), name);
        bar.set_message(shortened(&format!("{state}{name}{with}"), room));
    }

    /// A line of talk, above the bars.
    pub(crate) fn say(&self, terminal: &Terminal, text: &str) {
        match &self.screen {
            // It fails when the terminal is gone.
            Some(screen) if !self.bars.is_empty() => {
                drop(screen.println(terminal.laid_out(text)));
            }
            _ => terminal.show(text, false),
        }
    }

    /// Takes all of them from the screen.
    pub(crate) fn finish(&mut self) {
        for bar in std::mem::take(&mut self.bars).into_values() {
            bar.finish_and_clear();
        }
    }
}

/// What of a name is shown at least.
const NAME_COLUMNS_MIN: usize = 8;

fn screen_columns() -> usize {
    terminal_size::terminal_size_of(stderr()).map_or(80, |(width, _)| width.0.into())
}

/// Bytes, rate and time left, in 80 columns, or less of it in fewer; and the columns that are left
/// for the name.
fn row(sized: bool, columns: usize) -> (&'static str, usize) {
    let (template, taken) = match sized {
        true if columns < 72 => ("{percent:>3}% {eta:>4} {msg}", 10),
        true => (
            "{percent:>3}% [{bar:16}] {decimal_bytes:>9} {decimal_bytes_per_sec:>11} {eta:>4} \
             {msg}",
            51,
        ),
        false => ("{decimal_bytes:>9} {decimal_bytes_per_sec:>11} {msg}", 22),
    };
    (template, columns.saturating_sub(taken))
}

/// No colours.
fn style(template: &str) -> ProgressStyle {
    // All are right, as a test shows.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use files::news::Way;
    use hallway::message::files::Kind;
    use hallway::text::FileName;
    use indicatif::InMemoryTerm;

    fn bars() -> (Bars, InMemoryTerm) {
        let term = InMemoryTerm::new(8, 80);
        let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
        let screen = Some(MultiProgress::with_draw_target(target));
        (Bars { screen, bars: BTreeMap::new(), width: || 80 }, term)
    }

    fn about(id: u64) -> About {
        About {
            id: TransferId(id),
            way: Way::In,
            peer: "katie".into(),
            name: FileName::of(&format!("{id}-{}", "long-name-".repeat(12))),
            kind: Kind::File,
            entries: 1,
            bytes: Some(1_000_000),
        }
    }

    #[test]
    fn every_row_is_right_and_as_wide_as_the_screen() {
        for (sized, width) in [(true, 40), (true, 71), (true, 72), (true, 80), (false, 40)] {
            let (template, room) = row(sized, width);
            ProgressStyle::with_template(template).unwrap();
            let term = InMemoryTerm::new(4, u16::try_from(width).unwrap());
            let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
            let bar = ProgressBar::with_draw_target(Some(1_000_000_000), target);
            bar.set_style(style(template));
            bar.set_position(123_456_789);
            bar.set_message("x".repeat(room));
            bar.tick();
            let shown = term.contents();
            assert_eq!((columns(&shown), shown.lines().count()), (width, 1), "{shown}");
        }
    }

    #[test]
    fn of_several_bars_those_stay_whose_transfers_go_on() {
        let (mut bars, term) = bars();
        for id in 1..=3 {
            bars.news(&News::Begun(about(id), Progress::default()));
            bars.bars.values().for_each(ProgressBar::tick);
        }
        assert_eq!(term.contents().lines().count(), 3, "{}", term.contents());
        bars.news(&News::Done(about(1), about(1).name, None, None));
        assert_eq!(term.contents().lines().count(), 2, "{}", term.contents());
        bars.finish();
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn a_bar_tells_what_and_how_far_in_eighty_columns_and_goes_at_the_end() {
        let (mut bars, term) = bars();
        let about = about(1);
        let progress = Progress { done: 500_000, ..Progress::default() };
        bars.news(&News::Begun(about.clone(), progress));
        bars.bars.values().for_each(ProgressBar::tick);
        let shown = term.contents();
        assert!(shown.starts_with(" 50% [========>"), "{shown}");
        assert!(shown.contains("500.00 kB") && shown.contains("1-long-na"), "{shown}");
        assert!(shown.ends_with("… from katie"), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
        let name = about.name.clone();
        bars.news(&News::Done(about, name, None, None));
        assert_eq!(term.contents(), "");
    }
}
