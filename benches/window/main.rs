//! How fast the window follows the hand, in software rendering: `cargo bench --bench window -- --out
//! FILE.json` measures, `oncotwin bench view --window FILE.json` puts the figures into a document.
//!
//! `-- --desktop` pages in a real window instead, with whatever draws it on this desktop.
//!
//! The session, the view and the drawing are those of the program; events stand for the hand, and a
//! texture of the size of a full screen for the screen. What a desktop does with a picture that is
//! finished is not part of it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark speaks, and stops where it cannot go on"
)]

mod desktop;
mod memory;
mod paging;
mod screen;
mod study;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Event, Key, Modifiers, PointerButton, vec2};
use jiff::Timestamp;
use oncotwin::app::view::{LinkMode, SeriesId, WindowLevel};
use oncotwin::app::{Command, Session, SessionConfig};
use oncotwin::segment::Prompt;
use oncotwin::store::Access;
use screen::Screen;
use serde_json::{Value, json};

/// What follows the hand in the window, ms.
const INTERACTIVE_MS: f64 = 50.0;
const SETTINGS: &str = "four linked columns of 1000 × 512², 1920 × 1080";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let out = arguments
        .windows(2)
        .find(|pair| pair[0] == "--out")
        .map(|pair| PathBuf::from(&pair[1]));
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder");
    let files = folder.path().join("study");
    study::write(&files);
    let mut screen = Screen::new(session(&folder.path().join("case")), [1920, 1080]);
    screen.rest();
    let before = memory::resident();
    screen.session.send(Command::Open { paths: vec![files] });
    screen.rest();
    let series = laid_out(&mut screen);
    if arguments.iter().any(|a| a == "--desktop") {
        draw_lesions(&mut screen, &series);
        let Screen { session, .. } = screen;
        desktop::run(session, series[0], out);
        return;
    }
    let mut rows = vec![];
    rows.extend(paging::rows(&mut screen, &series));
    rows.push(window_drag(&mut screen, &series));
    draw_lesions(&mut screen, &series);
    rows.push(lesion_jump(&mut screen));
    rows.extend(memory::rows(&mut screen, before));
    let answer = json!({"adapter": screen.adapter(), "settings": SETTINGS, "rows": rows});
    write(&answer, out.as_deref());
}

/// Prints what was found, and writes it where that is asked for.
fn write(answer: &Value, out: Option<&Path>) {
    println!("{answer:#}");
    if let Some(out) = out {
        let text = serde_json::to_string_pretty(answer).expect("JSON");
        std::fs::write(out, text).expect("a writable file");
    }
}

fn session(workspace: &Path) -> Session {
    Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: Vec::new(),
        version: "bench".to_owned(),
        anchors: None,
        preferences: None,
        access: Access::Write,
        models: None,
        crashes: None,
        seed: [3; 32],
        clock: Arc::new(Timestamp::now),
        wake: Arc::new(|| {}),
    })
    .expect("a fresh workspace opens")
}

/// All time points on their first slices, linked, the pointer over the first of them.
fn laid_out(screen: &mut Screen) -> Vec<SeriesId> {
    let columns = screen.session.view().patient.expect("a patient").columns;
    assert_eq!(columns.len(), study::TIME_POINTS);
    let series: Vec<SeriesId> = columns.iter().map(|c| c.series[0].id).collect();
    for series in &series {
        screen.session.send(Command::SetSlice {
            series: *series,
            slice: 0,
        });
    }
    for series in &series {
        screen.session.send(Command::SetLink {
            series: *series,
            mode: LinkMode::Offset,
        });
    }
    screen.rest();
    let over = screen.middle_of(series[0]);
    screen.frame(vec![Event::PointerMoved(over)]);
    screen.rest();
    series
}

/// From a move of the pointer to the picture in the window that it sets.
fn window_drag(screen: &mut Screen, series: &[SeriesId]) -> Value {
    let over = screen.middle_of(series[0]);
    let button = |pressed| Event::PointerButton {
        pos: over,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let width = |screen: &Screen| -> Vec<WindowLevel> { screen.windows.clone() };
    screen.frame(vec![button(true)]);
    let mut times = Vec::new();
    for n in 1..=60 {
        let before = width(screen);
        let at = over + vec2((n % 30) as f32 * 5.0 + 1.0, 0.0);
        times.push(screen.until(vec![Event::PointerMoved(at)], |s| {
            s.windows.iter().zip(&before).all(|(now, was)| now != was)
        }));
    }
    screen.frame(vec![button(false)]);
    screen.rest();
    row("window by dragging, to the drawn frame", &mut times)
}

/// Draws each lesion at each time point.
fn draw_lesions(screen: &mut Screen, series: &[SeriesId]) {
    for lesion in 0..study::LESIONS {
        screen.session.send(Command::SelectLesion { lesion: None });
        for (n, series) in series.iter().enumerate() {
            let lesion_id = screen.session.state().selected_lesion();
            screen.session.send(Command::Prompt {
                series: *series,
                lesion: lesion_id,
                prompt: Prompt::Drag {
                    ends: study::long_axis(lesion, n),
                },
            });
            screen.rest();
        }
    }
    let marked = screen.session.state().shown_masks().len();
    assert_eq!(
        marked,
        study::LESIONS * study::TIME_POINTS,
        "all are marked"
    );
}

/// From the key to the frame in which all columns show the lesion.
fn lesion_jump(screen: &mut Screen) -> Value {
    let mut times = Vec::new();
    for _ in 0..40 {
        let before = screen.slices.clone();
        let key = |pressed| Event::Key {
            key: Key::Tab,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        times.push(screen.until(vec![key(true), key(false)], |s| {
            s.slices.iter().zip(&before).all(|(now, was)| now != was)
        }));
        screen.rest();
    }
    row("jump to a lesion, to the drawn frame", &mut times)
}

fn row(quantity: &str, times: &mut [f64]) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    json!({
        "set": SETTINGS, "quantity": format!("{quantity}, 99 %"), "unit": "ms", "ours": at(99),
        "median": at(50), "limit": INTERACTIVE_MS, "ok": at(99) <= INTERACTIVE_MS,
    })
}
