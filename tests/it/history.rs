//! Steps, readings and where numbers come from, through the same session as the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::date;
use oncotwin::app::view::{PatientView, Severity};
use oncotwin::app::{Command, Session, SessionConfig};
use oncotwin::case::*;
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams, PhantomTruth};
use oncotwin::store::{self, Access};
use proptest::prelude::*;

/// A session on the phantom in a folder of its own.
struct Desk {
    dir: tempfile::TempDir,
    truth: PhantomTruth,
    session: Option<Session>,
    seed: u8,
}

fn start(workspace: &Path, seed: u8) -> Session {
    let seconds = AtomicI64::new(1_700_000_000 + 10_000 * i64::from(seed));
    let tick = move || seconds.fetch_add(1, Ordering::Relaxed);
    let mut session = Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: Vec::new(),
        version: "test".to_owned(),
        anchors: None,
        access: Access::WriteOrRead,
        crashes: None,
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
        let dir = tempfile::tempdir().expect("a folder");
        let study = dir.path().join("study");
        let context = JobContext::default();
        let truth = phantom::generate(&PhantomParams::small(), &study, &context).expect("written");
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
        self.session().send(Command::DrawDiameter {
            series,
            lesion: of,
            p0,
            p1,
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
        let rows = history.steps.into_iter();
        rows.map(|s| (s.title, s.undone)).collect()
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

#[test]
fn a_drag_with_its_mask_is_one_step_that_outlives_the_session() {
    let mut desk = Desk::open();
    let empty = desk.records();
    desk.draw(0, 0, None);
    let drawn = desk.records();
    assert_eq!(drawn.segmented.len(), 1);
    assert_eq!(desk.titles(), [("Draw L1 · Baseline".to_owned(), false)]);

    desk.restart();
    assert_eq!(
        desk.view().history.undo.as_deref(),
        Some("Draw L1 · Baseline")
    );
    desk.send(Command::Undo);
    assert_eq!(desk.records(), empty);
    assert!(desk.session().state().shown_masks().is_empty());
    assert_eq!(desk.titles(), [("Draw L1 · Baseline".to_owned(), true)]);

    desk.restart();
    desk.send(Command::Redo);
    assert_eq!(desk.records(), drawn);
    assert_eq!(desk.session().state().shown_masks().len(), 1);
    assert_eq!(desk.view().selected, Some(drawn.lesions[0].id));
    // The mask came back from the record: nothing was segmented again.
    let made = store::Query::new(&desk.workspace())
        .entries(&store::Which::Event(
            drawn.patients[0].id,
            "mask.make".to_owned(),
        ))
        .expect("readable");
    assert_eq!(made.len(), 1);

    // And back once more, by the inverse of the redoing.
    desk.send(Command::Undo);
    assert_eq!(desk.records(), empty);
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_mask_that_was_not_made_yet_is_made_after_redoing() {
    let mut desk = Desk::open();
    desk.start_drawing(0, 0, None);
    desk.send(Command::Undo);
    assert!(desk.records().annotations.is_empty());
    desk.send(Command::Redo);
    assert_eq!(desk.session().state().shown_masks().len(), 1);
    desk.no_errors();
    desk.verify();
}

#[test]
fn a_new_step_ends_what_could_be_redone_and_one_can_jump() {
    let mut desk = Desk::open();
    let empty = desk.records();
    let first = desk.draw(0, 0, None);
    let one = desk.records();
    desk.draw(1, 0, Some(first));
    desk.draw(0, 1, None);
    let three = desk.records();
    let steps: Vec<StepId> = desk.view().history.steps.iter().map(|s| s.id).collect();
    desk.send(Command::JumpTo {
        step: Some(steps[0]),
    });
    assert_eq!(desk.records(), one);
    desk.send(Command::JumpTo { step: None });
    assert_eq!(desk.records(), empty);
    desk.restart();
    desk.send(Command::JumpTo {
        step: Some(steps[2]),
    });
    assert_eq!(desk.records(), three);
    assert_eq!(desk.session().state().shown_masks().len(), 3);
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    desk.send(Command::EditLesion {
        lesion: first,
        label: "T1".to_owned(),
        organ: String::new(),
        role: LesionRole::Target,
        nodal: false,
    });
    let titles = desk.titles();
    assert_eq!(titles.len(), 2);
    assert_eq!(titles[1], ("Rename L1 to T1".to_owned(), false));
    desk.send(Command::Redo);
    assert!(desk.said("nothing to redo"));
    desk.restart();
    assert_eq!(desk.titles(), titles);
    desk.no_errors();
}

#[test]
fn what_an_import_forbids_to_undo_stays() {
    let mut desk = Desk::open();
    let study = desk.dir.path().join("study");
    let series = desk.series(0);
    let (one, two) = (desk.time_point(0), desk.time_point(1));
    desk.send(Command::MergeTimePoints {
        into: one,
        from: two,
    });
    desk.send(Command::SplitTimePoint { series });
    let split = desk.records();
    assert!(split.time_points.len() > 1);
    // Opening the same files again relinks them, which no step has to do with.
    desk.send(Command::Open { paths: vec![study] });
    desk.send(Command::Undo);
    desk.send(Command::Undo);
    assert_eq!(desk.view().columns.len(), 5);
    assert_eq!(desk.view().columns[0].id, one);
    desk.no_errors();
    desk.verify();
}

/// Commands by number on whatever there is.
fn random_command(desk: &mut Desk, n: u8, a: usize, b: usize) -> Command {
    let records = desk.records();
    let points = desk.view().columns.iter().map(|c| c.id).collect::<Vec<_>>();
    let pick = |n: usize, len: usize| (len > 0).then(|| n % len);
    let lesion = |n| pick(n, records.lesions.len()).map(|n| records.lesions[n].clone());
    let mark = pick(a, records.annotations.len()).map(|n| records.annotations[n].id);
    let day = date(2024, 5, 1 + (a % 28) as i8);
    match (n % 9, lesion(a), mark) {
        (0, Some(l), _) => Command::EditLesion {
            lesion: l.id,
            label: format!("X{}", b % 3),
            organ: format!("site {b}"),
            role: [LesionRole::Target, LesionRole::NonTarget, LesionRole::New][b % 3],
            nodal: b.is_multiple_of(2),
        },
        (1, Some(l), _) if records.lesions.len() > 1 => Command::RemoveLesion { lesion: l.id },
        (2, _, Some(annotation)) => Command::LinkAnnotation {
            annotation,
            lesion: lesion(b).map(|l| l.id).filter(|_| b.is_multiple_of(2)),
        },
        (3, _, Some(annotation)) => Command::RemoveAnnotation { annotation },
        (4, _, _) => Command::SetDate {
            time_point: points[a % points.len()],
            date: day,
        },
        (5, _, _) => Command::MergeTimePoints {
            into: points[a % points.len()],
            from: points[b % points.len()],
        },
        (6, _, _) => Command::SplitTimePoint {
            series: records.series[a % records.series.len()].id,
        },
        (7, _, _) => match pick(b, records.treatments.len()) {
            Some(n) => Command::RemoveTreatment {
                treatment: records.treatments[n].id,
            },
            None => Command::SetScenario { change: None },
        },
        _ => Command::AddTreatment {
            date: day,
            kind: TreatmentKind::Systemic,
            name: "drug".to_owned(),
            dose: None,
            unit: String::new(),
            duration_days: 10.0,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn undoing_all_leads_to_the_beginning_and_redoing_all_to_the_end(
        commands in proptest::collection::vec((any::<u8>(), 0usize..50, 0usize..50), 1..14)
    ) {
        let mut desk = Desk::open();
        let beginning = desk.records();
        let first = desk.draw(0, 0, None);
        desk.draw(0, 1, None);
        desk.draw(1, 0, Some(first));
        for (n, a, b) in commands {
            let command = random_command(&mut desk, n, a, b);
            desk.send(command);
        }
        let end = desk.records();
        desk.send(Command::JumpTo { step: None });
        prop_assert_eq!(desk.records(), beginning.clone());
        let last = desk.view().history.steps.last().map(|s| s.id);
        desk.restart();
        desk.send(Command::JumpTo { step: last });
        prop_assert_eq!(desk.records(), end.clone());
        desk.send(Command::JumpTo { step: None });
        prop_assert_eq!(desk.records(), beginning);
        desk.no_errors();
        desk.verify();
    }
}
