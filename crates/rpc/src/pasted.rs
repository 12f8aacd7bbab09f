//! Reads arrangements from pasted lists: a line for each room or each person, with errors by line.
//!
//! A line is the name of a room and then identities that belong there, apart by commas, semicolons or tabs, as
//! spreadsheets write them. A room may have many lines. Fields may be quoted, with `""` for a quote. A first line
//! that names its columns is passed over, and so are blank lines.

use std::collections::BTreeMap;

use sideroom_control::{ArrangedRoom, Arrangement, ArrangementFault, bounds};

/// Faults that are told at most.
const FAULTS: usize = 100;

/// A line that cannot be read, and why.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct LineFault {
    /// Counted from 1.
    pub line: usize,
    /// A sentence for a person.
    pub problem: String,
}

/// Reads a list. All of it is read, so that every fault is told at once.
pub(crate) fn read(text: &str) -> Result<Arrangement, Vec<LineFault>> {
    let mut list = List::default();
    // Spreadsheets mark their text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        list.line = index + 1;
        list.take(line);
    }
    if list.faults.is_empty() && list.rooms.is_empty() {
        list.line = 1;
        list.fault("the list is empty; write a room and an identity on each line");
    }
    match list.faults.is_empty() {
        true => Ok(Arrangement { rooms: list.rooms }),
        false => Err(list.faults),
    }
}

#[derive(Default)]
struct List {
    line: usize,
    rooms: Vec<ArrangedRoom>,
    /// Where each room is among the rooms.
    places: BTreeMap<String, usize>,
    /// On which line each identity was first.
    seen: BTreeMap<String, usize>,
    faults: Vec<LineFault>,
}

impl List {
    fn take(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let Some(fields) = fields(line) else {
            return self.fault("a quote is not closed; put \"\" for a quote inside of one");
        };
        let mut fields = fields.into_iter();
        let name = fields.next().unwrap_or_default();
        let people: Vec<String> = fields.filter(|field| !field.is_empty()).collect();
        if self.rooms.is_empty() && self.faults.is_empty() && is_heading(&name, &people) {
            return;
        }
        if people.is_empty() {
            return self.fault("no identity follows the room; write `room, identity`");
        }
        if name.is_empty() || name.len() > bounds::NAME || name.chars().any(char::is_control) {
            return self.fault(ArrangementFault::RoomName.text());
        }
        let Some(place) = self.place_of(name) else {
            return;
        };
        for identity in people {
            self.add(place, identity);
        }
    }

    fn place_of(&mut self, name: String) -> Option<usize> {
        if let Some(place) = self.places.get(&name) {
            return Some(*place);
        }
        if self.rooms.len() >= usize::from(bounds::BREAKOUTS) {
            self.fault(ArrangementFault::TooManyRooms.text());
            return None;
        }
        let place = self.rooms.len();
        self.places.insert(name.clone(), place);
        self.rooms.push(ArrangedRoom {
            name,
            ..ArrangedRoom::default()
        });
        Some(place)
    }

    fn add(&mut self, place: usize, identity: String) {
        if identity.len() > bounds::IDENTITY || identity.chars().any(char::is_control) {
            return self.fault(ArrangementFault::Identity.text());
        }
        if let Some(first) = self.seen.get(&identity) {
            let problem = format!("`{identity}` is on line {first} already");
            return self.fault(&problem);
        }
        if self.seen.len() >= bounds::ARRANGED {
            return self.fault(ArrangementFault::TooManyIdentities.text());
        }
        self.seen.insert(identity.clone(), self.line);
        if let Some(room) = self.rooms.get_mut(place) {
            room.identities.push(identity);
        }
    }

    fn fault(&mut self, problem: &str) {
        if self.faults.len() < FAULTS {
            self.faults.push(LineFault {
                line: self.line,
                problem: problem.to_owned(),
            });
        }
    }
}

/// A line that names its columns.
fn is_heading(name: &str, people: &[String]) -> bool {
    let is =
        |field: &str, words: &[&str]| words.iter().any(|word| field.eq_ignore_ascii_case(word));
    let [person] = people else {
        return false;
    };
    is(name, &["room", "breakout", "group", "breakout room"])
        && is(
            person,
            &["identity", "person", "participant", "user", "email"],
        )
}

/// The fields of a line without the blanks around them; `None` if a quote is not closed.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted = true;
            }
            ',' | ';' | '\t' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    (!quoted).then(|| fields.iter().map(|field| field.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(text: &str) -> Vec<(String, Vec<String>)> {
        let read = read(text).unwrap();
        let rooms = read.rooms.into_iter();
        rooms.map(|room| (room.name, room.identities)).collect()
    }

    fn faults(text: &str) -> Vec<(usize, String)> {
        let faults = read(text).unwrap_err().into_iter();
        faults.map(|fault| (fault.line, fault.problem)).collect()
    }

    #[test]
    fn lists_are_read_as_people_paste_them() {
        let expected = vec![
            ("Red".to_owned(), vec!["ann".to_owned(), "bob".to_owned()]),
            ("Blue, upstairs".to_owned(), vec!["cem".to_owned()]),
        ];
        for text in [
            "Red,ann\nRed,bob\n\"Blue, upstairs\",cem\n",
            "\u{feff}Room;Identity\r\nRed;ann;bob\r\n\r\n\"Blue, upstairs\";cem",
            "Red\tann\tbob\nBlue, upstairs\tcem"
                .replace("Blue, upstairs", "\"Blue, upstairs\"")
                .as_str(),
            "  Red , ann ,bob,\n\"Blue, upstairs\" , \"cem\"",
        ] {
            assert_eq!(rooms(text), expected, "{text}");
        }
        let quoted = rooms("\"The \"\"best\"\"\",ann");
        assert_eq!(quoted[0].0, "The \"best\"");
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let long = "x".repeat(129);
        let text =
            format!("Red,ann\nRed\n,bob\nBlue,ann\n\"Green,cem\n{long},dan\nBlue,{long}\nRed,eve");
        let told = faults(&text);
        let lines: Vec<usize> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
        assert_eq!(told[2].1, "`ann` is on line 1 already");
        assert_eq!(faults("")[0].0, 1);
        let many = "Red\n".repeat(5_000);
        assert_eq!(faults(&many).len(), FAULTS);
    }

    #[test]
    fn a_list_of_a_thousand_in_fifty_rooms_is_read() {
        let lines = (0..1_000).map(|number| format!("Room {},p{number}\n", number % 50));
        let read = read(&lines.collect::<String>()).unwrap();
        assert_eq!(read.rooms.len(), 50);
        assert!(read.rooms.iter().all(|room| room.identities.len() == 20));
        assert_eq!(read.check(), Ok(()));
    }
}
