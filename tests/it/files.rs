//! Opening through a session, as the window does: what it says of what it could not open.

use oncotwin::app::Command;
use oncotwin::app::view::{FileState, Severity};
use tempfile::TempDir;

use crate::review::session;

#[test]
fn a_path_that_is_not_there_is_refused_in_the_list_and_in_a_message() {
    let dir = TempDir::new().expect("temporary folder");
    let missing = dir.path().join("nowhere");
    let mut session = session(&dir.path().join("workspace"));
    session.send(Command::Open {
        paths: vec![missing.clone()],
    });
    session.settle();
    let view = session.view();
    let said = view.messages.last().expect("a message");
    assert_eq!(said.severity, Severity::Error);
    assert_eq!(
        said.text,
        format!(
            "E-READ: there is no such file or folder ({})",
            missing.display()
        )
    );
    assert!(!said.hint.is_empty());
    let files = view.files.expect("a list");
    assert!(files.shown && files.scanning.is_none());
    assert_eq!(files.list.count(FileState::Refused), 1);
    let row = files.list.rows.last().expect("a row");
    assert_eq!(row.error.as_ref().map(|e| &*e.code), Some("E-READ"));
    // One missing path among several keeps nobody from the others.
    let here = dir.path().join("notes.txt");
    std::fs::write(&here, "nothing").expect("written");
    session.send(Command::Open {
        paths: vec![missing, here],
    });
    session.settle();
    let files = session.view().files.expect("a list");
    assert_eq!(files.list.count(FileState::Refused), 1);
    assert_eq!(files.list.others.len(), 1);
}

#[test]
fn without_a_dialog_of_the_system_the_window_says_what_else_can_be_done() {
    let dir = TempDir::new().expect("temporary folder");
    let mut session = session(&dir.path().join("workspace"));
    for (export, way) in [(false, "Drop files"), (true, "oncotwin report")] {
        session.send(Command::NoDialog { export });
        let view = session.view();
        let said = view.messages.last().expect("a message");
        assert!(said.hint.contains(way), "{}", said.hint);
    }
}
