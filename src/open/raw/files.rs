//! The data files that a header names.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::Format;
use crate::open::bytes::{self, Bytes};
use crate::open::{Item, ItemKind, Refusal};

/// More data files than this are not believed.
const MAX_FILES: i64 = 1 << 17;

/// The data file that a header at `header` calls `name`.
///
/// A header may lead to files beside or below itself and nowhere else. Of an absolute name, or one
/// that climbs, only the last part is taken: images are moved with their headers, and a header
/// from outside must not choose which file of this computer is read. Devices and pipes are
/// refused.
///
/// # Errors
/// When there is no such regular file; the message names it.
pub(in crate::open) fn beside(
    format: Format,
    header: &Path,
    name: &str,
) -> Result<PathBuf, Refusal> {
    let folder = header.parent().unwrap_or(Path::new(""));
    let name = name.trim();
    let unix = name.replace('\\', "/");
    let candidates = [name, &*unix];
    for candidate in candidates {
        let relative: PathBuf = Path::new(candidate)
            .components()
            .filter(|c| !matches!(c, Component::CurDir))
            .collect();
        let stays = relative
            .components()
            .all(|c| matches!(c, Component::Normal(_)));
        let inside = if stays {
            folder.join(&relative)
        } else {
            match relative.file_name() {
                Some(last) => folder.join(last),
                None => continue,
            }
        };
        if !relative.as_os_str().is_empty() && bytes::is_file(&inside) {
            return Ok(inside);
        }
    }
    Err(format.damaged(
        header,
        format!("the data file {name:?} is not there, beside or below the header"),
    ))
}

/// The data files of a list.
///
/// # Errors
/// As [`beside`].
pub(in crate::open) fn listed<'a>(
    format: Format,
    header: &Path,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<PathBuf>, Refusal> {
    names.map(|name| beside(format, header, name)).collect()
}

/// The data files `pattern` (with `%d`, `%03d`, …) for numbers from `first` to `last`.
///
/// # Errors
/// When the pattern or the numbers make no sense, or as [`beside`].
pub(in crate::open) fn numbered(
    format: Format,
    header: &Path,
    pattern: &str,
    [first, last, step]: [i64; 3],
) -> Result<Vec<PathBuf>, Refusal> {
    let refuse = |message: String| format.damaged(header, message);
    let n = last
        .checked_sub(first)
        .and_then(|span| span.checked_div(step))
        .filter(|n| (0..MAX_FILES).contains(n))
        .ok_or_else(|| {
            refuse(format!(
                "data files {first} to {last} in steps of {step} make no sense"
            ))
        })?;
    (0..=n)
        .map(|at| {
            let name = with_number(pattern, first + at * step)
                .ok_or_else(|| refuse(format!("{pattern:?} is no pattern with one number")))?;
            beside(format, header, &name)
        })
        .collect()
}

/// Puts a number into a pattern of printf with one `%d`, `%u` or `%i`, width and zeros.
fn with_number(pattern: &str, number: i64) -> Option<String> {
    let (before, rest) = pattern.split_once('%')?;
    let end = rest.find(['d', 'u', 'i'])?;
    let (digits, after) = (&rest[..end], &rest[end + 1..]);
    if !digits.bytes().all(|b| b.is_ascii_digit()) || after.contains('%') || digits.len() > 2 {
        return None;
    }
    let width: usize = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    let number = if digits.starts_with('0') {
        format!("{number:0width$}")
    } else {
        format!("{number:width$}")
    };
    Some(format!("{before}{number}{after}"))
}

/// Place behind `n` lines that begin at `start`; `None` when there are fewer.
pub(in crate::open) fn line_end(path: &Path, start: u64, n: u64) -> std::io::Result<Option<u64>> {
    let mut file = Bytes::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut text = BufReader::new(file);
    let (mut at, mut lines) = (start, 0);
    while lines < n {
        let buffer = text.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let mut used = 0;
        for &b in buffer {
            used += 1;
            if b == b'\n' {
                lines += 1;
                if lines == n {
                    break;
                }
            }
        }
        text.consume(used);
        at += used as u64;
    }
    Ok(Some(at))
}

/// Leaves out what is listed for itself, yet belongs to a header that describes it.
pub(in crate::open) fn without_data_files(items: &mut Vec<Item>) {
    let described: BTreeSet<PathBuf> = items
        .iter()
        .filter(|i| i.paths.len() > 1)
        .flat_map(|i| i.paths.iter().skip(1).cloned())
        .collect();
    items.retain(|item| {
        let unknown = matches!(item.kind, ItemKind::Other | ItemKind::Refused);
        let own = matches!(item.paths.as_slice(), [only] if described.contains(only));
        !(unknown && own)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_enter_patterns_as_printf_puts_them() {
        assert_eq!(with_number("a%03d.raw", 7).as_deref(), Some("a007.raw"));
        assert_eq!(with_number("a%d.raw", 12).as_deref(), Some("a12.raw"));
        assert_eq!(with_number("%2d", 5).as_deref(), Some(" 5"));
        for odd in ["none", "%s", "%d%d", "%999999d", "%-3d"] {
            assert_eq!(with_number(odd, 1), None, "{odd}");
        }
    }

    #[test]
    fn data_files_lie_beside_or_below() {
        let dir = tempfile::tempdir().expect("folder");
        let inner = dir.path().join("inner");
        std::fs::create_dir_all(inner.join("below")).expect("folder");
        for file in ["outside.raw", "inner/a.raw", "inner/below/b.raw"] {
            std::fs::write(dir.path().join(file), b"x").expect("written");
        }
        let header = inner.join("a.mhd");
        let find = |name: &str| beside(Format::MetaImage, &header, name).ok();
        assert_eq!(find("a.raw"), Some(inner.join("a.raw")));
        assert_eq!(find("./below/b.raw"), Some(inner.join("below/b.raw")));
        assert_eq!(find("below\\b.raw"), Some(inner.join("below/b.raw")));
        assert_eq!(find("/elsewhere/a.raw"), Some(inner.join("a.raw")));
        assert_eq!(find("../outside.raw"), None);
        assert_eq!(find("below"), None);
        assert_eq!(find(""), None);
        #[cfg(unix)]
        assert_eq!(find("/dev/zero"), None);
    }
}
