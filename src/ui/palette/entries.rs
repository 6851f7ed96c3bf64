//! Everything that can be found.

use super::super::act::Scene;
use super::super::state::UiState;
use crate::app::Command;
use crate::app::view::{PatientView, SeriesId, TimePointId, View};
use crate::keymap::Action;
use crate::texts::{self, tr};

/// Something that can be found and done.
pub(super) struct Entry {
    /// What it is: `Tools`, `Patient`, `Lesion` …
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// Its keys; may be empty.
    pub(super) keys: String,
    /// Why it cannot be done now.
    pub(super) barred: Option<String>,
    pub(super) target: Target,
}

impl Entry {
    /// What it is called by those who see it and by those who do not.
    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.kind, self.text)
    }
}

/// What an entry does.
pub(super) enum Target {
    Act(Action),
    Send(Command),
    /// Keys act on this picture from then on.
    TimePoint(TimePointId, SeriesId),
}

/// All entries: what is in the patient that is shown first, then actions, then other patients.
pub(super) fn entries(view: &View, state: &UiState) -> Vec<Entry> {
    let mut all = Vec::new();
    if let Some(patient) = &view.patient {
        of_patient(patient, state, &mut all);
    }
    let scene = Scene {
        view,
        patient: view.patient.as_ref(),
    };
    let actions = Action::all().filter(|action| *action != Action::Palette);
    // Presets stand in the list by their names.
    let actions = actions.filter(|a| super::super::act::preset(*a).is_none());
    all.extend(actions.map(|action| {
        let keys: Vec<String> = state.keys.keys(action).iter().map(|k| k.text()).collect();
        Entry {
            kind: texts::text_in("group of actions", action.group().text()),
            text: texts::text(action.text()).to_owned(),
            keys: keys.join(", "),
            barred: scene.barred(action, state).map(str::to_owned),
            target: Target::Act(action),
        }
    }));
    let shown = view.patient.as_ref().map(|p| p.id);
    let others = view.chooser.patients.iter().filter(|p| Some(p.id) != shown);
    all.extend(others.map(|row| Entry {
        kind: tr!("Patient"),
        text: row.title.clone(),
        keys: String::new(),
        barred: None,
        target: Target::Send(Command::ShowPatient { patient: row.id }),
    }));
    all
}

fn of_patient(patient: &PatientView, state: &UiState, all: &mut Vec<Entry>) {
    all.extend(patient.lesions.iter().map(|lesion| {
        let organ = match lesion.organ.as_str() {
            "" => String::new(),
            organ => format!(" · {organ}"),
        };
        Entry {
            kind: tr!("Lesion"),
            text: format!("{}{organ}", lesion.label),
            keys: String::new(),
            barred: None,
            target: Target::Send(Command::SelectLesion {
                lesion: Some(lesion.id),
            }),
        }
    }));
    all.extend(patient.columns.iter().filter_map(|column| {
        let shown = column.shown.as_ref()?;
        Some(Entry {
            kind: tr!("Time point"),
            text: format!("{} · {}", column.title, column.date),
            keys: String::new(),
            barred: None,
            target: Target::TimePoint(column.id, shown.series),
        })
    }));
    let shown = patient.columns.iter().filter_map(|c| c.shown.as_ref());
    let Some(slice) = shown.into_iter().find(|s| Some(s.series) == state.active) else {
        return;
    };
    for (n, (name, window)) in slice.presets.iter().enumerate() {
        let action = Action::all().find(|a| super::super::act::preset(*a) == Some(n));
        all.push(Entry {
            kind: tr!("Window preset"),
            text: format!("{name} · W {} L {}", window.width, window.center),
            keys: action.and_then(|a| state.keys.first(a)).unwrap_or_default(),
            barred: None,
            target: Target::Send(Command::SetWindow {
                series: slice.series,
                window: Some(*window),
            }),
        });
    }
}
