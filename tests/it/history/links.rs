//! Time points that follow each other: aligned, accepted, kept, taken back.

use oncotwin::app::view::{LinkMode, LinkTrust, LinkView, Point};

use super::*;

impl Desk {
    fn link(&mut self, n: usize) -> LinkView {
        self.view().columns[n].link.clone().expect("several visits")
    }

    /// Where the planes of a time point meet.
    fn seen(&mut self, n: usize) -> Point {
        let sections = self.view().columns[n].sections.clone();
        sections.first().expect("three planes").place
    }

    fn slice_of(&mut self, n: usize) -> usize {
        self.view().columns[n]
            .shown
            .as_ref()
            .expect("a slice")
            .slice
    }

    /// The middle of a true lesion.
    fn true_place(&self, n: usize, lesion: usize) -> Point {
        let [p0, p1] = self.truth.time_points[n].lesions[lesion].long_axis;
        p0.midpoint(p1)
    }
}

#[test]
fn an_alignment_is_proposed_accepted_kept_and_taken_back() {
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let (first, second) = (desk.series(0), desk.series(1));
    assert_eq!(desk.link(1).trust, LinkTrust::Unknown);
    let before = desk.slice_of(1);
    desk.send(Command::SetSlice {
        series: first,
        slice: 3,
    });
    assert_eq!(
        desk.slice_of(1),
        before,
        "nothing is known: nothing follows"
    );

    desk.send(Command::Register { series: second });
    desk.no_errors();
    let link = desk.link(1);
    assert_eq!(link.trust, LinkTrust::Proposed, "{link:?}");
    assert!(link.proposed.is_some());
    for lesion in 0..desk.truth.time_points[0].lesions.len() {
        let place = desk.true_place(0, lesion);
        desk.send(Command::PointAt {
            series: first,
            place,
        });
        let (found, truth) = (desk.seen(1), desk.true_place(1, lesion));
        let off = found.distance(truth).0;
        // Lesions move a little as they grow and shrink; the slices are 2.5 mm apart.
        assert!(off < 5.0, "lesion {lesion}: {off} mm off");
    }
    desk.send(Command::AcceptRegistration { series: second });
    assert_eq!(desk.link(1).trust, LinkTrust::Registered);
    assert!(desk.link(1).proposed.is_none());
    assert_eq!(
        desk.link(2).trust,
        LinkTrust::Unknown,
        "the others wait for theirs"
    );

    desk.restart();
    assert_eq!(desk.link(1).trust, LinkTrust::Registered, "kept");
    desk.send(Command::RemoveRegistration { series: second });
    assert_eq!(desk.link(1).trust, LinkTrust::Unknown);
}

#[test]
fn all_time_points_are_aligned_at_once() {
    let mut desk = Desk::open();
    assert_eq!(desk.link(0).trust, LinkTrust::Unknown, "nothing follows it");
    desk.send(Command::RegisterAll);
    desk.no_errors();
    let n = desk.view().columns.len();
    for column in 1..n {
        assert_eq!(desk.link(column).trust, LinkTrust::Proposed);
        let series = desk.series(column);
        desk.send(Command::AcceptRegistration { series });
        assert_eq!(desk.link(column).trust, LinkTrust::Registered);
    }
    assert_eq!(desk.link(0).trust, LinkTrust::Frame);
    // From one follow-up to another over the first time point.
    desk.send(Command::ShowPlanes { three: true });
    let (series, place) = (desk.series(1), desk.true_place(1, 0));
    desk.send(Command::PointAt { series, place });
    let off = desk.seen(2).distance(desk.true_place(2, 0)).0;
    assert!(off < 6.0, "{off} mm off");
}

#[test]
fn a_rejected_alignment_leaves_nothing() {
    let mut desk = Desk::open();
    let second = desk.series(1);
    let settings = desk.session().state().records().settings.clone();
    desk.send(Command::Register { series: second });
    assert_eq!(desk.link(1).trust, LinkTrust::Proposed);
    desk.send(Command::RemoveRegistration { series: second });
    assert_eq!(desk.link(1).trust, LinkTrust::Unknown);
    let accepted = |s: &[(String, serde_json::Value)]| {
        let of = s.iter().filter(|(k, _)| k.starts_with("registration/"));
        of.count()
    };
    let now = desk.session().state().records().settings.clone();
    assert_eq!(accepted(&now), accepted(&settings));
}

#[test]
fn columns_linked_by_offset_keep_their_distance() {
    let mut desk = Desk::open();
    let all: Vec<SeriesId> = (0..3).map(|n| desk.series(n)).collect();
    for series in &all[..2] {
        desk.send(Command::SetLink {
            series: *series,
            mode: LinkMode::Offset,
        });
    }
    let before: Vec<usize> = (0..3).map(|n| desk.slice_of(n)).collect();
    desk.send(Command::SetSlice {
        series: all[0],
        slice: before[0] + 6,
    });
    let after: Vec<usize> = (0..3).map(|n| desk.slice_of(n)).collect();
    assert_eq!(after, [before[0] + 6, before[1] + 6, before[2]]);
    assert_eq!(desk.link(0).trust, LinkTrust::Offset);
    desk.send(Command::SetLink {
        series: all[1],
        mode: LinkMode::Off,
    });
    desk.send(Command::SetSlice {
        series: all[0],
        slice: before[0],
    });
    assert_eq!(desk.slice_of(1), after[1], "not linked any more");
}

#[test]
fn a_lesion_is_looked_for_where_it_is_not_marked() {
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let second = desk.series(1);
    desk.send(Command::Register { series: second });
    desk.send(Command::AcceptRegistration { series: second });
    let lesion = desk.draw(0, 0, None);
    desk.send(Command::SelectLesion { lesion: None });
    desk.send(Command::SelectLesion {
        lesion: Some(lesion),
    });
    let off = desk.seen(1).distance(desk.true_place(1, 0)).0;
    assert!(off < 6.0, "{off} mm off");
}
