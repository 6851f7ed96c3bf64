//! What the window itself remembers: tools, gestures under way, text being typed. Nothing of this
//! is part of the record.

use std::collections::BTreeMap;

use egui::TextureHandle;

use super::slice::{Gesture, Wheel};
use super::treatments::TreatmentForm;
use crate::app::view::{LesionId, SeriesId, TimePointId};

/// What dragging with the left button does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Window width across, centre up and down.
    #[default]
    Window,
    /// Draws the longest diameter of a lesion.
    Diameter,
}

/// State of the window that no [`crate::app::view::View`] carries.
pub struct UiState {
    /// What dragging with the left button does.
    pub tool: Tool,
    /// Draw masks, axes and diameters.
    pub show_overlays: bool,
    /// Fill masks instead of outlining them only.
    pub fill_masks: bool,
    /// The sheet of keys and mouse is open.
    pub show_help: bool,
    /// The view that keys act on.
    pub(super) active: Option<SeriesId>,
    pub(super) gesture: Option<Gesture>,
    pub(super) wheel: Wheel,
    pub(super) textures: BTreeMap<SeriesId, Texture>,
    pub(super) show_analysis: bool,
    pub(super) show_table: bool,
    pub(super) treatment: TreatmentForm,
    pub(super) date: Option<(TimePointId, String)>,
    pub(super) lesion_text: Option<LesionText>,
    pub(super) scenario_day: Option<f64>,
}

impl Default for UiState {
    fn default() -> Self {
        Self {
            tool: Tool::default(),
            show_overlays: true,
            fill_masks: false,
            show_help: false,
            active: None,
            gesture: None,
            wheel: Wheel::default(),
            textures: BTreeMap::new(),
            show_analysis: true,
            show_table: true,
            treatment: TreatmentForm::default(),
            date: None,
            lesion_text: None,
            scenario_day: None,
        }
    }
}

/// A picture on the graphics card.
pub(super) struct Texture {
    pub(super) handle: TextureHandle,
    pub(super) version: u64,
    pub(super) nearest: bool,
}

/// Which text of a lesion is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LesionField {
    Label,
    Organ,
}

/// Text of a lesion while it is typed; sent when the field loses focus.
pub(super) struct LesionText {
    pub(super) lesion: LesionId,
    pub(super) field: LesionField,
    pub(super) text: String,
}
