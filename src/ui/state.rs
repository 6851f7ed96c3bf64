//! What the window itself remembers: tools, gestures under way, text being typed. Nothing of this
//! is part of the record.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Rect, TextureHandle};

use super::cine::Cine;
use super::dialog::Dialog;
use super::files::FilesForm;
use super::header::HeaderForm;
use super::slice::{FigureMenu, Gesture, Paging, Part, SceneTexture, ThreeDLook, Wheel};
use super::tour::{Spot, Tour};
use super::treatments::TreatmentForm;
use super::versions::Pair;
use crate::app::view::{
    ColourImage, ColourMap, FigureKind, FigureOf, KeyMap, LesionId, PatientId, SeriesId,
    TimePointId,
};
use crate::keymap::Action;

/// What dragging with the left button does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Window width across, centre up and down.
    #[default]
    Window,
    /// Draws the longest diameter of a lesion, from which a mask is made.
    Diameter,
    /// Clicks on a lesion, or on what is not lesion.
    Point,
    /// Draws a box around a lesion.
    Box,
    /// Draws strokes over lesion, or over what is not lesion.
    Scribble,
    /// Draws an outline around lesion, or around what is not lesion.
    Lasso,
    /// Draws a line that is measured and makes no mask.
    Caliper,
    /// Paints the mask, or erases it.
    Brush,
    /// Draws a line along which a lesion is cut in two.
    Cut,
    /// Draws a figure that measures something that is no lesion.
    Measure(FigureKind),
}

impl Tool {
    /// The tool that an action takes in hand.
    pub(super) const fn of(action: Action) -> Option<Self> {
        match action {
            Action::Diameter => Some(Self::Diameter),
            Action::Point => Some(Self::Point),
            Action::Box => Some(Self::Box),
            Action::Scribble => Some(Self::Scribble),
            Action::Lasso => Some(Self::Lasso),
            Action::Caliper => Some(Self::Caliper),
            Action::Brush => Some(Self::Brush),
            Action::Cut => Some(Self::Cut),
            _ => None,
        }
    }

    /// The action that takes it in hand.
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Window => Action::Cancel,
            Self::Diameter => Action::Diameter,
            Self::Point => Action::Point,
            Self::Box => Action::Box,
            Self::Scribble => Action::Scribble,
            Self::Lasso => Action::Lasso,
            Self::Caliper => Action::Caliper,
            Self::Brush => Action::Brush,
            Self::Cut => Action::Cut,
            Self::Measure(_) => Action::Measure,
        }
    }

    /// Whether it draws on the record.
    #[must_use]
    pub const fn draws(self) -> bool {
        !matches!(self, Self::Window)
    }

    /// Whether it follows the hand.
    pub(super) const fn is_freehand(self) -> bool {
        matches!(self, Self::Scribble | Self::Lasso | Self::Brush)
    }

    /// Whether it may take away as well as add.
    pub(super) const fn has_sign(self) -> bool {
        matches!(
            self,
            Self::Point | Self::Scribble | Self::Lasso | Self::Brush
        )
    }

    /// Whether it has a brush.
    pub(super) const fn has_brush(self) -> bool {
        matches!(self, Self::Scribble | Self::Brush)
    }
}

/// Least opacity of masks.
const FAINTEST: f32 = 0.1;

/// Radii of the brush, mm.
pub(super) const BRUSHES: std::ops::RangeInclusive<f64> = 0.5..=40.0;

/// State of the window that no [`crate::app::view::View`] carries.
pub struct UiState {
    /// What dragging with the left button does.
    pub tool: Tool,
    /// What it did before.
    pub(super) last_tool: Tool,
    /// Gestures take away instead of adding; holding Alt turns it round.
    pub negative: bool,
    /// Radius of the brush, mm.
    pub brush: f64,
    /// The brush paints in space and not in the slice alone.
    pub sphere: bool,
    /// The brush changes only voxels with a value in this range.
    pub within: Option<[f64; 2]>,
    /// Draw masks, axes and diameters.
    pub show_overlays: bool,
    /// Fill masks instead of outlining them only.
    pub fill_masks: bool,
    /// How opaque masks are, 0–1.
    pub opacity: f32,
    /// Draw axes, lines and labels of lesions, and the crosshair.
    pub show_annotations: bool,
    /// The sheet of keys and mouse is open.
    pub show_help: bool,
    /// What keys and mouse do.
    pub(super) keys: Arc<KeyMap>,
    /// The key that shows or hides masks, while it is down.
    pub(super) peek: Option<Peek>,
    /// A key that was pressed ends the gesture under way.
    pub(super) ended: Option<Ended>,
    /// The window is to be closed.
    pub(super) quit: bool,
    /// The time point that fills the window, alone.
    pub(super) maximised: Option<TimePointId>,
    /// Slices that are paged by themselves.
    pub(super) cine: Option<Cine>,
    /// The view that keys act on.
    pub(super) active: Option<SeriesId>,
    pub(super) gesture: Option<Gesture>,
    /// The part of a mask whose menu was opened last.
    pub(super) part: Option<Part>,
    /// The figure that the pointer is at.
    pub(super) meant_figure: Option<FigureOf>,
    /// The figure that the pointer was at when keys were pressed.
    pub(super) meant: Option<FigureOf>,
    /// The measurement whose menu is open.
    pub(super) figure_menu: Option<FigureMenu>,
    /// The figure that was drawn last.
    pub(super) ruler: FigureKind,
    pub(super) wheel: Wheel,
    pub(super) paging: Paging,
    /// Pictures on the graphics card: the slice of a series (0) and the planes across it, each with
    /// what lies over it.
    pub(super) textures: BTreeMap<(SeriesId, usize, bool), Texture>,
    /// From where lesions are seen in three dimensions.
    pub(super) three_d: ThreeDLook,
    /// Lesions in three dimensions, on the graphics card.
    pub(super) scenes: BTreeMap<SeriesId, SceneTexture>,
    /// The tour, while it is taken.
    pub(super) tour: Option<Tour>,
    /// Where parts of the window are in this frame.
    pub(super) spots: BTreeMap<Spot, Rect>,
    pub(super) show_crash: bool,
    pub(super) treatment: TreatmentForm,
    pub(super) date: Option<(TimePointId, String)>,
    pub(super) lesion_text: Option<LesionText>,
    pub(super) scenario_day: Option<f64>,
    /// The question that is open; everything behind it waits.
    pub(super) dialog: Option<Dialog>,
    /// The question has just been opened: its first field is to take the keys.
    pub(super) fresh: bool,
    /// The keys are to go from the picture to the bar.
    pub(super) focus_bar: bool,
    /// Whose steps are listed, how many, how many of them stand, and whether below the growth
    /// curve; a change scrolls to the last that stands.
    pub(super) history_at: Option<(PatientId, usize, usize, bool)>,
    pub(super) pair: Option<Pair>,
    pub(super) files: FilesForm,
    /// What patients are searched for by.
    pub(super) patient_search: String,
    /// Small pictures of patients on the graphics card.
    pub(super) thumbnails: BTreeMap<PatientId, Texture>,
    pub(super) header: HeaderForm,
    /// The colour picture on the graphics card, and which it is.
    pub(super) colour: Option<(Arc<ColourImage>, TextureHandle)>,
    /// Code of the warning whose page is open.
    pub(super) page: Option<String>,
}

impl Default for UiState {
    fn default() -> Self {
        Self {
            tool: Tool::default(),
            last_tool: Tool::Diameter,
            negative: false,
            brush: 2.0,
            sphere: false,
            within: None,
            show_overlays: true,
            fill_masks: false,
            opacity: 1.0,
            show_annotations: true,
            show_help: false,
            keys: Arc::default(),
            peek: None,
            ended: None,
            quit: false,
            maximised: None,
            cine: None,
            active: None,
            gesture: None,
            part: None,
            meant_figure: None,
            meant: None,
            figure_menu: None,
            ruler: FigureKind::Length,
            wheel: Wheel::default(),
            paging: Paging::default(),
            textures: BTreeMap::new(),
            three_d: ThreeDLook::default(),
            scenes: BTreeMap::new(),
            tour: None,
            spots: BTreeMap::new(),
            show_crash: false,
            treatment: TreatmentForm::default(),
            date: None,
            lesion_text: None,
            scenario_day: None,
            dialog: None,
            fresh: false,
            focus_bar: false,
            history_at: None,
            pair: None,
            files: FilesForm::default(),
            patient_search: String::new(),
            thumbnails: BTreeMap::new(),
            header: HeaderForm::default(),
            colour: None,
            page: None,
        }
    }
}

impl UiState {
    /// Takes another tool; the one in hand is what it was before.
    pub fn take(&mut self, tool: Tool) {
        if let Tool::Measure(kind) = tool {
            self.ruler = kind;
        }
        if tool != self.tool {
            self.last_tool = std::mem::replace(&mut self.tool, tool);
            self.negative = false;
        }
    }

    /// Makes the brush wider by a factor.
    pub(super) fn widen_brush(&mut self, factor: f64) {
        self.brush = (self.brush * factor).clamp(*BRUSHES.start(), *BRUSHES.end());
    }

    /// Makes masks more or less opaque; they never go altogether.
    pub(super) fn fade(&mut self, by: f32) {
        self.opacity = (self.opacity + by).clamp(FAINTEST, 1.0);
    }

    /// Opens a question in place of the one that is open.
    pub(super) fn ask(&mut self, dialog: Dialog) {
        self.dialog = Some(dialog);
        self.fresh = true;
    }
}

/// A key that shows or hides masks, while it is down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peek {
    pub(super) key: egui::Key,
    /// When it went down, s.
    pub(super) since: f64,
}

/// How a key ends a gesture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Accepted,
    CalledOff,
}

/// A picture on the graphics card.
pub(super) struct Texture {
    pub(super) handle: TextureHandle,
    pub(super) version: u64,
    pub(super) nearest: bool,
    pub(super) colours: ColourMap,
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
