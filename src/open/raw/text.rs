//! Samples written as text, turned back into bytes.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use super::Stored;

/// No number needs more digits than this.
const MAX_DIGITS: usize = 400;

/// Decimal numbers as little-endian bytes of the stored type.
pub(super) struct AsciiBytes<R> {
    text: R,
    stored: Stored,
    word: Vec<u8>,
    ready: [u8; 8],
    /// How much of `ready` was handed out.
    given: usize,
}

impl<R: BufRead> AsciiBytes<R> {
    pub(super) fn new(text: R, stored: Stored) -> Self {
        Self {
            text,
            stored,
            word: Vec::new(),
            ready: [0; 8],
            given: stored.size(),
        }
    }

    /// Collects the next word; `false` at the end of the text.
    fn next_word(&mut self) -> Result<bool> {
        self.word.clear();
        loop {
            let buffer = match self.text.fill_buf() {
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            if buffer.is_empty() {
                return Ok(!self.word.is_empty());
            }
            let mut used = 0;
            let mut done = false;
            for &b in buffer {
                used += 1;
                if !b.is_ascii_whitespace() {
                    self.word.push(b);
                } else if !self.word.is_empty() {
                    done = true;
                    break;
                }
            }
            self.text.consume(used);
            if done {
                return Ok(true);
            }
            if self.word.len() > MAX_DIGITS {
                return Err(malformed("a number has too many digits"));
            }
        }
    }

    fn convert(&mut self) -> Result<()> {
        let text = std::str::from_utf8(&self.word).map_err(|_| malformed("no number"))?;
        macro_rules! put {
            ($t:ty) => {{
                let v: $t = text
                    .parse()
                    .map_err(|_| malformed("a word is no number of the stated type"))?;
                let bytes = v.to_le_bytes();
                self.ready[..bytes.len()].copy_from_slice(&bytes);
            }};
        }
        match self.stored {
            Stored::U8 => put!(u8),
            Stored::I8 => put!(i8),
            Stored::U16 => put!(u16),
            Stored::I16 => put!(i16),
            Stored::U32 => put!(u32),
            Stored::I32 => put!(i32),
            Stored::U64 => put!(u64),
            Stored::I64 => put!(i64),
            Stored::F32 => put!(f32),
            Stored::F64 => put!(f64),
        }
        self.given = 0;
        Ok(())
    }
}

impl<R: BufRead> Read for AsciiBytes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let size = self.stored.size();
        let mut done = 0;
        while done < buffer.len() {
            if self.given == size {
                if !self.next_word()? {
                    break;
                }
                self.convert()?;
            }
            let n = (size - self.given).min(buffer.len() - done);
            buffer[done..done + n].copy_from_slice(&self.ready[self.given..self.given + n]);
            self.given += n;
            done += n;
        }
        Ok(done)
    }
}

/// Pairs of hexadecimal digits as bytes.
pub(super) struct HexBytes<R> {
    text: R,
    high: Option<u8>,
}

impl<R: BufRead> HexBytes<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, high: None }
    }
}

impl<R: BufRead> Read for HexBytes<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let buffer = match self.text.fill_buf() {
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            if buffer.is_empty() {
                break;
            }
            let mut used = 0;
            for &b in buffer {
                if done == out.len() {
                    break;
                }
                used += 1;
                if b.is_ascii_whitespace() {
                    continue;
                }
                let digit = char::from(b)
                    .to_digit(16)
                    .and_then(|d| u8::try_from(d).ok())
                    .ok_or_else(|| malformed("a character is no hexadecimal digit"))?;
                match self.high.take() {
                    None => self.high = Some(digit),
                    Some(high) => {
                        out[done] = high << 4 | digit;
                        done += 1;
                    }
                }
            }
            self.text.consume(used);
        }
        Ok(done)
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_digits_become_bytes() {
        let mut bytes = Vec::new();
        AsciiBytes::new(&b" 1\n-2\t300 "[..], Stored::I16)
            .read_to_end(&mut bytes)
            .expect("numbers");
        assert_eq!(bytes, [1, 0, 0xFE, 0xFF, 44, 1]);
        bytes.clear();
        HexBytes::new(&b"01 fE\n2"[..])
            .read_to_end(&mut bytes)
            .expect("digits");
        assert_eq!(bytes, [1, 0xFE]);
        for (text, stored) in [
            ("256", Stored::U8),
            ("1.5", Stored::I32),
            ("x", Stored::F32),
        ] {
            let read = AsciiBytes::new(text.as_bytes(), stored).read_to_end(&mut bytes);
            assert!(read.is_err(), "{text}");
        }
    }
}
