//! Steps, readings and where numbers come from, through the same session as the window.

mod all_planes;
mod checks;
mod damage;
mod editing;
mod figures;
mod frames;
mod fusion;
mod habits;
mod links;
mod looking;
mod marking;
mod masks;
mod origins;
mod planes;
mod readings;
mod script;
mod steps;
mod three_d;
mod uptake;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use oncotwin::app::view::{PatientView, Severity};
use oncotwin::app::{Command, Session, SessionConfig};
use oncotwin::case::*;
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams, PhantomTruth};
use oncotwin::segment::Prompt;
use oncotwin::store::{self, Access};

/// A session on the phantom in a folder of its own.
struct Desk {
    dir: tempfile::TempDir,
    truth: PhantomTruth,
    session: Option<Session>,
    seed: u8,
}

fn start(workspace: &Path, seed: u8) -> Session {
    start_after_crash(workspace, seed, None)
}

fn start_after_crash(workspace: &Path, seed: u8, crashes: Option<PathBuf>) -> Session {
    let seconds = AtomicI64::new(1_700_000_000 + 10_000 * i64::from(seed));
    let tick = move || seconds.fetch_add(1, Ordering::Relaxed);
    let mut session = Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: Vec::new(),
        version: "test".to_owned(),
        anchors: None,
        preferences: Some(workspace.join("preferences")),
        access: Access::WriteOrRead,
        models: None,
        crashes,
        seed: [seed; 32],
        clock: Arc::new(move || Timestamp::from_second(tick()).expect("in range")),
        wake: Arc::new(|| {}),
    })
    .expect("the workspace opens");
    session.settle();
    session
}

impl Desk {
    /// The phantom opened, nothing marked.
    fn open() -> Self {
        Self::open_edited(|_| {})
    }

    /// The phantom opened after its files were changed, nothing marked.
    fn open_edited(edit: impl Fn(&Path)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let study = dir.path().join("study");
        let context = JobContext::default();
        let truth = phantom::generate(&PhantomParams::small(), &study, &context).expect("written");
        edit(&study);
        let session = start(&dir.path().join("case"), 1);
        let mut desk = Self {
            dir,
            truth,
            session: Some(session),
            seed: 1,
        };
        desk.send(Command::Open { paths: vec![study] });
        desk
    }

    fn workspace(&self) -> PathBuf {
        self.dir.path().join("case")
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("running")
    }

    fn records(&mut self) -> Records {
        let mut records = self.session().state().records().clone();
        // How things are looked at is no step.
        records.series_views.clear();
        records.settings.clear();
        records
    }

    fn send(&mut self, command: Command) {
        self.session().send(command);
        self.session().settle();
    }

    fn restart(&mut self) {
        self.session = None;
        self.seed += 1;
        self.session = Some(start(&self.workspace(), self.seed));
    }

    fn view(&mut self) -> PatientView {
        self.session().view().patient.expect("a patient is shown")
    }

    fn time_point(&mut self, n: usize) -> TimePointId {
        self.view().columns[n].id
    }

    fn series(&mut self, n: usize) -> SeriesId {
        self.view().columns[n].series[0].id
    }

    /// Draws the `lesion`th true lesion at time point `n`.
    fn draw(&mut self, n: usize, lesion: usize, of: Option<LesionId>) -> LesionId {
        self.start_drawing(n, lesion, of);
        self.session().settle();
        self.session().state().selected_lesion().expect("drawn")
    }

    fn start_drawing(&mut self, n: usize, lesion: usize, of: Option<LesionId>) {
        let series = self.series(n);
        let [p0, p1] = self.truth.time_points[n].lesions[lesion].long_axis;
        self.session().send(Command::Prompt {
            series,
            lesion: of,
            prompt: Prompt::Drag { ends: [p0, p1] },
        });
    }

    fn name_reader(&mut self) {
        self.send(Command::EnterReader {
            name: "  Ada   Reader ".to_owned(),
            role: ReaderRole::Radiologist,
        });
    }

    fn said(&mut self, text: &str) -> bool {
        let messages = self.session().state().messages();
        messages.iter().any(|m| m.text.contains(text))
    }

    fn quiet(&mut self) {
        while !self.session().state().messages().is_empty() {
            self.send(Command::DismissMessage { index: 0 });
        }
    }

    /// As [`Desk::quiet`], while jobs run.
    fn quiet_now(&mut self) {
        while !self.session().state().messages().is_empty() {
            self.session().send(Command::DismissMessage { index: 0 });
        }
    }

    /// Removes the mark of a lesion at a time point.
    fn remove_mark(&mut self, lesion: LesionId, time_point: TimePointId) {
        let records = self.records();
        let here = |s: SeriesId| {
            let series = records.series.iter().find(|x| x.id == s);
            series.is_some_and(|s| s.time_point == time_point)
        };
        let mut marks = records.annotations.iter();
        let mark = marks.find(|a| a.lesion == lesion && here(a.series));
        let annotation = mark.expect("marked").id;
        self.send(Command::RemoveAnnotation { annotation });
    }

    fn no_errors(&mut self) {
        let messages = self.session().state().messages().to_vec();
        let errors: Vec<_> = messages
            .iter()
            .filter(|m| m.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }

    fn titles(&mut self) -> Vec<(String, bool)> {
        let history = self.view().history;
        let rows = history.steps.iter().enumerate();
        rows.map(|(n, s)| (s.title.clone(), n >= history.standing))
            .collect()
    }

    /// The record on disk is the one in memory, and the trail is whole.
    fn verify(&mut self) {
        let before = self.records();
        self.restart();
        assert_eq!(self.records(), before);
        let report =
            store::verify(&self.workspace(), &store::VerifyOptions::default()).expect("readable");
        assert!(report.ok, "{:?}", report.defects);
    }
}
