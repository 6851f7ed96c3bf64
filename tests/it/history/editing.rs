//! Editing masks by hand: painted, erased, merged and cut in two, each a step that is undone.

use oncotwin::app::Command;
use oncotwin::case::*;
use oncotwin::edit::{BrushShape, Edit, Keep, Operation};
use oncotwin::geometry::Point;
use oncotwin::units::Mm;

use super::Desk;

impl Desk {
    fn edit(&mut self, lesion: Option<LesionId>, edit: Edit) {
        let series = self.series(0);
        self.send(Command::Edit {
            series,
            lesion,
            edit,
        });
    }

    fn voxels(&mut self) -> Vec<usize> {
        let records = self.records();
        records
            .segmented
            .iter()
            .map(|s| s.measured.voxels)
            .collect()
    }
}

fn brush(at: Point, radius: f64, adds: bool) -> Edit {
    Edit::Brush {
        points: vec![at],
        radius: Mm(radius),
        shape: BrushShape::Sphere,
        adds,
        within: None,
    }
}

#[test]
fn a_mask_is_painted_erased_grown_and_brought_back() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let drawn = desk.records();
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let before = drawn.segmented[0].measured.voxels;

    desk.edit(Some(lesion), brush(p1, 4.0, true));
    let painted = desk.records();
    assert!(painted.segmented[0].measured.voxels > before);
    let MaskStep::Edit {
        delta: Some(delta), ..
    } = &painted.annotations[0].marking.steps[1]
    else {
        panic!("{:?}", painted.annotations[0].marking.steps);
    };
    assert_eq!(delta.before_sha256, drawn.segmented[0].mask_sha256);

    desk.edit(Some(lesion), brush(p1, 4.0, false));
    desk.edit(
        Some(lesion),
        Edit::Margin {
            mm: Mm(1.5),
            within: None,
        },
    );
    let n = desk.voxels();
    assert!(n[0] > 0);
    desk.edit(
        Some(lesion),
        Edit::Islands {
            keep: Keep::Largest,
        },
    );
    // It is in one part already.
    assert!(desk.said("changes nothing"));
    desk.no_errors();
    for _ in 0..3 {
        desk.send(Command::Undo);
    }
    assert_eq!(desk.records(), drawn);
    for _ in 0..2 {
        desk.send(Command::Redo);
    }
    assert!(desk.voxels()[0] < painted.segmented[0].measured.voxels);
    desk.verify();

    // What would leave nothing is refused, and what stood stands.
    let before = desk.records();
    desk.edit(Some(lesion), brush(p0.midpoint(p1), 80.0, false));
    assert_eq!(desk.records(), before);
    assert!(desk.said("would leave nothing"));
}

#[test]
fn a_lesion_can_be_painted_from_nothing() {
    let mut desk = Desk::open();
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    desk.edit(None, brush(p0.midpoint(p1), 5.0, true));
    let records = desk.records();
    assert_eq!((records.lesions.len(), records.segmented.len()), (1, 1));
    // 4/3 π 5³, to what voxels allow.
    let volume = records.segmented[0].measured.volume.value();
    assert!((volume / 523.6 - 1.0).abs() < 0.15, "{volume}");
    desk.edit(None, brush(p0.midpoint(p1), 5.0, false));
    assert!(desk.said("no mask here to change"));
    desk.verify();
}

#[test]
fn lesions_are_merged_into_one_in_one_step() {
    let mut desk = Desk::open();
    let first = desk.draw(0, 0, None);
    desk.draw(0, 1, None);
    let apart = desk.records();
    let n: usize = desk.voxels().iter().sum();
    let [a, b] = [&apart.annotations[0], &apart.annotations[1]];
    desk.send(Command::Combine {
        annotation: a.id,
        other: b.id,
        op: Operation::Union,
    });
    let merged = desk.records();
    assert_eq!((merged.lesions.len(), merged.annotations.len()), (1, 1));
    assert_eq!(merged.lesions[0].id, first);
    assert_eq!(merged.segmented[0].measured.voxels, n);
    // The line that was drawn along one of them is not the diameter of both.
    let cell = desk.view().lesions[0].cells[0].clone().expect("merged");
    assert!(cell.drawn.is_empty(), "{cell:?}");
    assert_ne!(cell.source, Some(ValueSource::Caliper));
    desk.send(Command::Undo);
    assert_eq!(desk.records(), apart);
    desk.send(Command::Redo);
    assert_eq!(desk.records().segmented[0].measured.voxels, n);
    desk.verify();
}

#[test]
fn a_lesion_is_cut_in_two_in_one_step() {
    let mut desk = Desk::open();
    desk.draw(0, 0, None);
    let whole = desk.records();
    let n = desk.voxels()[0];
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let middle = p0.midpoint(p1);
    let across = (p1.0 - p0.0).cross(&oncotwin::geometry::Vec3::z());
    let line = [Point(middle.0 - across), Point(middle.0 + across)];
    desk.send(Command::SplitLesion {
        annotation: whole.annotations[0].id,
        line,
    });
    let halves = desk.records();
    assert_eq!((halves.lesions.len(), halves.segmented.len()), (2, 2));
    let parts = desk.voxels();
    assert_eq!(
        parts.iter().sum::<usize>(),
        n,
        "nothing is lost, nothing is doubled"
    );
    assert!(parts.iter().all(|p| *p > n / 4), "{parts:?}");
    for row in desk.view().lesions {
        let cell = row.cells[0].clone().expect("cut");
        assert!(cell.drawn.is_empty(), "{cell:?}");
        assert_ne!(cell.source, Some(ValueSource::Caliper));
    }
    desk.verify();
    desk.send(Command::Undo);
    assert_eq!(desk.records(), whole);

    // Beside the lesion there is nothing to cut.
    let aside = |p: Point| Point(p.0 + oncotwin::geometry::Vec3::new(0.0, 60.0, 0.0));
    desk.send(Command::SplitLesion {
        annotation: whole.annotations[0].id,
        line: [aside(p0), aside(p1)],
    });
    assert_eq!(desk.records(), whole);
}

#[test]
fn a_correction_that_is_refused_after_other_steps_brings_back_what_stood() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let first = desk.records();
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let series = desk.series(0);
    // It would leave nothing; meanwhile another lesion is drawn.
    desk.session().send(Command::Edit {
        series,
        lesion: Some(lesion),
        edit: brush(p0.midpoint(p1), 80.0, false),
    });
    desk.start_drawing(0, 1, None);
    desk.session().settle();
    let records = desk.records();
    assert_eq!((records.lesions.len(), records.segmented.len()), (2, 2));
    assert!(records.annotations.contains(&first.annotations[0]));
    assert!(records.segmented.contains(&first.segmented[0]));
    assert!(desk.said("would leave nothing"));
    desk.verify();
}

#[test]
fn a_correction_builds_on_the_mask_that_stands_whatever_made_it() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let drawn = desk.records();
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    desk.edit(Some(lesion), brush(p1, 4.0, true));
    let mark = desk.records().annotations[0].clone();
    let base = mark.marking.base.expect("the mask that stood");
    assert_eq!(base.mask.mask_sha256, drawn.segmented[0].mask_sha256);
    assert_eq!(base.n_steps, 1);
    // Two strokes one after the other: the second builds on the first, and that on the mask.
    let series = desk.series(0);
    for (at, radius) in [(p0, 5.0), (p1, 6.0)] {
        desk.session().send(Command::Edit {
            series,
            lesion: Some(lesion),
            edit: brush(at, radius, true),
        });
    }
    desk.session().settle();
    let records = desk.records();
    assert_eq!(records.annotations[0].marking.steps.len(), 4);
    assert_eq!(records.segmented.len(), 1);
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_mask_in_two_parts_does_not_count_before_a_reader_says_so() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let whole = desk.view().lesions[0].cells[0].clone().expect("drawn");
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let aside = Point(p1.0 + (p1.0 - p0.0).normalize() * 12.0);
    desk.edit(Some(lesion), brush(aside, 3.0, true));
    let parted = desk.view().lesions[0].cells[0].clone().expect("painted");
    assert!(
        !parted.counts && parted.source != Some(ValueSource::Mask),
        "{parted:?}"
    );
    assert!(parted.warnings.iter().any(|w| w.contains("several parts")));
    desk.edit(
        Some(lesion),
        Edit::Islands {
            keep: Keep::Largest,
        },
    );
    let kept = desk.view().lesions[0].cells[0].clone().expect("kept");
    assert_eq!(
        (kept.axes, kept.source),
        (whole.axes, Some(ValueSource::Mask))
    );
}
