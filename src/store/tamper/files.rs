//! Files: artifacts, anchors, old copies, and bytes of the database and its log.

use std::path::{Path, PathBuf};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Case, Scene, excuses, replace_folder};
use crate::store::error::Error;
use crate::store::words::Fault;

/// Bits flipped in the database file, and in its log.
const FLIPS: usize = 256;

pub(super) fn cases(scene: &Scene, seed: u64) -> Result<Vec<Case>, Fault> {
    let mut cases = of_artifacts(scene)?;
    cases.extend(of_anchors());
    cases.extend(of_copies());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    cases.push(flips(
        "a bit of the database was flipped",
        super::DATABASE,
        &scene.model.join("case").join(super::DATABASE),
        &mut random,
    )?);
    let log = format!("{}-wal", super::DATABASE);
    let of_log = flips(
        "a bit of the log of an open database was flipped",
        &log,
        &scene.open.join("case").join(&log),
        &mut random,
    )?;
    cases.push(of_log.while_open());
    Ok(cases)
}

fn of_artifacts(scene: &Scene) -> Result<Vec<Case>, Fault> {
    let all = artifacts(scene)?;
    let [first, second, ..] = all.as_slice() else {
        return Err(Error::Refused("the record has too few artifacts".to_owned()).into());
    };
    let (a, b) = (first.clone(), second.clone());
    let swapped = Case::new("two artifacts changed places", "artifacts/…", move |_| {
        let (of_a, of_b) = (read(&a)?, read(&b)?);
        write(&a, &of_b)?;
        write(&b, &of_a)
    });
    let lost = first.clone();
    let deleted = Case::new("an artifact was deleted", "artifacts/…", move |_| {
        Ok(std::fs::remove_file(&lost).map_err(Error::io("remove", &lost))?)
    });
    let n_bits = read(first)?.len() * 8;
    let mut flipped: Option<Case> = None;
    for bit in (0..n_bits).step_by((n_bits / 64).max(1)) {
        let path = first.clone();
        let attempt = move |_: &Scene| flip(&path, bit);
        flipped = Some(match flipped {
            None => Case::new("a bit of an artifact was flipped", "artifacts/…", attempt),
            Some(case) => case.or(attempt),
        });
    }
    let added = Case::new(
        "a file was put beside the artifacts",
        "artifacts/…",
        |s| {
            let folder = s.artifacts().join("00");
            std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
            write(&folder.join("0".repeat(62)), b"anything")
        },
    )
    .excused(excuses::LOOSE_FILE);
    Ok([swapped, deleted, added]
        .into_iter()
        .chain(flipped)
        .collect())
}

fn of_anchors() -> Vec<Case> {
    let forged = |replace: fn(&Scene) -> Result<Vec<u8>, Fault>| {
        move |s: &Scene| {
            let bytes = replace(s)?;
            for path in anchors(s)? {
                write(&path, &bytes)?;
            }
            Ok(())
        }
    };
    vec![
        Case::new(
            "the anchors were filled with rubbish",
            "both anchors",
            forged(|_| Ok(vec![b'x'; 1024])),
        ),
        Case::new(
            "the number of entries in the anchors was edited",
            "both anchors",
            |s| {
                for path in anchors(s)? {
                    let text = String::from_utf8_lossy(&read(&path)?).into_owned();
                    write(
                        &path,
                        text.replace("\"entries\":", "\"entries\":1").as_bytes(),
                    )?;
                }
                Ok(())
            },
        ),
        Case::new(
            "the anchors were replaced by those that another user made",
            "both anchors",
            forged(|s| {
                let folder = s.keys.with_file_name("other").join("anchors");
                let all = listed(&folder)?;
                let first = all
                    .first()
                    .ok_or_else(|| Error::Refused("the other user has no anchor".to_owned()))?;
                read(first)
            }),
        ),
        Case::new("the key was replaced", "anchor.key", |s| {
            write(&s.keys.join("anchor.key"), "0".repeat(64).as_bytes())
        }),
    ]
}

fn of_copies() -> Vec<Case> {
    vec![
        Case::new("an old copy of the workspace was put back", "the folder", |s| {
            Ok(replace_folder(&s.older.join("case"), &s.case)?)
        }),
        Case::new("an old copy of the database alone was put back", super::DATABASE, |s| {
            let old = s.older.join("case").join(super::DATABASE);
            let bytes = read(&old)?;
            write(&s.database(), &bytes)
        }),
        Case::new(
            "old copies of the workspace and of the key folder were put back",
            "both folders",
            |s| Ok(s.set(&s.older)?),
        )
        .excused(excuses::OLD_WORLD),
        Case::new(
            "old copies of the workspace and of the key folder were put back; a printed head is at hand",
            "both folders",
            |s| Ok(s.set(&s.older)?),
        )
        .with_head(),
        Case::new("another workspace was put in its place", "the folder", |s| {
            Ok(replace_folder(&s.case.with_file_name("elsewhere"), &s.case)?)
        })
        .with_head(),
        Case::new("the database was deleted", super::DATABASE, |s| {
            let path = s.database();
            Ok(std::fs::remove_file(&path).map_err(Error::io("remove", &path))?)
        }),
    ]
}

fn flips(what: &str, place: &str, file: &Path, random: &mut ChaCha8Rng) -> Result<Case, Fault> {
    let n_bits = read(file)?.len() * 8;
    if n_bits == 0 {
        return Err(Error::Refused(format!("{place} is empty")).into());
    }
    let mut bits = (0..FLIPS).map(|_| random.random_range(0..n_bits));
    let attempt = |bit: usize| {
        let name = place.to_owned();
        move |s: &Scene| flip(&s.case.join(&name), bit)
    };
    let first = Case::new(what, place, attempt(bits.next().unwrap_or(0)));
    Ok(bits.fold(first, |case, bit| case.or(attempt(bit))))
}

fn flip(path: &Path, bit: usize) -> Result<(), Fault> {
    let mut bytes = read(path)?;
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
    write(path, &bytes)
}

/// Artifact files that the record names, in order.
fn artifacts(scene: &Scene) -> Result<Vec<PathBuf>, Fault> {
    let mut found = Vec::new();
    for folder in listed(&scene.artifacts())? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if folder.is_dir() && name.len() == 2 {
            found.extend(listed(&folder)?);
        }
    }
    Ok(found)
}

fn anchors(scene: &Scene) -> Result<Vec<PathBuf>, Fault> {
    let mut found = listed(&scene.keys.join("anchors"))?;
    found.extend(listed(&scene.case)?.into_iter().filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("oncotwin.anchor-")
    }));
    Ok(found)
}

/// What a folder holds, in the order of names.
pub(super) fn listed(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::io("read the folder", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<std::io::Result<_>>()
        .map_err(Error::io("read the folder", folder))?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    Ok(std::fs::read(path).map_err(Error::io("read", path))?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    Ok(std::fs::write(path, bytes).map_err(Error::io("write", path))?)
}
