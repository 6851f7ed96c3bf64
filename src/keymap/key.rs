//! Keys by their names, and keys pressed with others held.

use std::fmt;

/// Names of the keys that an action can have, as they stand in the file. Modifiers are none of them.
const NAMES: &[&str] = &[
    "A",
    "B",
    "C",
    "D",
    "E",
    "F",
    "G",
    "H",
    "I",
    "J",
    "K",
    "L",
    "M",
    "N",
    "O",
    "P",
    "Q",
    "R",
    "S",
    "T",
    "U",
    "V",
    "W",
    "X",
    "Y",
    "Z",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F11",
    "F12",
    "Up",
    "Down",
    "Left",
    "Right",
    "PageUp",
    "PageDown",
    "Home",
    "End",
    "Enter",
    "Esc",
    "Tab",
    "Space",
    "Backspace",
    "Delete",
    "Insert",
    "Plus",
    "Minus",
    "Equals",
    "Comma",
    "Period",
    "Slash",
    "Backslash",
    "Semicolon",
    "Colon",
    "Quote",
    "Backtick",
    "Pipe",
    "?",
    "!",
    "[",
    "]",
    "{",
    "}",
];

/// A key of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(&'static str);

impl Key {
    /// The key of this name, in capital or small letters.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|n| n.eq_ignore_ascii_case(name))?;
        Some(Self(found))
    }

    /// All keys.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|name| Self(name))
    }

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether it is a letter, which Shift makes another key.
    #[must_use]
    pub fn is_letter(self) -> bool {
        matches!(self.0.as_bytes(), [c] if c.is_ascii_alphabetic())
    }

    /// Whether it is a sign that most keyboards give only with Shift held.
    #[must_use]
    pub fn comes_with_shift(self) -> bool {
        matches!(
            self.0,
            "?" | "!" | "{" | "}" | "Plus" | "Colon" | "Pipe" | "Quote"
        )
    }

    /// Whether what has the focus (a button, a slider, a list) may want it for itself.
    #[must_use]
    pub fn moves_focus(self) -> bool {
        matches!(
            self.0,
            "Up" | "Down"
                | "Left"
                | "Right"
                | "PageUp"
                | "PageDown"
                | "Home"
                | "End"
                | "Enter"
                | "Tab"
                | "Space"
        )
    }

    /// As it is shown to people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self.0 {
            "Up" => "↑",
            "Down" => "↓",
            "Left" => "←",
            "Right" => "→",
            "PageUp" => "PgUp",
            "PageDown" => "PgDn",
            "Delete" => "Del",
            "Plus" => "+",
            "Minus" => "−",
            "Equals" => "=",
            "Comma" => ",",
            "Period" => ".",
            "Slash" => "/",
            "Backslash" => "\\",
            "Semicolon" => ";",
            "Colon" => ":",
            "Quote" => "'",
            "Backtick" => "`",
            "Pipe" => "|",
            name => name,
        }
    }
}

/// A key, pressed while others are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shortcut {
    /// The key.
    pub key: Key,
    /// With Ctrl held (on a Mac with Cmd).
    pub ctrl: bool,
    /// With Alt held.
    pub alt: bool,
    /// With Shift held.
    pub shift: bool,
}

impl Shortcut {
    /// Reads `Ctrl+Shift+P`.
    ///
    /// # Errors
    /// With the part that is neither a key nor a modifier.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts: Vec<&str> = text.split('+').map(str::trim).collect();
        let last = parts.pop().unwrap_or_default();
        let key = Key::named(last).ok_or_else(|| last.to_owned())?;
        let mut shortcut = Self {
            key,
            ctrl: false,
            alt: false,
            shift: false,
        };
        for part in parts {
            match part.to_ascii_lowercase().as_str() {
                "ctrl" | "cmd" => shortcut.ctrl = true,
                "alt" => shortcut.alt = true,
                "shift" => shortcut.shift = true,
                _ => return Err(part.to_owned()),
            }
        }
        Ok(shortcut)
    }

    /// Those that a line of the tables of this program names; they are right, which a test sees to.
    pub(super) fn list(text: &str) -> Vec<Self> {
        let words = text.split_whitespace();
        words.filter_map(|word| Self::parse(word).ok()).collect()
    }

    /// As it is shown to people.
    #[must_use]
    pub fn text(self) -> String {
        let ctrl = if cfg!(target_os = "macos") {
            "Cmd+"
        } else {
            "Ctrl+"
        };
        self.with(ctrl, self.key.text())
    }

    fn with(self, ctrl: &str, key: &str) -> String {
        let part = |held: bool, name: &str| if held { name.to_owned() } else { String::new() };
        let (ctrl, alt) = (part(self.ctrl, ctrl), part(self.alt, "Alt+"));
        format!("{ctrl}{alt}{}{key}", part(self.shift, "Shift+"))
    }
}

/// As it stands in the file.
impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with("Ctrl+", self.key.name()))
    }
}
