//! Transforms stay rotations, and their forms mean the same.

use proptest::prelude::*;

use super::*;

fn any_rigid() -> impl Strategy<Value = Rigid> {
    let angle = -3.1..3.1;
    let shift = -900.0..900.0;
    (
        [angle.clone(), angle.clone(), angle],
        [shift.clone(), shift.clone(), shift],
    )
        .prop_map(|([x, y, z], t)| {
            Rigid::new(
                UnitQuaternion::from_scaled_axis(Vec3::new(x, y, z)),
                t.into(),
            )
        })
}

proptest! {
    #[test]
    fn the_inverse_takes_back(a in any_rigid(), p in [-500.0..500.0, -500.0..500.0, -500.0..500.0]) {
        let p = Point::from(p);
        prop_assert!(a.inverse().apply(a.apply(p)).distance(p).0 < 1e-9);
        prop_assert!(a.then(&a.inverse()).apply(p).distance(p).0 < 1e-9);
    }

    #[test]
    fn composing_is_applying_in_turn(a in any_rigid(), b in any_rigid()) {
        let p = Point::new(12.0, -40.0, 77.0);
        let (at_once, in_turn) = (a.then(&b).apply(p), b.apply(a.apply(p)));
        prop_assert!(at_once.distance(in_turn).0 < 1e-9);
        let m = b.matrix() * a.matrix() * p.0.to_homogeneous();
        prop_assert!((m.xyz() - in_turn.0.coords).norm() < 1e-9);
    }

    #[test]
    fn angles_make_the_matrix_again(a in any_rigid()) {
        let [x, y, z] = a.euler_zxy();
        let about = |axis, angle| UnitQuaternion::from_axis_angle(&axis, angle);
        let again = about(Vec3::z_axis(), z) * about(Vec3::x_axis(), x) * about(Vec3::y_axis(), y);
        prop_assert!(again.angle_to(&a.rotation()) < 1e-6);
    }

    #[test]
    fn what_is_written_is_read(a in any_rigid()) {
        let text = serde_json::to_string(&a).expect("written");
        let again: Rigid = serde_json::from_str(&text).expect("read");
        prop_assert!(a.distance(&again, &[Point::new(400.0, -300.0, 900.0)]).0 < 1e-9);
    }
}

#[test]
fn a_right_angle_about_x_has_angles() {
    let turn = UnitQuaternion::from_euler_angles(std::f64::consts::FRAC_PI_2, 0.0, 0.4);
    let rigid = Rigid::new(turn, Vec3::zeros());
    let [x, y, z] = rigid.euler_zxy();
    let about = |axis, angle| UnitQuaternion::from_axis_angle(&axis, angle);
    let again = about(Vec3::z_axis(), z) * about(Vec3::x_axis(), x) * about(Vec3::y_axis(), y);
    assert!(again.angle_to(&turn) < 1e-6);
}

#[test]
fn many_steps_leave_a_rotation() {
    let step = moved([0.3, -0.2, 0.7], [0.1, 0.0, -0.1]);
    let end = (0..100_000).fold(Rigid::identity(), |at, _| at.then(&step));
    let m = end.matrix().fixed_view::<3, 3>(0, 0).into_owned();
    assert!((m * m.transpose() - nalgebra::Matrix3::identity()).norm() < 1e-12);
}

#[test]
fn what_is_no_rotation_is_not_read() {
    for text in [
        r#"{"quaternion":[0.0,0.0,0.0,0.0],"translation_mm":[0.0,0.0,0.0]}"#,
        r#"{"quaternion":[1.0,0.1,0.0,0.0],"translation_mm":[0.0,0.0,0.0]}"#,
        r#"{"quaternion":[1.0,0.0,0.0,0.0],"translation_mm":[0.0,0.0]}"#,
        r#"{"quaternion":[1.0,0.0,0.0,0.0]}"#,
    ] {
        assert!(serde_json::from_str::<Rigid>(text).is_err(), "{text}");
    }
}
