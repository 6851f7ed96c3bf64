//! An image in colour over another of the same patient, and colours in place of grey levels.
//! Remembered on disk, not audited.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Slot, State};
use crate::app::effect::Effect;
use crate::app::view::FusedPicture;
use crate::case::{Change, SeriesId};
use crate::reformat::{Plane, Slab};
use crate::texts::tr;
use crate::volume::{ColourMap, WindowLevel};

/// What lies over a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fusion {
    /// The series that lies over it.
    pub over: SeriesId,
    /// Its colours.
    pub colours: ColourMap,
    /// How much it hides of what is below, 0–1.
    pub opacity: f64,
}

impl Fusion {
    /// A series in its usual colours, half transparent.
    #[must_use]
    pub const fn of(over: SeriesId) -> Self {
        Self {
            over,
            colours: ColourMap::HotIron,
            opacity: 0.5,
        }
    }
}

/// What a picture that lies over another was made of; equal keys mean equal pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct FusedKey {
    pub(in crate::app) over: SeriesId,
    /// In the space of the series that lies over.
    pub(in crate::app) plane: Plane,
    pub(in crate::app) window: WindowLevel,
    pub(in crate::app) colours: ColourMap,
    /// Which slab, and which picture of it.
    pub(in crate::app) slab: Option<(Slab, u64)>,
}

/// Pictures that lie over others as they were drawn.
pub(in crate::app) type Fused = (FusedKey, Arc<FusedPicture>);

/// Key of the setting that remembers what lies over a series.
fn fusion_key(series: SeriesId) -> String {
    format!("fusion/{series}")
}

/// Key of the setting that remembers the colours of a series.
fn colours_key(series: SeriesId) -> String {
    format!("colours/{series}")
}

impl State {
    /// What lies over a series, as it was asked for.
    pub(in crate::app) fn fusion_of(&self, series: SeriesId) -> Option<Fusion> {
        let fusion: Fusion = self.records.setting(&fusion_key(series))?;
        self.is_fusible(series, fusion.over).then_some(fusion)
    }

    /// Whether one series may lie over another: it is known where its places lie there, by the frame
    /// of reference or by an alignment.
    pub(in crate::app) fn is_fusible(&self, series: SeriesId, over: SeriesId) -> bool {
        let placed = self.is_placed(series) && self.is_placed(over);
        series != over && placed && self.way(series, over).is_some()
    }

    /// Whether it is known where the voxels of a series lie, or nothing is known of them yet.
    pub(in crate::app) fn is_placed(&self, series: SeriesId) -> bool {
        let image = self.images.get(&series).and_then(Slot::ready);
        image.is_none_or(|i| i.volume.grid().is_calibrated())
    }

    pub(super) fn set_fusion(
        &mut self,
        series: SeriesId,
        fusion: Option<Fusion>,
        effects: &mut Vec<Effect>,
    ) {
        if self.series(series).is_none() {
            return;
        }
        let Some(mut fusion) = fusion else {
            self.fused.retain(|(of, _), _| *of != series);
            let nothing = Change::PutSetting(fusion_key(series), serde_json::Value::Null);
            self.commit_unaudited(nothing, effects);
            return;
        };
        if !self.is_fusible(series, fusion.over) {
            self.refuse(
                tr!("Nothing is laid over this image: where the other one lies in it is unknown"),
                tr!("Align the two, or choose images of one frame of reference."),
            );
            return;
        }
        if !fusion.opacity.is_finite() {
            return;
        }
        fusion.opacity = fusion.opacity.clamp(0.0, 1.0);
        let value = serde_json::to_value(fusion).unwrap_or_default();
        self.commit_unaudited(Change::PutSetting(fusion_key(series), value), effects);
        self.load_series(fusion.over, effects);
    }

    /// The colours of a series.
    pub(in crate::app) fn colours_of(&self, series: SeriesId) -> ColourMap {
        self.records
            .setting(&colours_key(series))
            .unwrap_or_default()
    }

    pub(super) fn set_colours(
        &mut self,
        series: SeriesId,
        colours: ColourMap,
        effects: &mut Vec<Effect>,
    ) {
        if self.series(series).is_some() {
            let value = serde_json::to_value(colours).unwrap_or_default();
            self.commit_unaudited(Change::PutSetting(colours_key(series), value), effects);
        }
    }

    /// Loads what lies over the series that are shown.
    pub(super) fn load_fused(&mut self, effects: &mut Vec<Effect>) {
        for series in self.series_on_screen() {
            if let Some(fusion) = self.fusion_of(series) {
                self.load_series(fusion.over, effects);
            }
        }
    }
}
