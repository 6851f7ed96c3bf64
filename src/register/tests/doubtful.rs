//! What disturbs: growth, voids, noise; and whether the residual tells how far off a transform is.

use super::super::likeness::{Comparison, Measure};
use super::super::residual::residual;
use super::super::{FINEST_MM, Metric, image};
use super::*;

#[test]
fn a_lesion_that_grew_does_not_pull() {
    let body = Body::new(1);
    let truth = moved([3.0, -5.0, 4.0], [8.0, 6.0, -11.0]);
    let lesion = |p: Point, radius: f64| {
        let inside = soft(radius - p.distance(Point::new(40.0, -10.0, -50.0)).0);
        body.value(p) * (1.0 - inside) + 90.0 * inside
    };
    let fixed = seen(&usual(), &Rigid::identity(), |p| lesion(p, 12.0));
    let moving = seen(&usual(), &truth, |p| lesion(p, 34.0));
    let found = found(&fixed, &moving).expect("aligned");
    let error = apart(&found.transform, &truth);
    assert!(error < 0.5, "{error} mm");
}

#[test]
fn voids_padding_and_missing_numbers_count_for_nothing() {
    let truth = moved([-6.0, 4.0, 7.0], [12.0, -9.0, 14.0]);
    let plain = usual();
    let with_void = Grid::clone(&plain).with_void_slices(vec![20, 21, 22, 40]);
    let grid = Arc::new(with_void);
    let body = Body::new(1);
    let [ni, nj, _] = grid.shape();
    // Outside a cylinder the scanner wrote padding, in the void slices rubbish, and here and there nothing.
    let mut moving = seen(&grid, &truth, |p| body.value(p));
    let Samples::F32(values) = moving.samples() else {
        panic!("floats were made");
    };
    let mut values = values.clone();
    for ((k, j, i), v) in values.indexed_iter_mut() {
        let (x, y) = (i as f64 - ni as f64 / 2.0, j as f64 - nj as f64 / 2.0);
        if x.hypot(y) > 27.0 {
            *v = 9999.0;
        } else if [20, 21, 22, 40].contains(&k) {
            *v = 3000.0;
        } else if (i * 7 + j * 3 + k) % 211 == 0 {
            *v = f32::NAN;
        }
    }
    let rescale = moving.rescale().to_vec();
    moving = Volume::new(
        grid,
        Samples::F32(values),
        rescale,
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("valid");
    moving.padding = Some(9999.0..=9999.0);
    let found = found(&scan(&plain, &Rigid::identity()), &moving).expect("aligned");
    let error = apart(&found.transform, &truth);
    assert!(error < 0.5, "{error} mm");
}

#[test]
fn the_residual_tells_how_far_off_a_transform_is() {
    let fixed = scan(&usual(), &Rigid::identity());
    let job = JobContext::default();
    let image = image(&fixed, FINEST_MM, &job).expect("read");
    let samples = image.samples(0, 60_000, 1, |_| true);
    let (centre, _) = image.middle();
    for metric in [Metric::Ncc, Metric::Mi] {
        let comparison = Comparison {
            samples: &samples,
            level: &image.levels[0],
            measure: Measure::new(metric, &samples, &samples.values, 32).expect("structure"),
        };
        for off in [0.0, 2.0, 5.0] {
            let shift = Vec3::new(0.6, -0.64, 0.48) * off;
            let pose = super::super::pose::Pose::shifted(centre, shift);
            let checked = residual(&comparison, &pose, 4.0, &job).expect("not cancelled");
            let told = checked.residual.expect("structure").median.0;
            let tolerance = 0.3 + 0.3 * off;
            assert!(
                (told - off).abs() < tolerance,
                "{metric:?}: {told} for {off}"
            );
        }
    }
}
