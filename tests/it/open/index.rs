//! Finding: folders, archives, directories, and files that are none of ours.

use std::fs::File;
use std::io::Write as _;

use oncotwin::open::{Index, Watch};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

/// The tree of a medium: a DICOMDIR beside 31 files in several series.
fn medium() -> Option<(TempDir, PathBuf)> {
    let set = shared("data/A8_pydicom_files/pydicom-3.0.2/dicomdirtests")?;
    let dir = TempDir::new().expect("temporary folder");
    let to = dir.path().join("medium");
    copy(&set, &to, &|name| {
        !name.starts_with("DICOMDIR-") && !matches!(name, "TINY_ALPHA" | "README.txt")
    });
    Some((dir, to))
}

fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if !wanted(&name) {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name), wanted);
        } else {
            std::fs::copy(entry.path(), to.join(name)).expect("copied");
        }
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("listed") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Packs named bytes.
fn pack(path: &Path, members: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).expect("created"));
    for (n, (name, bytes)) in members.iter().enumerate() {
        // Both ways of packing.
        let method = if n % 2 == 0 {
            zip::CompressionMethod::Deflated
        } else {
            zip::CompressionMethod::Stored
        };
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).expect("begun");
        zip.write_all(bytes).expect("packed");
    }
    zip.finish().expect("finished");
}

fn pack_folder(folder: &Path, to: &Path) {
    let read: Vec<(String, Vec<u8>)> = files_below(folder)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(folder).expect("below");
            let name = name.to_string_lossy().replace('\\', "/");
            (name, std::fs::read(&path).expect("read"))
        })
        .collect();
    let members: Vec<(&str, &[u8])> = read.iter().map(|(n, b)| (&**n, &**b)).collect();
    pack(to, &members);
}

/// Kind, series, number of files, shape and warnings of an item.
type Looks = (
    ItemKind,
    String,
    usize,
    Option<[usize; 3]>,
    Vec<WarningCode>,
);

/// What a scan says, without where.
fn essence(items: &[Item]) -> Vec<Looks> {
    let mut all: Vec<_> = items
        .iter()
        .map(|i| {
            let shape = i.grid.as_ref().map(|g| g.shape());
            (i.kind, i.series_uid.clone(), i.n_files, shape, codes(i))
        })
        .collect();
    all.sort_by(|a, b| (&a.1, a.2).cmp(&(&b.1, b.2)));
    all
}

fn errors(items: &[Item]) -> Vec<(String, String)> {
    items
        .iter()
        .filter_map(|i| i.error.as_ref())
        .map(|e| (e.code.clone(), format!("{} {}", e.message, e.place)))
        .collect()
}

#[test]
fn one_wrong_path_does_not_stop_the_others() {
    let dir = TempDir::new().expect("folder");
    let good = dir.path().join("good.nii");
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw_formats/nifti/second.nii"),
        &good,
    )
    .expect("copied");
    let wrong = dir.path().join("nowhere");
    let items = open::scan(&[wrong.clone(), good], &JobContext::default()).expect("scanned");
    let kinds: Vec<ItemKind> = items.iter().map(|i| i.kind).collect();
    assert_eq!(kinds, [ItemKind::Volume, ItemKind::Refused]);
    let refused = items[1].error.as_ref().expect("refused");
    assert_eq!((&*refused.code, &items[1].paths[0]), ("E-READ", &wrong));
    assert!(open::scan(&[wrong], &JobContext::default()).is_err());
}

#[test]
fn an_archive_is_a_folder() {
    let Some((dir, medium)) = medium() else {
        return;
    };
    let archive = dir.path().join("medium.zip");
    pack_folder(&medium, &archive);
    let (loose, packed) = (scan(&medium), scan(&archive));
    assert!(loose.iter().filter(|i| i.is_image()).count() >= 3);
    assert_eq!(essence(&loose), essence(&packed));
    let job = JobContext::default();
    for (item, twin) in loose.iter().zip(&packed).filter(|(i, _)| i.is_image()) {
        assert_eq!(item.series_uid, twin.series_uid);
        assert!(twin.paths.iter().all(|p| p.starts_with(&archive)));
        assert!(twin.paths.iter().all(|p| open::exists(p)));
        // So that an unpacked archive is recognised as what was measured.
        assert_eq!(
            item.fingerprint(&job).expect("read"),
            twin.fingerprint(&job).expect("read")
        );
        let (a, b) = (load(item), load(twin));
        for k in 0..a.grid().shape()[2] {
            assert!(a.slice_values(k).eq(b.slice_values(k)));
        }
    }
    // Members can be opened by themselves, as those of a series entered before are.
    let series = packed.iter().find(|i| i.n_files > 3).expect("series");
    let again = open::scan(&series.paths, &job).expect("scan");
    assert!(
        again
            .iter()
            .any(|i| i.series_uid == series.series_uid && i.n_files == series.n_files)
    );
}

#[test]
fn what_is_wrong_with_a_member_is_said_of_it() {
    let Some(set) = shared("data/A8_pydicom_files/pydicom-3.0.2") else {
        return;
    };
    let image = std::fs::read(set.join("CT_small.dcm")).expect("read");
    let dir = TempDir::new().expect("temporary folder");
    let inner = dir.path().join("inner.zip");
    pack(&inner, &[("a.dcm", &image)]);
    let nested = std::fs::read(&inner).expect("read");
    let path = dir.path().join("odd.zip");
    pack(
        &path,
        &[
            ("../../good.dcm", &image),
            ("inner.zip", &nested),
            ("empty.dcm", b""),
            ("locked.dcm", &image),
            ("series/damaged.dcm", &image),
        ],
    );
    let mut bytes = std::fs::read(&path).expect("read");
    let heads: Vec<usize> = (0..bytes.len() - 4)
        .filter(|i| matches!(&bytes[*i..*i + 4], b"PK\x01\x02" | b"PK\x03\x04"))
        .collect();
    for at in heads {
        let (flags, name, crc) = match bytes[at + 2] {
            1 => (at + 8, at + 46, at + 16),
            _ => (at + 6, at + 30, at + 14),
        };
        if bytes[name..].starts_with(b"locked.dcm") {
            bytes[flags] |= 1;
        }
        if bytes[name..].starts_with(b"series/damaged.dcm") {
            bytes[crc] ^= 0xFF;
        }
    }
    std::fs::write(&path, bytes).expect("written");
    let items = scan(&path);
    let found = errors(&items);
    let said = |code: &str, text: &str| {
        assert!(
            found.iter().any(|(c, m)| c == code && m.contains(text)),
            "{code} {text}: {found:#?}"
        );
    };
    said("E-ZIP", "archive inside an archive");
    said("E-EMPTY", "empty.dcm");
    said("E-ZIP", "encrypted");
    said("E-ZIP", "CRC-32");
    assert_eq!(found.len(), 4, "{found:#?}");
    let good: Vec<&Item> = items.iter().filter(|i| i.is_image()).collect();
    assert_eq!(good.len(), 1);
    assert!(good[0].paths[0].starts_with(&path));
    load(good[0]);

    // A truncated archive has lost its list.
    let whole = std::fs::read(&path).expect("read");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    assert_eq!(errors(&scan(&path))[0].0, "E-ZIP");
    // An archive that changed is not served from what was remembered of it.
    pack(&path, &[("good.dcm", &image)]);
    assert_eq!(scan(&path).len(), 1);
    assert!(scan(&path)[0].is_image());
}

#[test]
fn a_small_archive_does_not_unpack_to_anything() {
    let dir = TempDir::new().expect("temporary folder");
    let path = dir.path().join("bomb.zip");
    pack(&path, &[("zeros.dcm", &vec![0; 1 << 20])]);
    let mut bytes = std::fs::read(&path).expect("read");
    let central = (0..bytes.len() - 4)
        .rfind(|i| &bytes[*i..*i + 4] == b"PK\x01\x02")
        .expect("central head");
    bytes[central + 24..central + 28].copy_from_slice(&0xFFFF_FF00u32.to_le_bytes());
    std::fs::write(&path, bytes).expect("written");
    let found = errors(&scan(&path));
    assert!(found[0].1.contains("cannot hold"), "{found:?}");
}

#[test]
fn a_sidecar_in_an_archive_counts() {
    let Some(set) = shared("data/A9_nifti_edge") else {
        return;
    };
    let Some(file) = files_below(&set)
        .into_iter()
        .find(|f| f.ends_with("minimal.nii.gz") || f.ends_with("avg152T1_LR_nifti.nii.gz"))
    else {
        panic!("no small NIfTI file in {}", set.display());
    };
    let image = std::fs::read(file).expect("read");
    let dir = TempDir::new().expect("temporary folder");
    let path = dir.path().join("study.zip");
    let sidecar =
        "[patient]\nid = \"S1\"\n[[image]]\nfile = \"x/scan.nii.gz\"\ndate = \"2024-03-01\"\n";
    pack(
        &path,
        &[
            ("study.toml", sidecar.as_bytes()),
            ("x/scan.nii.gz", &image),
        ],
    );
    let items = scan(&path);
    assert_eq!(items.len(), 1, "{items:#?}");
    assert_eq!(items[0].patient.id, "S1");
    assert_eq!(
        items[0].study_date.map(|d| d.to_string()).as_deref(),
        Some("2024-03-01")
    );
}

#[test]
fn a_directory_leads_to_its_files() {
    let Some((_dir, medium)) = medium() else {
        return;
    };
    let by_folder = scan(&medium);
    let by_directory = scan(medium.join("DICOMDIR"));
    assert_eq!(essence(&by_folder), essence(&by_directory));
    assert_eq!(
        by_directory.iter().map(|i| i.n_files).sum::<usize>(),
        31 + 1,
        "{by_directory:#?}"
    );
    assert!(errors(&by_directory).is_empty());

    // Names as media and copies of them have them.
    for file in files_below(&medium.join("98892003")) {
        let name = file
            .file_name()
            .expect("name")
            .to_string_lossy()
            .to_lowercase();
        std::fs::rename(&file, file.with_file_name(format!("{name}.;1"))).expect("renamed");
    }
    assert_eq!(scan(medium.join("DICOMDIR")).len(), by_directory.len());
}

#[test]
fn files_that_a_directory_lists_and_are_not_there_are_named() {
    let Some((_dir, medium)) = medium() else {
        return;
    };
    std::fs::remove_file(medium.join("98892003/MR700/4558")).expect("removed");
    for root in [medium.clone(), medium.join("DICOMDIR")] {
        let items = scan(&root);
        let named: Vec<&Item> = items
            .iter()
            .filter(|i| {
                i.warnings
                    .iter()
                    .any(|w| w.code == WarningCode::Partial && w.files == ["98892003/MR700/4558"])
            })
            .collect();
        assert!(!named.is_empty(), "{items:#?}");
        let series = &named[0].series_uid;
        assert!(named.iter().all(|i| i.series_uid == *series));
        assert!(errors(&items).is_empty());
    }
    // Nothing is left of one series: the directory itself says so.
    std::fs::remove_dir_all(medium.join("98892003/MR1")).expect("removed");
    std::fs::remove_dir_all(medium.join("98892001")).ok();
    let items = scan(&medium);
    let found = errors(&items);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].0, "E-DICOMDIR");
    assert!(
        found[0]
            .1
            .contains("of 31 files that the directory lists are not there")
    );

    // What the directory does not list is found all the same.
    let extra = medium.join("extra.dcm");
    std::fs::copy(medium.join("98892003/MR2/4950"), &extra).expect("copied");
    std::fs::remove_file(medium.join("98892003/MR2/4950")).expect("removed");
    assert!(scan(&medium).iter().any(|i| i.paths.contains(&extra)));
}

#[test]
fn a_second_look_reads_only_what_changed() {
    let Some((_dir, medium)) = medium() else {
        return;
    };
    let (index, job) = (Index::default(), JobContext::default());
    let roots = [medium.clone()];
    let look = || index.scan(&roots, &Watch::default(), &job).expect("scan");
    let first = look();
    assert_eq!(index.len(), 32);
    // Other bytes of the same length and time pass for the same file.
    let path = medium.join("98892003/MR2/4950");
    let modified = std::fs::metadata(&path)
        .and_then(|m| m.modified())
        .expect("time");
    let bytes = std::fs::read(&path).expect("read");
    std::fs::write(&path, vec![b'x'; bytes.len()]).expect("written");
    let file = File::options().write(true).open(&path).expect("opened");
    file.set_modified(modified).expect("set");
    assert_eq!(essence(&look()), essence(&first));
    // With another time they are read.
    file.set_modified(modified + std::time::Duration::from_secs(5))
        .expect("set");
    let odd = look();
    assert_ne!(essence(&odd), essence(&first));
    assert_eq!(essence(&odd), essence(&scan(&medium)));
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(essence(&look()), essence(&scan(&medium)));
    assert_eq!(index.len(), 31);
}

#[test]
fn who_looks_on_sees_series_grow_and_a_cancelled_scan_finds_nothing() {
    let Some((_dir, medium)) = medium() else {
        return;
    };
    let (watch, job) = (Watch::default(), JobContext::default());
    let index = Index::default();
    let roots = [medium];
    let items = index.scan(&roots, &watch, &job).expect("scan");
    let seen = watch.listing();
    assert_eq!((seen.n_found, seen.n_read, seen.n_refused), (32, 32, 0));
    assert_eq!(seen.rows.iter().map(|r| r.n_files).sum::<usize>(), 31);
    assert!(seen.rows.iter().any(|r| r.modality.code() == "MR"));
    assert_eq!(seen.items.map(|i| i.len()), Some(items.len()));

    let watch = Watch::default();
    job.cancel.cancel();
    let ended = index.scan(&roots, &watch, &job);
    assert!(matches!(ended, Err(open::Error::Cancelled(_))));
    assert!(watch.listing().items.is_none());
}
