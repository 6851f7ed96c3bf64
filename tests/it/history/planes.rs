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

#[test]
fn planes_are_turned_about_their_place_and_laid_straight_again() {
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let series = desk.series(0);
    let place = desk.cursor();
    let straight = desk.sections();
    for _ in 0..30 {
        desk.send(Command::TurnPlane {
            series,
            across: 0,
            about: [0.0, 0.0, 2.0],
            degrees: 1.0,
        });
    }
    let turned = desk.sections();
    assert_eq!(turned[0].title, "Oblique coronal");
    assert!(turned[0].turned && !turned[1].turned);
    let angle = turned[0].map.dx.angle(&straight[0].map.dx).to_degrees();
    assert!((angle - 30.0).abs() < 1e-6, "{angle}");
    assert!(
        turned[0].map.dx.dot(&turned[0].map.dy).abs() < 1e-9,
        "not skewed"
    );
    assert!(turned[0].place.distance(place).0 < 1.0, "about its place");
    assert_eq!(turned[1].picture.version, straight[1].picture.version);
    // Its line in the slice leads where it does.
    let slice = desk.view().columns[0].shown.clone().expect("a slice");
    let lines = slice.crosshair.expect("lines").lines;
    let line = lines
        .iter()
        .find(|l| l.across == Some(0))
        .expect("its line");
    let lean = line.along[1]
        .atan2(line.along[0])
        .to_degrees()
        .rem_euclid(180.0);
    assert!((lean - 30.0).abs() < 1e-6, "{lean}");

    // Each notch of the wheel is one plane further.
    let mut plane = turned[0].plane;
    for _ in 0..5 {
        let section = desk.sections()[0].clone();
        let place = Point(section.place.0 + section.step);
        desk.send(Command::PointAt { series, place });
        plane += 1;
        assert_eq!(desk.sections()[0].plane, plane);
    }
    desk.restart();
    assert!(desk.sections()[0].turned, "kept over a restart");
    desk.send(Command::StraightenPlanes { series });
    assert_eq!(desk.sections()[0].title, "Coronal");
    desk.no_errors();
}

#[test]
fn a_slab_takes_the_place_of_planes_and_slice() {
    use oncotwin::app::view::{Projection, Slab};
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let series = desk.series(0);
    let shown = |desk: &mut Desk| desk.view().columns[0].shown.clone().expect("a slice");
    let single = shown(&mut desk);
    let slab = Slab {
        projection: Projection::Max,
        thickness: oncotwin::units::Mm(15.0),
    };
    desk.send(Command::SetSlab {
        series,
        slab: Some(slab),
    });
    // It is made behind the window; until then nothing is shown in its place, and it says so.
    let coming = shown(&mut desk);
    assert!(coming.on_its_way && coming.picture.gray.iter().all(|level| *level == 0));
    desk.session().settle();
    let thick = shown(&mut desk);
    assert!(!thick.on_its_way);
    assert_eq!(thick.slab, Some(slab));
    assert!(thick.probe.is_none(), "no value of a voxel is told");
    assert_eq!(thick.picture.gray.len(), single.picture.gray.len());
    let both = thick.picture.gray.iter().zip(&single.picture.gray);
    assert!(both.clone().all(|(t, s)| t >= s), "the brightest of all");
    assert!(both.filter(|(t, s)| t > s).count() > 100);
    assert!(
        desk.sections()
            .iter()
            .all(|s| s.slab == Some(slab) && !s.on_its_way)
    );
    // Paging shows the slab of before until the next one is there.
    let slice = thick.slice + 1;
    desk.send(Command::SetSlice { series, slice });
    let before = shown(&mut desk);
    assert!(before.on_its_way);
    assert_eq!(before.picture.gray, thick.picture.gray);
    desk.session().settle();
    let next = shown(&mut desk);
    assert!(!next.on_its_way && next.picture.gray != thick.picture.gray);
    desk.send(Command::SetSlice {
        series,
        slice: single.slice,
    });
    desk.send(Command::SetSlab { series, slab: None });
    assert_eq!(shown(&mut desk).picture.gray, single.picture.gray);
    desk.no_errors();
}
