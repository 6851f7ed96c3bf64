//! The window that readers last chose for a kind of image, which the next one begins with.

use super::{Slot, State};
use crate::app::effect::Effect;
use crate::case::{Change, SeriesId};
use crate::volume::{IntensityUnit, WindowLevel};

/// Key of the setting that remembers the window of a modality and unit.
fn window_key(modality: &str, unit: &str) -> String {
    format!("window/{modality}/{unit}")
}

impl State {
    /// Key of what is remembered for images like this one; `None` where values mean something else in
    /// each scan, so that no window can be taken over.
    fn window_memory(&self, series: SeriesId) -> Option<String> {
        let unit = self.images.get(&series).and_then(Slot::ready)?.volume.unit;
        let modality = self.series(series)?.modality.code();
        (unit != IntensityUnit::Arbitrary).then(|| window_key(modality, unit.symbol()))
    }

    /// Remembers a window for the next images like this one; `None` lets them begin with that of
    /// their file again.
    pub(super) fn remember_window(
        &mut self,
        series: SeriesId,
        window: Option<WindowLevel>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(key) = self.window_memory(series) else {
            return;
        };
        let value = window.and_then(|w| serde_json::to_value(w).ok());
        let change = Change::PutSetting(key, value.unwrap_or_default());
        self.commit_unaudited(change, effects);
    }

    /// Lets an image that nobody has looked at yet begin with the window that was remembered.
    pub(super) fn begin_with_window(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let looked_at = self
            .records
            .series_views
            .iter()
            .any(|(id, _)| *id == series);
        let key = self.window_memory(series).filter(|_| !looked_at);
        let window: Option<WindowLevel> = key.and_then(|key| self.records.setting(&key));
        if let Some(window) = window.filter(|w| w.width.is_finite() && w.width > 0.0) {
            self.edit_view(series, effects, |view| view.window = Some(window));
        }
    }
}
