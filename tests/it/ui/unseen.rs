//! Slices of a mask that were filled from their neighbours: dashed until looked at. With the program
//! behind the window, for it remembers what was on screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use egui::Shape;
use jiff::Timestamp;
use oncotwin::app::view::{Overlay, SliceView};
use oncotwin::app::{Session, SessionConfig};
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams};
use oncotwin::store::Access;
use oncotwin::units::{Days, Mm};

use super::*;

/// Distance of slices, mm: thick.
const SLICES_MM: f64 = 5.0;

/// The window over a session.
struct Running {
    session: Session,
    ui: UiState,
}

/// A lesion drawn in slices 5 mm apart, the slice it was drawn in being on screen.
fn drawn(folder: &std::path::Path) -> Session {
    let params = PhantomParams {
        shape: [256, 256, 24],
        spacing: [Mm(1.3), Mm(1.3), Mm(SLICES_MM)],
        days: vec![Days(0.0)],
        ..PhantomParams::small()
    };
    let study = folder.join("study");
    let truth = phantom::generate(&params, &study, &JobContext::default()).expect("written");
    let seconds = AtomicI64::new(1_700_000_000);
    let tick = move || seconds.fetch_add(1, Ordering::Relaxed);
    let mut session = Session::start(SessionConfig {
        workspace: folder.join("case"),
        samples: Vec::new(),
        version: "test".to_owned(),
        anchors: None,
        preferences: None,
        access: Access::WriteOrRead,
        models: None,
        crashes: None,
        seed: [1; 32],
        clock: Arc::new(move || Timestamp::from_second(tick()).expect("in range")),
        wake: Arc::new(|| {}),
    })
    .expect("the workspace opens");
    session.settle();
    send(&mut session, Command::Open { paths: vec![study] });
    let ends = truth.time_points[0].lesions[0].long_axis;
    let patient = session.view().patient.expect("a patient");
    let series = patient.columns[0].series[0].id;
    let map = patient.columns[0].shown.as_ref().expect("a slice").map;
    let middle = patient.columns[0].shown.as_ref().expect("a slice").slice;
    let off = (ends[0].0.z - map.origin.0.z) / SLICES_MM;
    let slice = (middle as f64 + off).round() as usize;
    send(&mut session, Command::SetSlice { series, slice });
    let prompt = Prompt::Drag { ends };
    let lesion = None;
    send(
        &mut session,
        Command::Prompt {
            series,
            lesion,
            prompt,
        },
    );
    session
}

fn send(session: &mut Session, command: Command) {
    session.send(command);
    session.settle();
}

fn window(session: Session) -> Harness<'static, Running> {
    let mut harness = Harness::builder()
        .with_size(vec2(1000.0, 640.0))
        .with_theme(Theme::Dark)
        .with_max_steps(8)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, running: &mut Running| {
                let mut out = Vec::new();
                let view = running.session.view();
                view_ui(ui, &view, &mut running.ui, &mut out);
                for command in out {
                    running.session.send(command);
                }
                running.session.settle();
            },
            Running {
                session,
                ui: UiState::default(),
            },
        );
    harness.run_steps(4);
    harness
}

fn shown(harness: &mut Harness<'_, Running>) -> SliceView {
    let view = harness.state_mut().session.view();
    let patient = view.patient.expect("a patient");
    patient.columns[0].shown.clone().expect("a slice")
}

/// Whether the one mask on screen is outlined by dashes, as told by what was painted.
fn is_dashed(harness: &mut Harness<'_, Running>) -> bool {
    let slice = shown(harness);
    let [Overlay { outlines, .. }] = &slice.overlays[..] else {
        panic!("one mask expected, got {:?}", slice.overlays);
    };
    let within = harness.get_by_label_contains("Slice view").rect();
    let mut painted = Painted::default();
    for clipped in &harness.output().shapes {
        painted.count(&clipped.shape, within, outlines);
    }
    let is_dashed = painted.dashes >= FEWEST_DASHES;
    assert!(
        is_dashed != (painted.lines > 0),
        "dashes or a line, not {painted:?}"
    );
    is_dashed
}

/// Dashes of an outline; a few shorter ones end the lines of axes.
const LONGEST_DASH: f32 = 4.1;
const FEWEST_DASHES: usize = 8;

#[derive(Debug, Default)]
struct Painted {
    /// Outlines in one piece, and their dark rims.
    lines: usize,
    dashes: usize,
}

impl Painted {
    fn count(&mut self, shape: &Shape, within: Rect, outlines: &[Vec<[f32; 2]>]) {
        match shape {
            Shape::Vec(shapes) => {
                for shape in shapes {
                    self.count(shape, within, outlines);
                }
            }
            Shape::Path(path) => {
                let is_outline = outlines.iter().any(|o| o.len() == path.points.len());
                self.lines += usize::from(path.closed && is_outline);
            }
            Shape::LineSegment { points: [a, b], .. } => {
                let is_dash = a.distance(*b) < LONGEST_DASH;
                let is_here = within.contains(*a) && within.contains(*b);
                self.dashes += usize::from(is_dash && is_here);
            }
            _ => {}
        }
    }
}

fn page(harness: &mut Harness<'_, Running>, notches: f32) {
    harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, notches),
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(4);
}

#[test]
fn slices_that_were_followed_are_dashed_until_they_were_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(drawn(folder.path()));
    let first = shown(&mut harness).slice;
    harness.hover_at(harness.get_by_label_contains("Slice view").rect().center());
    harness.run_steps(4);
    harness.key_press(Key::O);
    harness.run_steps(4);
    assert!(
        !is_dashed(&mut harness),
        "a gesture lies in the drawn slice"
    );
    page(&mut harness, -1.0);
    assert_eq!(shown(&mut harness).slice, first + 1);
    assert!(is_dashed(&mut harness), "nobody has looked at it before");
    page(&mut harness, 1.0);
    page(&mut harness, -1.0);
    assert_eq!(shown(&mut harness).slice, first + 1);
    assert!(!is_dashed(&mut harness), "it was on screen");
    page(&mut harness, 1.0);
    page(&mut harness, 1.0);
    assert_eq!(shown(&mut harness).slice, first - 1);
    assert!(is_dashed(&mut harness), "the others are not taken for seen");
}
