//! Three planes through the session: where they meet, and that it is kept.

use oncotwin::app::view::{Point, SectionView};

use super::*;

impl Desk {
    fn sections(&mut self) -> Vec<SectionView> {
        self.view().columns[0].sections.clone()
    }

    /// Where the two planes and the slice of the first time point meet.
    fn cursor(&mut self) -> Point {
        let sections = self.sections();
        let [first, second] = &sections[..] else {
            panic!("two planes expected, got {}", sections.len());
        };
        assert!(first.place.distance(second.place).0 < 1.0, "one place");
        first.place
    }
}

#[test]
fn planes_meet_where_was_pointed_and_follow_slice_and_lesion() {
    let mut desk = Desk::open();
    assert!(desk.sections().is_empty(), "slices alone at first");
    desk.send(Command::ShowPlanes { three: true });
    let titles: Vec<String> = desk.sections().into_iter().map(|s| s.title).collect();
    assert_eq!(titles, ["Coronal", "Sagittal"]);

    let series = desk.series(0);
    let slice = |desk: &mut Desk| desk.view().columns[0].shown.clone().expect("a slice");
    let (map, height) = (slice(&mut desk).map, slice(&mut desk).position.0);
    let steps = desk.records().series[0].shape;
    let place = map.patient(steps[0] as f64 * 0.4, steps[1] as f64 * 0.6);
    desk.send(Command::PointAt { series, place });
    assert!(desk.cursor().distance(place).0 < 1.5, "to half a pixel");

    // Paging moves the place along the normal; the planes stay.
    let before = desk.sections();
    let next = slice(&mut desk).slice + 1;
    desk.send(Command::SetSlice {
        series,
        slice: next,
    });
    let after = desk.sections();
    let risen = (slice(&mut desk).position.0 - height).abs();
    for (a, b) in before.iter().zip(&after) {
        assert_eq!((a.plane, a.picture.version), (b.plane, b.picture.version));
        assert!((a.place.distance(b.place).0 - risen).abs() < 1e-6);
    }

    // A lesion that is chosen is where the planes meet, and is cut by them.
    let lesion = desk.draw(0, 0, None);
    desk.send(Command::SelectLesion { lesion: None });
    desk.send(Command::SelectLesion {
        lesion: Some(lesion),
    });
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    assert!(desk.cursor().distance(p0.midpoint(p1)).0 < 3.0);
    assert!(desk.sections().iter().all(|s| !s.outlines.is_empty()));

    let cursor = desk.cursor();
    desk.restart();
    assert!(
        desk.cursor().distance(cursor).0 < 1e-6,
        "kept over a restart"
    );
    desk.send(Command::ShowPlanes { three: false });
    assert!(desk.sections().is_empty());
    desk.no_errors();
}

#[test]
fn pointing_beside_the_image_changes_nothing() {
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let (series, cursor) = (desk.series(0), desk.cursor());
    for place in [Point::new(1e6, 0.0, 0.0), Point::new(f64::NAN, 0.0, 0.0)] {
        desk.send(Command::PointAt { series, place });
        assert_eq!(desk.cursor(), cursor);
    }
}

#[test]
fn erasing_a_patient_forgets_where_was_looked() {
    let mut desk = Desk::open();
    let series = desk.series(0);
    desk.send(Command::ShowPlanes { three: true });
    let place = desk.cursor();
    let place = Point(place.0 + oncotwin::geometry::Vec3::x() * 5.0);
    desk.send(Command::PointAt { series, place });
    let key = format!("planes/{series}");
    let kept = |desk: &mut Desk| {
        let settings = desk.session().state().records().settings.clone();
        settings.into_iter().any(|(k, v)| k == key && !v.is_null())
    };
    assert!(kept(&mut desk));
    let patient = desk.view().id;
    desk.send(Command::ErasePatient {
        patient,
        reason: "asked for".to_owned(),
    });
    assert!(!kept(&mut desk));
}
