//! The pages of a database file, read without SQLite, which gives up a whole table when a page
//! above the rows is damaged.
//!
//! After the file format (<https://www.sqlite.org/fileformat2.html>, sections 1.3 to 2.1). Nothing
//! here trusts a byte: every length and pointer is checked against the page and the file.

use rusqlite::types::Value;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Page size of every database that the program founds (SQLite's default).
const USUAL_PAGE: usize = 4096;

/// The bytes of a database file, cut into pages.
pub(super) struct Pages {
    bytes: Vec<u8>,
    size: usize,
    /// Bytes of a page without the part reserved for extensions.
    usable: usize,
    header: Option<Header>,
}

/// What the first hundred bytes say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    first_free: u32,
    pub(super) version: u32,
    pub(super) application: u32,
}

/// Kinds of pages that hold trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Inner page of a table with rowids.
    TableInner,
    /// Rows of a table with rowids.
    TableLeaf,
    /// Inner page of an index, or of a table without rowids; holds rows as well.
    IndexInner,
    /// Entries of an index, or rows of a table without rowids.
    IndexLeaf,
}

impl Kind {
    /// Whether a page of this kind can stand in a tree of `self`'s family.
    const fn is_table(self) -> bool {
        matches!(self, Self::TableInner | Self::TableLeaf)
    }

    pub(super) const fn is_leaf(self) -> bool {
        matches!(self, Self::TableLeaf | Self::IndexLeaf)
    }
}

/// One row or index entry as it is stored: the rowid apart (0 without one).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) rowid: i64,
    pub(super) values: Vec<Value>,
}

/// One page of a tree.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Pages below, in order.
    pub(super) children: Vec<u32>,
    pub(super) records: Vec<Record>,
    /// Cells that cannot be read.
    pub(super) unreadable: u64,
}

impl Pages {
    /// Cuts up the content of a file.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let whole = bytes.get(..100).filter(|head| head.starts_with(MAGIC));
        let layout = whole.and_then(|head| {
            let size = match be(head, 16, 2)? {
                1 => 65_536,
                size => size as usize,
            };
            let usable = size.checked_sub(usize::from(head[20]))?;
            (size.is_power_of_two() && size >= 512 && usable >= 480).then_some((size, usable))
        });
        let header = whole.filter(|_| layout.is_some()).and_then(|head| {
            Some(Header {
                first_free: be(head, 32, 4)? as u32,
                version: be(head, 60, 4)? as u32,
                application: be(head, 68, 4)? as u32,
            })
        });
        let states = |at| whole.and_then(|head| be(head, at, 4));
        let stated = states(28).zip(layout).map(|(n, (size, _))| n * size as u64);
        let is_consistent = stated == Some(bytes.len() as u64) && states(24) == states(92);
        let (size, usable) = layout.unwrap_or((USUAL_PAGE, USUAL_PAGE));
        let mut pages = Self {
            bytes,
            size,
            usable,
            header,
        };
        if !is_consistent {
            pages.guess_size();
        }
        pages
    }

    /// Takes the page size with which most of the file can be read, the present one when in doubt.
    fn guess_size(&mut self) {
        let readable = |pages: &Self| -> usize {
            let nodes = (1..=pages.count()).filter_map(|number| pages.node(number));
            nodes.map(|node| node.records.len()).sum()
        };
        let present = (self.size, self.usable);
        let mut best = (readable(self), present);
        for size in (9..=16).map(|power| 1 << power) {
            (self.size, self.usable) = (size, size);
            let found = readable(self);
            // A size twice too large still hits every other page.
            if 2 * found > 3 * best.0 {
                best = (found, (size, size));
            }
        }
        (self.size, self.usable) = best.1;
    }

    /// The header; `None` when it is damaged.
    pub(super) const fn header(&self) -> Option<Header> {
        self.header
    }

    /// Number of pages; they are counted from 1.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.bytes.len().div_ceil(self.size)).unwrap_or(u32::MAX)
    }

    /// The usable part of a page; shorter at the end of a file that was cut.
    fn page(&self, number: u32) -> Option<&[u8]> {
        let start = (number as usize).checked_sub(1)?.checked_mul(self.size)?;
        let rest = self.bytes.get(start..)?;
        (!rest.is_empty()).then(|| &rest[..rest.len().min(self.usable)])
    }

    /// Reads a page of a tree; `None` when it is none, or damaged beyond use.
    pub(super) fn node(&self, number: u32) -> Option<Node> {
        let page = self.page(number)?;
        let start = if number == 1 { 100 } else { 0 };
        let kind = match page.get(start)? {
            2 => Kind::IndexInner,
            5 => Kind::TableInner,
            10 => Kind::IndexLeaf,
            13 => Kind::TableLeaf,
            _ => return None,
        };
        let cells = be(page, start + 3, 2)? as usize;
        let pointers = start + if kind.is_leaf() { 8 } else { 12 };
        let content = pointers + 2 * cells;
        if content > self.usable {
            return None;
        }
        let mut node = Node {
            kind,
            children: Vec::new(),
            records: Vec::new(),
            unreadable: 0,
        };
        for cell in 0..cells {
            let at = be(page, pointers + 2 * cell, 2).map(|at| at as usize);
            let read = at.filter(|at| *at >= content);
            let read = read.and_then(|at| self.cell(page, at, &mut node));
            if read.is_none() {
                node.unreadable += 1;
            }
        }
        if !kind.is_leaf() {
            node.children.push(be(page, start + 8, 4)? as u32);
        }
        Some(node)
    }

    /// Reads one cell into the node; `None` when it is damaged.
    fn cell(&self, page: &[u8], mut at: usize, node: &mut Node) -> Option<()> {
        if !node.kind.is_leaf() {
            node.children.push(be(page, at, 4)? as u32);
            at += 4;
        }
        if node.kind == Kind::TableInner {
            return varint(page, at).map(drop);
        }
        let (length, behind) = varint(page, at)?;
        let (rowid, behind) = match node.kind {
            Kind::TableLeaf => varint(page, behind)?,
            _ => (0, behind),
        };
        let length = usize::try_from(length).ok()?;
        let payload = self.payload(page, behind, length, node.kind)?;
        let values = record(&payload)?;
        node.records.push(Record { rowid, values });
        Some(())
    }

    /// The payload of a cell, put together from its page and the pages that it flows over to.
    fn payload(&self, page: &[u8], at: usize, length: usize, kind: Kind) -> Option<Vec<u8>> {
        if length > self.bytes.len() {
            return None;
        }
        let u = self.usable;
        let most = if kind == Kind::TableLeaf {
            u - 35
        } else {
            (u - 12) * 64 / 255 - 23
        };
        if length <= most {
            return page.get(at..at.checked_add(length)?).map(<[u8]>::to_vec);
        }
        let least = (u - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (u - 4);
        let local = if fitting <= most { fitting } else { least };
        let mut payload = page.get(at..at + local)?.to_vec();
        let mut next = be(page, at + local, 4)? as u32;
        while payload.len() < length {
            let over = self.page(next)?;
            let wanted = (length - payload.len()).min(u - 4);
            payload.extend_from_slice(over.get(4..4 + wanted)?);
            next = be(over, 0, 4)? as u32;
        }
        // The last page of a chain names no next one.
        (next == 0).then_some(payload)
    }

    /// Pages on the list of free ones; `None` when the list is damaged, and what was free cannot be
    /// told from what is lost.
    pub(super) fn free(&self) -> Option<Vec<u32>> {
        let mut free = Vec::new();
        let mut trunk = self.header?.first_free;
        while trunk != 0 {
            let page = self.page(trunk)?;
            let leaves = be(page, 4, 4)? as usize;
            if leaves > self.usable / 4 - 2 || free.len() > self.count() as usize {
                return None;
            }
            free.push(trunk);
            for leaf in 0..leaves {
                free.push(be(page, 8 + 4 * leaf, 4)? as u32);
            }
            trunk = be(page, 0, 4)? as u32;
        }
        Some(free)
    }
}

impl Node {
    /// Whether the two pages can belong to one tree.
    pub(super) const fn is_akin(&self, kind: Kind) -> bool {
        self.kind.is_table() == kind.is_table()
    }
}

/// An unsigned number of at most eight bytes, most significant first.
fn be(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(field.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// A number of one to nine bytes, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut number = 0u64;
    for n in 0..9 {
        let byte = *bytes.get(at.checked_add(n)?)?;
        if n == 8 {
            return Some(((number << 8 | u64::from(byte)).cast_signed(), at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number.cast_signed(), at + n + 1));
        }
    }
    None
}

/// The values of a record; `None` unless it fills its payload exactly and its texts are UTF-8.
fn record(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok()?;
    let mut body = header;
    let mut values = Vec::new();
    while at < header {
        let (kind, behind) = varint(payload, at)?;
        at = behind;
        let (value, length) = value(payload, body, kind)?;
        body += length;
        values.push(value);
    }
    (at == header && body == payload.len()).then_some(values)
}

/// The value of a serial type at `at`, and its length.
fn value(payload: &[u8], at: usize, kind: i64) -> Option<(Value, usize)> {
    let integer = |length: usize| {
        let unsigned = be(payload, at, length)?;
        let shift = 64 - 8 * length as u32;
        let signed = (unsigned << shift).cast_signed() >> shift;
        Some((Value::Integer(signed), length))
    };
    match kind {
        0 => Some((Value::Null, 0)),
        1..=4 => integer(kind as usize),
        5 => integer(6),
        6 => integer(8),
        7 => {
            let number = f64::from_bits(be(payload, at, 8)?);
            number.is_finite().then_some((Value::Real(number), 8))
        }
        8 => Some((Value::Integer(0), 0)),
        9 => Some((Value::Integer(1), 0)),
        12.. => {
            let length = usize::try_from((kind - 12) / 2).ok()?;
            let bytes = payload.get(at..at.checked_add(length)?)?.to_vec();
            let value = if kind % 2 == 0 {
                Value::Blob(bytes)
            } else {
                Value::Text(String::from_utf8(bytes).ok()?)
            };
            Some((value, length))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    fn all_rows(pages: &Pages, root: u32) -> Vec<Record> {
        let node = pages.node(root).unwrap();
        assert_eq!(node.unreadable, 0);
        let mut rows = node.records;
        for child in node.children {
            rows.extend(all_rows(pages, child));
        }
        rows
    }

    #[test]
    fn rows_are_those_that_sqlite_reads() {
        let dir = tempfile::tempdir().unwrap();
        for page_size in [512, 4096, 65_536] {
            let path = dir.path().join(format!("{page_size}.sqlite"));
            let conn = Connection::open(&path).unwrap();
            conn.pragma_update(None, "page_size", page_size).unwrap();
            conn.execute_batch(
                "CREATE TABLE a (i INTEGER PRIMARY KEY, x, y);
                 CREATE TABLE b (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
                 WITH RECURSIVE n (k) AS (SELECT -300 UNION ALL SELECT k + 1 FROM n WHERE k < 300)
                 INSERT INTO a SELECT k * 1234567891, CASE abs(k) % 6 WHEN 0 THEN NULL
                    WHEN 1 THEN k * 71000000000 WHEN 2 THEN k / 7.0 WHEN 3 THEN randomblob(abs(k) * 40)
                    WHEN 4 THEN printf('%d é %*s', k, abs(k) * 30, '.') ELSE abs(k) % 2 END, k << abs(k) % 60
                 FROM n;
                 INSERT INTO b SELECT printf('%d', i), y FROM a;",
            )
            .unwrap();
            let root = |name| {
                conn.query_row(
                    "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
                    [name],
                    |r| r.get::<_, u32>(0),
                )
                .unwrap()
            };
            let roots = [root("a"), root("b")];
            let mut expected = conn.prepare("SELECT i, x, y FROM a ORDER BY i").unwrap();
            let expected: Vec<Record> = expected
                .query_map([], |row| {
                    Ok(Record {
                        rowid: row.get(0)?,
                        values: vec![Value::Null, row.get(1)?, row.get(2)?],
                    })
                })
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let pages = Pages::new(std::fs::read(&path).unwrap());
            assert_eq!(all_rows(&pages, roots[0]), expected);
            assert_eq!(all_rows(&pages, roots[1]).len(), expected.len());
            assert_eq!(pages.free(), Some(Vec::new()));
            conn.execute("DELETE FROM a", []).unwrap();
            let free: u32 = conn
                .pragma_query_value(None, "freelist_count", |row| row.get(0))
                .unwrap();
            let pages = Pages::new(std::fs::read(&path).unwrap());
            assert_eq!(pages.free().unwrap().len(), free as usize);
        }
    }

    #[test]
    fn a_wrong_page_size_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(
            "CREATE TABLE a (i INTEGER PRIMARY KEY, x);
             WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 3000)
             INSERT INTO a SELECT k, printf('row %d', k) FROM n;",
        )
        .unwrap();
        let sound = std::fs::read(&path).unwrap();
        for (at, value) in [(16, 0x20), (16, 0x02), (17, 0xff), (0, 0)] {
            let mut bytes = sound.clone();
            bytes[at] = value;
            assert_eq!(Pages::new(bytes).size, 4096, "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(mut bytes in proptest::collection::vec(any::<u8>(), 0..3000), flag in 0usize..5) {
            if flag > 0 && bytes.len() > 110 {
                bytes[..16].copy_from_slice(MAGIC);
                bytes[16..21].copy_from_slice(&[2, 0, 0, 0, 0]);
                bytes[100] = [2, 5, 10, 13][flag - 1];
                bytes[103] = 0;
            }
            let pages = Pages::new(bytes);
            pages.free();
            for number in 0..=pages.count() + 1 {
                pages.node(number);
            }
        }
    }
}
