//! The window with the program behind it: a real session, driven by events alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use oncotwin::app::view::{PatientView, View};
use oncotwin::app::{Session, SessionConfig, samples};
use oncotwin::store::Access;

use super::*;

/// A window on a session, and what it has shown.
pub(super) struct Room {
    pub(super) session: Session,
    pub(super) ui: UiState,
    /// The slice that each column showed, and a pixel of its picture, frame by frame.
    pub(super) shown: Vec<Vec<(usize, u8)>>,
}

pub(super) fn session(workspace: &Path) -> Session {
    Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: samples(workspace),
        version: "test".to_owned(),
        anchors: None,
        preferences: None,
        access: Access::Write,
        models: None,
        crashes: None,
        seed: [9; 32],
        clock: Arc::new(|| Timestamp::from_second(1_700_000_000).expect("in range")),
        wake: Arc::new(|| {}),
    })
    .expect("a fresh workspace opens")
}

/// As the window draws: what finished is taken in, the view drawn, and what was asked for done, so that
/// the next frame shows it.
pub(super) fn enter(session: Session, size: [f32; 2]) -> Harness<'static, Room> {
    Harness::builder()
        .with_size(vec2(size[0], size[1]))
        .with_theme(Theme::Dark)
        .with_render_cursor(false)
        .with_max_steps(64)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            |ui, room: &mut Room| {
                room.session.poll();
                let view = room.session.view();
                room.note(&view);
                let mut out = Vec::new();
                view_ui(ui, &view, &mut room.ui, &mut out);
                if !out.is_empty() {
                    ui.request_repaint();
                }
                for command in out {
                    room.session.send(command);
                }
            },
            Room {
                session,
                ui: UiState::default(),
                shown: Vec::new(),
            },
        )
}

impl Room {
    fn note(&mut self, view: &View) {
        let columns = view.patient.iter().flat_map(|p| &p.columns);
        let shown = columns.filter_map(|c| {
            let slice = c.shown.as_ref()?;
            Some((slice.slice, slice.picture.gray[0]))
        });
        self.shown.push(shown.collect());
    }

    pub(super) fn patient(&mut self) -> PatientView {
        self.session.view().patient.expect("a patient is shown")
    }
}

/// Lets jobs end and the window come to rest, as who waits a moment does.
pub(super) fn rest(harness: &mut Harness<'_, Room>) {
    loop {
        harness.run();
        if harness.state().session.state().is_settled() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.run();
}

/// One name and one date for each of these files, in a `study.toml` beside them.
pub(super) fn write_study(folder: &Path, files: &[String]) {
    let mut text = "[patient]\nid = \"P1\"\nname = \"Many^Slices\"\n".to_owned();
    for (n, file) in files.iter().enumerate() {
        let month = n + 1;
        text.push_str(&format!(
            "\n[[image]]\nfile = \"{file}\"\ndate = \"2024-{month:02}-01\"\nmodality = \"CT\"\n"
        ));
    }
    std::fs::write(folder.join("study.toml"), text).expect("written");
}
