//! The list of who is on this network as a person sees it: numbered rows that stay what they are
//! while neighbours come and go. Nothing in it is proved.

use std::collections::BTreeMap;

use discovery::neighbours::{Change, Neighbour, Neighbours, Numbered, Udn};
use discovery::view;
use node_server::talk::quoted;

/// Neighbours by the numbers they were shown with.
#[derive(Default)]
pub struct People {
    numbered: Numbered,
    /// What was told of each when it was last different.
    told: BTreeMap<Udn, Told>,
}

/// What of somebody is told again when it changes: where they can be reached is not.
type Told = (&'static str, Vec<&'static str>);

impl People {
    /// The list as text, numbered anew.
    pub fn list(&mut self, neighbours: &Neighbours) -> String {
        let numbered = self.numbered.anew(neighbours);
        let told = |(_, one): &(usize, &Neighbour)| (one.udn.clone(), told(one));
        self.told = numbered.iter().map(told).collect();
        let rows: Vec<String> =
            numbered.iter().map(|(number, one)| view::row(*number, one)).collect();
        let list = if rows.is_empty() {
            "Nobody is seen on this network yet. Who comes is shown here;\n\
             if nobody does in a moment: client doctor tells why."
                .to_owned()
        } else {
            format!("On this network, as they say themselves:\n{}", rows.join("\n"))
        };
        format!("{list}\nA number calls or joins; Enter: look again, b: back.")
    }

    /// What to tell whoever looks at the list of this change; nothing, if it is not in the list.
    pub fn news(&mut self, change: &Change) -> Option<String> {
        match change {
            Change::Found(one) => {
                self.told.insert(one.udn.clone(), told(one));
                Some(self.numbered.number(&one.udn).map_or_else(
                    || format!("* {} is here too; Enter: the list anew", one.name),
                    |number| view::row(number, one),
                ))
            }
            Change::Changed(one) => {
                let now = told(one);
                let before = self.told.insert(one.udn.clone(), now.clone())?;
                let state = (now.0 != before.0).then_some(now.0);
                let new = now.1.into_iter().filter(|warning| !before.1.contains(warning));
                let words: Vec<&str> = state.into_iter().chain(new).collect();
                (!words.is_empty()).then(|| format!("* {}: {}", self.label(one), words.join("; ")))
            }
            Change::Gone(one) => {
                self.told.remove(&one.udn);
                Some(format!("* {} is gone", self.label(one)))
            }
        }
    }

    /// Who is meant by a number, or by a name that only one of them has.
    ///
    /// # Errors
    /// Words for the person, when nobody is.
    pub fn pick<'a>(
        &self,
        typed: &str,
        neighbours: &'a Neighbours,
    ) -> Result<&'a Neighbour, String> {
        if let Some(udn) = typed.parse().ok().and_then(|number| self.numbered.pick(number)) {
            return neighbours.get(udn).ok_or_else(|| format!("number {typed} is gone"));
        }
        let all = neighbours.all();
        let mut named = all.into_iter().filter(|one| one.name.as_str() == typed);
        match (named.next(), named.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(format!("several are called {typed}: choose a number")),
            (None, _) => {
                let word = quoted(typed);
                Err(format!("{word}? A number calls or joins; Enter: look again, b: back"))
            }
        }
    }

    /// The name with the number, since several may have one name.
    fn label(&mut self, one: &Neighbour) -> String {
        let number = self.numbered.number(&one.udn);
        number.map_or_else(|| one.name.to_string(), |number| format!("{} ({number})", one.name))
    }
}

fn told(one: &Neighbour) -> Told {
    (one.state.word(), view::warnings(one).collect())
}
