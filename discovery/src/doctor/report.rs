//! Findings and diagnosis as rows for a terminal of 80 columns.

use hallway::text::{columns, padded, shown};

use super::{Diagnosis, Findings, Interface, Role};
use crate::neighbours::Probed;

const COLUMNS: usize = 80;
/// Columns of an interface's name; Linux allows 15.
const NAME_COLUMNS: usize = 15;

/// All there is to tell, row by row.
pub fn report(findings: &Findings, diagnosis: &Diagnosis) -> Vec<String> {
    let mut rows: Vec<String> = findings.interfaces.iter().flat_map(interface).collect();
    if let Some((place, probed)) = &findings.peer {
        rows.extend(wrapped(&format!("TCP to {place}: {}", probed_words(*probed)), "", "  "));
    }
    rows.push(String::new());
    rows.extend(wrapped(&diagnosis.sentence, "", ""));
    rows.extend(diagnosis.steps.iter().flat_map(|step| wrapped(step, "* ", "  ")));
    if let Some(firewall) = &diagnosis.firewall {
        for (name, lines) in &firewall.lines {
            rows.push(String::new());
            rows.push(format!("On {}, {name}:", firewall.whose));
            rows.extend(lines.iter().map(|line| format!("  {line}")));
        }
    }
    rows
}

fn interface(one: &Interface) -> Vec<String> {
    let name = format!("{}  ", padded(&shown(&one.name), NAME_COLUMNS));
    let indent = " ".repeat(NAME_COLUMNS + 2);
    let ips: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
    let role = match &one.role {
        Role::Used => format!("used: {}", ips.join(", ")),
        Role::Alone => "used, but only programs of this machine are there".to_owned(),
        Role::LeftOut(why) => format!("left out: {why} (--interface has it used)"),
        Role::Unusable(why) => format!("not usable: {why}"),
    };
    let mut rows = wrapped(&role, &name, &indent);
    if one.role == Role::Used {
        let hears = if one.own > 0 { "hears itself" } else { "does not hear itself" };
        let counts = format!(
            "{hears}; from others: {} multicasts, {} answers, {} answers to port 1900; heard by \
             {}, not heard by {}",
            one.multicasts, one.answers, one.answers_to_1900, one.heard_by, one.not_heard_by
        );
        rows.extend(wrapped(&counts, &indent, &indent));
    }
    let troubles = one.troubles.iter().map(|trouble| shown(&trouble.words));
    rows.extend(troubles.flat_map(|words| wrapped(&words, &indent, &indent)));
    rows
}

fn probed_words(probed: Probed) -> &'static str {
    match probed {
        Probed::Connected => "a connection comes about",
        Probed::Refused => "refused: nobody listens at that port",
        Probed::Silent => "no sign",
        Probed::Unreachable => "no way there",
    }
}

/// Words in as many rows as they need; the first begins with `first`, the others with `rest`. A
/// word that is longer than a row has one for itself.
fn wrapped(text: &str, first: &str, rest: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && columns(&row) + 1 + columns(word) > COLUMNS {
            rows.push(std::mem::replace(&mut row, rest.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            row.push(' ');
        }
        row.push_str(word);
        is_empty = false;
    }
    rows.push(row);
    rows
}
