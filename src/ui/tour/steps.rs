//! What the tour shows, and how it knows that it was done.

use super::Spot;
use crate::app::view::View;
use crate::keymap::{Action, KeyMap};
use crate::texts::{mark, tr};

/// A step.
pub(super) struct Step {
    pub(super) title: &'static str,
    /// Paragraphs, with the keys that hold.
    pub(super) text: fn(&KeyMap) -> Vec<String>,
    /// What to do.
    pub(super) task: &'static str,
    /// Where to look.
    pub(super) spot: Option<Spot>,
    /// Whether it was done since the step began; `None` where there is nothing to do.
    pub(super) done: Option<fn(&Seen, &Seen) -> bool>,
}

/// What a step may change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    is_open: bool,
    slices: Vec<usize>,
    windows: Vec<[f64; 2]>,
    three_planes: bool,
    three_d: bool,
    /// Masks that count, by time point.
    masks: Vec<usize>,
    /// Most time points that one lesion was marked at.
    followed: usize,
    waits: bool,
    undone: usize,
    scenario: bool,
}

impl Seen {
    pub(super) fn of(view: &View) -> Self {
        let Some(patient) = &view.patient else {
            return Self::default();
        };
        let shown = || patient.columns.iter().filter_map(|c| c.shown.as_ref());
        let marked = |column: usize| {
            let cells = patient.lesions.iter().filter_map(|l| l.cells.get(column));
            cells.filter(|cell| cell.is_some()).count()
        };
        let cells_of = |cells: &[Option<_>]| cells.iter().filter(|cell| cell.is_some()).count();
        Self {
            is_open: shown().next().is_some(),
            slices: shown().map(|s| s.slice).collect(),
            windows: shown().map(|s| [s.window.center, s.window.width]).collect(),
            three_planes: patient.three_planes,
            three_d: patient.three_d,
            masks: (0..patient.columns.len()).map(marked).collect(),
            followed: patient
                .lesions
                .iter()
                .map(|l| cells_of(&l.cells))
                .max()
                .unwrap_or(0),
            waits: patient.proposal.is_some(),
            undone: patient.history.steps.len() - patient.history.standing,
            scenario: patient.scenario.is_some(),
        }
    }

    fn n_masks(&self) -> usize {
        self.masks.iter().sum()
    }
}

/// The keys of an action as they hold, in brackets; nothing where it has none.
fn key(map: &KeyMap, action: Action) -> String {
    map.hint("", action).trim().to_owned()
}

pub(super) const STEPS: &[Step] = &[
    Step {
        title: mark!("Welcome to OncoTwin"),
        text: |_| {
            vec![
                tr!("In five minutes: open a patient, measure a lesion at two visits, and see how it grows.")
                    .to_owned(),
                tr!("Open the synthetic CT study. It belongs to nobody, and nothing in it can be broken: \
                 everything can be undone.")
                    .to_owned(),
            ]
        },
        task: mark!("Open “Synthetic CT study”."),
        spot: Some(Spot::Samples),
        done: Some(|_, now| now.is_open),
    },
    Step {
        title: mark!("Visits stand side by side"),
        text: |map| {
            vec![
                tr!("The oldest is at the left. The wheel pages one slice per notch, and all visits follow: \
                 the chain in the head of a column tells what that rests on.")
                    .to_owned(),
                tr!("Arrow keys page too; Page Up and Down by ten. A double click shows one visit alone {key}.", key = key(map, Action::Alone)),
            ]
        },
        task: mark!("Page to another slice."),
        spot: Some(Spot::Columns),
        done: Some(|before, now| before.slices != now.slices),
    },
    Step {
        title: mark!("Light"),
        text: |map| {
            vec![
                tr!("Keys 1 to 6 are windows for soft tissue, lung, liver, mediastinum, bone and brain; {key} is \
                     that of the file.", key = key(map, Action::FileWindow)),
                tr!("Dragging with the left button changes it by hand; Ctrl and dragging takes it from a part \
                 of the picture.")
                    .to_owned(),
            ]
        },
        task: mark!("Press 2 for the lung."),
        spot: Some(Spot::Columns),
        done: Some(|before, now| before.windows != now.windows),
    },
    Step {
        title: mark!("One gesture, one lesion"),
        text: |map| {
            vec![
                tr!("Take the diameter tool {key}.", key = key(map, Action::Diameter)),
                tr!("Find a round lesion in the lung or liver of the baseline and drag along its longest \
                 diameter, from edge to edge. The program outlines the whole lesion, in all slices.")
                    .to_owned(),
            ]
        },
        task: mark!("Drag across a lesion in the first column."),
        spot: Some(Spot::Tools),
        done: Some(|before, now| now.n_masks() > before.n_masks()),
    },
    Step {
        title: mark!("You decide"),
        text: |map| {
            vec![
                tr!("Look at the outline. Accept it {accept}, reject it {reject}, or correct it: a scribble {scribble} adds what \
                     is missing, and with Alt takes away what is too much.", accept = key(map, Action::Accept), reject = key(map, Action::Cancel), scribble = key(map, Action::Scribble)),
                tr!("What is already in the table is saved. A question mark before a number says that the \
                 outline is not to be trusted before you say so.")
                    .to_owned(),
            ]
        },
        task: mark!("Accept the outline."),
        spot: Some(Spot::Columns),
        done: Some(|_, now| !now.waits && now.n_masks() > 0),
    },
    Step {
        title: mark!("The same lesion, later"),
        text: |map| {
            vec![
                tr!("The lesion is still chosen, and the other columns show the same place. Drag along it in \
                 the next column: its size joins the row.")
                    .to_owned(),
                tr!("{next} goes from lesion to lesion; {new} begins a new one.", next = key(map, Action::NextLesion), new = key(map, Action::NewLesion)),
            ]
        },
        task: mark!("Measure it at a second visit."),
        spot: Some(Spot::Columns),
        done: Some(|_, now| now.followed >= 2),
    },
    Step {
        title: mark!("Numbers and where they come from"),
        text: |map| {
            vec![
                tr!("The table holds diameters, volumes and the change since the baseline; below it the sum of \
                 target lesions and the response by RECIST 1.1, with how probable it is.")
                    .to_owned(),
                tr!("Every number can be followed to its slice, file and reader {key}.", key = key(map, Action::Trace)),
            ]
        },
        task: "",
        spot: Some(Spot::Lesions),
        done: None,
    },
    Step {
        title: mark!("The twin"),
        text: |_| {
            vec![
                tr!("The curve is fitted to what you measured, the bands say how sure it is: 50 % and 90 %. A \
                 click on a point goes to its slice.")
                    .to_owned(),
                tr!("Ask what would be if the treatment stopped. Where the measurements cannot tell, the answer \
                 is hatched and says so.")
                    .to_owned(),
            ]
        },
        task: mark!("Choose “stops” under “What if treatment”."),
        spot: Some(Spot::Growth),
        done: Some(|_, now| now.scenario),
    },
    Step {
        title: mark!("Nothing is lost"),
        text: |map| {
            vec![tr!(
                "Every step is on disk at once and can be taken back {undo} and done again {redo}. The history \
                     lists them all.",
                undo = key(map, Action::Undo),
                redo = key(map, Action::Redo)
            )]
        },
        task: mark!("Undo a step, then redo it."),
        spot: Some(Spot::Bar),
        done: Some(|before, now| now.undone != before.undone),
    },
    Step {
        title: mark!("All planes, and in space"),
        text: |map| {
            vec![
                tr!(
                    "Three planes of each visit {planes}, and the lesions in three dimensions {space}.",
                    planes = key(map, Action::ThreePlanes),
                    space = key(map, Action::ThreeD)
                ),
                tr!(
                    "Click anywhere and all planes go there; turn a plane by the ring on its line."
                )
                .to_owned(),
            ]
        },
        task: mark!("Show three planes, or the lesions in space."),
        spot: Some(Spot::Bar),
        done: Some(|before, now| {
            (before.three_planes, before.three_d) != (now.three_planes, now.three_d)
        }),
    },
    Step {
        title: mark!("The report, and the rest"),
        text: |map| {
            vec![
                tr!(
                    "“Export report…” {key} writes a page with tables, curves and pictures, every number checked.",
                    key = key(map, Action::Report)
                ),
                tr!(
                    "All keys are on the sheet {sheet}; anything can be found by its name {find}. Keys and mouse can be \
                     changed, also to those of a PACS or of ITK-SNAP.",
                    sheet = key(map, Action::Help),
                    find = key(map, Action::Palette)
                ),
                tr!("The tour can be taken again from the list of patients and by its name.")
                    .to_owned(),
            ]
        },
        task: "",
        spot: Some(Spot::Bar),
        done: None,
    },
];
