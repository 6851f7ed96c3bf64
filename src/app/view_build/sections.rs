//! The planes across the slices, with everything drawn on them.

use std::sync::Arc;

use super::crosshair::{Cutting, crosshair};
use crate::app::state::planes::{DrawnSection, no_planes};
use crate::app::state::slabs::{MadeSlab, SlabOf};
use crate::app::state::{Slot, State};
use crate::app::view::{
    Crosshair, Outlines, Picture, PixelMap, Probe, SectionOutline, SectionView,
};
use crate::case::{LesionId, SeriesId};
use crate::geometry::{Grid, Point, Vec3, orientation_letters};
use crate::reformat::{Interpolation, Plane, Stack, outlines_in, reformat};
use crate::texts::{self, tr};
use crate::units::Mm;
use crate::volume::{Mask, Volume, WindowLevel};

impl State {
    /// The planes across the slices of a series that are shown; none where the window shows slices
    /// only, and where there are none.
    pub(super) fn section_views(&mut self, series: SeriesId) -> Vec<SectionView> {
        if !self.three_planes {
            return Vec::new();
        }
        let Some(image) = self.images.get(&series).and_then(Slot::ready) else {
            return Vec::new();
        };
        let Some(stacks) = self.planes_across(series) else {
            return Vec::new();
        };
        let (volume, default_window) = (Arc::clone(&image.volume), image.window);
        let Some(cursor) = self.looked_at(series) else {
            return Vec::new();
        };
        let window = self.view_of(series).window.unwrap_or(default_window);
        let window = (window, volume.inverted != self.is_inverted(series));
        (0..stacks.len())
            .map(|n| self.section_view(series, n, &stacks, &volume, window, cursor))
            .collect()
    }

    /// Where the planes across the slices of a series cut the slice that is shown.
    pub(super) fn crosshair_on_slice(&self, series: SeriesId, map: &PixelMap) -> Option<Crosshair> {
        let stacks = self.planes_across(series).filter(|_| self.three_planes)?;
        let place = self.looked_at(series)?;
        let others = [0, 1].map(|n| cutting(&stacks, n, place));
        Some(crosshair(map, place, &others))
    }

    /// The slice that is shown, as what cuts other planes.
    fn cutting_slice(&self, series: SeriesId, grid: &Grid) -> Cutting {
        let slice = self.view_of(series).slice.min(grid.shape()[2] - 1);
        Cutting {
            across: None,
            place: grid.slice_origins()[slice],
            normal: grid.normal(),
        }
    }

    /// Why three planes that are asked for are not there.
    pub(super) fn no_planes_of(&self, series: SeriesId) -> Option<&'static str> {
        if !self.three_planes && !self.three_d {
            return None;
        }
        let image = self.images.get(&series).and_then(Slot::ready)?;
        no_planes(image.volume.grid())
    }

    fn section_view(
        &mut self,
        series: SeriesId,
        across: usize,
        stacks: &[Stack; 2],
        volume: &Arc<Volume>,
        window: (WindowLevel, bool),
        cursor: Point,
    ) -> SectionView {
        let stack = &stacks[across];
        let index = stack.nearest(cursor);
        let plane = stack.plane(index);
        let key = (series, across);
        let slab = self.slab_of(series);
        let made = slab.and_then(|slab| {
            let of = SlabOf { plane, slab };
            self.slab_made((series, across + 1, false), volume, of)
        });
        let serial = slab.map(|slab| (slab, made.as_ref().map_or(0, |made| made.serial)));
        let stands = self
            .sections
            .get(&key)
            .filter(|d| d.plane == plane && d.window == window && d.slab == serial);
        let picture = if let Some(drawn) = stands {
            Arc::clone(&drawn.picture)
        } else {
            self.n_pictures += 1;
            let [width, height] = plane.size;
            Arc::new(Picture {
                width,
                height,
                gray: match slab {
                    None => gray_plane(volume, &plane, window),
                    Some(_) => gray_slab(made.as_ref(), &plane, window),
                },
                version: self.n_pictures,
            })
        };
        let same_plane = self.sections.remove(&key).filter(|d| d.plane == plane);
        let mut drawn = DrawnSection {
            plane,
            window,
            slab: serial,
            picture: Arc::clone(&picture),
            cuts: Vec::new(),
        };
        let known = same_plane.map(|d| d.cuts).unwrap_or_default();
        let outlines = self
            .masks_on(series)
            .into_iter()
            .map(|(lesion, color, mask, preview)| {
                let cut = known.iter().find(|(of, _)| Arc::ptr_eq(of, &mask));
                let cut = cut.map_or_else(
                    || Arc::new(narrow(outlines_in(&mask, &plane))),
                    |(_, cut)| Arc::clone(cut),
                );
                drawn.cuts.push((mask, Arc::clone(&cut)));
                SectionOutline {
                    lesion,
                    color,
                    outlines: cut,
                    preview,
                }
            })
            .filter(|o| !o.outlines.is_empty())
            .collect();
        self.sections.insert(key, drawn);
        let fused = self.fused_picture((series, across + 1), &plane, slab);
        let look = self.planes.get(&series).copied().unwrap_or_default();
        let grid = volume.grid();
        let known_orientation = grid.is_orientation_known();
        let map = PixelMap {
            origin: plane.origin,
            dx: plane.right,
            dy: plane.down,
        };
        let others = [
            cutting(stacks, 1 - across, cursor),
            self.cutting_slice(series, grid),
        ];
        let half = Mm(stack.step().norm() / 2.0);
        SectionView {
            figures: self.figures_on(series, &map, [half; 2]),
            probe: Some(Probe::new(Arc::clone(volume), 0)),
            series,
            across,
            title: title_of(&plane, across, known_orientation),
            picture,
            map,
            plane: index,
            n_planes: stack.n_planes(),
            step: stack.step(),
            position: position_of(&plane),
            place: Point(cursor.0 - plane.normal() * plane.distance(cursor).0),
            crosshair: crosshair(&map, cursor, &others),
            references: Vec::new(),
            turned: look.turned[across].is_some(),
            slab,
            on_its_way: slab.is_some() && made.is_none_or(|made| made.stale),
            colours: self.colours_of(series),
            fused,
            zoom: look.zoom[across],
            pan: look.pan[across],
            window: window.0,
            letters: known_orientation.then(|| orientation_letters(plane.right, plane.down)),
            outlines,
        }
    }

    /// Masks on a series with lesion, colour and whether it is only a preview.
    fn masks_on(&self, series: SeriesId) -> Vec<(LesionId, usize, Arc<Mask>, bool)> {
        let color_of = |lesion: LesionId| {
            let patient = self.lesion(lesion).map(|l| l.patient)?;
            self.lesions_of(patient).position(|l| l.id == lesion)
        };
        let marks = self.records.annotations.iter();
        let mut masks: Vec<_> = marks
            .filter(|a| a.series == series)
            .filter_map(|mark| {
                let mask = self.mask_shown(mark.id)?;
                let color = color_of(mark.lesion).unwrap_or(0);
                Some((mark.lesion, color, Arc::clone(mask), false))
            })
            .collect();
        if let Some((lesion, mask)) = self.previewed(series).or_else(|| self.offered(series)) {
            let patient = self.series(series).map(|s| s.patient);
            let color = lesion
                .and_then(color_of)
                .unwrap_or_else(|| patient.map_or(0, |p| self.lesions_of(p).count()));
            let lesion = lesion.unwrap_or(LesionId(uuid::Uuid::nil()));
            masks.push((lesion, color, Arc::clone(mask), true));
        }
        masks
    }
}

/// A plane across the slices, as what cuts other planes.
fn cutting(stacks: &[Stack; 2], across: usize, place: Point) -> Cutting {
    let [right, down] = stacks[across].axes();
    Cutting {
        across: Some(across),
        place,
        normal: right.cross(&down),
    }
}

/// Grey levels in a plane; what was not imaged is black.
fn gray_plane(volume: &Volume, plane: &Plane, look: (WindowLevel, bool)) -> Vec<u8> {
    let values = reformat(volume, plane, Interpolation::Linear, None);
    values.into_iter().map(|value| shade(value, look)).collect()
}

/// Grey levels of a slab; black while it is not there.
pub(super) fn gray_slab(
    made: Option<&MadeSlab>,
    plane: &Plane,
    look: (WindowLevel, bool),
) -> Vec<u8> {
    let none = || vec![0; plane.size[0] * plane.size[1]];
    made.map_or_else(none, |made| {
        made.values
            .iter()
            .map(|value| shade(*value, look))
            .collect()
    })
}

fn shade(value: f32, (window, inverted): (WindowLevel, bool)) -> u8 {
    if value.is_nan() {
        0
    } else if inverted {
        255 - window.gray(value)
    } else {
        window.gray(value)
    }
}

fn narrow(outlines: Vec<Vec<[f64; 2]>>) -> Outlines {
    let point = |p: [f64; 2]| p.map(|c| c as f32);
    outlines
        .into_iter()
        .map(|o| o.into_iter().map(point).collect())
        .collect()
}

/// What a plane is called: by the axis of the patient that is nearest to its normal.
fn title_of(plane: &Plane, across: usize, known_orientation: bool) -> String {
    if !known_orientation {
        return [tr!("Across columns"), tr!("Across rows")][across % 2].to_owned();
    }
    let normal = plane.normal();
    let axis = normal.iamax();
    let name = [tr!("sagittal"), tr!("coronal"), tr!("axial")][axis];
    // A degree is less than anybody can see, and more than headers are wrong by.
    if normal[axis].abs() < 1.0_f64.to_radians().cos() {
        return tr!("Oblique {name}", name);
    }
    texts::capital(name)
}

/// Where a plane lies along the patient axis that is nearest to its normal, mm.
fn position_of(plane: &Plane) -> Mm {
    let normal: Vec3 = plane.normal();
    let along = normal[normal.iamax()];
    let position = plane.origin.0.coords.dot(&normal) * along.signum();
    Mm(if position.abs() < 0.05 { 0.0 } else { position })
}
