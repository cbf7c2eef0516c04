//! What others share, laid side by side: the same content is one row, whoever has it.

use std::collections::BTreeMap;

use files::news::LinkId;
use hallway::message::files::{Item, Kind, Wanted};
use hallway::text::padded;
use hallway::tree::FileHash;

use crate::file_words::size;
use crate::talk::quoted;

/// The last listings of everybody connected, and the rows that were made of them.
#[derive(Default)]
pub struct Shelf {
    listings: BTreeMap<LinkId, Listing>,
    rows: Vec<Row>,
}

/// What one of them shares.
struct Listing {
    label: String,
    items: Vec<Item>,
}

/// What makes two things the same: their content; else that the same node calls them the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Content(FileHash),
    Name(LinkId, String),
}

/// One thing, as its first source calls it.
struct Row {
    item: Item,
    sources: Vec<LinkId>,
}

impl Shelf {
    /// Somebody's listing has come; it replaces the one before.
    pub fn put(&mut self, link: LinkId, label: &str, items: &[Item]) {
        self.listings.insert(link, Listing { label: label.to_owned(), items: items.to_vec() });
    }

    /// Somebody is gone, and what they shared with them.
    pub fn remove(&mut self, link: LinkId) {
        self.listings.remove(&link);
    }

    /// What the things are called, by everybody who shares them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let items = self.listings.values().flat_map(|listing| &listing.items);
        items.map(|item| item.name.as_str())
    }

    /// All of it as rows, numbered anew; `None` when nobody shares anything.
    pub fn list(&mut self) -> Option<String> {
        self.rows = self.merged();
        let rows = self.rows.iter().enumerate().map(|(at, row)| self.text(at + 1, row));
        let rows: Vec<String> = rows.collect();
        (!rows.is_empty()).then(|| rows.join("\n"))
    }

    /// Whom to ask for what is meant by a number of the last list, or by a name on it.
    ///
    /// # Errors
    /// Words for the person, when there is no such thing.
    pub fn pick(&self, typed: &str) -> Result<(LinkId, Wanted), String> {
        let number = typed.parse().ok();
        let numbered = number.and_then(|n: usize| self.rows.get(n.checked_sub(1)?));
        let named = || self.rows.iter().find(|row| row.item.name.as_str() == typed);
        let Some(row) = numbered.or_else(named) else {
            return Err(format!("{}? There is no such number", quoted(typed)));
        };
        let mut sources = row.sources.iter();
        let source = sources.find(|source| self.listings.contains_key(source));
        let source = source.ok_or_else(|| format!("who shares {} is gone", row.item.name))?;
        let by_name = || Wanted::Name(row.item.name.clone());
        Ok((*source, row.item.hash.map_or_else(by_name, Wanted::Hash)))
    }

    fn merged(&self) -> Vec<Row> {
        let mut merged: BTreeMap<Key, Row> = BTreeMap::new();
        for (link, listing) in &self.listings {
            for item in &listing.items {
                let by_name = || Key::Name(*link, item.name.to_string());
                let key = item.hash.map_or_else(by_name, Key::Content);
                let new = || Row { item: item.clone(), sources: Vec::new() };
                let sources = &mut merged.entry(key).or_insert_with(new).sources;
                // Somebody may share the same twice.
                if sources.last() != Some(link) {
                    sources.push(*link);
                }
            }
        }
        let mut rows: Vec<Row> = merged.into_values().collect();
        rows.sort_by_cached_key(|row| row.item.name.as_str().to_lowercase());
        rows
    }

    fn text(&self, number: usize, row: &Row) -> String {
        let labels = row.sources.iter().filter_map(|link| self.listings.get(link));
        let labels: Vec<&str> = labels.map(|listing| listing.label.as_str()).collect();
        let end = if row.item.kind == Kind::Folder { "/" } else { "" };
        let bytes = padded(&size(row.item.bytes), 10);
        format!("{number:>4}  {bytes}  {}{end}  from {}", row.item.name, labels.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::text::FileName;

    fn item(name: &str, hash: Option<u8>) -> Item {
        let hash = hash.map(|byte| FileHash([byte; 32]));
        let kind = if hash.is_some() { Kind::File } else { Kind::Folder };
        Item { name: FileName::of(name), kind, entries: 1, bytes: 2_000, modified: 0, hash }
    }

    fn shelf() -> Shelf {
        let mut shelf = Shelf::default();
        shelf.put(LinkId(1), "katie", &[item("notes.pdf", Some(1)), item("pictures", None)]);
        shelf.put(LinkId(2), "bob", &[item("Lesson.pdf", Some(1)), item("pictures", None)]);
        shelf
    }

    #[test]
    fn the_same_content_is_one_row_and_the_same_name_alone_is_not() {
        let rows = shelf().list().unwrap();
        let rows: Vec<&str> = rows.lines().collect();
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert!(rows[0].contains("   1  ") && rows[0].ends_with("notes.pdf  from katie, bob"));
        assert!(rows[1].ends_with("pictures/  from katie"), "{rows:?}");
        assert!(rows[2].ends_with("pictures/  from bob"), "{rows:?}");
    }

    #[test]
    fn a_number_asks_the_first_source_and_the_next_when_that_is_gone() {
        let mut shelf = shelf();
        shelf.list();
        let content = Wanted::Hash(FileHash([1; 32]));
        assert_eq!(shelf.pick("1"), Ok((LinkId(1), content.clone())));
        let pictures = Wanted::Name(FileName::of("pictures"));
        assert_eq!(shelf.pick("3"), Ok((LinkId(2), pictures.clone())));
        assert_eq!(shelf.pick("pictures"), Ok((LinkId(1), pictures)));
        shelf.remove(LinkId(1));
        assert_eq!(shelf.pick("1"), Ok((LinkId(2), content)));
        assert_eq!(shelf.pick("2"), Err("who shares pictures is gone".into()));
        for wrong in ["0", "4", "", "-1", "note", "99999999999999999999"] {
            assert!(shelf.pick(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_stay_what_they_were_until_the_list_is_shown_again() {
        let mut shelf = shelf();
        shelf.list();
        shelf.put(LinkId(3), "al", &[item("a first one", Some(2))]);
        assert_eq!(shelf.pick("1").unwrap().0, LinkId(1));
        assert!(shelf.list().unwrap().lines().next().unwrap().ends_with("a first one  from al"));
        assert_eq!(shelf.pick("1").unwrap().0, LinkId(3));
    }

    #[test]
    fn somebody_who_shares_a_content_twice_is_named_once() {
        let mut shelf = Shelf::default();
        assert_eq!(shelf.list(), None);
        shelf.put(LinkId(1), "katie", &[item("a", Some(1)), item("b", Some(1))]);
        let rows = shelf.list().unwrap();
        assert!(rows.lines().count() == 1 && rows.ends_with("a  from katie"), "{rows}");
    }
}
