//! Where the slices of other series cut a picture.

use crate::app::state::{Slot, State};
use crate::app::view::{PixelMap, ReferenceLine};
use crate::case::SeriesId;
use crate::geometry::Point;
use crate::reformat::Plane;
use crate::volume::Layout;

impl State {
    /// The slices that other columns show, with their corners in the space of a series, as far as it is
    /// known where they lie in it.
    pub(super) fn slices_beside(&self, series: SeriesId) -> Vec<(SeriesId, [Point; 4])> {
        let mut others = self.series_on_screen();
        others.retain(|other| *other != series);
        if others.is_empty() {
            return Vec::new();
        }
        let ways = self.ways(series, None);
        let corners = |other: SeriesId| {
            let (way, _) = ways.get(&other)?;
            let back = way.inverse();
            Some((
                other,
                self.slice_corners(other)?.map(|corner| back.apply(corner)),
            ))
        };
        others.into_iter().filter_map(corners).collect()
    }

    /// Outer corners of the slice of a series that is shown, one after the other.
    fn slice_corners(&self, series: SeriesId) -> Option<[Point; 4]> {
        let image = self.images.get(&series).and_then(Slot::ready)?;
        let grid = image.volume.grid();
        if !grid.is_calibrated() {
            return None;
        }
        let layout = Layout::of(grid);
        let slice = self.view_of(series).slice.min(grid.shape()[2] - 1);
        let (origin, right, down) = layout.patient_frame(grid, slice);
        let size = layout.picture_size();
        let plane = Plane {
            origin,
            right,
            down,
            size,
        };
        let [width, height] = size.map(|n| n as f64 - 0.5);
        let corners = [[-0.5, -0.5], [width, -0.5], [width, height], [-0.5, height]];
        Some(corners.map(|[x, y]| plane.at(x, y)))
    }
}

/// The lines in which slices cut a picture.
pub(super) fn lines_on(map: &PixelMap, slices: &[(SeriesId, [Point; 4])]) -> Vec<ReferenceLine> {
    let line = |(of, corners): &(SeriesId, [Point; 4])| {
        let ends = cut(corners, map)?.map(|place| map.pixel(place));
        Some(ReferenceLine { of: *of, ends })
    };
    slices.iter().filter_map(line).collect()
}

/// Where the rim of a rectangle meets the plane of a picture; `None` where it does not, or lies in it.
fn cut(corners: &[Point; 4], map: &PixelMap) -> Option<[Point; 2]> {
    let normal = map.dx.cross(&map.dy).normalize();
    let depths = corners.map(|corner| (corner.0 - map.origin.0).dot(&normal));
    let mut ends = (0..4).filter_map(|n| {
        let next = (n + 1) % 4;
        let (a, b) = (depths[n], depths[next]);
        // A corner on the plane counts to one of its edges only.
        ((a < 0.0) != (b < 0.0))
            .then(|| Point(corners[n].0 + (corners[next].0 - corners[n].0) * (a / (a - b))))
    });
    Some([ends.next()?, ends.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vec3;

    fn axial(z: f64) -> PixelMap {
        PixelMap {
            origin: Point::new(-50.0, -40.0, z),
            dx: Vec3::x(),
            dy: Vec3::y(),
        }
    }

    /// A sagittal slice at x = 7, from 0 to 100 along y and z.
    fn sagittal() -> [Point; 4] {
        [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]].map(|[y, z]| Point::new(7.0, y, z))
    }

    #[test]
    fn a_slice_across_is_a_line_as_long_as_it_reaches() {
        let ends = cut(&sagittal(), &axial(30.0)).expect("a line");
        let mut ys = ends.map(|p| p.0.y);
        ys.sort_by(f64::total_cmp);
        assert_eq!(ys, [0.0, 100.0]);
        assert!(
            ends.iter()
                .all(|p| p.0.x == 7.0 && (p.0.z - 30.0).abs() < 1e-12)
        );
        let turned = {
            let mut corners = sagittal();
            corners[2] = Point::new(7.0, 100.0, 20.0);
            corners
        };
        assert!(cut(&turned, &axial(30.0)).is_some());
    }

    #[test]
    fn parallel_slices_and_those_that_end_before_draw_nothing() {
        assert!(cut(&sagittal(), &axial(130.0)).is_none());
        let flat = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]];
        for z in [30.0, 31.0] {
            let parallel = flat.map(|[x, y]| Point::new(x, y, z));
            assert!(cut(&parallel, &axial(30.0)).is_none());
        }
    }
}
