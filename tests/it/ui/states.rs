//! Every panel by itself, in each of its states and both themes: nothing there, still coming, there, and
//! with what went wrong.

use std::path::PathBuf;

use egui::{CentralPanel, Theme, Ui, vec2};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use oncotwin::app::Command;
use oncotwin::app::view::{
    DescriptionView, DraftModel, DraftState, DraftView, FileList, FilesView, GrowthView,
    HistoryView, Message, Saved, Severity, View,
};
use oncotwin::case::SeriesId;
use oncotwin::draft::Found;
use oncotwin::nn::gemma::Files;
use oncotwin::ui::{
    UiState, chooser_ui, columns_ui, draft_ui, files_ui, growth_ui, history_ui, lesions_ui,
    messages_ui, narrative_ui, status_ui, theme, tools_ui, treatments_ui,
};

use uuid::Uuid;

use super::{files, fixture};

type Draw = fn(&mut Ui, &View, &mut UiState, &mut Vec<Command>);

/// Panels with their sizes.
const PANELS: &[(&str, [f32; 2], Draw)] = &[
    ("chooser", [620.0, 420.0], |ui, view, state, out| {
        chooser_ui(ui, view, state, out);
    }),
    ("columns", [620.0, 420.0], |ui, view, state, out| {
        columns_ui(ui, view, patient(view), state, out);
    }),
    ("draft", [420.0, 520.0], |ui, view, _, out| {
        draft_ui(ui, patient(view).draft.as_ref().expect("drafts"), out);
    }),
    ("files", [620.0, 360.0], |ui, view, state, out| {
        files_ui(ui, view.files.as_ref().expect("files"), state, out);
    }),
    ("growth", [420.0, 420.0], |ui, view, state, out| {
        growth_ui(ui, patient(view), state, out);
    }),
    ("history", [320.0, 360.0], |ui, view, state, out| {
        let barred = view.read_only.as_deref();
        history_ui(ui, patient(view), barred, false, state, out);
    }),
    ("lesions", [900.0, 240.0], |ui, view, state, out| {
        lesions_ui(ui, patient(view), view.read_only.as_deref(), state, out);
    }),
    ("messages", [620.0, 120.0], |ui, view, _, out| {
        messages_ui(ui, &view.messages, out);
    }),
    ("narrative", [420.0, 200.0], |ui, view, _, out| {
        narrative_ui(ui, &patient(view).narrative, out);
    }),
    ("status", [900.0, 34.0], |ui, view, state, out| {
        status_ui(ui, view, state, out);
    }),
    ("tools", [900.0, 44.0], |ui, view, state, out| {
        tools_ui(ui, patient(view), view.read_only.as_deref(), state, out);
    }),
    ("treatments", [420.0, 160.0], |ui, view, state, out| {
        treatments_ui(ui, patient(view), view.read_only.as_deref(), state, out);
    }),
];

fn patient(view: &View) -> &oncotwin::app::view::PatientView {
    view.patient.as_ref().expect("a patient")
}

type Fixture = fn(bool) -> View;

/// What each state is made of.
const STATES: &[(&str, Fixture)] = &[
    ("empty", empty),
    ("loading", loading),
    ("loaded", loaded),
    ("error", error),
];

fn nothing_opened() -> FilesView {
    FilesView {
        shown: true,
        roots: vec!["/data/study".into()],
        scanning: None,
        n_found: 0,
        n_read: 0,
        list: FileList::default().into(),
    }
}

fn drafts(models: usize, state: DraftState) -> DraftView {
    let found = Found {
        name: "medgemma-4b-it".into(),
        files: Files {
            weights: "medgemma-4b-it".into(),
            vision: None,
        },
        bytes: 8_600_000_000,
        arrived: Vec::new(),
        source: None,
    };
    let model = DraftModel {
        name: found.name.clone(),
        size: "8.6 GB".into(),
        needs: Ok("on the processor, four bits, about 6.0 GB of memory".into()),
        sees: true,
        found,
    };
    DraftView {
        models: vec![model; models],
        is_long: false,
        state,
        description: None,
        resources: Vec::new(),
        is_open: false,
    }
}

/// With the description of an image, and what the model takes.
fn described(state: DraftState) -> DraftView {
    DraftView {
        description: Some(DescriptionView {
            images: vec![
                ("Baseline".into(), SeriesId(Uuid::from_u128(1))),
                ("Follow-up 1".into(), SeriesId(Uuid::from_u128(2))),
            ],
            title: "Follow-up 1, slice 31".into(),
            state,
        }),
        resources: vec![
            "Memory: 14.2 GB of 33.6 GB free".into(),
            "Open: medgemma-4b-it, on the processor, four bits, about 6.0 GB of memory".into(),
        ],
        is_open: true,
        ..drafts(1, made_draft())
    }
}

fn made_draft() -> DraftState {
    DraftState::Made {
        text: "The sum of target diameters fell from 36.7 mm at baseline to 29.1 mm at the first \
               follow-up [F3, F9], a stable disease by RECIST [F11]."
            .into(),
        is_cut: false,
        is_old: true,
        provenance: vec!["medgemma-4b-it, Q4K, on cpu, about 9.1 GB of memory".into()],
    }
}

/// A workspace and a patient with nothing in them.
fn empty(dark: bool) -> View {
    let mut view = fixture::loaded(dark);
    view.jobs.clear();
    view.messages.clear();
    view.files = Some(nothing_opened());
    let patient = view.patient.as_mut().expect("a patient");
    patient.columns.clear();
    patient.lesions.clear();
    patient.selected = None;
    patient.proposal = None;
    patient.response.clear();
    patient.growth = GrowthView::default();
    patient.treatments.clear();
    patient.narrative.clear();
    patient.history = HistoryView::default();
    patient.draft = Some(drafts(1, DraftState::None));
    view
}

fn loading(dark: bool) -> View {
    let mut view = files::scanning(fixture::loading(dark));
    let patient = view.patient.as_mut().expect("a patient");
    patient.history.pending = true;
    patient.growth.pending = true;
    let under_way = DraftState::UnderWay {
        text: "Four target lesions were followed over".into(),
        step: "Writing".into(),
        fraction: 0.4,
    };
    patient.draft = Some(drafts(1, under_way));
    view.messages = vec![Message {
        severity: Severity::Info,
        text: "Follow-up 1 is still being read.".into(),
        hint: String::new(),
    }];
    view
}

fn loaded(dark: bool) -> View {
    let mut view = files::with_files(fixture::loaded(dark));
    view.chooser = fixture::chooser(dark).chooser;
    let patient = view.patient.as_mut().expect("a patient");
    patient.history = fixture::record::history();
    let said = DraftState::Made {
        text: "An axial CT slice through the upper abdomen. The liver shows a rounded area that \
               is darker than the rest. What it is cannot be told from one slice."
            .into(),
        is_cut: false,
        is_old: false,
        provenance: vec!["medgemma-4b-it, Q4K, on cpu, about 9.1 GB of memory".into()],
    };
    patient.draft = Some(described(said));
    view
}

/// What is wrong: a series that cannot be read, files that were refused, a disk that is full, a
/// workspace that is open elsewhere.
fn error(dark: bool) -> View {
    let mut view = files::with_files(fixture::error(dark));
    view.chooser = fixture::chooser(dark).chooser;
    view.chooser.samples.clear();
    view.read_only = Some("The workspace is open in another program.".into());
    view.workspace = PathBuf::from("review-2024").display().to_string();
    view.saved = Saved::Failed("the disk is full".into());
    let patient = view.patient.as_mut().expect("a patient");
    patient.history = fixture::record::history();
    let row = patient.lesions[0].cells[0].as_mut().expect("a cell");
    row.axes.clear();
    row.volume.clear();
    row.confidence = None;
    row.warnings = vec!["W-NOMASK: nothing stands out where the line was drawn".into()];
    patient.growth.points.clear();
    patient.growth.factual.clear();
    patient.growth.scenario.clear();
    patient.growth.notes = vec!["Not fitted: no size of this lesion counts yet.".into()];
    patient.narrative.clear();
    let failed = DraftState::Failed {
        text: "medgemma-4b-it: model-00002-of-00002.safetensors is cut short".into(),
        hint: "E-MODEL-DAMAGED: `oncotwin explain E-MODEL-DAMAGED`".into(),
    };
    patient.draft = Some(drafts(1, failed));
    view
}

fn snapshot(name: &str, size: [f32; 2], draw: Draw, view: View, results: &mut SnapshotResults) {
    let theme = if view.dark { Theme::Dark } else { Theme::Light };
    let mut harness = Harness::builder()
        .with_size(vec2(size[0], size[1]))
        .with_theme(theme)
        .with_render_cursor(false)
        .with_max_steps(8)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            move |ui, state: &mut UiState| {
                let mut out = Vec::new();
                CentralPanel::default().show(ui, |ui| draw(ui, &view, state, &mut out));
            },
            UiState::default(),
        );
    harness.step();
    let options = SnapshotOptions::default().output_path("tests/snapshots/states");
    results.add(harness.try_snapshot_options(name, &options));
}

#[test]
fn every_panel_in_every_state_and_theme() {
    let mut results = SnapshotResults::new();
    for (panel, size, draw) in PANELS {
        for (state, view) in STATES {
            for (dark, theme) in [(true, "dark"), (false, "light")] {
                let name = format!("{panel}_{state}_{theme}");
                snapshot(&name, *size, *draw, view(dark), &mut results);
            }
        }
    }
}
