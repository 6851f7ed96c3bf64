//! The process that works, and is disturbed while it does.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use oncotwin::jobs::JobContext;
use oncotwin::store::{self, Answer, Error, Rehearsal, RehearsedAct, Workspace};
use rusqlite::Connection;
use std::sync::atomic::{AtomicI64, Ordering};

/// Names the role of the process.
pub(super) const ROLE: &str = "ONCOTWIN_TEST_ROLE";
/// Names its folder.
pub(super) const ROOT: &str = "ONCOTWIN_TEST_ROOT";
/// What it says first.
pub(super) const BEGUN: &str = "begun .\n";

/// What the process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Founds a workspace and works in it.
    Session,
    /// The same on a network file system, with a rollback journal.
    Rollback,
    /// Brings a workspace of the first schema up to date and works on in it.
    Migration,
    /// Makes a backup of a workspace that is open.
    Backup,
}

/// Where the backup goes, below the root.
pub(super) const BACKUP: &str = "backup.tar";

impl Role {
    pub(super) const ALL: [Self; 4] =
        [Self::Session, Self::Rollback, Self::Migration, Self::Backup];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Rollback => "rollback",
            Self::Migration => "migration",
            Self::Backup => "backup",
        }
    }
}

/// A clock that moves one second per look.
pub(super) fn fixed_clock() -> impl Fn() -> Timestamp + Send + 'static {
    let second = AtomicI64::new(1_800_000_000);
    move || Timestamp::from_second(second.fetch_add(1, Ordering::Relaxed)).unwrap()
}

/// What the session of a role does.
pub(super) fn acts(role: Role) -> Vec<RehearsedAct> {
    if role == Role::Backup {
        return Vec::new();
    }
    let mut r = Rehearsal::new(1);
    let mut acts = vec![r.enter_reader("Dr Rehearsal").unwrap()];
    let (patient, act) = r.enter_patient("Alice^Kept").unwrap();
    acts.push(act);
    let (series, act) = r.import(patient).unwrap();
    acts.push(act);
    let (lesion, mark, act) = r.draw(series, None).unwrap();
    acts.push(act);
    acts.push(r.mask(mark, 12).unwrap());
    if role != Role::Migration {
        acts.push(r.look(series, 7).unwrap());
        acts.push(r.adjust(mark, 15.5).unwrap());
        acts.push(r.mask(mark, 15).unwrap());
        acts.push(r.undo().unwrap().unwrap());
        let (gone, act) = r.enter_patient(super::ERASED).unwrap();
        acts.push(act);
        let (theirs, act) = r.import(gone).unwrap();
        acts.push(act);
        let (_, their_mark, act) = r.draw(theirs, None).unwrap();
        acts.push(act);
        acts.push(r.mask(their_mark, 20).unwrap());
        acts.push(r.treat(gone).unwrap());
        acts.push(r.sign(theirs).unwrap());
        acts.push(r.erase(gone).unwrap());
        acts.push(r.treat(patient).unwrap());
        acts.push(r.undo().unwrap().unwrap());
        acts.push(r.sign(series).unwrap());
    }
    let (later, act) = r.import(patient).unwrap();
    acts.push(act);
    let (_, mark, act) = r.draw(later, Some(lesion)).unwrap();
    acts.push(act);
    acts.push(r.mask(mark, 10).unwrap());
    acts
}

/// A workspace as the first published version left it.
pub(super) fn schema_1(dir: &Path) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema_1");
    super::copy_folder(&data.join("artifacts"), &dir.join("artifacts"));
    let conn = Connection::open(dir.join("oncotwin.sqlite")).unwrap();
    let sql = std::fs::read_to_string(data.join("oncotwin.sql")).unwrap();
    // Tables of a dump come in the order of their names.
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.execute_batch(&sql).unwrap();
    // "OTwn", which a dump does not hold.
    conn.execute_batch("PRAGMA application_id = 0x4f54776e; PRAGMA user_version = 1")
        .unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn say_error(error: &Error) {
    say(&format!("error {} {error}", error.code()));
}

/// Does something; once more when it fails; `None` when it fails again.
fn twice<T>(mut work: impl FnMut() -> Result<T, Error>) -> Option<T> {
    for _ in 0..2 {
        match work() {
            Ok(done) => return Some(done),
            Err(error) => say_error(&error),
        }
    }
    None
}

fn work(role: Role, root: &Path) -> Option<()> {
    let acts = acts(role);
    say(BEGUN.trim_end());
    let case = root.join("case");
    let (workspace, opened) = twice(|| Workspace::open(&case, super::options(role, root)))?;
    assert_eq!(opened.alerts, Vec::<String>::new());
    say("opened .");
    for (n, act) in acts.iter().enumerate() {
        let done = twice(|| act.perform(&workspace));
        for answer in workspace.answers().try_iter() {
            if let Answer::Trouble { error } = answer {
                say_error(&error);
            }
        }
        done?;
        say(&format!("saved {n}"));
    }
    if role == Role::Backup {
        let to = root.join(BACKUP);
        let now = Timestamp::UNIX_EPOCH;
        twice(|| store::backup(&case, &to, "test", now, &JobContext::default()))?;
        say("backup .");
    }
    drop(workspace);
    say("finished .");
    Some(())
}

/// Not a test of its own: the process that the tests of this module disturb.
#[test]
fn session() {
    let (Some(role), Some(root)) = (std::env::var_os(ROLE), std::env::var_os(ROOT)) else {
        return;
    };
    let role = *Role::ALL.iter().find(|r| r.name() == role).unwrap();
    // A panic of any thread, the store's too, ends the process as nothing else does.
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    work(role, &PathBuf::from(root));
}
