//! The body around the lesions, in HU, as a function of position.
//!
//! Coordinates are mm from the middle of the chest, LPS. Values are those of portal-venous contrast.

use crate::geometry::Vec3;

const AIR: f64 = -1000.0;
const FAT: f64 = -95.0;
const LUNG: f64 = -850.0;
const MUSCLE: f64 = 50.0;
const LIVER: f64 = 110.0;
const BLOOD: f64 = 150.0;

/// Below 1 inside an axis-parallel ellipsoid.
fn ellipsoid(p: Vec3, center: [f64; 3], radii: [f64; 3]) -> f64 {
    (0..3)
        .map(|a| ((p[a] - center[a]) / radii[a]).powi(2))
        .sum()
}

/// Below 1 inside an upright elliptic cylinder.
fn cylinder(p: Vec3, center: [f64; 2], radii: [f64; 2]) -> f64 {
    (0..2)
        .map(|a| ((p[a] - center[a]) / radii[a]).powi(2))
        .sum()
}

/// The value at a place.
pub(super) fn hounsfield(p: Vec3) -> f64 {
    let body = cylinder(p, [0.0, 0.0], [152.0, 106.0]);
    if body > 1.0 {
        let on_table = p.y > 112.0 && p.y < 118.0 && p.x.abs() < 200.0;
        return if on_table { -650.0 } else { AIR };
    }
    if let Some(bone) = bone(p, body) {
        return bone;
    }
    // Subcutaneous fat under the skin, thicker at the front.
    if cylinder(p, [0.0, 2.0], [138.0, 93.0]) > 1.0 {
        return if body > 0.98 { 10.0 } else { FAT };
    }
    if cylinder(p, [19.0, 40.0], [12.0, 12.0]) < 1.0 {
        return BLOOD + 20.0;
    }
    if ellipsoid(p, [-8.0, -18.0, 38.0], [30.0, 28.0, 34.0]) < 1.0 {
        return FAT;
    }
    if ellipsoid(p, [20.0, -28.0, -18.0], [46.0, 42.0, 52.0]) < 1.0 {
        return BLOOD;
    }
    if ellipsoid(p, [-52.0, -8.0, -70.0], [82.0, 76.0, 70.0]) < 1.0 {
        return if liver_vessel(p) { LIVER + 45.0 } else { LIVER };
    }
    let side = p.x.signum();
    if ellipsoid(p, [side * 72.0, -2.0, 40.0], [50.0, 74.0, 130.0]) < 1.0 {
        return if lung_vessel(p, side) { 45.0 } else { LUNG };
    }
    MUSCLE
}

/// Spine and ribs.
fn bone(p: Vec3, body: f64) -> Option<f64> {
    let vertebra = cylinder(p, [0.0, 62.0], [18.0, 15.0]);
    // Discs every 30 mm between vertebral bodies.
    let in_disc = (p.z / 30.0).rem_euclid(1.0) < 0.2;
    if vertebra < 1.0 {
        return Some(match (in_disc, vertebra > 0.78) {
            (true, _) => 80.0,
            (false, true) => 520.0,
            (false, false) => 190.0,
        });
    }
    if cylinder(p, [0.0, 86.0], [9.0, 8.0]) < 1.0 {
        return Some(30.0);
    }
    // Ribs: slanting bands of a shell inside the chest wall, absent at the breastbone.
    let around = p.y.atan2(p.x.abs());
    let band = ((p.z + 22.0 * around) / 26.0).rem_euclid(1.0);
    let in_shell = (0.70..0.80).contains(&body);
    (in_shell && band < 0.34 && around > -1.2).then(|| {
        let is_cortex = !(0.05..0.29).contains(&band) || !(0.715..0.785).contains(&body);
        if is_cortex { 650.0 } else { 260.0 }
    })
}

/// Branches from the hilum: end point relative to the lung's middle and radius at the root, mm.
const BRANCHES: [([f64; 3], f64); 9] = [
    ([38.0, -40.0, 30.0], 3.6),
    ([34.0, 35.0, 25.0], 3.4),
    ([30.0, -5.0, 60.0], 3.8),
    ([40.0, 10.0, -10.0], 3.2),
    ([22.0, -55.0, -15.0], 3.0),
    ([20.0, 52.0, -25.0], 3.4),
    ([36.0, -20.0, -45.0], 3.2),
    ([12.0, 25.0, 70.0], 2.8),
    ([42.0, 30.0, 50.0], 2.6),
];

fn lung_vessel(p: Vec3, side: f64) -> bool {
    let hilum = Vec3::new(side * 30.0, 4.0, 18.0);
    BRANCHES.iter().any(|(end, radius)| {
        let end = Vec3::new(side * (72.0 + end[0]), end[1], 25.0 + end[2]);
        in_cone(p, hilum, end, *radius)
    })
}

fn liver_vessel(p: Vec3) -> bool {
    let root = Vec3::new(-20.0, 15.0, -45.0);
    let ends = [
        [-95.0, -45.0, -28.0],
        [-110.0, 30.0, -40.0],
        [-30.0, -60.0, -50.0],
    ];
    ends.iter()
        .any(|end| in_cone(p, root, Vec3::from(*end), 4.0))
}

/// Inside a branch that tapers to a third of its radius.
fn in_cone(p: Vec3, root: Vec3, end: Vec3, radius: f64) -> bool {
    let axis = end - root;
    let along = ((p - root).dot(&axis) / axis.norm_squared()).clamp(0.0, 1.0);
    (p - root - axis * along).norm() < radius * (1.0 - along * 2.0 / 3.0)
}
