//! What dragging with a button of the mouse does.

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    const fn id(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Middle => "middle",
            Self::Right => "right",
        }
    }
}

/// The name of a drag in the file, `ctrl+left`.
pub(super) fn drag_id(button: Button, held: Held) -> String {
    format!("{}{}", held.prefix(), button.id())
}

/// The drag of this name in the file.
pub(super) fn drag_named(id: &str) -> Option<(Button, Held)> {
    let held = Held::ALL.into_iter();
    let mut all = held.flat_map(|held| Button::ALL.map(|button| (button, held)));
    all.find(|(button, held)| drag_id(*button, *held) == id)
}

/// What is held while a button is dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// What stands before the name of the button, for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Shift => "Shift + ",
            Self::Ctrl => "Ctrl + ",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Shift => "shift+",
            Self::Ctrl => "ctrl+",
        }
    }
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
    /// Everything that a drag can do.
    pub const ALL: [Self; 6] = [
        Self::Window,
        Self::Pan,
        Self::Zoom,
        Self::Page,
        Self::Crosshair,
        Self::Region,
    ];

    /// Its name in the file.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Pan => "pan",
            Self::Zoom => "zoom",
            Self::Page => "page",
            Self::Crosshair => "crosshair",
            Self::Region => "region",
        }
    }

    /// What has this name in the file.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|drag| drag.id() == id)
    }

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

    /// The same with another meaning of one drag.
    #[must_use]
    pub(super) const fn with(mut self, button: Button, held: Held, drag: Drag) -> Self {
        let of = match button {
            Button::Left => &mut self.left,
            Button::Middle => &mut self.middle,
            Button::Right => &mut self.right,
        };
        of[held as usize] = drag;
        self
    }
}
