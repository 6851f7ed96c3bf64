//! Who acts.

use super::{READER, State};
use crate::app::effect::Effect;
use crate::case::{AuditAction, AuditNote, Change, Reader, ReaderId, ReaderRole};
use crate::texts::tr;

/// Stands for the reader in the audit trail where none is named.
const UNNAMED: &str = "unnamed";

impl State {
    /// Lets this reader act from now on.
    pub(super) fn set_reader(&mut self, reader: Option<ReaderId>, effects: &mut Vec<Effect>) {
        let known = reader.is_none_or(|id| self.records.readers.iter().any(|r| r.id == id));
        if !known || reader == self.reader || self.refuses_to_write() {
            return;
        }
        self.reader = reader;
        let object = reader.map_or_else(|| UNNAMED.to_owned(), |id| id.to_string());
        let note = AuditNote::new("reader.act", AuditAction::E, "reader", object);
        self.note(note, effects);
        let value = serde_json::to_value(reader).unwrap_or_default();
        self.commit_unaudited(Change::PutSetting(READER.to_owned(), value), effects);
    }

    /// Enters a reader, or finds the one of that name and role, and lets them act.
    pub(super) fn enter_reader(&mut self, name: &str, role: ReaderRole, effects: &mut Vec<Effect>) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            self.refuse(
                tr!("A reader needs a name"),
                tr!("It is printed in reports beside every signature."),
            );
            return;
        }
        let mut readers = self.records.readers.iter();
        let known = readers
            .find(|r| r.name == name && r.role == role)
            .map(|r| r.id);
        let id = match known {
            Some(id) => id,
            None => {
                let id = ReaderId(self.ids.next(self.now));
                let reader = Reader {
                    id,
                    name,
                    role,
                    created: self.now,
                };
                let note = AuditNote::new("reader.enter", AuditAction::C, "reader", id);
                if self
                    .commit(vec![Change::PutReader(reader)], note, effects)
                    .is_none()
                {
                    return;
                }
                id
            }
        };
        self.set_reader(Some(id), effects);
    }
}
