//! Results of stages on disk, so that a pure function is not run twice on the same input.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::provenance::StageKey;

use super::artifacts::SCRATCH;
use super::atomic::{self, Durability};
use super::error::Error;

const MAGIC: &[u8; 8] = b"OTCACHE1";
const HEADER: usize = MAGIC.len() + 8;
const TRAILER: usize = blake3::OUT_LEN;

/// The cache of a workspace. Clones share the folder and may be used from any thread; two threads
/// that miss the same key both compute it, and the last to finish stays.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: Arc<Path>,
    /// Where files are written first; `None` for a cache that is only read.
    scratch: Option<Arc<Path>>,
}

/// Where a result came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The stage ran.
    Computed,
    /// It was read from the cache.
    Stored,
}

/// A trouble of the cache that did not keep the result from being right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheWarning {
    /// A stored result was damaged; it was removed and computed again.
    #[error("the stored result {} was damaged and was computed again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A stored result could not be read; it was computed again.
    #[error("the stored result {} could not be read and was computed again: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The result could not be stored and will be computed again next time.
    #[error("the result could not be stored in {}: {source}", path.display())]
    NotStored {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A result, where it came from, and what was wrong with the cache on the way.
#[derive(Debug)]
pub struct Cached<T> {
    /// The result.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
    /// Troubles of the cache, for the log.
    pub warnings: Vec<CacheWarning>,
}

impl Cache {
    pub(super) fn new(artifacts: &Path) -> Self {
        Self {
            dir: artifacts.join("cache").into(),
            scratch: Some(artifacts.join(SCRATCH).into()),
        }
    }

    /// A cache that is read and never written.
    pub(super) fn read_only(artifacts: &Path) -> Self {
        Self {
            scratch: None,
            ..Self::new(artifacts)
        }
    }

    /// Removes everything; what is asked for later is computed again.
    pub(super) fn clear(&self) -> Result<(), Error> {
        match std::fs::remove_dir_all(&self.dir) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("clear", &self.dir)(e)),
            _ => Ok(()),
        }
    }

    /// The stored result of `key`, or that of `stage`, which is then stored.
    ///
    /// `decode` returns `None` for bytes that it cannot read; they count as damaged.
    ///
    /// # Errors
    /// Only those of `stage`: a cache that cannot be read or written costs time, never a result.
    pub fn get_or_run<T, E>(
        &self,
        key: &StageKey,
        encode: impl FnOnce(&T) -> Vec<u8>,
        decode: impl FnOnce(&[u8]) -> Option<T>,
        stage: impl FnOnce() -> Result<T, E>,
    ) -> Result<Cached<T>, E> {
        let path = self.dir.join(key.to_string());
        let mut warnings = Vec::new();
        match std::fs::read(&path) {
            Ok(file) => match unwrap(key, &file).and_then(decode) {
                Some(value) => {
                    return Ok(Cached {
                        value,
                        origin: Origin::Stored,
                        warnings,
                    });
                }
                None => {
                    if self.scratch.is_some() {
                        // Failing to remove it is harmless: it is about to be replaced.
                        drop(std::fs::remove_file(&path));
                    }
                    warnings.push(CacheWarning::Damaged { path: path.clone() });
                }
            },
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(source) => warnings.push(CacheWarning::Unreadable {
                path: path.clone(),
                source,
            }),
        }
        let value = stage()?;
        if let Err(source) = self.store(&path, &wrap(key, &encode(&value))) {
            warnings.push(CacheWarning::NotStored { path, source });
        }
        Ok(Cached {
            value,
            origin: Origin::Computed,
            warnings,
        })
    }

    /// Not synced to the disk: what a power cut damages is noticed by its trailer.
    fn store(&self, path: &Path, file: &[u8]) -> std::io::Result<()> {
        let Some(scratch) = &self.scratch else {
            return Ok(());
        };
        std::fs::create_dir_all(&self.dir)?;
        std::fs::create_dir_all(scratch)?;
        atomic::write(path, scratch, file, Durability::System)
    }
}

/// Magic, length (u64, little endian), content, BLAKE3 keyed by the stage key over all of it; the
/// key notices an entry under the name of another.
fn wrap(key: &StageKey, content: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER + content.len() + TRAILER);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&(content.len() as u64).to_le_bytes());
    file.extend_from_slice(content);
    let trailer = blake3::keyed_hash(key.as_bytes(), &file);
    file.extend_from_slice(trailer.as_bytes());
    file
}

fn unwrap<'a>(key: &StageKey, file: &'a [u8]) -> Option<&'a [u8]> {
    let (body, trailer) = file.split_last_chunk::<TRAILER>()?;
    let content = body.strip_prefix(MAGIC)?;
    let (length, content) = content.split_first_chunk::<8>()?;
    let whole = u64::from_le_bytes(*length) == content.len() as u64;
    (whole && blake3::keyed_hash(key.as_bytes(), body) == *trailer).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn key(seed: u64) -> StageKey {
        StageKey::new("square", 1, &seed, &[]).unwrap()
    }

    fn run(cache: &Cache, seed: u64) -> Cached<Vec<u8>> {
        let Ok(cached) = cache.get_or_run(
            &key(seed),
            Vec::clone,
            |bytes| Some(bytes.to_vec()),
            || Ok::<_, Infallible>(vec![seed as u8; 1000]),
        );
        cached
    }

    #[test]
    fn the_second_run_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        assert_eq!(run(&cache, 3).origin, Origin::Computed);
        let again = run(&cache, 3);
        assert_eq!(again.origin, Origin::Stored);
        assert_eq!(again.value, vec![3; 1000]);
        assert_eq!(run(&cache, 4).origin, Origin::Computed);
    }

    #[test]
    fn any_damage_is_noticed_and_repaired() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        run(&cache, 3);
        let path = cache.dir.join(key(3).to_string());
        let good = std::fs::read(&path).unwrap();
        let mut damaged: Vec<Vec<u8>> = [0, 7, 9, 500, good.len() - 1]
            .into_iter()
            .map(|at| {
                let mut file = good.clone();
                file[at] ^= 1;
                file
            })
            .collect();
        damaged.extend([Vec::new(), good[..good.len() / 2].to_vec()]);
        damaged.push([good.as_slice(), b"x"].concat());
        damaged.push(wrap(&key(4), &[4; 1000]));
        for file in damaged {
            std::fs::write(&path, file).unwrap();
            let cached = run(&cache, 3);
            assert_eq!(cached.origin, Origin::Computed);
            assert!(matches!(
                cached.warnings[..],
                [CacheWarning::Damaged { .. }]
            ));
            assert_eq!(cached.value, vec![3; 1000]);
            assert_eq!(std::fs::read(&path).unwrap(), good);
        }
    }

    #[test]
    fn undecodable_content_counts_as_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        run(&cache, 3);
        let Ok(cached) = cache.get_or_run(
            &key(3),
            Vec::clone,
            |_| None,
            || Ok::<_, Infallible>(vec![1]),
        );
        assert_eq!(cached.origin, Origin::Computed);
        assert_eq!(cached.value, vec![1]);
    }

    #[test]
    fn a_cache_that_cannot_be_written_still_answers() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("cache"), b"a file in the way").unwrap();
        let cached = run(&Cache::new(dir.path()), 3);
        assert_eq!(cached.value, vec![3; 1000]);
        assert!(matches!(
            cached.warnings.last(),
            Some(CacheWarning::NotStored { .. })
        ));
    }

    #[test]
    fn an_error_of_the_stage_is_the_callers_and_is_not_stored() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let failed = cache.get_or_run(&key(3), Vec::clone, |_| None, || Err("no contrast"));
        assert_eq!(failed.unwrap_err(), "no contrast");
        assert_eq!(run(&cache, 3).origin, Origin::Computed);
    }

    #[test]
    fn many_threads_may_ask_for_the_same_key() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for seed in 0..20 {
                        let cached = run(&cache, seed);
                        assert_eq!(cached.value, vec![seed as u8; 1000]);
                        assert!(cached.warnings.is_empty());
                    }
                });
            }
        });
    }
}
