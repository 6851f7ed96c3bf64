//! What lies in colour over a picture.

use std::sync::Arc;

use crate::app::grouping;
use crate::app::state::fusion::{FusedKey, Fusion};
use crate::app::state::slabs::SlabOf;
use crate::app::state::{Slot, State};
use crate::app::view::{FusedPicture, FusedProbe, FusedView, FusionRow, FusionView};
use crate::case::SeriesId;
use crate::reformat::{Interpolation, Plane, Slab, reformat};
use crate::texts::tr;
use crate::volume::{ColourMap, WindowLevel};

impl State {
    /// What lies over a series, without its pictures.
    pub(super) fn fusion_view(&self, series: SeriesId) -> Option<FusionView> {
        let Fusion {
            over,
            colours,
            opacity,
        } = self.fusion_of(series)?;
        let (way, trust) = self.way(series, over)?;
        let trust = match (trust.registered, trust.proposed, trust.residual) {
            (false, ..) => String::new(),
            (true, true, _) => tr!("proposed alignment").to_owned(),
            (true, false, Some(residual)) => tr!("aligned ±{residual}", residual),
            (true, false, None) => tr!("aligned").to_owned(),
        };
        let image = self.images.get(&over);
        let ready = image.and_then(Slot::ready);
        let own = self.view_of(over).window;
        Some(FusionView {
            over,
            label: self
                .series(over)
                .map_or_else(String::new, |s| self.series_label(s)),
            colours,
            opacity,
            trust,
            window: ready.map(|i| own.unwrap_or(i.window)),
            unit: ready.map_or("", |i| i.volume.unit.symbol()),
            probe: ready.map(|i| FusedProbe::new(Arc::clone(&i.volume), way)),
            problem: match image {
                Some(Slot::Failed(failure)) => failure.text.to_string(),
                _ => String::new(),
            },
        })
    }

    /// Series of the patient that may lie over one, time point by time point.
    pub(super) fn fusible(&self, series: SeriesId) -> Vec<FusionRow> {
        let Some(record) = self.series(series) else {
            return Vec::new();
        };
        let points = grouping::ordered(&self.records, record.patient);
        let ways = self.ways(series, None);
        let placed = |id| self.is_placed(series) && self.is_placed(id);
        let mut rows = Vec::new();
        for (n, point) in points.iter().enumerate() {
            let own = point.id == record.time_point;
            for other in self.series_of(point.id) {
                if other.id != series && ways.contains_key(&other.id) && placed(other.id) {
                    let label = self.series_label(other);
                    let label = if own {
                        label
                    } else {
                        format!("{}: {label}", super::visit_title(n))
                    };
                    rows.push((
                        own,
                        FusionRow {
                            series: other.id,
                            label,
                        },
                    ));
                }
            }
        }
        // What was scanned together first.
        rows.sort_by_key(|(own, _)| !own);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// The picture that lies over a plane of a series; `nth` names the plane (0: the slice).
    pub(super) fn fused_picture(
        &mut self,
        (series, nth): (SeriesId, usize),
        plane: &Plane,
        slab: Option<Slab>,
    ) -> Option<FusedView> {
        let fusion = self.fusion_of(series)?;
        let opacity = fusion.opacity;
        let (way, _) = self.way(series, fusion.over)?;
        let image = self.images.get(&fusion.over).and_then(Slot::ready)?;
        let volume = Arc::clone(&image.volume);
        if !volume.grid().is_calibrated() {
            return None;
        }
        let window = self.view_of(fusion.over).window.unwrap_or(image.window);
        let plane = plane.taken(way.apply(plane.origin), |v| way.rotation() * v);
        let made = slab
            .and_then(|slab| self.slab_made((series, nth, true), &volume, SlabOf { plane, slab }));
        let key = FusedKey {
            over: fusion.over,
            plane,
            window,
            colours: fusion.colours,
            slab: slab.map(|slab| (slab, made.as_ref().map_or(0, |made| made.serial))),
        };
        if let Some((of, picture)) = self.fused.get(&(series, nth))
            && *of == key
        {
            let picture = Arc::clone(picture);
            return Some(FusedView { picture, opacity });
        }
        self.n_pictures += 1;
        let picture = Arc::new(FusedPicture {
            width: plane.size[0],
            height: plane.size[1],
            rgba: match (slab, made) {
                (None, _) => {
                    let values = reformat(&volume, &plane, Interpolation::Linear, None);
                    coloured(&values, window, fusion.colours)
                }
                (Some(_), Some(made)) => coloured(&made.values, window, fusion.colours),
                (Some(_), None) => vec![0; 4 * plane.size[0] * plane.size[1]],
            },
            version: self.n_pictures,
        });
        self.fused
            .insert((series, nth), (key, Arc::clone(&picture)));
        Some(FusedView { picture, opacity })
    }
}

/// Colours of values. What was not imaged is clear; so is, in colours, what lies below the window:
/// only uptake is to be seen over anatomy.
fn coloured(values: &[f32], window: WindowLevel, colours: ColourMap) -> Vec<u8> {
    let table = colours.table();
    let pixel = |value: f32| {
        if value.is_nan() {
            return [0; 4];
        }
        let level = window.gray(value);
        let [r, g, b] = table[usize::from(level)];
        let alpha = match colours {
            ColourMap::Gray => 255,
            // From clear to full within an eighth of the window, so that there is no false edge.
            _ => level.saturating_mul(8),
        };
        [r, g, b, alpha]
    };
    values.iter().copied().flat_map(pixel).collect()
}
