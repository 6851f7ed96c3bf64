//! What a benchmark of the twin hands over.

use serde_json::Value;

use crate::cli::output::Failure;
use crate::jobs::Cancelled;
use crate::twin;

/// What was measured.
pub(super) struct Measured {
    pub(super) rows: Vec<Value>,
    /// Tables for people.
    pub(super) tables: String,
    /// The same with what is to be known about them, to keep.
    pub(super) document: String,
}

/// What is said, written by hand, and the tables under it.
pub(super) type Part = (&'static str, String);

/// The parts of a document.
pub(super) struct Pages {
    pub(super) head: &'static str,
    /// What was to be reached: what a document begins with, and what stands last on a terminal.
    pub(super) aims: Part,
    pub(super) parts: Vec<Part>,
    pub(super) tail: &'static str,
}

impl Pages {
    /// Hands them over with the rows that they are made from.
    pub(super) fn with(self, rows: Vec<Value>) -> Measured {
        let mut document = self.head.to_owned();
        for (text, tables) in std::iter::once(&self.aims).chain(&self.parts) {
            document.push_str(text);
            document.push_str(tables);
        }
        document.push_str(self.tail);
        let tables = self.parts.into_iter().chain([self.aims]);
        Measured {
            rows,
            tables: tables.map(|(_, tables)| tables).collect(),
            document,
        }
    }
}

pub(super) fn stopped(_: Cancelled) -> Failure {
    Failure::new("E-CANCELLED", "the benchmark was stopped")
}

pub(super) fn failure(error: &twin::Error) -> Failure {
    match error {
        twin::Error::Cancelled(cancelled) => stopped(*cancelled),
        _ => Failure::new("E-TWIN", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_come_first_in_a_document_and_last_on_a_terminal() {
        let part = |text, table: &str| (text, table.to_owned());
        let pages = Pages {
            head: "head,",
            aims: part(" aims:", " a;"),
            parts: vec![part(" one:", " 1;"), part(" two:", " 2;")],
            tail: " tail",
        };
        let measured = pages.with(Vec::new());
        assert_eq!(measured.document, "head, aims: a; one: 1; two: 2; tail");
        assert_eq!(measured.tables, " 1; 2; a;");
    }
}
