//! Three planes: the slice that was acquired and two planes across it, which meet in one place.
//! Remembered on disk, not audited.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Slot, State};
use crate::app::effect::Effect;
use crate::app::view::{Outlines, Picture};
use crate::case::{Change, SeriesId};
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::reformat::{Plane, Slab, Stack};
use crate::texts::tr;
use crate::units::Mm;
use crate::volume::{Mask, WindowLevel};

/// Key of the setting that remembers whether three planes are shown.
pub(super) const THREE_PLANES: &str = "three_planes";

/// Distances that differ by less are equal, mm.
const TIE_MM: f64 = 1e-6;

/// Places closer than this to where they were do not move the planes, mm.
const STILL_MM: f64 = 0.01;

/// Key of the setting that remembers how the planes of a series are looked at.
pub(super) fn planes_key(series: SeriesId) -> String {
    format!("planes/{series}")
}

/// How the planes across the slices of a series are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::app) struct PlanesLook {
    /// The place where they meet the slice; the middle of the image where nobody has pointed.
    pub(in crate::app) at: Option<Point>,
    /// Magnification of each; 1 fits the view.
    pub(in crate::app) zoom: [f64; 2],
    /// Shift of each, in picture pixels.
    pub(in crate::app) pan: [[f64; 2]; 2],
    /// Directions to the right and downwards of those that were turned.
    #[serde(default)]
    pub(in crate::app) turned: [Option<[[f64; 3]; 2]>; 2],
    /// Slabs in place of planes, and of the slice.
    #[serde(default)]
    pub(in crate::app) slab: Option<Slab>,
}

impl Default for PlanesLook {
    fn default() -> Self {
        Self {
            at: None,
            zoom: [1.0; 2],
            pan: [[0.0; 2]; 2],
            turned: [None; 2],
            slab: None,
        }
    }
}

/// Thicknesses of slabs, mm.
const SLABS: std::ops::RangeInclusive<f64> = 1.0..=200.0;

/// A plane across the slices that was drawn, kept while it stays the same.
#[derive(Debug)]
pub(in crate::app) struct DrawnSection {
    /// Which of the planes.
    pub(in crate::app) plane: Plane,
    /// In which window, and whether inverted.
    pub(in crate::app) window: (WindowLevel, bool),
    /// Of which slab, and which picture of it.
    pub(in crate::app) slab: Option<(Slab, u64)>,
    /// Its pixels.
    pub(in crate::app) picture: Arc<Picture>,
    /// Masks and where the plane cuts them.
    pub(in crate::app) cuts: Vec<(Arc<Mask>, Arc<Outlines>)>,
}

/// Why a grid has no planes across its slices; `None` when it has.
pub(in crate::app) fn no_planes(grid: &Grid) -> Option<&'static str> {
    if grid.shape()[2] < 2 {
        Some(tr!("A single slice has no planes across it"))
    } else if !grid.is_calibrated() {
        Some(tr!(
            "Where these slices lie is unknown: there are no planes across them"
        ))
    } else {
        None
    }
}

impl State {
    pub(super) fn show_planes(&mut self, three: bool, effects: &mut Vec<Effect>) {
        self.three_planes = three;
        if !three {
            self.sections.clear();
        }
        let change = Change::PutSetting(THREE_PLANES.to_owned(), three.into());
        self.commit_unaudited(change, effects);
    }

    /// Brings a place of a series into all its planes, and the linked series with it.
    pub(super) fn point_at(&mut self, series: SeriesId, place: Point, effects: &mut Vec<Effect>) {
        self.bring_to(series, place, effects);
        self.follow_place(series, effects);
    }

    /// Shows a place of a series, where it lies inside the image.
    pub(super) fn bring_to(&mut self, series: SeriesId, place: Point, effects: &mut Vec<Effect>) {
        let Some(image) = self.images.get(&series).and_then(Slot::ready) else {
            return;
        };
        let grid = Arc::clone(image.volume.grid());
        let finite = place.0.iter().all(|x| x.is_finite());
        if !finite || !grid.contains(grid.voxel_from_patient(place)) {
            return;
        }
        self.set_slice(series, nearest_slice(&grid, place), effects);
        let moved = self.looked_at(series).map(|at| at.distance(place).0);
        if moved.is_none_or(|moved| moved > STILL_MM) {
            self.look_at_planes(series, effects, |look| look.at = Some(place));
        }
    }

    /// Changes how the planes of a series are looked at.
    pub(super) fn look_at_planes(
        &mut self,
        series: SeriesId,
        effects: &mut Vec<Effect>,
        edit: impl FnOnce(&mut PlanesLook),
    ) {
        if self.series(series).is_none() {
            return;
        }
        let before = self.planes.get(&series).copied().unwrap_or_default();
        let mut look = before;
        edit(&mut look);
        if look != before {
            self.planes.insert(series, look);
            let value = serde_json::to_value(look).unwrap_or_default();
            self.commit_unaudited(Change::PutSetting(planes_key(series), value), effects);
        }
    }

    /// Turns a plane across the slices about an axis through the place where the planes meet.
    pub(super) fn turn_plane(
        &mut self,
        (series, across): (SeriesId, usize),
        about: Vec3,
        degrees: f64,
        effects: &mut Vec<Effect>,
    ) {
        let axis = nalgebra::Unit::try_new(about, 1e-6);
        let axis = axis.filter(|a| a.iter().all(|x| x.is_finite()) && degrees.is_finite());
        let stack = self
            .planes_across(series)
            .and_then(|s| s.get(across).copied());
        let (Some(axis), Some(stack)) = (axis, stack) else {
            return;
        };
        let turn = nalgebra::Rotation3::from_axis_angle(&axis, degrees.to_radians());
        let [right, down] = stack.axes().map(|v| turn * v);
        // Many small turns must not make the picture skew.
        let down = (down - right * right.dot(&down)).normalize();
        self.look_at_planes(series, effects, |look| {
            look.turned[across] = Some([right.normalize().into(), down.into()]);
        });
    }

    /// Lays the planes of a series across its slices again.
    pub(super) fn straighten_planes(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        self.look_at_planes(series, effects, |look| look.turned = [None; 2]);
    }

    /// Shows slabs of a series in place of planes and slices, or these again.
    pub(super) fn set_slab(
        &mut self,
        series: SeriesId,
        slab: Option<Slab>,
        effects: &mut Vec<Effect>,
    ) {
        let grid = self.images.get(&series).and_then(Slot::ready);
        if let (Some(reason), Some(_)) = (grid.and_then(|i| no_planes(i.volume.grid())), slab) {
            self.refuse(
                tr!("No slab can be shown: {reason}", reason = lower(reason)),
                tr!("Slabs need slices whose places are known."),
            );
            return;
        }
        let slab = slab.map(|slab| Slab {
            thickness: Mm(slab.thickness.0.clamp(*SLABS.start(), *SLABS.end())),
            ..slab
        });
        let known = slab.is_none_or(|s| s.thickness.0.is_finite());
        if known {
            self.look_at_planes(series, effects, |look| look.slab = slab);
        }
    }

    /// The planes across the slices of a series as they lie now; `None` where there are none.
    pub(in crate::app) fn planes_across(&self, series: SeriesId) -> Option<[Stack; 2]> {
        let image = self.images.get(&series).and_then(Slot::ready)?;
        let straight = image.across?;
        let turned = self.planes.get(&series).map_or([None; 2], |l| l.turned);
        let grid = image.volume.grid();
        Some(std::array::from_fn(|n| {
            turned[n].map_or(straight[n], |axes| {
                Stack::facing(grid, axes.map(Vec3::from))
            })
        }))
    }

    /// The slab in which a series is shown.
    pub(in crate::app) fn slab_of(&self, series: SeriesId) -> Option<Slab> {
        self.planes.get(&series).and_then(|look| look.slab)
    }

    /// The place where the planes of a series meet: where was pointed last, or in the slice that is
    /// shown, below or above there.
    pub(in crate::app) fn looked_at(&self, series: SeriesId) -> Option<Point> {
        let grid = self.images.get(&series).and_then(Slot::ready)?;
        let grid = grid.volume.grid();
        let look = self.planes.get(&series);
        let at = look.and_then(|l| l.at).unwrap_or_else(|| middle_of(grid));
        let slice = self.view_of(series).slice.min(grid.shape()[2] - 1);
        if nearest_slice(grid, at) == slice {
            return Some(at);
        }
        let normal = grid.normal();
        // Along the normal, not along the tilt of the stack: paging leaves the planes where they are.
        let depth = (grid.slice_origins()[slice].0 - at.0).dot(&normal);
        Some(Point(at.0 + normal * depth))
    }

    /// Forgets the pictures of a series, because its pixels changed.
    pub(super) fn forget_pictures(&mut self, series: SeriesId) {
        self.pictures.remove(&series);
        self.sections.retain(|(of, _), _| *of != series);
        self.fused
            .retain(|(of, _), (key, _)| *of != series && key.over != series);
    }
}

/// As words inside a sentence.
fn lower(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

fn middle_of(grid: &Grid) -> Point {
    let [i, j, k] = grid.shape().map(|n| (n as f64 - 1.0) / 2.0);
    grid.patient_from_voxel(Voxel::new(i, j, k))
}

/// The slice whose plane is nearest to a place; of two equally near ones the first.
pub(super) fn nearest_slice(grid: &Grid, place: Point) -> usize {
    let normal = grid.normal();
    let distance = |k: usize| (place.0 - grid.slice_origins()[k].0).dot(&normal).abs();
    nearest((0..grid.shape()[2]).map(distance))
}

/// Number of the smallest of some distances, mm; of equal ones the first. Rounding decides nothing:
/// else a place half-way between slices would come to this one now and to that one then, and paging
/// would leave slices out.
pub(super) fn nearest(distances: impl Iterator<Item = f64> + Clone) -> usize {
    let least = distances.clone().fold(f64::INFINITY, f64::min);
    let mut distances = distances;
    distances.position(|d| d <= least + TIE_MM).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn of_equal_distances_the_first_counts_whatever_rounding_says() {
        for noise in [-1e-12, 0.0, 1e-12] {
            assert_eq!(nearest([2.0, 0.5 + noise, 0.5 - noise, 2.0].into_iter()), 1);
        }
        assert_eq!(nearest([3.0, 2.0, 1.0].into_iter()), 2);
        assert_eq!(nearest(std::iter::empty()), 0);
    }
}
