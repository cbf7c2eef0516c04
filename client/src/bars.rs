//! Progress bars of transfers, under the lines that tell of them: on a terminal, unless it is to
//! stay plain.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr};

use files::disk::TransferId;
use files::news::{About, News, Progress, Stage, Way};
use hallway::shell::options::Common;
use hallway::shell::terminal::Terminal;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// All bars on the screen; none where nobody would see them.
pub(crate) struct Bars {
    screen: Option<MultiProgress>,
    bars: BTreeMap<TransferId, ProgressBar>,
}

impl Bars {
    /// On standard error, when that is a terminal that can move its cursor.
    pub(crate) fn new(common: &Common) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let seen = stderr().is_terminal() && !common.plain && !common.json && !dumb;
        let screen =
            seen.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)));
        Self { screen, bars: BTreeMap::new() }
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
            | News::Shares(..) => {}
        }
    }

    fn show(&mut self, about: &About, progress: &Progress, stage: Stage) {
        let Some(screen) = &self.screen else { return };
        let bar = self.bars.entry(about.id).or_insert_with(|| {
            let bar = screen.add(about.bytes.map_or_else(ProgressBar::no_length, ProgressBar::new));
            bar.set_style(style(about.bytes.is_some()));
            bar.set_position(progress.done);
            bar.reset_eta();
            bar
        });
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
        bar.set_message(format!("{state}{} {way} {}{entries}", about.name, about.peer));
    }

    /// A line of talk, above the bars.
    pub(crate) fn say(&self, terminal: &Terminal, text: &str) {
        match &self.screen {
            // It fails when the terminal is gone.
            Some(screen) if !self.bars.is_empty() => drop(screen.println(text)),
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

/// Bytes, rate, time left and the name, in 80 columns, or less of it in fewer; no colours.
fn style(sized: bool) -> ProgressStyle {
    let columns = terminal_size::terminal_size_of(stderr()).map_or(80, |(width, _)| width.0);
    let sized_row = "{percent:>3}% [{bar:16}] {decimal_bytes:>9} {decimal_bytes_per_sec:>11} \
                     {eta:>4} {wide_msg}";
    let short_row = "{percent:>3}% {eta:>4} {wide_msg}";
    let open_row = "{decimal_bytes:>9} {decimal_bytes_per_sec:>11} {wide_msg}";
    let sized_row = if columns < 72 { short_row } else { sized_row };
    // Both are right, as a test shows.
    ProgressStyle::with_template(if sized { sized_row } else { open_row })
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

    #[test]
    fn a_bar_tells_what_and_how_far_in_eighty_columns_and_goes_at_the_end() {
        let term = InMemoryTerm::new(4, 80);
        let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
        let screen = Some(MultiProgress::with_draw_target(target));
        let mut bars = Bars { screen, bars: BTreeMap::new() };
        let about = About {
            id: TransferId(1),
            way: Way::In,
            peer: "katie".into(),
            name: FileName::of(&"long-name-".repeat(12)),
            kind: Kind::File,
            entries: 1,
            bytes: Some(1_000_000),
        };
        let progress = Progress { done: 500_000, ..Progress::default() };
        bars.news(&News::Begun(about.clone(), progress));
        bars.bars.values().for_each(ProgressBar::tick);
        let shown = term.contents();
        assert!(shown.starts_with(" 50% [========>"), "{shown}");
        assert!(shown.contains("500.00 kB") && shown.contains("long-name-"), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
        let name = about.name.clone();
        bars.news(&News::Done(about, name, None, None));
        assert_eq!(term.contents(), "");
    }
}
