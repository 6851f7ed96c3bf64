//! Slices with everything drawn on them.

use std::sync::Arc;

use super::measurements::reach_of;
use super::sections::gray_slab;
use crate::app::state::slabs::SlabOf;
use crate::app::state::{Slot, State};
use crate::app::value;
use crate::app::view::{Overlay, Picture, PixelMap, Probe, SliceView};
use crate::case::{Annotation, Lesion, LesionId, SeriesId};
use crate::geometry::{Grid, Point, orientation_letters};
use crate::reformat::Plane;
use crate::texts::{self, mark, tr};
use crate::units::Mm;
use crate::volume::{IntensityUnit, Layout, Mask, WindowLevel, gray_slice, outlines};
use crate::warning::WarningCode;

/// CT presets: name, centre and width in HU, in the order of the keys 1 to 6.
const CT_PRESETS: [(&str, f64, f64); 6] = [
    (mark!("Soft tissue"), 40.0, 400.0),
    (mark!("Lung"), -600.0, 1500.0),
    (mark!("Liver"), 90.0, 150.0),
    (mark!("Mediastinum"), 50.0, 350.0),
    (mark!("Bone"), 400.0, 2000.0),
    (mark!("Brain"), 40.0, 80.0),
];

/// Upper ends of the windows offered for uptake, which begin at 0.
const SUV_PRESETS: [f64; 5] = [5.0, 7.0, 10.0, 15.0, 20.0];

impl State {
    pub(super) fn slice_view(&mut self, series: SeriesId) -> Option<SliceView> {
        let image = self.images.get(&series).and_then(Slot::ready)?;
        let (volume, default_window) = (Arc::clone(&image.volume), image.window);
        let uptake = image.uptake.clone();
        let grid = Arc::clone(volume.grid());
        let view = self.view_of(series);
        let n_slices = grid.shape()[2];
        let slice = view.slice.min(n_slices - 1);
        let window = view.window.unwrap_or(default_window);
        let layout = Layout::of(&grid);
        let inverted = volume.inverted != self.is_inverted(series);

        let (origin, dx, dy) = layout.patient_frame(&grid, slice);
        let map = PixelMap { origin, dx, dy };
        let slab = self.slab_of(series).filter(|_| grid.is_calibrated());
        let plane = Plane {
            origin,
            right: dx,
            down: dy,
            size: layout.picture_size(),
        };
        let made = slab
            .and_then(|slab| self.slab_made((series, 0, false), &volume, SlabOf { plane, slab }));
        let serial = made.as_ref().map_or(0, |made| made.serial);
        let key = (slice, window, inverted, slab, serial);
        let fused = self.fused_picture((series, 0), &plane, slab);
        let picture = match self.pictures.get(&series) {
            Some((of, picture)) if *of == key => Arc::clone(picture),
            _ => {
                self.n_pictures += 1;
                let gray = match slab {
                    None => gray_slice(&volume, slice, window, inverted, layout),
                    Some(_) => gray_slab(made.as_ref(), &plane, (window, inverted)),
                };
                let picture = Arc::new(Picture {
                    width: plane.size[0],
                    height: plane.size[1],
                    gray,
                    version: self.n_pictures,
                });
                self.pictures.insert(series, (key, Arc::clone(&picture)));
                picture
            }
        };
        let reach = reach_of(&grid, slice, &map);
        let mut presets = vec![(tr!("Default").to_owned(), default_window)];
        if volume.unit == IntensityUnit::Hounsfield {
            presets.extend(CT_PRESETS.map(|(name, center, width)| {
                (
                    texts::text(name).to_owned(),
                    WindowLevel::new(center, width),
                )
            }));
        }
        if matches!(
            volume.unit,
            IntensityUnit::SuvBodyWeight
                | IntensityUnit::SuvLeanMass
                | IntensityUnit::SuvBodySurface
        ) {
            presets.extend(SUV_PRESETS.map(|top| {
                let name = format!("{} 0–{top}", volume.unit.symbol());
                (name, WindowLevel::new(top / 2.0, top))
            }));
        }
        // What the file proposes beside its first window, behind the presets that have keys.
        for (n, window) in volume.windows.iter().enumerate() {
            let name = volume.window_names.get(n).map_or("", |name| name.trim());
            if *window != default_window || !name.is_empty() {
                presets.push(match name {
                    "" => (tr!("File {n}", n = n + 1), *window),
                    name => (tr!("File: {name}", name), *window),
                });
            }
        }
        Some(SliceView {
            is_void: grid.is_void(slice) && slab.is_none(),
            badges: self.badges(series, &grid),
            series,
            picture,
            map,
            calibrated: grid.is_calibrated(),
            slice,
            n_slices,
            position: position_of(&grid, slice),
            window,
            unit: volume.unit.symbol(),
            // What a slab shows at a place is not the value there.
            probe: slab
                .is_none()
                .then(|| Probe::new(Arc::clone(&volume), slice)),
            uptake,
            frame: self.series(series).and_then(|s| self.frame_of(s)),
            presets,
            zoom: view.zoom,
            pan: view.pan,
            crosshair: self.crosshair_on_slice(series, &map),
            references: Vec::new(),
            slab,
            on_its_way: slab.is_some() && made.is_none_or(|made| made.stale),
            colours: self.colours_of(series),
            fusible: self.fusible(series),
            fusion: self.fusion_view(series),
            fused,
            letters: grid
                .is_orientation_known()
                .then(|| orientation_letters(dx, dy)),
            overlays: self.overlays(series, slice, &grid, layout),
            figures: self.figures_on(series, &map, reach),
            compared: self.compared_outlines(series, slice, layout),
            marked_slices: self.marked_slices(series),
        })
    }

    /// What to know of a series whatever slice is shown.
    fn badges(&self, series: SeriesId, grid: &Grid) -> Vec<String> {
        let mut badges = Vec::new();
        let warned = |code| {
            self.series(series)
                .is_some_and(|s| s.warnings.iter().any(|w| w.code == code))
        };
        if self.is_inverted(series) {
            badges.push(tr!("inverted").to_owned());
        }
        if warned(WarningCode::Lossy) {
            badges.push(tr!("lossy").to_owned());
        }
        if warned(WarningCode::Tilt) {
            badges.push(tr!("tilt {angle:.1}°", angle = grid.tilt_deg().abs()));
        }
        if warned(WarningCode::UnevenSpacing) {
            badges.push(tr!("uneven slices").to_owned());
        }
        match grid.void_slices().len() {
            0 => {}
            n => badges.push(tr!("{n} slice missing" | "{n} slices missing" % n)),
        }
        badges
    }

    fn marks_on(&self, series: SeriesId) -> impl Iterator<Item = &Annotation> {
        self.records
            .annotations
            .iter()
            .filter(move |a| a.series == series)
    }

    fn overlays(
        &self,
        series: SeriesId,
        slice: usize,
        grid: &Grid,
        layout: Layout,
    ) -> Vec<Overlay> {
        let on_picture = |p: Point| {
            let v = grid.voxel_from_patient(p);
            layout.picture_from_voxel(v.i, v.j).map(|c| c as f32)
        };
        let line_here = |line: Option<[Point; 2]>| {
            let [a, b] = line?;
            let k = grid.voxel_from_patient(a.midpoint(b)).k.round();
            (k == slice as f64).then(|| [a, b].map(on_picture))
        };
        let outlined = |mask: &Mask| -> Vec<Vec<[f32; 2]>> {
            let to_picture = |[i, j]: [f64; 2]| layout.picture_from_voxel(i, j).map(|c| c as f32);
            let closed = outlines(mask, slice).into_iter();
            closed
                .map(|o| o.into_iter().map(to_picture).collect())
                .collect()
        };
        let color_of = |lesion: &Lesion| {
            self.lesions_of(lesion.patient)
                .position(|l| l.id == lesion.id)
                .unwrap_or(0)
        };
        let mut overlays = Vec::new();
        for mark in self.marks_on(series) {
            let Some(lesion) = self.lesion(mark.lesion) else {
                continue;
            };
            let measured = self.segmented(mark.id).map(|s| &s.measured);
            let here = measured.filter(|m| m.axis_slice == slice);
            let overlay = Overlay {
                lesion: lesion.id,
                label: lesion.label.clone(),
                color: color_of(lesion),
                outlines: self
                    .mask_shown(mark.id)
                    .map_or_else(Vec::new, |m| outlined(m)),
                long_axis: here.map(|m| m.long_axis.ends.map(on_picture)),
                short_axis: here.map(|m| m.short_axis.ends.map(on_picture)),
                drawn: line_here(mark.marking.line()),
                size: value::recist(self, lesion, mark).map(|c| c.length.to_string()),
                drawn_short: line_here(mark.marking.caliper.and_then(|c| c.short)),
                propagated: self.unseen_slices(mark.id).contains(&slice),
                preview: false,
            };
            if !overlay.outlines.is_empty() || overlay.drawn.is_some() {
                overlays.push(overlay);
            }
        }
        let unsaved = self.previewed(series).or_else(|| self.offered(series));
        if let Some((lesion, mask)) = unsaved {
            let lesion = lesion.and_then(|id| self.lesion(id));
            let patient = self.series(series).map(|s| s.patient);
            overlays.push(Overlay {
                lesion: lesion.map_or(LesionId(uuid::Uuid::nil()), |l| l.id),
                label: String::new(),
                color: lesion.map_or_else(
                    || patient.map_or(0, |p| self.lesions_of(p).count()),
                    color_of,
                ),
                outlines: outlined(mask),
                long_axis: None,
                short_axis: None,
                drawn: None,
                size: None,
                drawn_short: None,
                propagated: false,
                preview: true,
            });
        }
        overlays
    }

    fn marked_slices(&self, series: SeriesId) -> Vec<usize> {
        let mut marked: Vec<usize> = self
            .marks_on(series)
            .filter_map(|a| self.mask_shown(a.id))
            .flat_map(|mask| {
                let ([_, _, k0], [_, _, nk]) = mask.bounds();
                k0..k0 + nk
            })
            .collect();
        marked.sort_unstable();
        marked.dedup();
        marked
    }
}

/// Where a slice lies along the patient axis that is nearest to its normal, mm: towards head,
/// back or left it grows, whichever way the slices are counted.
fn position_of(grid: &Grid, slice: usize) -> Mm {
    let normal = grid.normal();
    let along = normal[normal.iamax()];
    let position = grid.slice_position(slice).0 * along.signum();
    // A tenth is what is shown: no slice lies at "-0.0".
    Mm(if position.abs() < 0.05 { 0.0 } else { position })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vec3;

    #[test]
    fn positions_grow_towards_the_head_whichever_way_slices_are_counted() {
        for (j_step, heights) in [(1.0, [-52.0, -45.5, 0.0]), (-1.0, [-52.0, -45.5, -0.0])] {
            let origins = heights.map(|z| Point::new(3.0, 4.0, z)).to_vec();
            let (u, v) = (Vec3::x(), Vec3::y() * j_step);
            let grid = Grid::new([4, 4, 3], u, v, origins, None).expect("a grid");
            let shown = [0, 1, 2].map(|k| position_of(&grid, k).to_string());
            assert_eq!(shown, ["-52.0 mm", "-45.5 mm", "0.0 mm"]);
        }
    }
}
