//! The second anchor of the audit trail: how many entries there are and the hash of the last,
//! authenticated with a key that lies in the user's configuration folder.
//!
//! A chain of hashes shows edits inside it, but not that its end was cut off. The anchor does. It is
//! written and synced behind every commit, in two places: in the workspace (it travels with it), and
//! in the configuration folder, one file per workspace and place (it also shows that an older copy
//! of the whole folder was put back).
//!
//! A file has two slots that are written in turn, so that an interrupted write leaves the other. A
//! slot is one line of JSON, filled up with blanks:
//! `{"workspace","entries","head","mac"}` with
//! `mac = HMAC-SHA256(key, "oncotwin anchor 1\n" workspace "\n" entries "\n" head)`, hex.
//!
//! A crash between a commit and its anchor leaves the anchor behind by that commit, never ahead of
//! the trail: a trail that is longer than its anchor is whole.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::artifacts::{hex, sha256_hex};
use super::error::Error;
use super::words::Fault;

/// Bytes of a slot; a slot begins on its own disk sector.
const SLOT: usize = 512;
const KEY_FILE: &str = "anchor.key";

/// The user's key.
#[derive(Clone)]
pub(super) struct Key([u8; 32]);

/// Where the trail stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchor {
    pub(super) workspace: String,
    pub(super) entries: i64,
    pub(super) head: String,
    mac: String,
}

impl Key {
    /// The key in `folder`, made at first use and readable by its owner only.
    pub(super) fn of(folder: &Path) -> Result<Self, Error> {
        if let Some(key) = Self::find(folder)? {
            return Ok(key);
        }
        super::create_private(folder).map_err(Error::io("create the folder", folder))?;
        let key: [u8; 32] = rand::random();
        let path = folder.join(KEY_FILE);
        let mut file = tempfile::NamedTempFile::new_in(folder)
            .map_err(Error::io("write the anchor key to", &path))?;
        file.write_all(hex(&key).as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(Error::io("write the anchor key to", &path))?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(Self(key)),
            // Another session made it in the meantime.
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => {
                Self::find(folder)?.ok_or(Error::Stopped)
            }
            Err(e) => Err(Error::io("write the anchor key to", &path)(e.error)),
        }
    }

    /// The key in `folder`, if there is one.
    pub(super) fn find(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(KEY_FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io("read the anchor key", &path))?,
        };
        let text = text.trim();
        let byte = |n: usize| {
            let pair = text.get(2 * n..2 * n + 2)?;
            u8::from_str_radix(pair, 16).ok()
        };
        let mut key = [0; 32];
        for (n, target) in key.iter_mut().enumerate() {
            *target = byte(n)
                .filter(|_| text.len() == 64)
                .ok_or_else(|| Error::Io {
                    doing: "read the anchor key",
                    path: path.clone(),
                    source: std::io::Error::other(
                        "it is not 64 hex digits; delete it to begin anew",
                    ),
                })?;
        }
        Ok(Some(Self(key)))
    }

    /// Names the key without telling it.
    fn id(&self) -> String {
        let mut id = hex(&self.mac(b"oncotwin anchor key id"));
        id.truncate(16);
        id
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    fn anchor(&self, workspace: &str, entries: i64, head: &str) -> Anchor {
        Anchor {
            mac: hex(&self.mac(message(workspace, entries, head).as_bytes())),
            workspace: workspace.to_owned(),
            entries,
            head: head.to_owned(),
        }
    }

    fn has_made(&self, anchor: &Anchor) -> bool {
        let expected = self.anchor(&anchor.workspace, anchor.entries, &anchor.head);
        // Whoever can time this comparison can read the key as well.
        expected.mac == anchor.mac
    }
}

fn message(workspace: &str, entries: i64, head: &str) -> String {
    format!("oncotwin anchor 1\n{workspace}\n{entries}\n{head}")
}

/// The two places of the anchor of the workspace in `dir`.
fn places(dir: &Path, folder: &Path, key: &Key, workspace: &str) -> [PathBuf; 2] {
    let place = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let place = sha256_hex(place.as_os_str().as_encoded_bytes());
    let elsewhere = folder.join("anchors");
    [
        dir.join(format!("oncotwin.anchor-{}", key.id())),
        elsewhere.join(format!("{workspace}-{}", &place[..16])),
    ]
}

/// What an anchor says against the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The trail is shorter than it was.
    Cut {
        anchored: i64,
        found: i64,
        head: String,
    },
    /// The trail has other entries than it had.
    Other { entries: i64, head: String },
    /// The file holds something that was not made with the key.
    Forged { path: PathBuf },
}

impl Finding {
    /// In words, without patient data.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Cut {
                anchored, found, ..
            } => format!(
                "the trail ends at entry {found}, but entry {anchored} had been written: its end \
                 was cut off, or an older copy was put back"
            ),
            Self::Other { entries, .. } => format!(
                "entry {entries} is not the one that was written: another copy of the workspace \
                 stands here"
            ),
            Self::Forged { path } => format!(
                "the anchor {} was not written with this user's key",
                path.display()
            ),
        }
    }
}

/// Compares the trail with the anchors in both places; also answers how many there are.
pub(super) fn check(
    conn: &Connection,
    dir: &Path,
    folder: &Path,
) -> Result<(usize, Vec<Finding>), Fault> {
    let Some(key) = Key::find(folder)? else {
        return Ok((0, Vec::new()));
    };
    let Some(workspace) = workspace_id(conn)? else {
        return Ok((0, Vec::new()));
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut n_anchors = 0;
    for path in places(dir, folder, &key, &workspace) {
        let anchor = match read(&path, &key, &workspace)? {
            Read::Absent => continue,
            Read::Forged => {
                n_anchors += 1;
                findings.push(Finding::Forged { path });
                continue;
            }
            Read::Anchor(anchor) => anchor,
        };
        n_anchors += 1;
        let finding = against(conn, &anchor)?;
        if let Some(finding) = finding.filter(|f| !findings.contains(f)) {
            findings.push(finding);
        }
    }
    Ok((n_anchors, findings))
}

fn against(conn: &Connection, anchor: &Anchor) -> Result<Option<Finding>, Fault> {
    if anchor.entries == 0 {
        return Ok(None);
    }
    let hash: Option<String> = conn
        .query_row(
            "SELECT hash FROM audit WHERE seq = ?1",
            [anchor.entries],
            |row| row.get(0),
        )
        .optional()?;
    let head = anchor.head.clone();
    Ok(match hash {
        Some(hash) if hash == head => None,
        Some(_) => Some(Finding::Other {
            entries: anchor.entries,
            head,
        }),
        None => Some(Finding::Cut {
            anchored: anchor.entries,
            found: conn.query_row("SELECT coalesce(max(seq), 0) FROM audit", [], |row| {
                row.get(0)
            })?,
            head,
        }),
    })
}

/// Id of the workspace; `None` before it was founded.
pub(super) fn workspace_id(conn: &Connection) -> Result<Option<String>, Fault> {
    Ok(conn
        .query_row("SELECT id FROM workspace", [], |row| row.get(0))
        .optional()?)
}

enum Read {
    Absent,
    Forged,
    Anchor(Anchor),
}

fn read(path: &Path, key: &Key, workspace: &str) -> Result<Read, Error> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Read::Absent),
        other => {
            let file = other.map_err(Error::io("read the anchor", path))?;
            file.take(2 * SLOT as u64)
                .read_to_end(&mut bytes)
                .map_err(Error::io("read the anchor", path))?;
        }
    }
    // A file that was created and never written says nothing.
    if bytes.iter().all(|b| *b == 0) {
        return Ok(Read::Absent);
    }
    // A slot that is no JSON was being written when the power went; the other one counts then.
    let whole: Vec<Anchor> = bytes
        .chunks(SLOT)
        .filter_map(|slot| serde_json::from_slice(slot.trim_ascii()).ok())
        .collect();
    let is_own = |anchor: &Anchor| anchor.workspace == workspace && key.has_made(anchor);
    if !whole.iter().all(is_own) {
        return Ok(Read::Forged);
    }
    let newest = whole.into_iter().max_by_key(|anchor| anchor.entries);
    Ok(newest.map_or(Read::Forged, Read::Anchor))
}

/// The anchors of an open workspace, for writing.
pub(super) struct Anchors {
    key: Key,
    workspace: String,
    files: Vec<(PathBuf, File)>,
    slot: u64,
}

impl Anchors {
    /// Opens, or makes, the anchors of the workspace in `dir` with the key in `folder`.
    pub(super) fn open(dir: &Path, folder: &Path, workspace: &str) -> Result<Self, Error> {
        let key = Key::of(folder)?;
        let mut files = Vec::new();
        for path in places(dir, folder, &key, workspace) {
            if let Some(parent) = path.parent() {
                super::create_private(parent).map_err(Error::io("create the folder", parent))?;
            }
            let mut file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .read(true)
                .open(&path)
                .map_err(Error::io("open the anchor", &path))?;
            let length = file
                .metadata()
                .map_err(Error::io("open the anchor", &path))?
                .len();
            if length < 2 * SLOT as u64 {
                // The space is taken now: later writes need none, even on a full disk.
                file.seek(SeekFrom::Start(length))
                    .and_then(|_| file.write_all(&vec![0; 2 * SLOT - length as usize]))
                    .and_then(|()| file.sync_all())
                    .map_err(Error::io("make the anchor", &path))?;
                if let Some(parent) = path.parent() {
                    super::atomic::sync_dir(parent).map_err(Error::io("sync", parent))?;
                }
            }
            files.push((path, file));
        }
        Ok(Self {
            key,
            workspace: workspace.to_owned(),
            files,
            slot: 0,
        })
    }

    /// States where the trail stands; on the disk when it returns.
    pub(super) fn set(&mut self, entries: i64, head: &str) -> Result<(), Error> {
        let anchor = self.key.anchor(&self.workspace, entries, head);
        let mut line = serde_json::to_vec(&anchor)
            .map_err(|e| Error::Refused(format!("the anchor has no JSON form: {e}")))?;
        line.resize(SLOT - 1, b' ');
        line.push(b'\n');
        let at = SeekFrom::Start(self.slot * SLOT as u64);
        self.slot = 1 - self.slot;
        for (path, file) in &mut self.files {
            file.seek(at)
                .and_then(|_| file.write_all(&line))
                .and_then(|()| file.sync_data())
                .map_err(Error::io("write the anchor", path))?;
        }
        Ok(())
    }
}

/// Forgets the anchor of whatever workspace stood in `dir`, because its owner puts a backup there.
///
/// # Errors
/// When files of the folder cannot be removed.
pub fn forget_anchors(dir: &Path, folder: &Path) -> Result<(), Error> {
    let place = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let place = sha256_hex(place.as_os_str().as_encoded_bytes());
    let elsewhere = folder.join("anchors");
    let Ok(entries) = std::fs::read_dir(&elsewhere) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(&place[..16]) {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Where the key and the anchors lie: the user's configuration folder, or `ONCOTWIN_CONFIG_DIR`.
#[must_use]
pub fn default_anchor_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ONCOTWIN_CONFIG_DIR") {
        return Some(folder.into());
    }
    directories::ProjectDirs::from("", "", "oncotwin").map(|dirs| dirs.config_dir().to_owned())
}
