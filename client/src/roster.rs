//! The list of a community as a person sees it: numbered rows that stay what they are while
//! members come and go.

use hallway::limits;
use hallway::message::Member;
use hallway::text::Name;
use node_server::node::Node;
use node_server::talk::quoted;
use node_server::view;

/// Names by the numbers they were shown with.
#[derive(Default)]
pub struct Roster {
    listed: Vec<Name>,
}

impl Roster {
    /// The list as text, numbered anew.
    pub fn list(&mut self, node: &Node) -> String {
        self.listed = node.members().map(|member| member.name.clone()).collect();
        let rows = node.members().enumerate();
        let rows: Vec<String> = rows.map(|(at, who)| view::member_row(at + 1, who)).collect();
        let place = node.community().map(ToString::to_string).unwrap_or_default();
        let text = if !node.is_in_community() {
            format!("No connection to {place}; it is tried again by itself.")
        } else if rows.is_empty() {
            format!("Nobody else is in {place} yet. Who comes is shown here.")
        } else {
            format!("In {place}, besides you:\n{}", rows.join("\n"))
        };
        format!("{text}\nA number calls; Enter: the list again, b: back, leave: off the list.")
    }

    /// The row of a member who came while the list is looked at: it gets the next number.
    pub fn number(&mut self, member: &Member) -> String {
        if self.listed.len() >= limits::MEMBERS_MAX {
            return format!("* {} is here too; Enter: the list anew", member.name);
        }
        let known = self.listed.iter().position(|name| *name == member.name);
        let at = known.unwrap_or_else(|| {
            self.listed.push(member.name.clone());
            self.listed.len() - 1
        });
        view::member_row(at + 1, member)
    }

    /// Who is meant by a number or a name.
    ///
    /// # Errors
    /// Words for the person, when nobody is.
    pub fn pick<'a>(&self, typed: &str, node: &'a Node) -> Result<&'a Member, String> {
        let by_number = typed.parse().ok().and_then(|n: usize| self.listed.get(n.checked_sub(1)?));
        let name = by_number.map_or(typed, Name::as_str);
        let found = node.members().find(|member| member.name.as_str() == name);
        found.ok_or_else(|| match by_number {
            _ if !node.is_in_community() => {
                "the community does not answer at the moment; it is tried again by itself".into()
            }
            Some(name) => format!("{name} is gone"),
            None => {
                let word = quoted(typed);
                format!("{word}? A number or a name calls; Enter: the list again, b: back")
            }
        })
    }
}
