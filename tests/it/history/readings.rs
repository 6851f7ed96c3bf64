//! Readers, reviewing, signing, amending.

use jiff::civil::date;
use oncotwin::app::Command;
use oncotwin::case::*;
use oncotwin::segment::Prompt;
use oncotwin::store::{Query, Which};

use super::Desk;

fn edit(lesion: LesionId, organ: &str) -> Command {
    Command::EditLesion {
        lesion,
        label: "L1".to_owned(),
        organ: organ.to_owned(),
        role: LesionRole::Target,
        nodal: false,
    }
}

fn state(desk: &mut Desk, n: usize) -> ReadingState {
    desk.view().columns[n].reading.state
}

#[test]
fn readers_are_entered_once_and_remembered() {
    let mut desk = Desk::open();
    desk.send(Command::EnterReader {
        name: "  ".to_owned(),
        role: ReaderRole::Other,
    });
    assert!(desk.said("needs a name"));
    desk.name_reader();
    desk.name_reader();
    desk.send(Command::EnterReader {
        name: "Ada Reader".to_owned(),
        role: ReaderRole::Physicist,
    });
    let readers = desk.records().readers;
    assert_eq!(readers.len(), 2);
    assert_eq!(readers[0].name, "Ada Reader");
    desk.send(Command::SetReader {
        reader: Some(readers[0].id),
    });
    desk.draw(0, 0, None);
    desk.restart();
    let view = desk.session().view();
    assert_eq!(view.readers.current, Some(readers[0].id));
    assert_eq!(desk.view().history.steps[0].who, "Ada Reader");
    let acts = Query::new(&desk.workspace())
        .entries(&Which::Object(readers[0].id.to_string()))
        .expect("readable");
    let events: Vec<&str> = acts.iter().map(|e| e.event.as_str()).collect();
    assert_eq!(events, ["reader.enter", "reader.act", "reader.act"]);
    desk.send(Command::SetReader { reader: None });
    desk.restart();
    assert_eq!(desk.session().view().readers.current, None);
}

#[test]
fn a_reading_needs_a_reader_and_something_to_read() {
    let mut desk = Desk::open();
    let time_point = desk.time_point(0);
    desk.send(Command::MarkReviewed { time_point });
    assert!(desk.said("no reader is named"));
    desk.name_reader();
    desk.send(Command::Sign {
        time_point,
        meaning: Meaning::Authorship,
    });
    assert!(desk.said("no lesion is marked there"));
    desk.start_drawing(0, 0, None);
    desk.quiet_now();
    desk.session().send(Command::MarkReviewed { time_point });
    assert!(desk.said("a mask is still being made"));
    desk.session().settle();
    assert_eq!(state(&mut desk, 0), ReadingState::Draft);
    desk.send(Command::MarkReviewed { time_point });
    assert_eq!(state(&mut desk, 0), ReadingState::Reviewed);
    desk.verify();
    assert_eq!(state(&mut desk, 0), ReadingState::Reviewed);
}

#[test]
fn an_edit_makes_a_draft_of_a_reviewed_reading_and_undoing_it_takes_that_back() {
    let mut desk = Desk::open();
    desk.name_reader();
    let lesion = desk.draw(0, 0, None);
    let time_point = desk.time_point(0);
    desk.send(Command::MarkReviewed { time_point });
    let reviewed = desk.records();
    desk.send(edit(lesion, "lung"));
    assert_eq!(state(&mut desk, 0), ReadingState::Draft);
    let edited = desk.records();
    desk.send(Command::Undo);
    assert_eq!(state(&mut desk, 0), ReadingState::Reviewed);
    assert_eq!(desk.records(), reviewed);
    desk.send(Command::Redo);
    assert_eq!(desk.records(), edited);
    // Undoing what was done before the review is an edit like any other.
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    assert_eq!(state(&mut desk, 0), ReadingState::Draft);
    assert!(desk.records().annotations.is_empty());
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_signed_reading_refuses_every_change_until_it_is_amended() {
    let mut desk = Desk::open();
    desk.name_reader();
    let lesion = desk.draw(0, 0, None);
    desk.draw(1, 0, Some(lesion));
    desk.draw(0, 1, None);
    desk.draw(0, 1, None);
    desk.send(edit(lesion, "lung"));
    let (signed, other) = (desk.time_point(0), desk.time_point(1));
    desk.send(Command::Sign {
        time_point: signed,
        meaning: Meaning::Approval,
    });
    assert_eq!(state(&mut desk, 0), ReadingState::Signed);
    let view = desk.view();
    assert!(
        view.columns[0]
            .reading
            .text
            .starts_with("Signed by Ada Reader (radiologist), approval")
    );
    assert!(view.lesions[0].cells[0].as_ref().is_some_and(|c| c.locked));
    assert!(view.lesions[0].cells[1].as_ref().is_some_and(|c| !c.locked));

    let standing = desk.records();
    let marks = &standing.annotations;
    let series = desk.series(0);
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let draw = |lesion| Command::Prompt {
        series,
        lesion,
        prompt: Prompt::Drag { ends: [p0, p1] },
    };
    let second = marks
        .iter()
        .find(|a| a.lesion != lesion)
        .expect("drawn")
        .lesion;
    let versions = marks.iter().find(|a| a.lesion == second).expect("drawn").id;
    desk.send(Command::ShowVersions {
        annotation: versions,
    });
    let rows = desk.view().versions.expect("listed").rows;
    let earlier = rows.iter().find(|r| !r.standing);
    let mut forbidden = vec![
        draw(None),
        draw(Some(lesion)),
        Command::RemoveAnnotation {
            annotation: marks[0].id,
        },
        Command::LinkAnnotation {
            annotation: marks[0].id,
            lesion: None,
        },
        edit(lesion, "liver"),
        Command::RemoveLesion { lesion },
        Command::RemoveLesion { lesion: second },
        Command::MergeTimePoints {
            into: signed,
            from: desk.time_point(2),
        },
        Command::MergeTimePoints {
            into: desk.time_point(2),
            from: signed,
        },
        Command::SetDate {
            time_point: signed,
            date: date(2020, 1, 1),
        },
        Command::Undo,
        Command::JumpTo { step: None },
        Command::MarkReviewed { time_point: signed },
        Command::Sign {
            time_point: signed,
            meaning: Meaning::Review,
        },
    ];
    forbidden.extend(earlier.map(|row| Command::RestoreVersion { version: row.id }));
    for command in forbidden {
        desk.quiet();
        desk.send(command.clone());
        assert_eq!(desk.records(), standing, "{command:?}");
        assert!(desk.said("amend the reading first"), "{command:?}");
    }
    // What lies elsewhere is free.
    desk.quiet();
    desk.remove_mark(lesion, other);
    assert!(!desk.said("amend"));
    assert_eq!(desk.records().annotations.len(), marks.len() - 1);

    desk.send(Command::Amend {
        time_point: signed,
        reason: "  ".to_owned(),
    });
    assert!(desk.said("a reason is required"));
    assert_eq!(state(&mut desk, 0), ReadingState::Signed);
    desk.send(Command::Amend {
        time_point: signed,
        reason: "wrong lesion".to_owned(),
    });
    assert_eq!(state(&mut desk, 0), ReadingState::Draft);
    let reading = desk.view().columns[0].reading.clone();
    assert!(reading.text.ends_with(": wrong lesion"));
    assert_eq!(reading.history.len(), 1);
    desk.send(edit(lesion, "liver"));
    assert_eq!(desk.records().lesions[0].organ, "liver");
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_record_altered_behind_a_signature_shows() {
    let mut desk = Desk::open();
    desk.name_reader();
    desk.draw(0, 0, None);
    let time_point = desk.time_point(0);
    desk.send(Command::Sign {
        time_point,
        meaning: Meaning::Authorship,
    });
    desk.restart();
    assert!(!desk.view().columns[0].reading.broken);
    desk.session = None;
    let database = desk.workspace().join("oncotwin.sqlite");
    let connection = rusqlite::Connection::open(database).expect("a database");
    let changed = connection.execute("UPDATE lesions SET nodal = 1", []);
    assert_eq!(changed.expect("changed"), 1);
    drop(connection);
    desk.restart();
    assert!(desk.view().columns[0].reading.broken);
}
