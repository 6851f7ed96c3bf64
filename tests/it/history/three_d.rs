//! Lesions in space through the session: their surfaces follow the masks.

use oncotwin::app::view::{Point, ThreeDView};

use super::*;

impl Desk {
    /// The first time point in space, once nothing is being made any more.
    fn three_d(&mut self) -> Option<ThreeDView> {
        for _ in 0..400 {
            let view = self.view().columns[0].three_d.clone();
            if !view.as_ref().is_some_and(|v| v.pending) {
                return view;
            }
            self.session().settle();
        }
        panic!("surfaces are being made for ever");
    }
}

#[test]
fn surfaces_lie_where_the_lesions_are_and_follow_them() {
    let mut desk = Desk::open();
    let lesion = desk.draw(0, 0, None);
    assert!(desk.three_d().is_none(), "not asked for");
    desk.send(Command::ShowThreeD { on: true });
    let view = desk.three_d().expect("shown");
    assert_eq!(view.bodies.len(), 1);
    let body = &view.bodies[0];
    assert_eq!((body.lesion, body.color), (lesion, 0));
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    let middle: Point = body.surface.middle().expect("a surface");
    assert!(middle.distance(p0.midpoint(p1)).0 < 4.0, "{middle:?}");
    let [low, high] = body.surface.bounds;
    let longest = (0..3).map(|a| high[a] - low[a]).fold(0.0, f32::max);
    let axis = p0.distance(p1).0;
    assert!(
        (f64::from(longest) / axis - 1.0).abs() < 0.35,
        "{longest} {axis}"
    );

    // What was undone has no surface, and kept over a restart is whether they are shown.
    desk.send(Command::Undo);
    assert!(desk.three_d().expect("shown").bodies.is_empty());
    desk.send(Command::Redo);
    assert_eq!(desk.three_d().expect("shown").bodies.len(), 1);
    desk.restart();
    assert_eq!(desk.three_d().expect("still shown").bodies.len(), 1);
    desk.send(Command::ShowThreeD { on: false });
    assert!(desk.three_d().is_none());
}
