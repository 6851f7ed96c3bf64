//! What dragging with a button of the mouse does.

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Also what the tool in hand draws with.
    Left,
    /// The wheel, pressed.
    Middle,
    /// Its click without a drag opens menus.
    Right,
}

impl Button {
    /// All buttons.
    pub const ALL: [Self; 3] = [Self::Left, Self::Middle, Self::Right];

    /// Its name.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Left => "Left",
            Self::Middle => "Middle",
            Self::Right => "Right",
        }
    }
}

/// What is held while a button is dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// Shift.
    Shift,
    /// Ctrl, or Cmd on a Mac.
    Ctrl,
}

impl Held {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Shift, Self::Ctrl];
}

/// What a drag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drag {
    /// Window width across, centre up and down; a click points at a place.
    Window,
    /// Moves the picture.
    Pan,
    /// Magnifies it.
    Zoom,
    /// Turns slices.
    Page,
    /// Brings the place under the pointer into all planes, and goes on with it.
    Crosshair,
    /// Draws a rectangle by whose values the window is set.
    Region,
}

impl Drag {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Window => "window and level",
            Self::Pan => "move the picture",
            Self::Zoom => "magnify",
            Self::Page => "page through slices",
            Self::Crosshair => "bring the place into all planes",
            Self::Region => "window by the values of a rectangle",
        }
    }
}

/// What each button does: alone, with Shift, with Ctrl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MouseMap {
    pub(super) left: [Drag; 3],
    pub(super) middle: [Drag; 3],
    pub(super) right: [Drag; 3],
}

impl MouseMap {
    /// What dragging does. The left button does this only while the tool in hand draws nothing.
    #[must_use]
    pub const fn drag(&self, button: Button, held: Held) -> Drag {
        let of = match button {
            Button::Left => &self.left,
            Button::Middle => &self.middle,
            Button::Right => &self.right,
        };
        of[held as usize]
    }
}
