//! Gestures that correct a mask, calipers, sizes of others, and which of them counts.

use oncotwin::app::Command;
use oncotwin::app::view::OfferView;
use oncotwin::case::*;
use oncotwin::geometry::Point;
use oncotwin::segment::Prompt;
use oncotwin::units::Mm;

use super::Desk;

impl Desk {
    /// The one mark that stands.
    fn mark(&mut self) -> Annotation {
        let records = self.records();
        assert_eq!(records.annotations.len(), 1, "{:?}", records.annotations);
        records.annotations[0].clone()
    }

    fn prompt(&mut self, lesion: Option<LesionId>, prompt: Prompt) {
        let series = self.series(0);
        self.send(Command::Prompt {
            series,
            lesion,
            prompt,
        });
    }

    /// Middle and long axis of the first true lesion at the first time point.
    fn lesion_at(&self) -> (Point, [Point; 2]) {
        let axis = self.truth.time_points[0].lesions[0].long_axis;
        (axis[0].midpoint(axis[1]), axis)
    }
}

fn stroke(from: Point, to: Point, adds: bool) -> Prompt {
    Prompt::Scribble {
        points: vec![from, from.midpoint(to), to],
        radius: Mm(1.5),
        adds,
    }
}

#[test]
fn strokes_correct_the_mask_that_stands_and_are_undone_one_by_one() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let first = desk.records();
    let (middle, axis) = desk.lesion_at();
    // Half of the lesion is not lesion.
    desk.prompt(Some(lesion), stroke(middle, axis[1], false));
    let second = desk.records();
    assert_eq!(second.annotations.len(), 1);
    assert_eq!(second.annotations[0].marking.steps.len(), 2);
    assert_eq!(second.annotations[0].marking.line(), Some(axis));
    assert!(second.segmented[0].measured.voxels < first.segmented[0].measured.voxels);
    // And it is again.
    desk.prompt(Some(lesion), stroke(middle, axis[1], true));
    let third = desk.records();
    assert_eq!(third.annotations[0].marking.steps.len(), 3);
    assert!(third.segmented[0].measured.voxels > second.segmented[0].measured.voxels);
    desk.no_errors();

    desk.send(Command::Undo);
    assert_eq!(desk.records(), second);
    desk.send(Command::Undo);
    assert_eq!(desk.records(), first);
    desk.send(Command::Redo);
    desk.send(Command::Redo);
    assert_eq!(desk.records().annotations, third.annotations);
    assert_eq!(
        desk.records().segmented[0].mask_sha256,
        third.segmented[0].mask_sha256
    );
    desk.verify();

    let annotation = desk.mark().id;
    desk.send(Command::ShowVersions { annotation });
    let rows = desk.view().versions.expect("listed").rows;
    let what: Vec<&str> = rows.iter().map(|r| &*r.what).collect();
    assert!(what[0].contains("from a drawn diameter of ") && !what[0].contains("correction"));
    assert!(
        what.iter().any(|w| w.ends_with(" and 1 correction")),
        "{what:?}"
    );
    assert!(
        rows.last()
            .is_some_and(|r| r.what.ends_with(" and 2 corrections") && r.standing)
    );
}

/// A stroke is entered as it was drawn; what it means for the whole lesion is offered, and is a step
/// of its own.
#[test]
fn the_whole_lesion_anew_is_offered_after_a_stroke() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let (middle, axis) = desk.lesion_at();
    assert!(desk.view().proposal.is_some());
    desk.prompt(Some(lesion), stroke(middle, axis[1], false));
    let stroked = desk.records();
    let offer = |desk: &mut Desk| desk.view().proposal.and_then(|p| p.offer);
    let offered = offer(&mut desk);
    assert!(
        matches!(offered, Some(OfferView::Whole { .. })),
        "{offered:?}"
    );
    desk.send(Command::TakeOffer);
    let anew = desk.records();
    let steps = &anew.annotations[0].marking.steps;
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[2].prompt(), Some(&Prompt::Anew));
    assert!(anew.segmented[0].measured.voxels < stroked.segmented[0].measured.voxels);
    // Nothing more is offered, and the step is taken back alone.
    assert_eq!(offer(&mut desk), None);
    desk.send(Command::Reject);
    assert_eq!(
        desk.records().segmented[0].mask_sha256,
        stroked.segmented[0].mask_sha256
    );
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_click_makes_a_mask_or_leaves_nothing() {
    let mut desk = Desk::open();
    let (middle, _) = desk.lesion_at();
    desk.prompt(
        None,
        Prompt::Point {
            at: middle,
            adds: true,
        },
    );
    let records = desk.records();
    if records.annotations.is_empty() {
        // Refused: neither mark nor lesion stays, and the reader is asked for a drag.
        assert!(records.lesions.is_empty() && records.segmented.is_empty());
        assert!(desk.said("drag along the longest diameter"));
    } else {
        assert_eq!(records.segmented.len(), 1);
        assert!(desk.mark().marking.line().is_none());
    }
    // On air there is nothing to find, whatever the engine.
    let at = Point(middle.0 + oncotwin::geometry::Vec3::new(0.0, -400.0, 0.0));
    desk.prompt(None, Prompt::Point { at, adds: true });
    assert_eq!(desk.records(), records);
    desk.verify();
}

#[test]
fn what_takes_away_needs_a_mask() {
    let mut desk = Desk::open();
    let (middle, axis) = desk.lesion_at();
    desk.prompt(None, stroke(middle, axis[1], false));
    assert!(desk.records().annotations.is_empty());
    assert!(desk.said("no mask here to change"));
}

#[test]
fn a_gesture_that_does_not_touch_a_mask_starts_a_lesion() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let [p0, p1] = desk.truth.time_points[0].lesions[1].long_axis;
    desk.prompt(Some(lesion), stroke(p0.midpoint(p1), p1, true));
    let records = desk.records();
    assert_eq!((records.lesions.len(), records.annotations.len()), (2, 2));
    assert!(
        records
            .annotations
            .iter()
            .all(|a| a.marking.steps.len() == 1)
    );
}

#[test]
fn rejecting_brings_back_what_stood_and_stays_in_the_trail() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    desk.send(Command::Accept);
    assert!(desk.view().proposal.is_none());
    let before = desk.records();
    let (middle, axis) = desk.lesion_at();
    desk.prompt(Some(lesion), stroke(middle, axis[1], false));
    let proposal = desk.view().proposal.expect("to be accepted");
    assert!(!proposal.pending && !proposal.text.is_empty());
    desk.send(Command::Reject);
    assert_eq!(desk.records(), before);
    assert!(desk.view().proposal.is_none());
    // A first gesture that is rejected takes its lesion along.
    desk.send(Command::Undo);
    let nothing = desk.records();
    desk.draw(0, 0, None);
    desk.send(Command::Reject);
    assert_eq!(desk.records(), nothing);
    desk.verify();
    let query = oncotwin::store::Query::new(&desk.workspace());
    let rejected = query
        .entries(&oncotwin::store::Which::All)
        .expect("readable");
    let n = rejected
        .iter()
        .filter(|e| e.event == "annotation.reject")
        .count();
    assert_eq!(n, 2);
}

#[test]
fn a_preview_commits_nothing() {
    let mut desk = Desk::open();
    let before = desk.records();
    let (_, axis) = desk.lesion_at();
    let series = desk.series(0);
    let prompt = Prompt::Drag { ends: axis };
    desk.send(Command::Preview {
        series,
        lesion: None,
        step: MaskStep::Prompt { prompt },
    });
    let n_slices = desk.view().columns[0]
        .shown
        .clone()
        .expect("loaded")
        .n_slices;
    let away = |desk: &mut Desk, slice| {
        desk.session().send(Command::SetSlice { series, slice });
        let map = desk.view().columns[0].shown.as_ref().expect("loaded").map;
        (map.origin.0.z - axis[0].0.z).abs()
    };
    let slices = (0..n_slices).map(|k| (away(&mut desk, k), k));
    let (_, slice) = slices.min_by(|a, b| a.0.total_cmp(&b.0)).expect("slices");
    desk.send(Command::SetSlice { series, slice });
    let overlays = desk.view().columns[0]
        .shown
        .clone()
        .expect("loaded")
        .overlays;
    assert!(overlays.iter().any(|o| o.preview && !o.outlines.is_empty()));
    assert_eq!(desk.records(), before);
    desk.send(Command::EndPreview);
    let overlays = desk.view().columns[0]
        .shown
        .clone()
        .expect("loaded")
        .overlays;
    assert!(overlays.is_empty());
    assert_eq!(desk.records(), before);
}

#[test]
fn calipers_measure_without_a_mask_and_the_longer_line_is_the_long_axis() {
    let mut desk = Desk::open();
    let series = desk.series(0);
    let (middle, [p0, p1]) = desk.lesion_at();
    let across = (p1.0 - p0.0)
        .cross(&oncotwin::geometry::Vec3::z())
        .normalize();
    let line = |half: f64| {
        [
            Point(middle.0 - across * half),
            Point(middle.0 + across * half),
        ]
    };
    let caliper = |desk: &mut Desk, lesion, line| {
        desk.send(Command::Caliper {
            series,
            lesion,
            line,
        });
    };
    caliper(&mut desk, None, [p0, p1]);
    let mark = desk.mark();
    assert!(mark.marking.steps.is_empty() && desk.records().segmented.is_empty());
    let length = p0.distance(p1).0;
    caliper(&mut desk, Some(mark.lesion), line(length / 4.0));
    let drawn = desk.mark().marking.caliper.expect("drawn");
    assert_eq!(drawn.long, [p0, p1]);
    let short = drawn.short.expect("across");
    assert!((short[0].distance(short[1]).0 - length / 2.0).abs() < 1e-9);
    // Longer than the other, it takes its place.
    caliper(&mut desk, Some(mark.lesion), line(length));
    let drawn = desk.mark().marking.caliper.expect("drawn");
    assert!((drawn.long[0].distance(drawn.long[1]).0 - 2.0 * length).abs() < 1e-9);
    assert_eq!(drawn.short, Some([p0, p1]));

    // Of a node the short axis counts.
    desk.send(Command::EditLesion {
        lesion: mark.lesion,
        label: "L1".to_owned(),
        organ: String::new(),
        role: LesionRole::Target,
        nodal: true,
    });
    let cell = desk.view().lesions[0].cells[0].clone().expect("marked");
    assert_eq!(cell.source, Some(ValueSource::Caliper));
    assert_eq!(cell.recist, Mm(length).to_string());
    desk.verify();
}

#[test]
fn what_counts_is_said_and_chosen() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let time_point = desk.time_point(0);
    let cell = |desk: &mut Desk| desk.view().lesions[0].cells[0].clone().expect("marked");
    let by_rule = cell(&mut desk);
    assert_eq!(
        (by_rule.source, by_rule.chosen),
        (Some(ValueSource::Mask), None)
    );
    assert!(!by_rule.partial_volume.is_empty());

    desk.send(Command::CountBy {
        annotation: by_rule.annotation,
        source: Some(ValueSource::Caliper),
    });
    let drawn = cell(&mut desk);
    assert_eq!(drawn.source, Some(ValueSource::Caliper));
    assert_eq!(drawn.recist, drawn.drawn);
    assert_eq!(drawn.axes, by_rule.axes, "the mask stays");

    desk.send(Command::EnterSize {
        lesion,
        time_point,
        size: ImportedSize {
            long: Mm(41.5),
            short: None,
        },
        reason: "report".to_owned(),
    });
    let entered = cell(&mut desk);
    assert_eq!(entered.source, Some(ValueSource::Imported));
    assert_eq!(entered.recist, "41.5 mm");
    assert!(desk.view().response[0].sum.starts_with("41.5"));
    desk.send(Command::CountBy {
        annotation: entered.annotation,
        source: None,
    });
    assert_eq!(cell(&mut desk).recist, by_rule.recist);
    for _ in 0..3 {
        desk.send(Command::Undo);
    }
    assert_eq!(cell(&mut desk).chosen, None);
    assert_eq!(cell(&mut desk).sources.len(), 2);
    desk.verify();

    // No lesion is that long, and no short axis is the longer one.
    for (long, short) in [(f64::NAN, None), (-1.0, None), (10.0, Some(11.0))] {
        let before = desk.records();
        desk.send(Command::EnterSize {
            lesion,
            time_point,
            size: ImportedSize {
                long: Mm(long),
                short: short.map(Mm),
            },
            reason: String::new(),
        });
        assert_eq!(desk.records(), before);
    }
}

#[test]
fn a_size_needs_no_mark() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let time_point = desk.time_point(1);
    desk.send(Command::EnterSize {
        lesion,
        time_point,
        size: ImportedSize {
            long: Mm(12.0),
            short: Some(Mm(8.0)),
        },
        reason: "report".to_owned(),
    });
    let cell = desk.view().lesions[0].cells[1].clone().expect("entered");
    assert_eq!(cell.source, Some(ValueSource::Imported));
    assert_eq!((&*cell.recist, cell.pending), ("12.0 mm", false));
    // A drag at that time point adds the mask to it, wherever it is drawn.
    desk.draw(1, 0, Some(lesion));
    let cell = desk.view().lesions[0].cells[1].clone().expect("drawn");
    assert_eq!(cell.sources.len(), 3);
    assert_eq!(cell.source, Some(ValueSource::Mask));
    desk.verify();
}

#[test]
fn a_correction_under_way_when_the_program_ended_is_taken_up() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let (middle, axis) = desk.lesion_at();
    let series = desk.series(0);
    desk.session().send(Command::Prompt {
        series,
        lesion: Some(lesion),
        prompt: stroke(middle, axis[1], false),
    });
    desk.restart();
    desk.session().settle();
    let records = desk.records();
    assert_eq!(records.annotations[0].marking.steps.len(), 2);
    assert_eq!(records.segmented.len(), 1);
    assert_eq!(records.segmented[0].annotation, records.annotations[0].id);
    desk.verify();
}
