//! Zip archives as folders: a member has a path through the archive (`a.zip/series/1.dcm`).
//!
//! Names in an archive are only names: nothing is ever written, and a name that would lead out of
//! the archive is spelt so that it does not. What is declared is checked before anything is
//! allocated, and what was unpacked is checked against its CRC-32 (APPNOTE.TXT 6.3.10).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use flate2::read::DeflateDecoder;
use parking_lot::Mutex;
use zip::{CompressionMethod, ZipArchive};

use super::Refusal;
use super::bytes::file_read_at;

/// Deflate cannot expand a byte further (RFC 1951: 258 bytes out of two bits).
const MAX_RATIO: u64 = 1032;
/// The largest member that is unpacked into memory.
const MAX_MEMBER: u64 = 16 << 30;
/// Archives whose lists of members are kept.
const KEPT_ARCHIVES: usize = 4;
/// Unpacked bytes that an archive keeps, so that looking at a file and reading it unpack it once.
const KEPT_BYTES: usize = 32 << 20;

/// An archive with its list of members.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    members: Vec<Member>,
    by_path: BTreeMap<PathBuf, usize>,
    recent: Mutex<VecDeque<(usize, Arc<[u8]>)>>,
}

/// One file of an archive.
#[derive(Debug)]
struct Member {
    /// Inside the archive.
    path: PathBuf,
    start: u64,
    packed: u64,
    size: u64,
    crc: u32,
    deflated: bool,
    /// Why it cannot be read.
    trouble: Option<String>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self {
            length: meta.len(),
            modified: meta.modified().ok(),
        }
    }
}

type Kept = VecDeque<(PathBuf, Stamp, Arc<Archive>)>;

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

fn refusal(path: &Path, message: impl Into<String>) -> Refusal {
    Refusal::new(
        "E-ZIP",
        message,
        path.display().to_string(),
        "unpack it with another program and open the folder",
    )
}

fn refused(path: &Path, message: impl Into<String>) -> io::Error {
    io::Error::other(refusal(path, message))
}

/// Whether bytes begin a zip archive, also one without members.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// The archive at `path`, a regular file.
///
/// # Errors
/// What the system says, or a [`Refusal`] when it is not a readable archive.
pub(super) fn open(path: &Path) -> io::Result<Arc<Archive>> {
    let stamp = Stamp::of(&std::fs::metadata(path)?);
    let find = |kept: &Kept| {
        let found = kept.iter().find(|(p, s, _)| p == path && *s == stamp);
        found.map(|(_, _, archive)| Arc::clone(archive))
    };
    // Held while a list is read, so that many threads that want it read it once.
    let mut kept = KEPT.lock();
    if let Some(archive) = find(&kept) {
        return Ok(archive);
    }
    let archive = Arc::new(Archive::read(path, stamp.length)?);
    kept.retain(|(p, _, _)| p != path);
    kept.push_back((path.to_owned(), stamp, Arc::clone(&archive)));
    while kept.len() > KEPT_ARCHIVES {
        kept.pop_front();
    }
    Ok(archive)
}

/// The archive that a path leads through and what follows behind it; `None` where the nearest
/// ancestor that exists is no archive.
///
/// # Errors
/// As [`open`].
pub(super) fn locate(path: &Path) -> io::Result<Option<(Arc<Archive>, PathBuf)>> {
    for above in path.ancestors().skip(1) {
        let Ok(meta) = std::fs::metadata(above) else {
            continue;
        };
        let Ok(inner) = path.strip_prefix(above) else {
            return Ok(None);
        };
        if !meta.is_file() {
            return Ok(None);
        }
        let mut head = [0; 4];
        let known = file_read_at(&File::open(above)?, &mut head, 0)?;
        return if is_zip(&head[..known]) {
            Ok(Some((open(above)?, inner.to_owned())))
        } else {
            Ok(None)
        };
    }
    Ok(None)
}

impl Archive {
    fn read(path: &Path, length: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        // The list is read by other people's code: its panic is a refusal.
        let members = catch_unwind(AssertUnwindSafe(|| list(path, &file, length)))
            .unwrap_or_else(|_| Err(refused(path, "its list of members is malformed")))?;
        let by_path = members
            .iter()
            .enumerate()
            .map(|(n, m)| (m.path.clone(), n))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            file,
            members,
            by_path,
            recent: Mutex::default(),
        })
    }

    /// Paths of all files, through the archive, in its order.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.members.iter().map(|m| self.path.join(&m.path))
    }

    /// Whether it is a document of an office program, or a program: those are zip archives too.
    pub(super) fn is_document(&self) -> bool {
        ["[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"]
            .iter()
            .any(|name| self.by_path.contains_key(Path::new(name)))
    }

    /// Whether there is a file under this path inside the archive.
    pub(super) fn holds(&self, inner: &Path) -> bool {
        self.by_path.contains_key(inner)
    }

    /// What a folder inside the archive holds, through the archive.
    pub(super) fn list(&self, inner: &Path) -> Vec<PathBuf> {
        let names: BTreeSet<_> = self
            .by_path
            .keys()
            .filter_map(|p| p.strip_prefix(inner).ok()?.components().next())
            .collect();
        names
            .into_iter()
            .map(|name| self.path.join(inner).join(name))
            .collect()
    }

    /// The bytes of a member.
    ///
    /// # Errors
    /// `NotFound`, or a [`Refusal`] when it is encrypted, packed in an unknown way or damaged.
    pub(super) fn unpack(&self, inner: &Path) -> io::Result<Arc<[u8]>> {
        let Some((n, member)) = self
            .by_path
            .get(inner)
            .and_then(|n| Some((*n, self.members.get(*n)?)))
        else {
            return Err(io::ErrorKind::NotFound.into());
        };
        {
            let mut recent = self.recent.lock();
            if let Some(at) = recent.iter().position(|(m, _)| *m == n)
                && let Some(entry) = recent.remove(at)
            {
                let bytes = Arc::clone(&entry.1);
                recent.push_back(entry);
                return Ok(bytes);
            }
        }
        let bytes: Arc<[u8]> = self.inflate(member)?.into();
        if bytes.len() <= KEPT_BYTES {
            let mut recent = self.recent.lock();
            recent.push_back((n, Arc::clone(&bytes)));
            while recent.iter().map(|(_, b)| b.len()).sum::<usize>() > KEPT_BYTES {
                recent.pop_front();
            }
        }
        Ok(bytes)
    }

    fn inflate(&self, member: &Member) -> io::Result<Vec<u8>> {
        let path = self.path.join(&member.path);
        if let Some(trouble) = &member.trouble {
            return Err(refused(&path, trouble));
        }
        let size = usize::try_from(member.size)
            .map_err(|_| refused(&path, "the member is too large for this computer"))?;
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(size)
            .map_err(|_| refused(&path, "memory does not suffice to unpack the member"))?;
        let packed = Window {
            file: &self.file,
            at: member.start,
            left: member.packed,
        };
        // One byte more than declared tells a member that is longer.
        if member.deflated {
            DeflateDecoder::new(BufReader::with_capacity(1 << 16, packed))
                .take(member.size + 1)
                .read_to_end(&mut bytes)
        } else {
            let mut packed = packed;
            packed.read_to_end(&mut bytes)
        }
        .map_err(|e| refused(&path, format!("the member cannot be unpacked: {e}")))?;
        if bytes.len() != size {
            return Err(refused(
                &path,
                format!(
                    "the member declares {size} bytes and holds {}{}",
                    bytes.len().min(size),
                    if bytes.len() > size { " and more" } else { "" }
                ),
            ));
        }
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        if crc.sum() != member.crc {
            return Err(refused(&path, "the member is damaged: its CRC-32 differs"));
        }
        Ok(bytes)
    }
}

/// A part of a file, read from several threads at once.
struct Window<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let part = buffer.len().min(most);
        let n = file_read_at(self.file, &mut buffer[..part], self.at)?;
        self.at += n as u64;
        self.left -= n as u64;
        Ok(n)
    }
}

fn list(path: &Path, file: &File, length: u64) -> io::Result<Vec<Member>> {
    let broken = |e: zip::result::ZipError| match e {
        zip::result::ZipError::Io(e) if e.kind() != io::ErrorKind::UnexpectedEof => e,
        e => refused(path, format!("the archive cannot be read: {e}")),
    };
    let mut zip = ZipArchive::new(BufReader::new(file.try_clone()?)).map_err(broken)?;
    // What is left of a truncated archive may end with the list of an archive inside it.
    if zip.offset() != 0 {
        return Err(refused(
            path,
            "the archive has no list of members of its own: it is truncated",
        ));
    }
    let mut members = Vec::new();
    let mut taken = BTreeSet::new();
    for n in 0..zip.len() {
        let name = zip.name_for_index(n).unwrap_or_default().to_owned();
        let mut member = Member {
            path: PathBuf::new(),
            start: 0,
            packed: 0,
            size: 0,
            crc: 0,
            deflated: false,
            trouble: None,
        };
        match zip.by_index_raw(n) {
            Ok(entry) if entry.is_dir() => continue,
            Ok(entry) => {
                member.start = entry.data_start();
                member.packed = entry.compressed_size();
                member.size = entry.size();
                member.crc = entry.crc32();
                member.deflated = entry.compression() == CompressionMethod::Deflated;
                member.trouble = trouble(&entry, length);
            }
            Err(e) => member.trouble = Some(format!("the member has no readable head: {e}")),
        }
        member.path = safe(&name);
        let mut copies = 1;
        while !taken.insert(member.path.clone()) {
            copies += 1;
            member.path = safe(&format!("{name} ({copies})"));
        }
        members.push(member);
    }
    // Members that share their bytes make a small archive unpack to any size.
    let mut ranges: Vec<(u64, u64)> = members
        .iter()
        .filter(|m| m.trouble.is_none() && m.packed > 0)
        .map(|m| (m.start, m.start + m.packed))
        .collect();
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(refused(path, "members of the archive overlap"));
    }
    Ok(members)
}

/// What keeps a member from being unpacked.
fn trouble<R: Read>(entry: &zip::read::ZipFile<'_, R>, length: u64) -> Option<String> {
    let method = entry.compression();
    if entry.encrypted() {
        return Some("the member is encrypted".to_owned());
    }
    if !matches!(
        method,
        CompressionMethod::Deflated | CompressionMethod::Stored
    ) {
        return Some(format!("the member is packed with {method}"));
    }
    let (packed, size) = (entry.compressed_size(), entry.size());
    let end = entry.data_start().checked_add(packed);
    if end.is_none_or(|end| end > length) {
        return Some("the member leaves the archive: it is truncated".to_owned());
    }
    let possible = match method {
        CompressionMethod::Stored => size == packed,
        _ => size <= packed.saturating_mul(MAX_RATIO),
    };
    if !possible {
        return Some(format!(
            "the member declares {size} bytes, which {packed} packed bytes cannot hold"
        ));
    }
    (size > MAX_MEMBER).then(|| format!("the member has {size} bytes, more than is unpacked"))
}

/// A name as a path that stays inside.
fn safe(name: &str) -> PathBuf {
    name.split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".")
        .map(|part| match part {
            ".." => "%2E%2E".to_owned(),
            part => part.replace(':', "%3A").replace('\0', "%00"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out() {
        for (name, path) in [
            ("a/b.dcm", "a/b.dcm"),
            ("/etc/passwd", "etc/passwd"),
            ("../../x", "%2E%2E/%2E%2E/x"),
            ("C:\\x\\y", "C%3A/x/y"),
            ("./a//b", "a/b"),
        ] {
            assert_eq!(safe(name), Path::new(path));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_stays_inside(name: String) {
            let joined = Path::new("a.zip").join(safe(&name));
            let inside = joined.components().all(|c| matches!(c, std::path::Component::Normal(_)));
            proptest::prop_assert!(inside && joined.starts_with("a.zip"));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.zip");
            let mut whole = b"PK\x03\x04".to_vec();
            whole.extend(bytes);
            std::fs::write(&path, whole).unwrap();
            proptest::prop_assert!(open(&path).is_err());
        }
    }
}
