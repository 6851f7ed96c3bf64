//! Panels and size of the window. Remembered on disk, not audited.

use super::State;
use crate::app::effect::Effect;
use crate::app::layout::Layout;
use crate::case::Change;

/// Key of the setting that remembers them.
pub(super) const LAYOUT: &str = "layout";

impl State {
    pub(super) fn set_layout(&mut self, layout: Layout, effects: &mut Vec<Effect>) {
        let layout = layout.sound();
        if layout == self.layout {
            return;
        }
        self.layout = layout;
        let value = serde_json::to_value(layout).unwrap_or_default();
        self.commit_unaudited(Change::PutSetting(LAYOUT.to_owned(), value), effects);
    }
}
