use super::*;

/// A cube about a place, with edges of twice `half` mm.
fn cube(about: [f32; 3], half: f32) -> Surface {
    let corner = |n: u32| {
        [0, 1, 2].map(|a| {
            let sign = if n >> a & 1 == 1 { 1.0 } else { -1.0 };
            about[a] + sign * half
        })
    };
    let faces = [
        [0, 1, 3, 2],
        [4, 5, 7, 6],
        [0, 1, 5, 4],
        [2, 3, 7, 6],
        [0, 2, 6, 4],
        [1, 3, 7, 5],
    ];
    let normal = |n: u32| {
        let c = corner(n);
        let unit = |a: usize| (c[a] - about[a]) / half / 3.0_f32.sqrt();
        [unit(0), unit(1), unit(2)]
    };
    let halves = faces
        .iter()
        .flat_map(|[a, b, c, d]| [[*a, *b, *c], [*a, *c, *d]]);
    Surface::new(
        (0..8).map(corner).collect(),
        (0..8).map(normal).collect(),
        halves.collect(),
    )
}

/// From the front: right of the picture is the patient's left, down is towards the feet.
fn from_front(mm_per_pixel: f64) -> Camera {
    Camera {
        about: Point::new(0.0, 0.0, 0.0),
        axes: [
            Vec3::new(1.0, 0.0, 0.0),
            Vec3::new(0.0, 0.0, -1.0),
            Vec3::new(0.0, 1.0, 0.0),
        ],
        mm_per_pixel,
    }
}

const RED: [u8; 3] = [200, 0, 0];
const BLUE: [u8; 3] = [0, 0, 200];

#[test]
fn a_cube_covers_the_pixels_of_its_face() {
    let surface = cube([0.0; 3], 10.0);
    let body = Body {
        surface: &surface,
        color: RED,
    };
    for fine in [1, 2] {
        let drawn = draw(&from_front(0.5), &[body], &[], [100, 80], fine);
        let covered = (0..80)
            .flat_map(|y| (0..100).map(move |x| [x, y]))
            .filter(|at| drawn.body_at(*at) == Some(0))
            .count();
        assert_eq!(covered, 40 * 40, "{fine} samples");
        assert!(drawn.body_at([30, 20]).is_some() && drawn.body_at([29, 20]).is_none());
        assert!(drawn.body_at([100, 0]).is_none());
        let opaque = drawn.rgba.chunks_exact(4).filter(|p| p[3] == 255).count();
        assert_eq!(opaque, 40 * 40);
    }
}

#[test]
fn what_is_nearer_hides_what_is_behind() {
    let near = cube([0.0, -30.0, 0.0], 5.0);
    let far = cube([0.0, 30.0, 0.0], 8.0);
    let bodies = [(&far, BLUE), (&near, RED)].map(|(surface, color)| Body { surface, color });
    for order in [[0, 1], [1, 0]] {
        let bodies = order.map(|n| bodies[n]);
        let drawn = draw(&from_front(1.0), &bodies, &[], [40, 40], 1);
        let middle = drawn.body_at([20, 20]).expect("a body");
        assert_eq!(bodies[middle].color, RED);
        let beside = drawn.body_at([27, 20]).expect("a body");
        assert_eq!(bodies[beside].color, BLUE);
        let pixel = &drawn.rgba[4 * (20 * 40 + 20)..][..4];
        assert!(pixel[0] > 60 && pixel[2] == 0, "{pixel:?}");
    }
}

#[test]
fn a_sheet_lies_where_its_pixels_are_and_lets_bodies_behind_it_shine_through() {
    // A coronal picture 4 mm in front of the middle: left half air, right half bright, two pixels.
    let gray = [0_u8, 180];
    let sheet = Sheet {
        size: [2, 1],
        gray: &gray,
        origin: Point::new(-10.0, -4.0, 0.0),
        steps: [Vec3::new(20.0, 0.0, 0.0), Vec3::new(0.0, 0.0, -20.0)],
    };
    let ball = cube([5.0, 20.0, 0.0], 4.0);
    let body = Body {
        surface: &ball,
        color: RED,
    };
    let drawn = draw(&from_front(1.0), &[body], &[sheet], [60, 60], 1);
    let pixel = |x: usize, y: usize| {
        let at = 4 * (y * 60 + x);
        [0, 1, 2, 3].map(|n| drawn.rgba[at + n])
    };
    // The right end of the sheet, 20 mm to the patient's left.
    assert_eq!(pixel(48, 30), [180, 180, 180, 255]);
    assert_eq!(pixel(51, 30)[3], 0);
    assert_eq!(pixel(12, 30)[3], 0, "air is seen through");
    assert_eq!(pixel(48, 45)[3], 0, "below the sheet");
    let through = pixel(35, 30);
    assert!(through[0] > through[1] && through[1] > 0, "{through:?}");
    assert_eq!(drawn.body_at([35, 30]), Some(0));
    // A body in front of it hides it.
    let front = cube([15.0, -20.0, 0.0], 2.0);
    let body = Body {
        surface: &front,
        color: BLUE,
    };
    let drawn = draw(&from_front(1.0), &[body], &[sheet], [60, 60], 2);
    let at = 4 * (30 * 60 + 45);
    assert_eq!(drawn.rgba[at], 0);
    assert!(drawn.rgba[at + 2] > 60);
}

#[test]
fn from_the_edge_a_sheet_is_not_seen_and_nothing_is_drawn_of_nothing() {
    let gray = [200_u8; 4];
    let sheet = Sheet {
        size: [2, 2],
        gray: &gray,
        origin: Point::new(0.0, 0.0, 0.0),
        steps: [Vec3::new(9.0, 0.0, 0.0), Vec3::new(0.0, 9.0, 0.0)],
    };
    let drawn = draw(&from_front(1.0), &[], &[sheet], [30, 30], 1);
    assert!(drawn.rgba.iter().all(|v| *v == 0));
    let drawn = draw(&from_front(1.0), &[], &[], [0, 10], 2);
    assert!(drawn.rgba.is_empty());
}
