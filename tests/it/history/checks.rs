//! How much masks depend on just where the hand was, worked out behind them.

use oncotwin::app::Command;
use oncotwin::app::view::{BrushShape, Edit};
use oncotwin::case::*;
use oncotwin::segment::Prompt;
use oncotwin::store;
use oncotwin::units::Mm;

use super::Desk;

impl Desk {
    /// What the record says of each mask that stands.
    fn figures(&mut self) -> Vec<Option<f64>> {
        let records = self.records();
        records.segmented.iter().map(|s| s.consistency).collect()
    }

    fn n_checked(&mut self) -> usize {
        let patient = self.records().patients[0].id;
        let checked = store::Which::Event(patient, "mask.check".to_owned());
        let query = store::Query::new(&self.workspace());
        query.entries(&checked).expect("readable").len()
    }
}

#[test]
fn a_mask_of_gestures_alone_is_checked_once_and_an_edited_one_is_not() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let drawn = desk.records();
    let figure = desk.figures()[0].expect("worked out");
    assert!(figure > 0.5 && figure <= 1.0, "{figure}");
    let cell = desk.view().lesions[0].cells[0].clone().expect("marked");
    assert_eq!(cell.consistency, Some(figure));
    assert_eq!(cell.depends, figure < 0.85);
    assert_eq!(desk.n_checked(), 1);
    // It is no step, and no mask of its own.
    assert_eq!(desk.titles().len(), 1);
    let annotation = drawn.annotations[0].id;
    desk.send(Command::ShowVersions { annotation });
    assert_eq!(desk.view().versions.expect("listed").rows.len(), 1);
    desk.send(Command::HideVersions);
    desk.verify();
    assert_eq!(desk.n_checked(), 1);

    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let series = desk.series(0);
    desk.send(Command::Prompt {
        series,
        lesion: Some(lesion),
        prompt: Prompt::Scribble {
            points: vec![p0.midpoint(p1), p1],
            radius: Mm(1.5),
            adds: false,
        },
    });
    assert!(desk.figures()[0].is_some(), "a correction is a gesture");
    desk.send(Command::Edit {
        series,
        lesion: Some(lesion),
        edit: Edit::Brush {
            points: vec![p0.midpoint(p1)],
            radius: Mm(3.0),
            shape: BrushShape::Sphere,
            adds: true,
            within: None,
        },
    });
    assert_eq!(desk.records().annotations[0].marking.steps.len(), 3);
    assert_eq!(desk.figures(), [None], "a hand has no pixel beside it");
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    assert_eq!(desk.records(), drawn);
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_check_makes_way_for_gestures_and_is_taken_up_again() {
    let mut desk = Desk::open();
    desk.start_drawing(0, 0, None);
    while desk.records().segmented.is_empty() {
        desk.session().poll();
    }
    // The first mask is being checked by now.
    assert_eq!(desk.figures(), [None]);
    desk.start_drawing(0, 1, None);
    while desk.records().segmented.len() < 2 {
        desk.session().poll();
    }
    assert_eq!(desk.figures(), [None, None], "masks go before checks");
    desk.session().settle();
    let figures = desk.figures();
    assert!(figures.iter().all(Option::is_some), "{figures:?}");
    assert_eq!(desk.n_checked(), 2);
    desk.verify();

    // Who closes the program before has it done the next time.
    desk.start_drawing(1, 0, None);
    while desk.records().segmented.len() < 3 {
        desk.session().poll();
    }
    desk.restart();
    assert!(desk.figures().iter().all(Option::is_some));
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_signed_reading_takes_no_figure_before_it_is_amended() {
    let mut desk = Desk::open();
    desk.name_reader();
    desk.start_drawing(0, 0, None);
    while desk.records().segmented.is_empty() {
        desk.session().poll();
    }
    let time_point = desk.time_point(0);
    desk.session().send(Command::Sign {
        time_point,
        meaning: Meaning::Authorship,
    });
    let signed = desk.records();
    assert_eq!(signed.signoffs.len(), 1);
    desk.session().settle();
    desk.verify();
    assert_eq!(desk.records(), signed);
    assert_eq!(desk.figures(), [None]);
    desk.no_errors();

    desk.send(Command::Amend {
        time_point,
        reason: "the outline was too wide".to_owned(),
    });
    assert!(desk.figures()[0].is_some());
    desk.no_errors();
    desk.verify();
}
