//! The table of everything that a key can do.

use super::Shortcut;

/// Where an action stands on the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Tools and what they make.
    Tools,
    /// How pictures are looked at.
    Picture,
    /// What is recorded.
    Record,
    /// The window itself.
    Window,
}

impl Group {
    /// All groups, in order.
    pub const ALL: [Self; 4] = [Self::Tools, Self::Picture, Self::Record, Self::Window];

    /// Its head.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Tools => "Tools",
            Self::Picture => "Picture",
            Self::Record => "Record",
            Self::Window => "Window",
        }
    }
}

/// What an action asks for, or how its key is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// A patient must be shown.
    Patient,
    /// A picture must be shown.
    Picture,
    /// The record must be writable.
    Write,
    /// Nothing may be drawn or dragged meanwhile.
    Still,
    /// It goes on while its key is held.
    Repeats,
    /// It shares a row of the sheet with the one before.
    Joined,
}

struct Info {
    action: Action,
    id: &'static str,
    group: Group,
    text: &'static str,
    keys: &'static str,
    flags: &'static [Flag],
}

macro_rules! actions {
    ($($name:ident, $id:literal, $group:ident, $text:literal, $keys:literal, [$($flag:ident),*];)*) => {
        /// Something that a key, the command palette or a button does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $text] $name,)*
        }

        const TABLE: &[Info] = &[
            $(Info {
                action: Action::$name,
                id: $id,
                group: Group::$group,
                text: $text,
                keys: $keys,
                flags: &[$(Flag::$flag),*],
            },)*
        ];
    };
}

actions! {
    Diameter, "tool.diameter", Tools, "Diameter tool, and back", "D", [Patient, Write, Still];
    Point, "tool.point", Tools, "Point tool, and back", "P", [Patient, Write, Still];
    Box, "tool.box", Tools, "Box tool, and back", "B", [Patient, Write, Still];
    Scribble, "tool.scribble", Tools, "Scribble tool, and back", "S", [Patient, Write, Still];
    Lasso, "tool.lasso", Tools, "Lasso tool, and back", "L", [Patient, Write, Still];
    Caliper, "tool.caliper", Tools, "Caliper, and back", "K", [Patient, Write, Still];
    Brush, "tool.brush", Tools, "Brush; then eraser, and back", "E", [Patient, Write, Still];
    Measure, "tool.measure", Tools, "Measure with the figure used last, and back", "Shift+M", [Patient, Write, Still];
    Cut, "tool.cut", Tools, "Cut a lesion in two, and back", "X", [Patient, Write, Still];
    BrushSmaller, "brush.smaller", Tools, "Smaller brush", "[", [Patient, Repeats];
    BrushLarger, "brush.larger", Tools, "Larger brush", "]", [Patient, Repeats];
    LastTool, "tool.last", Tools, "The tool before, and back", "Space", [Patient, Still];
    Accept, "accept", Tools, "End a line; accept what was made", "Enter", [Patient];
    TakeOffer, "offer.take", Tools, "Take what is offered with it", "O", [Patient, Write, Still];
    Cancel, "cancel", Tools, "Call off; reject what was made; no tool", "Esc", [Patient];
    RemoveMark, "mark.remove", Tools, "Remove the measurement or mark here", "Delete", [Patient, Picture, Write, Still];
    NextLesion, "lesion.next", Tools, "Next lesion", "Tab", [Patient, Still];
    PreviousLesion, "lesion.previous", Tools, "Previous lesion", "Shift+Tab", [Patient, Still];
    NewLesion, "lesion.new", Tools, "The next diameter starts a new lesion", "N", [Patient, Still];

    PreviousSlice, "slice.previous", Picture, "Previous slice", "Up", [Patient, Picture, Still, Repeats];
    NextSlice, "slice.next", Picture, "Next slice", "Down", [Patient, Picture, Still, Repeats];
    BackTen, "slice.back_ten", Picture, "Ten slices back", "PageUp", [Patient, Picture, Still, Repeats];
    ForwardTen, "slice.forward_ten", Picture, "Ten slices on", "PageDown", [Patient, Picture, Still, Repeats];
    FirstSlice, "slice.first", Picture, "First slice", "Home", [Patient, Picture, Still];
    LastSlice, "slice.last", Picture, "Last slice", "End", [Patient, Picture, Still];
    PreviousTimePoint, "time_point.previous", Picture, "Previous time point", "Left", [Patient, Picture, Still];
    NextTimePoint, "time_point.next", Picture, "Next time point", "Right", [Patient, Picture, Still];
    Alone, "time_point.alone", Picture, "This time point alone, and back", "W", [Patient, Picture, Still];
    Cine, "cine", Picture, "Page slices by themselves, and stop", "C", [Patient, Picture, Still];
    Straighten, "planes.straighten", Picture, "Lay turned planes straight again", "", [Patient, Picture, Still];
    ThreePlanes, "planes", Picture, "Three planes, or slices alone", "Q", [Patient, Still];
    ThreeD, "three_d", Picture, "Lesions in three dimensions, and back", "Shift+Q", [Patient, Still];
    Preset1, "window.preset_1", Picture, "Window presets 1 to 6", "1", [Patient, Picture];
    Preset2, "window.preset_2", Picture, "Window preset 2", "2", [Patient, Picture, Joined];
    Preset3, "window.preset_3", Picture, "Window preset 3", "3", [Patient, Picture, Joined];
    Preset4, "window.preset_4", Picture, "Window preset 4", "4", [Patient, Picture, Joined];
    Preset5, "window.preset_5", Picture, "Window preset 5", "5", [Patient, Picture, Joined];
    Preset6, "window.preset_6", Picture, "Window preset 6", "6", [Patient, Picture, Joined];
    AutoWindow, "window.auto", Picture, "Window by the slice's values", "9", [Patient, Picture];
    FileWindow, "window.file", Picture, "Window of the file", "0", [Patient, Picture];
    Invert, "invert", Picture, "Black for white, and back", "I", [Patient, Picture];
    Fit, "fit", Picture, "Whole pictures", "F", [Patient, Picture];
    Reset, "reset", Picture, "Whole pictures in the window of the file", "R", [Patient, Picture];
    Closer, "zoom.closer", Picture, "Magnify", "Plus", [Patient, Picture, Still, Repeats];
    Farther, "zoom.farther", Picture, "Magnify less", "Minus", [Patient, Picture, Still, Repeats];
    Masks, "masks", Picture, "Masks on or off; held: as long as held", "G", [Patient];
    FillMasks, "masks.fill", Picture, "Masks filled or outlined", "M", [Patient];
    LessOpaque, "masks.less_opaque", Picture, "Fainter masks", "A", [Patient, Repeats];
    MoreOpaque, "masks.more_opaque", Picture, "Stronger masks", "Shift+A", [Patient, Repeats];
    Annotations, "annotations", Picture, "Axes, lines, labels and crosshair on or off", "Shift+X", [Patient];

    Undo, "undo", Record, "Undo the last step", "Ctrl+Z Z", [Patient, Write, Still];
    Redo, "redo", Record, "Redo", "Ctrl+Shift+Z Ctrl+Y Y Shift+Z", [Patient, Write, Still];
    Versions, "versions", Record, "Versions of the selected mask", "V", [Patient, Picture, Still];
    Trace, "trace", Record, "Where the selected size comes from", "T", [Patient, Picture, Still];
    Review, "reading.review", Record, "Mark the reading as reviewed", "Shift+F9", [Patient, Picture, Still];
    Sign, "reading.sign", Record, "Sign the reading; amend a signed one", "F9", [Patient, Picture, Still];
    Reader, "reader", Record, "Name the reader", "F8", [];

    LesionsPanel, "panel.lesions", Window, "Table of lesions, shown or hidden", "Shift+L", [Patient, Still];
    GrowthPanel, "panel.growth", Window, "Growth and narrative, shown or hidden", "Shift+G", [Patient, Still];
    History, "panel.history", Window, "History of steps, shown or hidden", "H", [Patient, Still];
    Larger, "scale.larger", Window, "Everything larger", "Ctrl+Plus Ctrl+Equals", [Repeats];
    Smaller, "scale.smaller", Window, "Everything smaller", "Ctrl+Minus", [Repeats];
    NormalSize, "scale.normal", Window, "Everything in its normal size", "Ctrl+0", [];
    Bar, "focus.bar", Window, "From the picture to the bar; on with Tab", "F6", [Patient];
    Help, "help", Window, "Mouse and keys", "? Shift+Slash", [];
    Tour, "tour", Window, "Tour in five minutes, on the sample patient", "", [];
    Palette, "palette", Window, "Find and do anything", "Ctrl+K Ctrl+Shift+P", [];
    Keys, "keys", Window, "Change keys…", "Ctrl+Comma", [];
    HideIdentity, "identity.hide", Window, "Hide who the patients are, and show it again", "Shift+H", [];
    Theme, "theme", Window, "Light or dark theme", "", [];
    OpenFolder, "open.folder", Window, "Open a folder…", "Ctrl+O", [Write, Still];
    OpenFiles, "open.files", Window, "Open files…", "Ctrl+Shift+O", [Write, Still];
    Patients, "patients", Window, "List of patients", "Ctrl+P", [Patient, Still];
    Report, "report", Window, "Write the report…", "Ctrl+E", [Patient, Still];
    Quit, "quit", Window, "Quit", "Ctrl+Q", [];
}

impl Action {
    /// All actions, in the order of the sheet.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|info| info.action)
    }

    /// The action of this name in the file.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        let info = TABLE.iter().find(|info| info.id == id)?;
        Some(info.action)
    }

    // The table is written in the order of the variants.
    const fn info(self) -> &'static Info {
        &TABLE[self as usize]
    }

    /// Its name in the file.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.info().id
    }

    /// Where it stands on the sheet.
    #[must_use]
    pub const fn group(self) -> Group {
        self.info().group
    }

    /// What it does, for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.info().text
    }

    /// Its keys where nothing else is said; the first is the one that is named beside buttons.
    #[must_use]
    pub fn default_keys(self) -> Vec<Shortcut> {
        Shortcut::list(self.info().keys)
    }

    /// Whether it has this flag.
    #[must_use]
    pub fn is(self, flag: Flag) -> bool {
        self.info().flags.contains(&flag)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_in_order_and_its_names_differ() {
        for (n, info) in TABLE.iter().enumerate() {
            assert_eq!(info.action as usize, n);
            let keys = info.keys.split_whitespace().count();
            assert_eq!(info.action.default_keys().len(), keys, "{}", info.id);
        }
        let ids: BTreeSet<&str> = TABLE.iter().map(|i| i.id).collect();
        assert_eq!(ids.len(), TABLE.len());
    }
}
