//! Known transforms are found again.

use super::*;

const TURNS: [([f64; 3], [f64; 3]); 3] = [
    ([0.0, 0.0, 0.0], [3.3, -7.1, 12.4]),
    ([11.0, -13.0, 14.0], [-26.0, 21.0, -29.0]),
    ([-14.0, 9.0, -6.0], [18.0, -28.0, 24.0]),
];

#[test]
fn on_grids_of_every_kind() {
    let uneven: Vec<f64> = (0..44)
        .map(|k| -125.0 + 5.5 * f64::from(k) + 1.9 * f64::from(k * k % 3))
        .collect();
    let kinds = [
        grid(
            [-120.0, -90.0],
            [90, 60],
            [2.7, 3.0],
            &even(-126.0, 36, 7.0),
            0.0,
        ),
        grid([-128.0, -96.0], [64, 48], [4.0, 4.0], &uneven, 0.0),
        grid(
            [-128.0, -100.0],
            [64, 64],
            [4.0, 4.0],
            &even(-120.0, 49, 5.0),
            0.33,
        ),
    ];
    let fixed = scan(&usual(), &Rigid::identity());
    for (n, (grid, (turn, shift))) in kinds.iter().zip(TURNS).enumerate() {
        let truth = moved(turn, shift);
        let moving = scan(grid, &truth);
        let found = found(&fixed, &moving).unwrap_or_else(|e| panic!("{n}: {e}"));
        let error = apart(&found.transform, &truth);
        assert!(error < 0.5, "{n}: {error} mm");
        let residual = found.residual.expect("structure everywhere");
        assert!(residual.median.0 < 1.5, "{n}: {residual:?}");
        assert_eq!(found.metric, Metric::Ncc);
    }
}

#[test]
fn an_image_lies_on_itself() {
    let image = scan(&usual(), &Rigid::identity());
    let found = found(&image, &image).expect("itself");
    assert!(apart(&found.transform, &Rigid::identity()) < 0.01);
    assert!(found.value > 0.9999 && found.overlap > 0.99);
    assert!(found.residual.expect("structure").p95.0 < 0.05);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

#[test]
fn a_part_of_the_body_is_found_on_the_whole_and_far_away() {
    // The upper third of the trunk, on a table 180 mm lower and half a metre along.
    let truth = moved([6.0, -4.0, 8.0], [12.0, 180.0, 500.0]);
    let part = grid(
        [-120.0, 95.0],
        [60, 44],
        [4.0, 4.0],
        &even(530.0, 24, 4.0),
        0.0,
    );
    let fixed = scan(&usual(), &Rigid::identity());
    let moving = scan(&part, &truth);
    let found = found(&fixed, &moving).expect("a part of it");
    let error = apart(&found.transform, &truth);
    assert!(error < 0.7, "{error} mm");
    assert!(found.overlap > 0.5);
}

#[test]
fn exchanging_the_images_gives_the_inverse() {
    let truth = moved([5.0, 3.0, -9.0], [10.0, -12.0, 20.0]);
    let fixed = scan(&usual(), &Rigid::identity());
    let other = grid(
        [-120.0, -90.0],
        [60, 46],
        [4.0, 4.0],
        &even(-90.0, 44, 5.0),
        0.0,
    );
    let moving = scan(&other, &truth);
    let there = found(&fixed, &moving).expect("there").transform;
    let back = found(&moving, &fixed).expect("back").transform;
    assert!(apart(&there.then(&back), &Rigid::identity()) < 1e-6);
}

#[test]
fn other_values_need_mutual_information() {
    // Fat bright, bone and air dark, fluid between: no straight line leads from one to the other.
    let body = Body::new(1);
    let other = |p: Point| {
        let hu = body.value(p);
        match hu {
            hu if hu < -600.0 => 20.0,
            hu => 200.0 + 250.0 * (hu / 170.0).cos(),
        }
    };
    let truth = moved([4.0, -8.0, 10.0], [-15.0, 9.0, 22.0]);
    let mut moving = seen(&usual(), &truth, other);
    moving.unit = IntensityUnit::Arbitrary;
    moving.modality = Modality::MR;
    let fixed = scan(&usual(), &Rigid::identity());
    let found = found(&fixed, &moving).expect("aligned");
    assert_eq!(found.metric, Metric::Mi);
    let error = apart(&found.transform, &truth);
    assert!(error < 0.7, "{error} mm");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let truth = moved([5.0, 3.0, -9.0], [10.0, -12.0, 20.0]);
    let fixed = scan(&usual(), &Rigid::identity());
    let moving = scan(&usual(), &truth);
    let [one, two] = [1, 2].map(|n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
        let found = pool
            .expect("threads")
            .install(|| found(&fixed, &moving))
            .expect("aligned");
        serde_json::to_string(&(found.transform, found.value, found.residual)).expect("written")
    });
    assert_eq!(one, two);
}
