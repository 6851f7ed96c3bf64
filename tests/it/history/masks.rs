//! Versions of masks.

use oncotwin::app::Command;
use oncotwin::case::*;
use oncotwin::segment::Prompt;

use super::Desk;

#[test]
fn masks_are_listed_compared_and_restored() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let first = desk.records();
    let series = desk.series(0);
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    desk.send(Command::Prompt {
        series,
        lesion: Some(lesion),
        prompt: Prompt::Drag {
            ends: [p0.midpoint(p0.midpoint(p1)), p1],
        },
    });
    let second = desk.records();
    assert_eq!(second.annotations.len(), 1);
    assert_ne!(second.segmented, first.segmented);
    desk.send(Command::ShowVersions {
        annotation: second.annotations[0].id,
    });
    let versions = desk.view().versions.expect("listed");
    assert!(!versions.pending);
    let rows = &versions.rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].why, "replaced by a later drawing");
    assert!(rows[1].standing && rows[1].why.is_empty() && !rows[0].standing);
    assert!(
        rows[0]
            .what
            .starts_with("growcut/6 from a drawn diameter of ")
    );

    desk.send(Command::SelectLesion {
        lesion: Some(lesion),
    });
    desk.send(Command::CompareVersions {
        a: rows[0].id,
        b: rows[1].id,
    });
    let view = desk.view();
    let compared = view.versions.expect("listed");
    let dice: f64 = compared.comparison[0].1.parse().expect("a number");
    assert!(dice > 0.3 && dice < 1.0, "Dice {dice}");
    assert_eq!(compared.comparison.len(), 7);
    let outlines = view.columns[0]
        .shown
        .as_ref()
        .and_then(|s| s.compared.as_ref());
    assert!(outlines.is_some_and(|[a, b]| !a.is_empty() && !b.is_empty()));

    desk.send(Command::RestoreVersion {
        version: rows[0].id,
    });
    let restored = desk.records();
    assert_eq!(restored.annotations, first.annotations);
    assert_eq!(restored.segmented, first.segmented);
    assert_eq!(desk.session().state().shown_masks().len(), 1);
    let shown = desk.session().state().shown_masks()[0].mask.sha256();
    assert_eq!(shown, first.segmented[0].mask_sha256);
    let rows = desk.view().versions.expect("listed").rows;
    assert_eq!(rows.len(), 3);
    assert!(rows[2].standing && rows[2].what.ends_with("restored"));

    desk.send(Command::Undo);
    assert_eq!(desk.records(), second);
    let rows = desk.view().versions.expect("listed").rows;
    assert_eq!(rows[2].why, "undone");
    assert!(rows[1].standing);
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    assert!(desk.view().versions.is_none());
    desk.no_errors();
    desk.verify();
}

#[test]
fn masks_on_different_images_are_not_compared() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    let (into, from) = (desk.time_point(0), desk.time_point(1));
    let other = desk.series(1);
    desk.remove_mark(lesion, into);
    desk.send(Command::MergeTimePoints { into, from });
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    desk.draw(1, 1, None);
    let records = desk.records();
    let mark = records.annotations.iter().find(|a| a.series == other);
    let mark = mark.expect("drawn").id;
    desk.send(Command::LinkAnnotation {
        annotation: mark,
        lesion: Some(lesion),
    });
    desk.remove_mark(lesion, into);
    desk.send(Command::MergeTimePoints { into, from });
    desk.send(Command::ShowVersions { annotation: mark });
    let rows = desk.view().versions.expect("listed").rows;
    let of_lesion: Vec<StepId> = rows.iter().map(|r| r.id).collect();
    assert_eq!(of_lesion.len(), 2);
    assert_eq!(rows[0].why, "removed");
    desk.send(Command::CompareVersions {
        a: of_lesion[0],
        b: of_lesion[1],
    });
    assert!(desk.said("different images"));
}
