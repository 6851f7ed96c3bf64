//! Habits that people bring with them from other programs.

use super::Action;
use super::mouse::{Drag, MouseMap};

/// A set of keys and mouse buttons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// This program's own.
    #[default]
    OncoTwin,
    /// As at reading stations: the right button sets the window, whatever tool is in hand.
    Pacs,
    /// As in ITK-SNAP: the left button moves the crosshair.
    ItkSnap,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 3] = [Self::OncoTwin, Self::Pacs, Self::ItkSnap];

    /// Its name for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::OncoTwin => "OncoTwin",
            Self::Pacs => "PACS",
            Self::ItkSnap => "ITK-SNAP",
        }
    }

    /// Its name in the file.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::OncoTwin => "oncotwin",
            Self::Pacs => "pacs",
            Self::ItkSnap => "itk-snap",
        }
    }

    /// The profile of this name in the file.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.id() == id)
    }

    /// Keys of actions that differ from the defaults.
    pub(super) const fn keys(self) -> &'static [(Action, &'static str)] {
        match self {
            Self::OncoTwin => &[],
            Self::Pacs => &[
                (Action::Brush, "B E"),
                (Action::Box, "Shift+B"),
                (Action::NewLesion, "A N"),
                (Action::LessOpaque, "Shift+Minus"),
                (Action::MoreOpaque, "Shift+Equals"),
                (Action::Reset, "Space R"),
                (Action::LastTool, "Shift+Space"),
                (Action::Fit, "Equals F"),
                (Action::RemoveMark, "Backspace Delete"),
                (Action::PreviousTimePoint, "Left Comma"),
                (Action::NextTimePoint, "Right Period"),
            ],
            Self::ItkSnap => &[
                (Action::Masks, "S G"),
                (Action::Scribble, "Shift+S"),
                (Action::LessOpaque, "A"),
                (Action::MoreOpaque, "D"),
                (Action::Diameter, "Shift+D"),
                (Action::Annotations, "X"),
                (Action::Cut, "Shift+X"),
                (Action::BrushSmaller, "Minus ["),
                (Action::BrushLarger, "Equals ]"),
                (Action::Farther, "Shift+Minus"),
            ],
        }
    }

    /// What dragging does.
    #[must_use]
    pub const fn mouse(self) -> MouseMap {
        use Drag::{Crosshair, Page, Pan, Region, Window, Zoom};
        match self {
            Self::OncoTwin => MouseMap {
                left: [Window, Window, Region],
                middle: [Pan, Pan, Pan],
                right: [Zoom, Zoom, Zoom],
            },
            Self::Pacs => MouseMap {
                left: [Window, Window, Region],
                middle: [Page, Page, Page],
                right: [Window, Pan, Zoom],
            },
            Self::ItkSnap => MouseMap {
                left: [Crosshair, Region, Window],
                middle: [Pan, Pan, Pan],
                right: [Zoom, Zoom, Zoom],
            },
        }
    }
}
