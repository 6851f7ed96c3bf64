//! The window, drawn from fixtures: what it sends, and what it looks like.

mod chooser;
mod files;
mod fixture;
mod growth;
mod keys;
mod language;
mod links;
mod looking;
mod measuring;
mod newcomer;
mod paging;
mod palette;
mod panels;
mod planes;
mod record;
mod room;
mod states;
mod three_d;
mod tools;
mod tour;
mod unseen;

use std::sync::Arc;

use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, Rect, Theme, TouchPhase, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{KeyMap, PixelMap, Point, Schedule, View, WindowLevel};
use oncotwin::segment::Prompt;
use oncotwin::ui::{Tool, UiState, theme, view_ui};

/// A window without a program behind it; follows the commands that change how things are shown.
struct Stage {
    view: View,
    ui: UiState,
    sent: Vec<Command>,
}

impl Stage {
    fn follow(&mut self, command: &Command) {
        match command {
            Command::SetKeys { settings } => {
                self.view.keys = Arc::new(KeyMap::new(settings.clone()));
            }
            Command::SetLayout { layout } => self.view.layout = *layout,
            _ => {}
        }
        let Some(patient) = &mut self.view.patient else {
            return;
        };
        let mut slices = patient.columns.iter_mut().filter_map(|c| c.shown.as_mut());
        match command {
            Command::SetSlice { series, slice } => {
                if let Some(s) = slices.find(|s| s.series == *series) {
                    s.slice = *slice;
                }
            }
            Command::SetWindow {
                series,
                window: Some(window),
            } => {
                if let Some(s) = slices.find(|s| s.series == *series) {
                    s.window = *window;
                }
            }
            Command::SetZoom { series, zoom, pan } => {
                if let Some(s) = slices.find(|s| s.series == *series) {
                    (s.zoom, s.pan) = (*zoom, *pan);
                }
            }
            Command::SelectLesion { lesion } => patient.selected = *lesion,
            Command::ShowPlanes { three } => patient.three_planes = *three,
            Command::ShowThreeD { on } => patient.three_d = *on,
            _ => {}
        }
    }
}

fn harness(view: View, size: [f32; 2]) -> Harness<'static, Stage> {
    let theme = if view.dark { Theme::Dark } else { Theme::Light };
    Harness::builder()
        .with_size(vec2(size[0], size[1]))
        .with_theme(theme)
        .with_render_cursor(false)
        .with_max_steps(16)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            |ui, stage: &mut Stage| {
                let mut out = Vec::new();
                view_ui(ui, &stage.view, &mut stage.ui, &mut out);
                for command in out {
                    stage.follow(&command);
                    stage.sent.push(command);
                }
            },
            Stage {
                view,
                ui: UiState::default(),
                sent: Vec::new(),
            },
        )
}

fn loaded() -> Harness<'static, Stage> {
    let mut harness = harness(fixture::loaded(true), [1000.0, 640.0]);
    harness.run();
    harness
}

fn slice_rect(harness: &Harness<'_, Stage>, column: &str) -> Rect {
    harness.get_by_label(&format!("Slice view {column}")).rect()
}

fn sent(harness: &mut Harness<'_, Stage>) -> Vec<Command> {
    let mut sent = std::mem::take(&mut harness.state_mut().sent);
    // Where a gesture leads is shown all along it.
    let apart = |c: &Command| {
        matches!(
            c,
            Command::Preview { .. } | Command::EndPreview | Command::SetLayout { .. }
        )
    };
    sent.retain(|c| !apart(c));
    sent
}

fn drag(harness: &mut Harness<'_, Stage>, path: &[Pos2]) {
    harness.hover_at(path[0]);
    harness.run();
    harness.drag_at(path[0]);
    harness.run();
    for p in &path[1..] {
        harness.hover_at(*p);
        harness.run();
    }
    harness.drop_at(path[path.len() - 1]);
    harness.run();
}

/// Where a picture position of the fixture (128 × 128 square pixels) is on the screen.
fn on_screen(rect: Rect, p: [f32; 2]) -> Pos2 {
    let k = (rect.width() / 128.0).min(rect.height() / 128.0);
    rect.center() + k * vec2(p[0] - 63.5, p[1] - 63.5)
}

fn assert_near(map: &PixelMap, p: Point, picture: [f32; 2]) {
    let expected = map.patient(f64::from(picture[0]), f64::from(picture[1]));
    let off = p.distance(expected).0 / map.dx.norm();
    assert!(off < 0.5, "{p:?} is {off} pixels from {expected:?}");
}

#[test]
fn a_drag_with_the_diameter_tool_sends_its_ends_in_patient_space() {
    let mut harness = loaded();
    harness.key_press(Key::D);
    harness.run();
    assert_eq!(harness.state().ui.tool, Tool::Diameter);
    let rect = slice_rect(&harness, "Baseline");
    let ends = [[40.0, 50.0], [71.0, 88.0]];
    let [a, b] = ends.map(|p| on_screen(rect, p));
    sent(&mut harness);
    drag(&mut harness, &[a, a + vec2(5.0, 2.0), b]);

    let patient = harness.state().view.patient.clone().expect("a patient");
    let slice = patient.columns[0].shown.as_ref().expect("a slice");
    let drawn: Vec<Command> = sent(&mut harness);
    let [
        Command::Prompt {
            series,
            lesion,
            prompt: Prompt::Drag { ends: [p0, p1] },
        },
    ] = &drawn[..]
    else {
        panic!("{drawn:?}");
    };
    assert_eq!((*series, *lesion), (slice.series, patient.selected));
    assert_near(&slice.map, *p0, ends[0]);
    assert_near(&slice.map, *p1, ends[1]);
}

#[test]
fn a_line_survives_a_new_picture_and_keeps_its_place() {
    let mut harness = loaded();
    harness.state_mut().ui.tool = Tool::Diameter;
    let rect = slice_rect(&harness, "Baseline");
    let [a, b] = [[40.0, 50.0], [71.0, 88.0]].map(|p| on_screen(rect, p));
    harness.hover_at(a);
    harness.run();
    harness.drag_at(a);
    harness.run();
    harness.hover_at(b);
    harness.run();
    let map = {
        let view = &mut harness.state_mut().view;
        let patient = view.patient.as_mut().expect("a patient");
        let column = &mut patient.columns[0];
        column.status = "Loading".into();
        column.shown.take().expect("a slice").map
    };
    harness.run();
    harness.drop_at(b);
    harness.run();
    let drawn = sent(&mut harness);
    let Some(Command::Prompt {
        prompt: Prompt::Drag { ends: [p0, p1] },
        ..
    }) = drawn.last()
    else {
        panic!("{drawn:?}");
    };
    assert_near(&map, *p0, [40.0, 50.0]);
    assert_near(&map, *p1, [71.0, 88.0]);
}

#[test]
fn escape_calls_a_line_off_and_a_slip_draws_nothing() {
    let mut harness = loaded();
    harness.state_mut().ui.tool = Tool::Diameter;
    let rect = slice_rect(&harness, "Baseline");
    let [a, b] = [[40.0, 50.0], [71.0, 88.0]].map(|p| on_screen(rect, p));
    harness.hover_at(a);
    harness.run();
    harness.drag_at(a);
    harness.run();
    harness.hover_at(b);
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    harness.drop_at(b);
    harness.run();
    drag(&mut harness, &[a, a + vec2(1.0, 1.0)]);
    let drawn = sent(&mut harness);
    assert!(
        !drawn.iter().any(|c| matches!(c, Command::Prompt { .. })),
        "{drawn:?}"
    );
}

#[test]
fn enter_accepts_a_line_where_the_pointer_is() {
    let mut harness = loaded();
    harness.state_mut().ui.tool = Tool::Diameter;
    let rect = slice_rect(&harness, "Follow-up 1");
    let [a, b] = [[30.0, 30.0], [60.0, 30.0]].map(|p| on_screen(rect, p));
    harness.hover_at(a);
    harness.run();
    harness.drag_at(a);
    harness.run();
    harness.hover_at(b);
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.drop_at(b + vec2(40.0, 0.0));
    harness.run();
    let drawn: Vec<Command> = sent(&mut harness)
        .into_iter()
        .filter(|c| matches!(c, Command::Prompt { .. }))
        .collect();
    let [
        Command::Prompt {
            prompt: Prompt::Drag { ends: [p0, p1] },
            ..
        },
    ] = &drawn[..]
    else {
        panic!("{drawn:?}");
    };
    // 30 pixels of 0.8 mm.
    assert!((p0.distance(*p1).0 - 24.0).abs() < 0.5);
}

fn wheel(harness: &Harness<'_, Stage>, notches: f32, modifiers: Modifiers) {
    harness.event_modifiers(
        Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, notches),
            phase: TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers,
        },
        modifiers,
    );
}

#[test]
fn each_notch_of_the_wheel_is_one_slice() {
    let mut harness = loaded();
    harness.hover_at(slice_rect(&harness, "Baseline").center());
    harness.run();
    sent(&mut harness);
    for notch in [-1.0, -1.0, -1.0, 1.0] {
        wheel(&harness, notch, Modifiers::NONE);
        harness.run();
    }
    let slices: Vec<usize> = sent(&mut harness)
        .iter()
        .filter_map(|c| match c {
            Command::SetSlice { slice, .. } => Some(*slice),
            _ => None,
        })
        .collect();
    assert_eq!(slices, [21, 22, 23, 22]);
    wheel(&harness, -1.0, Modifiers::SHIFT);
    harness.run();
    assert!(matches!(
        sent(&mut harness)[..],
        [Command::SetSlice { slice: 27, .. }]
    ));
}

#[test]
fn ctrl_wheel_magnifies_about_the_pointer() {
    let mut harness = loaded();
    let at = slice_rect(&harness, "Baseline").center() + vec2(30.0, -20.0);
    harness.hover_at(at);
    harness.run();
    sent(&mut harness);
    wheel(&harness, 1.0, Modifiers::CTRL);
    harness.run();
    let commands = sent(&mut harness);
    let [Command::SetZoom { zoom, pan, .. }] = commands[..] else {
        panic!("{commands:?}");
    };
    assert!((zoom - 1.15).abs() < 1e-6);
    assert!(pan[0] < 0.0 && pan[1] > 0.0, "{pan:?}");
}

#[test]
fn dragging_without_a_tool_changes_the_window() {
    let mut harness = loaded();
    let at = slice_rect(&harness, "Baseline").center();
    let before = WindowLevel::new(40.0, 400.0);
    drag(&mut harness, &[at, at + vec2(64.0, 0.0)]);
    let commands = sent(&mut harness);
    let Some(Command::SetWindow {
        window: Some(wide), ..
    }) = commands.last()
    else {
        panic!("{commands:?}");
    };
    assert_eq!((wide.center, wide.width), (before.center, 500.0));
    drag(&mut harness, &[at, at + vec2(0.0, 64.0)]);
    let commands = sent(&mut harness);
    let Some(Command::SetWindow {
        window: Some(dark), ..
    }) = commands.last()
    else {
        panic!("{commands:?}");
    };
    assert_eq!((dark.center, dark.width), (165.0, 500.0));
}

#[test]
fn keys_act_on_the_view_under_the_pointer() {
    let mut harness = loaded();
    let patient = harness.state().view.patient.clone().expect("a patient");
    let follow_up = patient.columns[1].shown.as_ref().expect("a slice");
    harness.hover_at(slice_rect(&harness, "Follow-up 1").center());
    harness.run();
    sent(&mut harness);
    for key in [Key::ArrowDown, Key::PageUp, Key::End, Key::Num2, Key::Num0] {
        harness.key_press(key);
        harness.run();
    }
    let series = follow_up.series;
    let set = |slice| Command::SetSlice { series, slice };
    let window = |window| Command::SetWindow { series, window };
    assert_eq!(
        sent(&mut harness),
        [
            set(21),
            set(11),
            set(follow_up.n_slices - 1),
            window(Some(follow_up.presets[1].1)),
            window(None),
        ]
    );
}

#[test]
fn tab_goes_through_the_lesions() {
    let mut harness = loaded();
    let lesions: Vec<_> = harness
        .state()
        .view
        .patient
        .as_ref()
        .expect("a patient")
        .lesions
        .iter()
        .map(|l| l.id)
        .collect();
    sent(&mut harness);
    harness.key_press(Key::Tab);
    harness.run();
    harness.key_press(Key::Tab);
    harness.run();
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
    harness.run();
    let select = |n: usize| Command::SelectLesion {
        lesion: Some(lesions[n]),
    };
    assert_eq!(sent(&mut harness), [select(1), select(2), select(1)]);
}

#[test]
fn the_table_selects_a_lesion_and_a_new_one() {
    let mut harness = loaded();
    sent(&mut harness);
    let row = harness.get_by_label("Select L2").rect();
    let at = pos2(row.left() + 30.0, row.center().y);
    harness.hover_at(at);
    harness.run();
    harness.drag_at(at);
    harness.run();
    harness.drop_at(at);
    harness.run();
    harness.get_by_label("New lesion").click();
    harness.run();
    let second = harness
        .state()
        .view
        .patient
        .as_ref()
        .expect("a patient")
        .lesions[1]
        .id;
    assert_eq!(
        sent(&mut harness),
        [
            Command::SelectLesion {
                lesion: Some(second)
            },
            Command::SelectLesion { lesion: None },
        ]
    );
    assert_eq!(harness.state().ui.tool, Tool::Diameter);
}

#[test]
fn buttons_send_their_commands() {
    let mut harness = harness(fixture::loaded(true), [1400.0, 900.0]);
    harness.run();
    sent(&mut harness);
    for name in [
        "Export report…",
        "Back to the patients",
        "Light or dark theme",
        "Dismiss message",
        "Cancel Segmenting L3",
        "Treatment stops",
    ] {
        harness.get_by_label(name).click();
        harness.run();
    }
    let commands = sent(&mut harness);
    assert!(
        matches!(
            commands[..],
            [
                Command::ChooseExport,
                Command::ShowChooser,
                Command::SetDark { dark: false },
                Command::DismissMessage { index: 0 },
                Command::CancelJob { .. },
                Command::SetScenario { change: Some(_) },
            ]
        ),
        "{commands:?}"
    );
}

#[test]
fn typing_an_organ_sends_it_once_and_keys_stay_with_the_text() {
    let mut harness = loaded();
    sent(&mut harness);
    let field = harness.get_by_label("Organ of L3").rect().center();
    harness.hover_at(field);
    harness.run();
    harness.drag_at(field);
    harness.run();
    harness.drop_at(field);
    harness.run();
    harness.event(Event::Text("node d".into()));
    harness.key_press(Key::D);
    harness.run();
    assert_eq!(harness.state().ui.tool, Tool::Window);
    harness.key_press(Key::Enter);
    harness.run();
    let commands: Vec<Command> = sent(&mut harness)
        .into_iter()
        .filter(|c| !matches!(c, Command::SelectLesion { .. }))
        .collect();
    let [Command::EditLesion { organ, label, .. }] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!((&**organ, &**label), ("node d", "L3"));
}

#[test]
fn the_chooser_opens_samples_and_patients() {
    let mut harness = harness(fixture::chooser(true), [800.0, 560.0]);
    harness.run();
    harness.get_by_label("Open folder…").click();
    harness.run();
    harness.get_by_label("Open Synthetic chest CT").click();
    harness.run();
    harness.get_by_label("Open Soft-tissue sarcoma").click();
    harness.run();
    harness.get_by_label("Open Müller, Jürgen · 4711").click();
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        matches!(
            commands[..],
            [
                Command::ChooseOpen { folder: true },
                Command::OpenSample { sample: 0 },
                Command::ShowPatient { .. },
            ]
        ),
        "{commands:?}"
    );
}

#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window opens paths, not bytes".into())
    }
}

#[test]
fn dropped_files_are_opened() {
    let mut harness = harness(fixture::empty(true), [640.0, 400.0]);
    harness.run();
    let path = std::path::PathBuf::from("series").join("IM0001.dcm");
    harness
        .input_mut()
        .dropped_files
        .push(std::sync::Arc::new(Dropped(path.clone())));
    harness.step();
    assert_eq!(sent(&mut harness), [Command::Open { paths: vec![path] }]);
}

#[test]
fn a_missing_date_is_asked_for_and_checked() {
    let mut harness = harness(fixture::loading(true), [1000.0, 640.0]);
    harness.run();
    harness.get_by_label("Date").focus();
    harness.run();
    harness.get_by_label("Date").type_text("2024-05-32");
    harness.run();
    harness.get_by_label("Set date").click();
    harness.run();
    assert_eq!(sent(&mut harness), []);
    harness.get_by_label("Date").focus();
    harness.run();
    harness.key_press(Key::Backspace);
    harness.get_by_label("Date").type_text("1");
    harness.run();
    harness.get_by_label("Set date").click();
    harness.run();
    let commands = sent(&mut harness);
    let [Command::SetDate { date, .. }] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(date, jiff::civil::date(2024, 5, 31));
}

#[test]
fn time_points_are_merged_and_split_from_their_menu() {
    let mut harness = loaded();
    sent(&mut harness);
    for name in [
        "Merge with the previous time point",
        "Give this series a time point of its own",
    ] {
        harness.get_by_label("Actions for Follow-up 1").click();
        harness.run();
        harness.get_by_label(name).click();
        harness.run();
    }
    let patient = harness.state().view.patient.clone().expect("a patient");
    let [first, second] = &patient.columns[..] else {
        panic!("two columns");
    };
    assert_eq!(
        sent(&mut harness),
        [
            Command::MergeTimePoints {
                into: first.id,
                from: second.id
            },
            Command::SplitTimePoint {
                series: second.series[0].id
            },
        ]
    );
}

#[test]
fn a_treatment_is_entered() {
    let mut harness = harness(fixture::loaded(true), [1400.0, 900.0]);
    harness.run();
    harness.get_by_label("Add treatment").scroll_to_me();
    harness.run();
    harness.get_by_label("Add treatment").click();
    harness.run();
    harness.get_by_label("First day").focus();
    harness.run();
    harness.get_by_label("First day").type_text("2024-06-01");
    harness.run();
    if let Some(dir) = std::env::var_os("ONCOTWIN_LOOK") {
        let image = harness.render().expect("a picture");
        image
            .save(std::path::Path::new(&dir).join("form.png"))
            .expect("a writable folder");
    }
    sent(&mut harness);
    let add = harness.get_by_label("Add");
    add.scroll_to_me();
    harness.run();
    harness.get_by_label("Add").click();
    harness.run();
    let commands = sent(&mut harness);
    // A drug without anything else goes on, and says so in the form.
    let [Command::AddTreatment { treatment }] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(treatment.dose, None);
    assert_eq!(treatment.schedule, Some(Schedule::Ongoing));
}

#[test]
fn an_idle_window_asks_for_no_frames() {
    let mut view = fixture::loaded(true);
    view.jobs.clear();
    if let Some(patient) = &mut view.patient {
        patient.growth.pending = false;
        let cells = patient.lesions.iter_mut().flat_map(|l| &mut l.cells);
        for cell in cells.flatten() {
            cell.pending = false;
        }
    }
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    harness.run_steps(3);
    let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}

/// `ONCOTWIN_LOOK=DIR` writes every screen at full size into a folder, to be looked at.
#[test]
fn screens_look_as_before() {
    let mut results = egui_kittest::SnapshotResults::new();
    for dark in [true, false] {
        let theme = if dark { "dark" } else { "light" };
        for (name, view, size) in [
            ("chooser_empty", fixture::empty(dark), [640.0, 400.0]),
            ("chooser", fixture::chooser(dark), [800.0, 520.0]),
            ("patient_loading", fixture::loading(dark), [1000.0, 640.0]),
            ("patient", fixture::loaded(dark), [1000.0, 640.0]),
            ("patient_error", fixture::error(dark), [1000.0, 640.0]),
            ("patient_many", fixture::many(dark), [1000.0, 640.0]),
        ] {
            let name = format!("{name}_{theme}");
            if let Some(dir) = std::env::var_os("ONCOTWIN_LOOK") {
                let mut large = harness(view.clone(), [1400.0, 900.0]);
                large.state_mut().ui.fill_masks = !dark;
                large.run();
                let image = large.render().expect("a picture");
                let path = std::path::Path::new(&dir).join(format!("{name}.png"));
                image.save(path).expect("a writable folder");
            }
            let mut harness = harness(view, size);
            harness.run();
            harness.snapshot(&name);
            results.extend_harness(&mut harness);
        }
    }
}

#[test]
fn a_size_that_does_not_count_is_marked() {
    let mut view = fixture::loaded(true);
    let patient = view.patient.as_mut().unwrap();
    let cell = patient.lesions[0].cells[0].as_mut().unwrap();
    cell.confidence = Some(0.31);
    cell.counts = false;
    let (axes, volume) = (cell.axes.clone(), cell.volume.clone());
    let mut harness = harness(view, [1400.0, 900.0]);
    harness.run();
    harness.get_by_label(&format!("? {axes}"));
    harness.get_by_label(&format!("? {volume}"));
}
