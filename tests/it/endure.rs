//! What was acknowledged survives: calls that fail, one after the other, and sudden death.
//!
//! A session runs in a process of its own (the test binary, started again). Its acts follow from a
//! seed, so that this process knows every state that the record may be in.

mod child;
mod fault;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oncotwin::case::Records;
use oncotwin::jobs::JobContext;
use oncotwin::store::{
    self, Access, FileSystem, OpenOptions, RehearsedAct, Workspace, apply_in_memory,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use child::{Role, acts, fixed_clock};
use fault::Fault;

/// Name of the patient whom the session erases.
const ERASED: &str = "Zacharias^Erased";

/// No step of a session takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session and every state that its record passes through.
struct Plot {
    role: Role,
    /// What stands in the folder before; `None` for nothing.
    template: Option<tempfile::TempDir>,
    states: Vec<Records>,
    acts: Vec<RehearsedAct>,
}

impl Plot {
    fn new(role: Role) -> Self {
        let acts = acts(role);
        let (template, initial) = match role {
            Role::Session | Role::Rollback => (None, Records::default()),
            Role::Migration => {
                let template = scratch();
                child::schema_1(&template.path().join("case"));
                let copy = scratch();
                copy_folder(template.path(), copy.path());
                let (_, records) = reopen(role, copy.path());
                assert!(!records.segmented.is_empty());
                (Some(template), records)
            }
            Role::Backup => {
                let template = scratch();
                let (workspace, _) = reopen(role, template.path());
                for act in child::acts(Role::Session) {
                    act.perform(&workspace).unwrap();
                }
                drop(workspace);
                let (_, records) = reopen(role, template.path());
                (Some(template), records)
            }
        };
        let mut states = vec![initial];
        for act in &acts {
            let mut next = states.last().unwrap().clone();
            apply_in_memory(&mut next, &act.transaction.changes).unwrap();
            states.push(next);
        }
        Self {
            role,
            template,
            states,
            acts,
        }
    }
}

/// A folder in memory where there is one: processes die here, not the computer.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(dir) = tempfile::tempdir_in(memory)
    {
        return dir;
    }
    tempfile::tempdir().unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn options(role: Role, root: &Path) -> OpenOptions {
    OpenOptions {
        clock: Box::new(fixed_clock()),
        app_version: "0.1.0-test".to_owned(),
        anchors: Some(root.join("keys")),
        access: Access::Write,
        file_system: Some(match role {
            Role::Rollback => FileSystem::Network("nfs".to_owned()),
            _ => FileSystem::Local,
        }),
    }
}

fn reopen(role: Role, root: &Path) -> (Workspace, Records) {
    let (workspace, opened) = Workspace::open(&root.join("case"), options(role, root)).unwrap();
    assert_eq!(opened.alerts, Vec::<String>::new());
    (workspace, opened.records)
}

/// What a session said and how it ended.
struct Transcript {
    opened: bool,
    /// Number of acts that were answered as saved.
    acknowledged: usize,
    /// Code and text of every error.
    errors: Vec<(String, String)>,
    backed_up: bool,
    finished: bool,
    status: ExitStatus,
    /// Counted calls, where they were counted.
    calls: Vec<String>,
}

/// One run of a session in a folder of its own.
struct Run {
    folder: tempfile::TempDir,
    process: Option<Child>,
}

impl Run {
    fn start(plot: &Plot, fault: Option<&Fault>) -> Self {
        let folder = scratch();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        if let Some(template) = &plot.template {
            copy_folder(template.path(), &root);
        }
        let root = std::fs::canonicalize(root).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "endure::child::session", "--nocapture"])
            .env(child::ROLE, plot.role.name())
            .env(child::ROOT, &root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(fault) = fault {
            fault.load(&mut command, &root, &folder.path().join("calls"));
        }
        Self {
            process: Some(command.spawn().unwrap()),
            folder,
        }
    }

    fn root(&self) -> PathBuf {
        std::fs::canonicalize(self.folder.path().join("root")).unwrap()
    }

    /// Waits until the session has begun.
    fn begun(&mut self) {
        use std::io::Read as _;
        let output = self.process.as_mut().unwrap().stdout.as_mut().unwrap();
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(child::BEGUN.as_bytes()) {
            assert_eq!(
                output.read(&mut byte).unwrap(),
                1,
                "the session never began"
            );
            seen.push(byte[0]);
        }
    }

    fn kill(&mut self) {
        self.process.as_mut().unwrap().kill().unwrap();
    }

    fn end(&mut self) -> Transcript {
        let mut process = self.process.take().unwrap();
        let start = Instant::now();
        while process.try_wait().unwrap().is_none() {
            if start.elapsed() > PATIENCE {
                process.kill().unwrap();
                panic!("the session hangs");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let calls = std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        let mut transcript = Transcript {
            opened: false,
            acknowledged: 0,
            errors: Vec::new(),
            backed_up: false,
            finished: false,
            status: output.status,
            calls: calls.lines().map(str::to_owned).collect(),
        };
        // A line that the death cut off was not said.
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        for line in whole.lines() {
            match line.split_once(' ') {
                Some(("opened", _)) => transcript.opened = true,
                Some(("saved", n)) => transcript.acknowledged = n.parse::<usize>().unwrap() + 1,
                Some(("backup", _)) => transcript.backed_up = true,
                Some(("finished", _)) => transcript.finished = true,
                Some(("error", rest)) => {
                    let (code, text) = rest.split_once(' ').unwrap();
                    transcript.errors.push((code.to_owned(), text.to_owned()));
                }
                _ => {}
            }
        }
        transcript
    }
}

/// What must hold in the folder, whatever happened to the session.
fn check(plot: &Plot, root: &Path, transcript: &Transcript) {
    let acknowledged = transcript.acknowledged;
    let (workspace, records) = reopen(plot.role, root);
    let allowed: Range<usize> = acknowledged..(acknowledged + 2).min(plot.states.len());
    let stands = allowed.clone().find(|n| plot.states[*n] == records);
    let elsewhere = plot.states.iter().position(|state| *state == records);
    assert!(
        stands.is_some(),
        "acts {allowed:?} may stand, but {elsewhere:?} does"
    );
    drop(workspace);
    verified(&root.join("case"), Some(root.join("keys")));
    // A backup is there whole, or not at all.
    let backup = root.join(child::BACKUP);
    if backup.exists() {
        let target = root.join("restored");
        store::restore(&backup, &target, &JobContext::default()).unwrap();
        verified(&target, None);
        let (_, restored) =
            Workspace::open(&target, options(plot.role, &root.join("new"))).unwrap();
        assert_eq!(restored.records, records);
    } else {
        assert!(!transcript.backed_up);
    }
    let known = |records: &Records| records.identities.iter().any(|i| i.name == ERASED);
    let was_known = plot.states[..=acknowledged].iter().any(known);
    if was_known && !known(&records) {
        assert_eq!(holding(root, ERASED), Vec::<PathBuf>::new());
    }
    assert!(!root.join("case/oncotwin.erasing").exists());
}

fn verified(dir: &Path, anchors: Option<PathBuf>) {
    // In the workspace and beside the key.
    let n_anchors = if anchors.is_some() { 2 } else { 0 };
    let options = store::VerifyOptions {
        anchors,
        head: None,
    };
    let report = store::verify(dir, &options).unwrap();
    assert!(report.ok, "{:?}", report.defects);
    assert_eq!(report.anchors, n_anchors);
    assert!(report.rows_compared.is_some_and(|n| n > 0));
}

/// Files that hold the text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(text.len()).any(|w| w == text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}

/// Runs `work` for every number on all processors; fails with the first failure and what it was about.
fn for_each(numbers: Range<usize>, work: impl Fn(usize) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(numbers.start);
    let failures = parking_lot::Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= numbers.end {
                        return;
                    }
                    let outcome =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(n)));
                    let failure = match outcome {
                        Ok(Ok(())) => continue,
                        Ok(Err(text)) => text,
                        Err(panic) => panic
                            .downcast_ref::<String>()
                            .cloned()
                            .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                            .unwrap_or_default(),
                    };
                    failures.lock().push((n, failure));
                }
            });
        }
    });
    let mut failures = failures.into_inner();
    failures.sort();
    let text: Vec<String> = failures
        .iter()
        .map(|(n, text)| format!("{n}: {text}"))
        .collect();
    assert!(
        text.is_empty(),
        "{} of {}:\n{}",
        text.len(),
        numbers.len(),
        text.join("\n")
    );
}

#[test]
fn an_undisturbed_session_leads_where_it_should() {
    for role in Role::ALL {
        let plot = Plot::new(role);
        let mut run = Run::start(&plot, None);
        let transcript = run.end();
        assert!(transcript.finished && transcript.status.success());
        assert_eq!(transcript.errors, []);
        assert_eq!(transcript.acknowledged, plot.acts.len());
        check(&plot, &run.root(), &transcript);
    }
}

/// 1000 sessions are killed, each at a random moment; `ONCOTWIN_KILLS` sets another number.
#[test]
fn a_killed_session_loses_nothing_that_was_acknowledged() {
    let kills = std::env::var("ONCOTWIN_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let plots = Role::ALL.map(Plot::new);
    // How long a session takes while as many others run.
    let spans = plots.each_ref().map(|plot| {
        let longest = parking_lot::Mutex::new(Duration::ZERO);
        for_each(0..6, |_| {
            let mut run = Run::start(plot, None);
            run.begun();
            let start = Instant::now();
            run.end();
            let mut longest = longest.lock();
            *longest = start.elapsed().max(*longest);
            Ok(())
        });
        longest.into_inner()
    });
    let in_flight = AtomicUsize::new(0);
    for_each(0..kills, |n| {
        let which = n % plots.len();
        let (plot, span) = (&plots[which], spans[which]);
        let moment = ChaCha8Rng::seed_from_u64(n as u64).random_range(0.0..1.0);
        let mut run = Run::start(plot, None);
        run.begun();
        std::thread::sleep(span.mul_f64(moment));
        run.kill();
        let transcript = run.end();
        if !transcript.finished {
            in_flight.fetch_add(1, Ordering::Relaxed);
        }
        check(plot, &run.root(), &transcript);
        Ok(())
    });
    let in_flight = in_flight.into_inner();
    eprintln!("{kills} kills, {in_flight} of them before the session had ended, spans {spans:?}");
    // On a busy machine the session may run faster than when its span was taken.
    assert!(
        in_flight * 5 > kills,
        "the moments come too late: {in_flight} of {kills}"
    );
}
