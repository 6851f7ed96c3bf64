//! Where the pixels of a file are and how they are stored, found while its header is read, so that
//! loading needs no second look at the header.

use std::path::{Path, PathBuf};

use super::bounds::{Extent, Span, Survey};
use super::codec::{self, Codec, Stream};
use super::colour::Palette;
use super::format::{PixelFormat, refusal};
use super::mosaic::Tiles;
use super::read::{self, Header, damaged};
use super::store::Store;
use crate::open::Refusal;
use crate::open::bytes::Bytes;
use crate::warning::{Warning, WarningCode};

/// What native pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Integer,
    /// (7FE0,0008)
    Float,
    /// (7FE0,0009)
    Double,
}

/// Where frames are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Native {
        span: Span,
        number: Number,
    },
    /// The fragments of each frame.
    Frames(Vec<Vec<Span>>),
}

/// The pixels of one file.
#[derive(Clone, Debug)]
pub(in crate::open) struct PixelFile {
    pub(super) path: PathBuf,
    pub(super) codec: Codec,
    /// Of the whole stored picture, also where it is a mosaic.
    pub(super) format: PixelFormat,
    pub(super) n_frames: usize,
    pub(super) place: Place,
    /// What the first frame's own header says.
    pub(super) stream: Option<Stream>,
    pub(super) big_endian: bool,
    /// Samples of a byte or less lie in words of the other byte order (PS3.5 8.1.1, VR OW).
    swapped: bool,
    /// How a picture is cut into slices.
    pub(super) tiles: Option<Tiles>,
    /// What stored values of a palette image mean.
    pub(super) palette: Option<Palette>,
    deflated_at: Option<u64>,
    length: u64,
    header_end: u64,
    header_hash: [u8; 32],
}

/// How much of a frame is looked at for its header, bytes.
const FIRST_LOOK: u64 = 1 << 10;
const SECOND_LOOK: u64 = 1 << 16;

impl PixelFile {
    /// Finds the pixels of an image whose header was read; `Err` says why they cannot be decoded.
    pub(super) fn find(
        path: &Path,
        header: &Header,
        transfer_syntax: &str,
        format: &PixelFormat,
        n_frames: usize,
    ) -> Result<Self, Refusal> {
        let codec = Codec::of(transfer_syntax).map_err(|name| {
            refusal(
                "E-CODEC",
                format!("compression {name} ({transfer_syntax}) is not decoded"),
                &[path],
                "export the series uncompressed, or as JPEG lossless, JPEG 2000 or RLE",
            )
        })?;
        let (element, extent) = header
            .survey
            .pixels
            .as_ref()
            .ok_or_else(|| damaged(path, "no PixelData (7FE0,0010)"))?;
        let number = match element {
            0x0008 => Number::Float,
            0x0009 => Number::Double,
            _ => Number::Integer,
        };
        let place = match extent {
            Extent::Native(span) => native(path, codec, number, format, n_frames, *span)?,
            Extent::Fragments(items) if codec != Codec::Native => Place::Frames(
                frames(&header.store, &header.survey, codec, items, n_frames)
                    .map_err(|e| damaged(path, e))?,
            ),
            Extent::Fragments(_) => {
                return Err(damaged(
                    path,
                    "the transfer syntax is uncompressed, the pixels are not",
                ));
            }
        };
        let mut file = Self {
            path: path.to_owned(),
            codec,
            format: format.clone(),
            n_frames,
            place,
            stream: None,
            big_endian: header.encoding.big_endian,
            swapped: header.encoding.big_endian
                && header.survey.words
                && format.bits_allocated <= 8,
            tiles: None,
            palette: (format.photometric == "PALETTE COLOR")
                .then(|| Palette::read(&header.set))
                .flatten(),
            deflated_at: header.deflated_at,
            length: header.store.len(),
            header_end: header.survey.header_end,
            header_hash: header.hash,
        };
        file.stream = file.probe(&header.store)?;
        Ok(file)
    }

    /// Bytes of native pixels that begin at `start`, in the order of the samples.
    pub(super) fn native_bytes(
        &self,
        store: &Store,
        start: u64,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Refusal> {
        let read = |offset, length| {
            store
                .read(start + offset, length)
                .map_err(|e| damaged(&self.path, e.to_string()))
        };
        if !self.swapped {
            return read(offset, length);
        }
        let end = (offset + length).next_multiple_of(2);
        let first = offset / 2 * 2;
        let mut words = read(first, end - first)?;
        for word in words.chunks_exact_mut(2) {
            word.swap(0, 1);
        }
        let from = (offset - first) as usize;
        Ok(words[from..from + length as usize].to_vec())
    }

    /// What the first frame says of itself; refuses what is not decoded or contradicts.
    fn probe(&self, store: &Store) -> Result<Option<Stream>, Refusal> {
        let Place::Frames(frames) = &self.place else {
            return Ok(None);
        };
        let Some(first) = frames.first().and_then(|f| f.first()) else {
            return Ok(None);
        };
        for look in [FIRST_LOOK, SECOND_LOOK] {
            let head = store
                .read(first.offset, first.length.min(look))
                .map_err(|e| damaged(&self.path, e.to_string()))?;
            let stream = read::guard(&self.path, || {
                codec::probe(self.codec, &head).map_err(|e| self.undecodable(0, &e))
            })?;
            if let Some(stream) = stream {
                codec::agrees(&stream, &self.format).map_err(|e| damaged(&self.path, e))?;
                return Ok(Some(stream));
            }
            if first.length <= look {
                break;
            }
        }
        Ok(None)
    }

    /// What is odd about the pixels and was handled.
    pub(super) fn odd(&self) -> Vec<Warning> {
        let mut odd = Vec::new();
        let rounded = match &self.place {
            Place::Native { number, .. } if *number == Number::Double => true,
            Place::Native { number, .. } if *number == Number::Float => false,
            _ => self.format.bits_stored > 24,
        };
        if rounded {
            odd.push(Warning::new(
                WarningCode::Precision,
                format!(
                    "pixels of {} bits are kept with the 24 significant bits of a float",
                    self.format.bits_stored
                ),
            ));
        }
        if let Place::Native { span, .. } = &self.place {
            let due = (self.format.frame_bits() as u64 * self.n_frames as u64).div_ceil(8);
            let row = (self.format.frame_bits() / self.format.rows / 8) as u64;
            if span.length - due >= row.max(2) {
                odd.push(Warning::new(
                    WarningCode::Syntax,
                    format!(
                        "the pixels are followed by {} bytes that no frame accounts for; they are \
                         left out",
                        span.length - due
                    ),
                ));
            }
        }
        if let Some(stream) = &self.stream
            && (i64::from(stream.precision) != self.format.bits_stored
                || stream.signed && !self.format.signed)
        {
            odd.push(Warning::new(
                WarningCode::Syntax,
                format!(
                    "the compressed pixels state {} {} bits, the attributes {} {} (0028,0101/0103)",
                    if stream.signed { "signed" } else { "unsigned" },
                    stream.precision,
                    if self.format.signed {
                        "signed"
                    } else {
                        "unsigned"
                    },
                    self.format.bits_stored
                ),
            ));
        }
        odd
    }

    pub(super) fn undecodable(&self, frame: usize, message: &str) -> Refusal {
        refusal(
            "E-CODEC",
            format!("frame {frame} cannot be decoded: {message}"),
            &[&self.path],
            "export the series uncompressed",
        )
    }

    fn changed(&self) -> Refusal {
        damaged(&self.path, "the file changed since it was listed")
    }

    /// Opens the file for its pixels.
    ///
    /// # Errors
    /// When it is not the file any more whose header was read.
    pub(super) fn open(&self) -> Result<Store, Refusal> {
        let io = |e: std::io::Error| damaged(&self.path, e.to_string());
        let file = Bytes::open(&self.path).map_err(io)?;
        let store = match self.deflated_at {
            Some(start) => Store::inflated(file, start).map_err(io)?,
            None => Store::File(file),
        };
        if store.len() != self.length {
            return Err(self.changed());
        }
        let header = store.read(0, self.header_end).map_err(io)?;
        if blake3::hash(&header).as_bytes() != &self.header_hash {
            return Err(self.changed());
        }
        Ok(store)
    }

    /// The compressed bytes of a frame, its fragments joined.
    ///
    /// # Errors
    /// When there is no such frame, or its items are not where they were.
    pub(super) fn compressed(&self, store: &Store, frame: usize) -> Result<Vec<u8>, Refusal> {
        let spans = match &self.place {
            Place::Frames(frames) => frames.get(frame),
            Place::Native { .. } => None,
        }
        .ok_or_else(|| damaged(&self.path, format!("there is no frame {frame}")))?;
        let mut joined = Vec::new();
        for span in spans {
            let item = store
                .read(span.offset - ITEM_HEADER, span.length + ITEM_HEADER)
                .map_err(|e| damaged(&self.path, e.to_string()))?;
            let (head, bytes) = item.split_at(ITEM_HEADER as usize);
            let length = (span.length as u32).to_le_bytes();
            if head[..4] != ITEM_TAG || head[4..] != length {
                return Err(self.changed());
            }
            if spans.len() == 1 {
                let mut item = item;
                item.drain(..ITEM_HEADER as usize);
                return Ok(item);
            }
            joined.extend_from_slice(bytes);
        }
        Ok(joined)
    }
}

const ITEM_HEADER: u64 = 8;
const ITEM_TAG: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];

/// Native pixels, which must be as many as the attributes say.
fn native(
    path: &Path,
    codec: Codec,
    number: Number,
    format: &PixelFormat,
    n_frames: usize,
    span: Span,
) -> Result<Place, Refusal> {
    if codec != Codec::Native {
        return Err(damaged(
            path,
            "the transfer syntax is a compression, the pixels are not compressed",
        ));
    }
    let allocated = match number {
        Number::Integer => format.bits_allocated,
        Number::Float => 32,
        Number::Double => 64,
    };
    if allocated != format.bits_allocated {
        return Err(damaged(
            path,
            format!(
                "floating point pixels of {allocated} bits, BitsAllocated (0028,0100) says {}",
                format.bits_allocated
            ),
        ));
    }
    let due = (format.frame_bits() as u64)
        .checked_mul(n_frames as u64)
        .map(|bits| bits.div_ceil(8));
    match due {
        Some(due) if due <= span.length => Ok(Place::Native { span, number }),
        _ => Err(damaged(
            path,
            format!(
                "PixelData (7FE0,0010) holds {} bytes; {n_frames} {} of {} × {} pixels {}",
                span.length,
                if n_frames == 1 { "frame" } else { "frames" },
                format.columns,
                format.rows,
                due.map_or_else(
                    || "are more than any file holds".to_owned(),
                    |due| format!("take {due}: {} are missing", due - span.length)
                )
            ),
        )),
    }
}

/// Sorts fragments into frames (PS3.5 A.4): by the extended or the basic offset table, one for
/// each, all for one, or by the marks that a compressed picture begins and ends with.
fn frames(
    store: &Store,
    survey: &Survey,
    codec: Codec,
    items: &[Span],
    n_frames: usize,
) -> Result<Vec<Vec<Span>>, String> {
    let (table, fragments) = items
        .split_first()
        .ok_or("the compressed pixels have no items")?;
    // Items of no length hold nothing; some writers end with one.
    let fragments: Vec<Span> = fragments.iter().copied().filter(|f| f.length > 0).collect();
    let Some(origin) = fragments.first().map(|f| f.offset - ITEM_HEADER) else {
        return Err("the compressed pixels have no fragments".to_owned());
    };
    if fragments.len() < n_frames {
        return Err(format!(
            "{} compressed fragments for {n_frames} frames (0028,0008)",
            fragments.len()
        ));
    }
    if n_frames == 1 {
        return Ok(vec![fragments]);
    }
    let read = |span: Span| {
        store
            .read(span.offset, span.length)
            .map_err(|e| e.to_string())
    };
    let mut starts: Option<Vec<u64>> = None;
    if let Some([offsets, _]) = survey.extended_offsets {
        starts = Some(
            read(offsets)?
                .chunks_exact(8)
                .filter_map(|b| Some(u64::from_le_bytes(b.try_into().ok()?)))
                .collect(),
        );
    } else if table.length > 0 {
        starts = Some(
            read(*table)?
                .chunks_exact(4)
                .map(|b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                .collect(),
        );
    }
    if let Some(frames) = starts.and_then(|s| by_table(&fragments, origin, &s, n_frames)) {
        return Ok(frames);
    }
    if fragments.len() == n_frames {
        return Ok(fragments.into_iter().map(|f| vec![f]).collect());
    }
    by_marks(store, codec, &fragments, n_frames)
}

/// Frames that begin where a table says; `None` when the table does not fit.
fn by_table(
    fragments: &[Span],
    origin: u64,
    starts: &[u64],
    n_frames: usize,
) -> Option<Vec<Vec<Span>>> {
    let increasing = starts.windows(2).all(|w| w[0] < w[1]);
    if starts.len() != n_frames || starts.first() != Some(&0) || !increasing {
        return None;
    }
    let mut frames: Vec<Vec<Span>> = Vec::with_capacity(n_frames);
    for fragment in fragments {
        let at = fragment.offset - ITEM_HEADER - origin;
        match starts.get(frames.len()) {
            Some(&next) if next == at => frames.push(vec![*fragment]),
            // A frame that begins inside a fragment.
            Some(&next) if next < at => return None,
            _ => frames.last_mut()?.push(*fragment),
        }
    }
    (frames.len() == n_frames).then_some(frames)
}

/// Frames told by how a compressed picture begins, behind one that has ended.
fn by_marks(
    store: &Store,
    codec: Codec,
    fragments: &[Span],
    n_frames: usize,
) -> Result<Vec<Vec<Span>>, String> {
    let unclear = || {
        format!(
            "{} fragments cannot be told apart as {n_frames} frames: no usable offset table",
            fragments.len()
        )
    };
    let start: &[u8] = match codec {
        Codec::Jpeg | Codec::JpegLs => &[0xFF, 0xD8, 0xFF],
        Codec::Jpeg2000 => &[0xFF, 0x4F, 0xFF, 0x51],
        _ => return Err(unclear()),
    };
    let mut frames: Vec<Vec<Span>> = Vec::with_capacity(n_frames);
    for fragment in fragments {
        let head = store
            .read(fragment.offset, fragment.length.min(start.len() as u64))
            .map_err(|e| e.to_string())?;
        if head == start {
            frames.push(vec![*fragment]);
        } else {
            frames.last_mut().ok_or_else(unclear)?.push(*fragment);
        }
    }
    if frames.len() == n_frames {
        Ok(frames)
    } else {
        Err(unclear())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(lengths: &[u64]) -> Vec<Span> {
        let mut at = 100;
        lengths
            .iter()
            .map(|&length| {
                let offset = at + ITEM_HEADER;
                at = offset + length;
                Span { offset, length }
            })
            .collect()
    }

    #[test]
    fn a_table_joins_fragments_to_frames() {
        let fragments = spans(&[10, 20, 30]);
        let frames = by_table(&fragments, 100, &[0, 46], 2).expect("fits");
        assert_eq!(frames, [fragments[..2].to_vec(), fragments[2..].to_vec()]);
        assert!(by_table(&fragments, 100, &[0, 45], 2).is_none());
        assert!(by_table(&fragments, 100, &[0, 46], 3).is_none());
    }

    #[test]
    fn without_a_table_marks_begin_frames() {
        let mut bytes = vec![0; 108];
        bytes.extend([0xFF, 0xD8, 0xFF, 0xC3]);
        bytes.extend([0; 8]);
        bytes.extend([1, 2, 3, 4]);
        bytes.extend([0; 8]);
        bytes.extend([0xFF, 0xD8, 0xFF, 0xC3]);
        let store = Store::Memory(bytes);
        let fragments = spans(&[4, 4, 4]);
        let frames = by_marks(&store, Codec::Jpeg, &fragments, 2).expect("two pictures");
        assert_eq!(frames, [fragments[..2].to_vec(), fragments[2..].to_vec()]);
        assert!(by_marks(&store, Codec::Rle, &fragments, 2).is_err());
    }
}
