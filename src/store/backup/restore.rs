//! A backup as a workspace again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::super::artifacts::SCRATCH;
use super::super::atomic::sync_dir;
use super::super::connection::open_for_reading;
use super::super::error::Error;
use super::super::soundness::{findings, interruptible};
use super::super::{ARTIFACTS, DATABASE};
use super::archive::{Hashing, SEAL, is_whole};
use super::{
    FORMAT, FileEntry, Gap, MANIFEST, Manifest, absolute, artifact_name, put_in_place,
    read_contents, refuse_occupied, scratch_beside,
};
use crate::jobs::JobContext;

/// A manifest with ten million artifacts is smaller.
const LONGEST_MANIFEST: u64 = 2 << 30;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The workspace.
    pub dir: PathBuf,
    /// When the backup was made.
    pub created: Timestamp,
    /// Version of the program that made it.
    pub app_version: String,
    /// Whether every artifact that the record names was restored.
    pub complete: bool,
    /// Those that the backup does not hold.
    pub missing: Vec<Gap>,
    /// Number of artifacts restored.
    pub artifacts: u64,
    /// Number of audit entries.
    pub audit_entries: u64,
    /// Hash of the newest audit entry, hex.
    pub audit_head: String,
}

/// Unpacks the backup `from` as the workspace `into`, which must be absent or an empty folder.
///
/// Every byte of the archive and every file in it is checked before anything is put in place.
///
/// # Errors
/// [`Error::Backup`] when the file is not a whole backup, [`Error::NotEmpty`], [`Error::Exists`],
/// [`Error::Newer`] for a backup of a later version, [`Error::DiskFull`], [`Error::ReadOnly`],
/// [`Error::Cancelled`], and other errors of files and database.
pub fn restore(from: &Path, into: &Path, job: &JobContext) -> Result<RestoreReport, Error> {
    let into = absolute(into)?;
    refuse_occupied(&into)?;
    let mut file = File::open(from).map_err(Error::io("read the backup", from))?;
    job.progress.step("checking the backup");
    if !is_whole(&mut file).map_err(Error::io("read the backup", from))? {
        return Err(unusable(
            from,
            "it is no OncoTwin backup, or bytes of it were changed or cut off",
        ));
    }
    job.check()?;
    let scratch = scratch_beside(&into)?;
    let manifest = unpack(&file, from, scratch.path(), job)?;
    let mut missing = check_database(from, scratch.path(), &manifest, job)?;
    missing.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    sync_folders(scratch.path())?;
    job.check()?;
    put_in_place(scratch, &into)?;
    Ok(RestoreReport {
        dir: into,
        created: manifest.created,
        app_version: manifest.app_version,
        complete: missing.is_empty(),
        missing,
        artifacts: manifest.files.len() as u64 - 1,
        audit_entries: manifest.contents.audit_entries,
        audit_head: manifest.contents.audit_head,
    })
}

fn unusable(path: &Path, detail: impl Into<String>) -> Error {
    Error::Backup {
        path: path.to_owned(),
        detail: detail.into(),
    }
}

/// Unpacks into the folder `to` what the manifest lists, and nothing else.
fn unpack(file: &File, from: &Path, to: &Path, job: &JobContext) -> Result<Manifest, Error> {
    let malformed = |e: io::Error| unusable(from, format!("the archive cannot be read ({e})"));
    job.progress.step("unpacking");
    let length = file
        .metadata()
        .map_err(Error::io("read the backup", from))?
        .len();
    let mut archive = tar::Archive::new(io::BufReader::with_capacity(1 << 16, file));
    let mut unpacked: Vec<FileEntry> = Vec::new();
    let mut manifest = None;
    // Raw entries: long names, links and whatever else tar can express are no part of a backup.
    for entry in archive.entries().map_err(malformed)?.raw(true) {
        job.check()?;
        let mut entry = entry.map_err(malformed)?;
        job.progress
            .set(entry.raw_file_position() as usize, length as usize);
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(unusable(
                from,
                format!("{name:?} in it is not a plain file"),
            ));
        }
        match name.as_str() {
            SEAL => continue,
            MANIFEST => {
                let mut text = Vec::new();
                let mut limited = (&mut entry).take(LONGEST_MANIFEST);
                limited.read_to_end(&mut text).map_err(malformed)?;
                manifest = Some(parse(&text, from)?);
            }
            name => unpacked.push(unpack_file(name, &mut entry, from, to)?),
        }
    }
    let manifest = manifest.ok_or_else(|| unusable(from, "it has no manifest"))?;
    if manifest.files != unpacked {
        return Err(unusable(from, "its files are not those of its manifest"));
    }
    if unpacked.first().is_none_or(|file| file.path != DATABASE) {
        return Err(unusable(from, "it holds no database"));
    }
    Ok(manifest)
}

fn parse(text: &[u8], from: &Path) -> Result<Manifest, Error> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let unreadable = |e| unusable(from, format!("its manifest cannot be read ({e})"));
    let Format { format } = serde_json::from_slice(text).map_err(unreadable)?;
    if format != FORMAT {
        return Err(unusable(
            from,
            format!("it has format {format}, this program knows {FORMAT}; update OncoTwin"),
        ));
    }
    serde_json::from_slice(text).map_err(unreadable)
}

/// Writes one file of the archive below `to`. Only the database and artifacts under the hash of
/// their content have a place there, so that no name can lead elsewhere.
fn unpack_file(
    name: &str,
    content: &mut impl Read,
    from: &Path,
    to: &Path,
) -> Result<FileEntry, Error> {
    let artifact = sha256_of_name(name);
    if name != DATABASE && artifact.is_none() {
        return Err(unusable(
            from,
            format!("{name:?} in it has no place in a workspace"),
        ));
    }
    let path = to.join(name);
    let folder = path.parent().unwrap_or(to);
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let failed = || Error::io("write", &path);
    let mut content = Hashing::new(content);
    let mut out = File::create_new(&path).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => unusable(from, format!("{name:?} is in it twice")),
        _ => failed()(e),
    })?;
    io::copy(&mut content, &mut out).map_err(failed())?;
    out.sync_all().map_err(failed())?;
    let sha256 = content.sha256();
    if artifact.is_some_and(|expected| expected != sha256) {
        return Err(unusable(
            from,
            format!("{name:?} in it does not have the content that its name promises"),
        ));
    }
    Ok(FileEntry {
        path: name.to_owned(),
        size: content.length,
        sha256,
    })
}

/// The SHA-256 that an artifact of this path has; `None` for the path of anything else.
fn sha256_of_name(name: &str) -> Option<String> {
    let sha256 = name.strip_prefix(ARTIFACTS)?.replace('/', "");
    let digits = sha256.len() == 64
        && sha256
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (digits && artifact_name(&sha256) == name).then_some(sha256)
}

/// Checks the unpacked database and returns the artifacts that it names and that are not there.
fn check_database(
    from: &Path,
    dir: &Path,
    manifest: &Manifest,
    job: &JobContext,
) -> Result<Vec<Gap>, Error> {
    job.progress.step("checking the database");
    let path = dir.join(DATABASE);
    let (contents, named) = read_contents(&path)?;
    if contents != manifest.contents {
        return Err(unusable(from, "its database is not that of its manifest"));
    }
    let conn = open_for_reading(&path)?;
    let found = interruptible(&conn, job, || {}, |conn| findings(conn, "integrity_check"));
    job.check()?;
    let found = found.map_err(Error::database("check", &path))?;
    if let Some(first) = found.first() {
        return Err(unusable(from, format!("its database is damaged ({first})")));
    }
    let present: BTreeSet<&str> = manifest.files.iter().map(|f| f.path.as_str()).collect();
    let gap = |sha256: String| {
        let noted = manifest.missing.iter().find(|gap| gap.sha256 == sha256);
        noted.cloned().unwrap_or(Gap {
            sha256,
            reason: "the backup does not hold it".to_owned(),
        })
    };
    let is_absent = |sha256: &String| !present.contains(artifact_name(sha256).as_str());
    Ok(named.into_iter().filter(is_absent).map(gap).collect())
}

/// Makes the entries of all folders durable, and the folder that writing artifacts needs.
fn sync_folders(dir: &Path) -> Result<(), Error> {
    let artifacts = dir.join(ARTIFACTS);
    let scratch = artifacts.join(SCRATCH);
    std::fs::create_dir_all(&scratch).map_err(Error::io("create", &scratch))?;
    let failed = || Error::io("sync", dir);
    for entry in std::fs::read_dir(&artifacts).map_err(failed())? {
        sync_dir(&entry.map_err(failed())?.path()).map_err(failed())?;
    }
    sync_dir(&artifacts).map_err(failed())?;
    sync_dir(dir).map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_artifacts_have_names_of_artifacts() {
        let sha256 = "ab".repeat(32);
        assert_eq!(
            sha256_of_name(&artifact_name(&sha256)),
            Some(sha256.clone())
        );
        for name in [
            format!("artifacts/{sha256}"),
            format!("artifacts/ab//{}", &sha256[2..]),
            format!("artifacts/../{sha256}"),
            format!("artifactsab/{}", &sha256[2..]),
            format!("artifacts/AB/{}", &sha256[2..]),
            format!("/artifacts/ab/{}", &sha256[2..]),
            "../oncotwin.sqlite".to_owned(),
        ] {
            assert_eq!(sha256_of_name(&name), None, "{name}");
        }
    }

    /// An archive with a seal that fits, of members with these names, kinds and contents.
    fn sealed(members: &[(&str, tar::EntryType, &[u8])]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut tar = tar::Builder::new(Hashing::new(Vec::new()));
        for (name, kind, content) in members {
            let mut header = tar::Header::new_ustar();
            // The library would refuse to write such names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            if kind.is_symlink() {
                header.set_link_name("/etc").unwrap();
            }
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        let digest = tar.get_ref().sha256();
        super::super::archive::append_seal(&mut tar, &digest).unwrap();
        let bytes = tar.into_inner().unwrap().into_inner();
        io::Write::write_all(&mut file, &bytes).unwrap();
        assert!(is_whole(&mut File::open(file.path()).unwrap()).unwrap());
        file
    }

    fn refusal(members: &[(&str, tar::EntryType, &[u8])]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let file = sealed(members);
        let into = dir.path().join("case");
        let error = restore(file.path(), &into, &JobContext::default()).unwrap_err();
        assert!(matches!(error, Error::Backup { .. }), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        error.to_string()
    }

    #[test]
    fn archives_of_others_are_refused_however_well_sealed() {
        use tar::EntryType::{Regular, Symlink};
        let database = (DATABASE, Regular, &b"x"[..]);
        for (members, said) in [
            (vec![], "no manifest"),
            (vec![("../escaped", Regular, &b"x"[..])], "no place"),
            (vec![("/tmp/escaped", Regular, &b"x"[..])], "no place"),
            (vec![("artifacts/../x", Regular, &b"x"[..])], "no place"),
            (vec![(ARTIFACTS, Symlink, &b""[..])], "not a plain file"),
            (vec![database, database], "twice"),
            (
                vec![database, (MANIFEST, Regular, &b"{}"[..])],
                "manifest cannot be read",
            ),
            (
                vec![(MANIFEST, Regular, &br#"{"format": 2}"#[..])],
                "update OncoTwin",
            ),
        ] {
            let refusal = refusal(&members);
            assert!(refusal.contains(said), "{refusal}");
        }
        let name = artifact_name(&"ab".repeat(32));
        assert!(refusal(&[(&name, Regular, b"x")]).contains("promises"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_behind_a_seal_are_read(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3000),
        ) {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            io::Write::write_all(&mut file, &bytes).unwrap();
            let dir = tempfile::tempdir().unwrap();
            let file = file.reopen().unwrap();
            let unpacked = unpack(&file, dir.path(), dir.path(), &JobContext::default());
            proptest::prop_assert!(unpacked.is_err());
        }
    }
}
