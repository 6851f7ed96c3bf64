//! What cannot be trusted is refused.

use super::*;
use crate::geometry::Spacing;

#[test]
fn flat_and_tiny_images_and_unknown_spacing() {
    let image = scan(&usual(), &Rigid::identity());
    let flat = seen(&usual(), &Rigid::identity(), |_| 30.0);
    assert!(matches!(
        found(&image, &flat),
        Err(Error::Flat { image: "moving" })
    ));
    assert!(matches!(
        found(&flat, &image),
        Err(Error::Flat { image: "fixed" })
    ));
    let tiny = grid([0.0, 0.0], [6, 6], [4.0, 4.0], &even(0.0, 2, 4.0), 0.0);
    let tiny = scan(&tiny, &Rigid::identity());
    assert!(matches!(
        found(&image, &tiny),
        Err(Error::TooSmall {
            image: "moving",
            ..
        })
    ));
    let unknown = Grid::clone(&usual()).with_spacing(Spacing::Unknown);
    let unknown = scan(&Arc::new(unknown), &Rigid::identity());
    let refused = found(&unknown, &image).expect_err("no millimetres");
    assert!(matches!(refused, Error::Uncalibrated { image: "fixed" }));
    assert!(refused.to_string().contains("the fixed image"));
}

#[test]
fn another_body_and_noise() {
    let image = scan(&usual(), &Rigid::identity());
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let noise: Vec<f64> = (0..4096).map(|_| rng.random_range(-200.0..200.0)).collect();
    let noisy = seen(&usual(), &Rigid::identity(), |p| {
        let place = (p.0.x * 3.0 + p.0.y * 117.0 + p.0.z * 1031.0).abs() as usize;
        noise[place % noise.len()]
    });
    let refused = found(&image, &noisy).expect_err("noise");
    assert!(refused.to_string().contains("choose series"), "{refused}");
}

#[test]
fn a_cylinder_that_slides_along_itself() {
    let cylinder = |p: Point| AIR + soft(60.0 - p.0.x.hypot(p.0.y)) * 1040.0;
    let fixed = seen(&usual(), &Rigid::identity(), cylinder);
    let refused = found(&fixed, &fixed).expect_err("any place along it is as good");
    assert!(matches!(refused, Error::Sliding), "{refused}");
}

#[test]
fn a_cancelled_job_stops_at_once() {
    let image = scan(&usual(), &Rigid::identity());
    let job = JobContext::default();
    job.cancel.cancel();
    let begin = std::time::Instant::now();
    let end = register(&image, &image, &Params::default(), &job);
    assert!(matches!(end, Err(Error::Cancelled(_))));
    assert!(begin.elapsed().as_millis() < 50);
}
