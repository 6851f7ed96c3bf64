//! The lines in which the planes of a series cut each other.

use crate::app::view::{Crosshair, PixelMap, PlaneLine};
use crate::geometry::{Point, Vec3};

/// A plane as what is needed to cut another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cutting {
    /// Which of the planes across the slices; `None` for the slice.
    pub(super) across: Option<usize>,
    /// A place on it.
    pub(super) place: Point,
    /// Its unit normal.
    pub(super) normal: Vec3,
}

/// Planes that are nearly parallel cut each other nowhere near: less than this sine.
const PARALLEL: f64 = 1e-3;

/// The crosshair on a picture: where `others` cut it, and the place where all meet.
pub(super) fn crosshair(map: &PixelMap, place: Point, others: &[Cutting]) -> Crosshair {
    let normal = map.dx.cross(&map.dy).normalize();
    let on_picture = Point(place.0 - normal * (place.0 - map.origin.0).dot(&normal));
    let line = |other: &Cutting| {
        let along = other.normal.cross(&normal);
        if along.norm() < PARALLEL {
            return None;
        }
        let along = along.normalize();
        // Within the picture, straight towards the other plane.
        let towards = normal.cross(&along);
        let distance = (other.place.0 - on_picture.0).dot(&other.normal);
        let through = Point(on_picture.0 + towards * (distance / towards.dot(&other.normal)));
        let at = map.pixel(through);
        let ahead = map.pixel(Point(through.0 + along));
        Some(PlaneLine {
            through: at,
            along: [ahead[0] - at[0], ahead[1] - at[1]],
            across: other.across,
        })
    };
    Crosshair {
        at: map.pixel(place),
        place: on_picture,
        normal,
        lines: others.iter().filter_map(line).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axial() -> PixelMap {
        PixelMap {
            origin: Point::new(-50.0, -40.0, 10.0),
            dx: Vec3::x() * 0.5,
            dy: Vec3::y() * 0.8,
        }
    }

    #[test]
    fn straight_planes_cut_along_rows_and_columns() {
        let place = Point::new(5.0, 8.0, 12.0);
        let cutting = |across, normal| Cutting {
            across: Some(across),
            place,
            normal,
        };
        let found = crosshair(
            &axial(),
            place,
            &[cutting(0, Vec3::y()), cutting(1, Vec3::x())],
        );
        assert!((found.at[0] - 110.0).abs() < 1e-9 && (found.at[1] - 60.0).abs() < 1e-9);
        assert!((found.place.0.z - 10.0).abs() < 1e-12);
        let [coronal, sagittal] = found.lines[..] else {
            panic!("two lines: {found:?}");
        };
        assert!(coronal.along[1].abs() < 1e-12 && sagittal.along[0].abs() < 1e-12);
        assert!((coronal.through[1] - 60.0).abs() < 1e-9);
        assert!((sagittal.through[0] - 110.0).abs() < 1e-9);
    }

    #[test]
    fn a_leaning_plane_cuts_where_it_is_at_this_depth() {
        // Leaning by 45° over the z axis through a place 2 mm above the picture.
        let place = Point::new(0.0, 0.0, 12.0);
        let leaning = Cutting {
            across: Some(0),
            place,
            normal: (Vec3::x() + Vec3::z()).normalize(),
        };
        let found = crosshair(&axial(), place, &[leaning]);
        // x + z = 12 holds at z = 10 where x = 2.
        assert!((found.lines[0].through[0] - 104.0).abs() < 1e-9);
        let parallel = Cutting {
            across: None,
            place,
            normal: Vec3::z(),
        };
        assert!(crosshair(&axial(), place, &[parallel]).lines.is_empty());
    }
}
