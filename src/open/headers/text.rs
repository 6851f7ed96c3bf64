//! Lines of NRRD and MetaImage headers, in their order and as they are written: also of headers that
//! the readers refuse.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::HeaderRow;
use crate::open::bytes::Bytes;

/// Bytes of a header that are shown at most: a line of two bytes makes a row of a hundred.
const MOST_BYTES: u64 = 1 << 20;

/// Fields (`name: value`), keys (`key:=value`), comments and listed files, to the blank line that
/// ends the header.
pub(super) fn nrrd(path: &Path) -> io::Result<Vec<HeaderRow>> {
    nrrd_rows(BufReader::new(Bytes::open(path)?.take(MOST_BYTES)))
}

/// Keys with their values, and the files that `ElementDataFile = LIST` lists.
pub(super) fn metaimage(path: &Path) -> io::Result<Vec<HeaderRow>> {
    metaimage_rows(BufReader::new(Bytes::open(path)?.take(MOST_BYTES)))
}

/// The next line without its end; `None` behind the last one. Bytes that are no UTF-8 are replaced.
fn next_line(text: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if text.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&line);
    Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned()))
}

fn nrrd_rows(mut text: impl BufRead) -> io::Result<Vec<HeaderRow>> {
    let mut rows = Vec::new();
    let mut is_list = false;
    while let Some(line) = next_line(&mut text)?.filter(|line| !line.is_empty()) {
        let row = if rows.is_empty() {
            HeaderRow::field("NRRD", "magic", &line)
        } else if is_list {
            HeaderRow::field("", "file", line.trim())
        } else if let Some(comment) = line.strip_prefix('#') {
            HeaderRow::field("", "comment", comment.trim())
        } else if let Some((name, rest)) = line.split_once(':') {
            match rest.strip_prefix('=') {
                Some(value) => HeaderRow::field(name, "key", value),
                None => {
                    let (name, value) = (name.trim(), rest.trim());
                    is_list = matches!(&*name.to_lowercase(), "data file" | "datafile")
                        && value.split_whitespace().next() == Some("LIST");
                    HeaderRow::field(name, "field", value)
                }
            }
        } else {
            HeaderRow::field("", "", &line)
        };
        rows.push(row);
    }
    Ok(rows)
}

fn metaimage_rows(mut text: impl BufRead) -> io::Result<Vec<HeaderRow>> {
    let mut rows = Vec::new();
    let mut is_list = false;
    while let Some(line) = next_line(&mut text)? {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if is_list {
            rows.push(HeaderRow::field("", "file", line));
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            rows.push(HeaderRow::field("", "", line));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        rows.push(HeaderRow::field(key, "key", value));
        if key.eq_ignore_ascii_case("elementdatafile") {
            is_list = value.split_whitespace().next() == Some("LIST");
            // Voxels may follow.
            if !is_list {
                break;
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rows: &[HeaderRow]) -> Vec<(&str, &str)> {
        rows.iter().map(|r| (&*r.keyword, &*r.value)).collect()
    }

    #[test]
    fn lines_become_rows_up_to_the_voxels() {
        let text = b"NRRD0004\n# made by hand\ntype: short\nSegment0_Name:=a: b\n\n\xFF\x00: 1\n";
        let rows = nrrd_rows(&text[..]).expect("text");
        let expected = [
            ("NRRD", "NRRD0004"),
            ("", "made by hand"),
            ("type", "short"),
            ("Segment0_Name", "a: b"),
        ];
        assert_eq!(pairs(&rows), expected);
        let text = b"NDims = 3\nOffset = 1 2 3\nElementDataFile = LOCAL\n\xFF=\n";
        let rows = metaimage_rows(&text[..]).expect("text");
        let expected = [
            ("NDims", "3"),
            ("Offset", "1 2 3"),
            ("ElementDataFile", "LOCAL"),
        ];
        assert_eq!(pairs(&rows), expected);
    }
}
