//! Lossless JPEG, Huffman coded (ITU-T T.81 annex H): all predictors, point transform, restarts,
//! 2 to 16 bits, one to four components.

/// Decodes a stream into samples, pixel by pixel.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<u16>, String> {
    let mut tables: [Option<Table>; 4] = [const { None }; 4];
    let mut frame: Option<Frame> = None;
    let mut restart = 0usize;
    let mut samples = Vec::new();
    let mut seen = 0;
    let mut at = 2;
    loop {
        let (marker, body, next) = segment(bytes, at)?;
        at = next;
        match marker {
            0xC3 => {
                let f = Frame::read(body)?;
                samples = vec![0u16; f.columns * f.rows * f.components.len()];
                frame = Some(f);
            }
            0xC4 => read_tables(body, &mut tables)?,
            0xDD => {
                restart = match body {
                    &[a, b, ..] => usize::from(u16::from_be_bytes([a, b])),
                    _ => return Err(CUT.to_owned()),
                };
            }
            0xDA => {
                let frame = frame.as_ref().ok_or("a scan before its frame")?;
                let scan = Scan::read(body, frame)?;
                at = scan.decode(bytes, at, frame, &tables, restart, &mut samples)?;
                seen += scan.members.len();
                if seen >= frame.components.len() {
                    return Ok(samples);
                }
            }
            0xD9 => return Err("the picture ends before all components".to_owned()),
            _ => {}
        }
    }
}

const CUT: &str = "JPEG lossless: the stream is cut off";

/// The marker segment at or after `at`: marker, body, and where the next one begins.
fn segment(bytes: &[u8], mut at: usize) -> Result<(u8, &[u8], usize), String> {
    while bytes.get(at) != Some(&0xFF) || matches!(bytes.get(at + 1), Some(0 | 0xFF | 0xD0..=0xD7))
    {
        at += 1;
        if at >= bytes.len() {
            return Err(CUT.to_owned());
        }
    }
    let marker = *bytes.get(at + 1).ok_or(CUT)?;
    if marker == 0xD9 {
        return Ok((marker, &[], at + 2));
    }
    let length = match bytes.get(at + 2..at + 4) {
        Some(&[a, b]) => usize::from(u16::from_be_bytes([a, b])),
        _ => return Err(CUT.to_owned()),
    };
    let body = bytes.get(at + 4..at + 2 + length).ok_or(CUT)?;
    Ok((marker, body, at + 2 + length))
}

struct Frame {
    precision: u32,
    columns: usize,
    rows: usize,
    components: Vec<u8>,
}

impl Frame {
    fn read(body: &[u8]) -> Result<Self, String> {
        let &[precision, h1, h0, w1, w0, n, ref specs @ ..] = body else {
            return Err(CUT.to_owned());
        };
        let columns = usize::from(u16::from_be_bytes([w1, w0]));
        let rows = usize::from(u16::from_be_bytes([h1, h0]));
        let specs: Vec<&[u8]> = specs.chunks_exact(3).take(usize::from(n)).collect();
        if specs.len() != usize::from(n) || !(1..=4).contains(&n) {
            return Err(CUT.to_owned());
        }
        if specs.iter().any(|s| s[1] != specs[0][1]) {
            return Err("JPEG lossless: subsampled components are not decoded".to_owned());
        }
        if !(2..=16).contains(&precision) || columns == 0 || rows == 0 {
            return Err(format!(
                "JPEG lossless: {columns} × {rows} pixels of {precision} bits"
            ));
        }
        Ok(Self {
            precision: u32::from(precision),
            columns,
            rows,
            components: specs.iter().map(|s| s[0]).collect(),
        })
    }
}

/// A Huffman table: short codes by look-up, long ones by their length (T.81 F.2.2.3).
struct Table {
    /// Length in bits and category of the code that begins with the index; length 0 for long ones.
    fast: Vec<(u8, u8)>,
    /// For lengths 1 to 16: one more than the largest code, aligned to 16 bits; and what to add to
    /// a code to get the index of its value.
    limit: [u32; 17],
    delta: [i32; 17],
    values: Vec<u8>,
}

const FAST_BITS: u32 = 11;

fn read_tables(mut body: &[u8], tables: &mut [Option<Table>; 4]) -> Result<(), String> {
    while let Some((&head, rest)) = body.split_first() {
        let counts = rest.get(..16).ok_or(CUT)?;
        let n: usize = counts.iter().map(|&c| usize::from(c)).sum();
        let values = rest.get(16..16 + n).ok_or(CUT)?;
        body = &rest[16 + n..];
        if head >> 4 == 0 && head < 4 {
            tables[usize::from(head)] = Some(Table::new(counts, values)?);
        }
    }
    Ok(())
}

impl Table {
    fn new(counts: &[u8], values: &[u8]) -> Result<Self, String> {
        if values.iter().any(|&v| v > 16) {
            return Err("JPEG lossless: a difference of more than 16 bits".to_owned());
        }
        let mut fast = vec![(0, 0); 1 << FAST_BITS];
        let (mut limit, mut delta) = ([0; 17], [0; 17]);
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16u32 {
            delta[length as usize] = index as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                if code >> length != 0 {
                    return Err("JPEG lossless: an impossible Huffman table".to_owned());
                }
                if length <= FAST_BITS {
                    let spare = FAST_BITS - length;
                    let start = (code << spare) as usize;
                    fast[start..start + (1 << spare)].fill((length as u8, values[index]));
                }
                code += 1;
                index += 1;
            }
            limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self {
            fast,
            limit,
            delta,
            values: values.to_vec(),
        })
    }
}

/// Bits of entropy-coded data, most significant first; zeros follow where it ends.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bits not yet used, aligned to the top.
    buffer: u64,
    n: u32,
    /// Bits that were made up.
    made_up: u32,
}

impl<'a> Bits<'a> {
    const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            buffer: 0,
            n: 0,
            made_up: 0,
        }
    }

    /// Sees to it that 32 bits are there: a code and its difference.
    #[inline]
    fn fill(&mut self) {
        if self.n >= 32 {
            return;
        }
        if let Some(&[a, b, c, d]) = self.bytes.get(self.at..self.at + 4) {
            let word = u32::from_be_bytes([a, b, c, d]);
            let inverse = !word;
            // No byte of the word is FF.
            if inverse.wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.buffer |= u64::from(word) << (32 - self.n);
                self.n += 32;
                self.at += 4;
                return;
            }
        }
        self.fill_slowly();
    }

    #[cold]
    fn fill_slowly(&mut self) {
        while self.n <= 56 {
            let byte = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                (Some(0xFF), _) | (None, _) => {
                    self.made_up += 8;
                    0
                }
                (Some(&b), _) => {
                    self.at += 1;
                    b
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.n);
            self.n += 8;
        }
    }

    #[inline]
    fn take(&mut self, n: u32) {
        self.buffer <<= n;
        self.n -= n;
    }

    /// The next difference (T.81 H.1.2.2).
    #[inline]
    fn difference(&mut self, table: &Table) -> Option<i32> {
        self.fill();
        let (mut length, mut category) = table.fast[(self.buffer >> (64 - FAST_BITS)) as usize];
        if length == 0 {
            let top = (self.buffer >> 48) as u32;
            let long = (FAST_BITS as usize + 1..=16).find(|&l| top < table.limit[l])?;
            let index = (top >> (16 - long)) as i32 + table.delta[long];
            length = long as u8;
            category = *table.values.get(usize::try_from(index).ok()?)?;
        }
        self.take(u32::from(length));
        Some(match category {
            0 => 0,
            16 => 32768,
            s => {
                let bits = (self.buffer >> (64 - u32::from(s))) as i32;
                self.take(u32::from(s));
                if bits < 1 << (s - 1) {
                    bits - (1 << s) + 1
                } else {
                    bits
                }
            }
        })
    }

    /// Whether more bits were used than there are.
    const fn ran_out(&self) -> bool {
        self.n < self.made_up
    }
}

struct Scan {
    /// Component and table of each member.
    members: Vec<(usize, usize)>,
    predictor: u8,
    point_transform: u32,
}

impl Scan {
    fn read(body: &[u8], frame: &Frame) -> Result<Self, String> {
        let (&n, rest) = body.split_first().ok_or(CUT)?;
        let n = usize::from(n);
        let (Some(specs), Some(&[predictor, _, approximation])) =
            (rest.get(..2 * n), rest.get(2 * n..2 * n + 3))
        else {
            return Err(CUT.to_owned());
        };
        let members = specs
            .chunks_exact(2)
            .map(|s| {
                let component = frame.components.iter().position(|&c| c == s[0]);
                let table = usize::from(s[1] >> 4);
                component.filter(|_| table < 4).map(|c| (c, table))
            })
            .collect::<Option<Vec<_>>>()
            .filter(|m| !m.is_empty())
            .ok_or("JPEG lossless: a scan of an unknown component")?;
        let point_transform = u32::from(approximation & 0x0F);
        if !(1..=7).contains(&predictor) || point_transform >= frame.precision {
            return Err(format!(
                "JPEG lossless: predictor {predictor}, point transform {point_transform}"
            ));
        }
        Ok(Self {
            members,
            predictor,
            point_transform,
        })
    }

    /// Decodes the scan at `at` into `samples`; returns where it ends.
    fn decode(
        &self,
        bytes: &[u8],
        at: usize,
        frame: &Frame,
        tables: &[Option<Table>; 4],
        restart: usize,
        samples: &mut [u16],
    ) -> Result<usize, String> {
        let lines = match self.predictor {
            1 => Self::lines::<1>,
            2 => Self::lines::<2>,
            3 => Self::lines::<3>,
            4 => Self::lines::<4>,
            5 => Self::lines::<5>,
            6 => Self::lines::<6>,
            _ => Self::lines::<7>,
        };
        lines(self, bytes, at, frame, tables, restart, samples)
    }

    fn lines<const PREDICTOR: u8>(
        &self,
        bytes: &[u8],
        at: usize,
        frame: &Frame,
        tables: &[Option<Table>; 4],
        restart: usize,
        samples: &mut [u16],
    ) -> Result<usize, String> {
        if !restart.is_multiple_of(frame.columns) {
            return Err("JPEG lossless: restarts within a line".to_owned());
        }
        let members = self
            .members
            .iter()
            .map(|&(c, t)| tables[t].as_ref().map(|t| (c, t)))
            .collect::<Option<Vec<_>>>()
            .ok_or("JPEG lossless: a Huffman table is missing")?;
        let step = frame.components.len();
        let width = frame.columns * step;
        let restart_lines = restart / frame.columns;
        let first = 1i32 << (frame.precision - self.point_transform - 1);
        let mut bits = Bits::new(bytes, at);
        let bad = || "JPEG lossless: an impossible code".to_owned();
        let mut fresh = true;
        for line in 0..frame.rows {
            if restart_lines > 0 && line > 0 && line.is_multiple_of(restart_lines) {
                bits = Self::restarted(&bits, (line / restart_lines - 1) % 8)?;
                fresh = true;
            }
            let (above, here) = samples.split_at_mut(line * width);
            let here = &mut here[..width];
            let above = if fresh {
                None
            } else {
                above.rchunks_exact(width).next()
            };
            for x in 0..frame.columns {
                for &(c, table) in &members {
                    let i = x * step + c;
                    let difference = bits.difference(table).ok_or_else(bad)?;
                    let prediction = match (x, above) {
                        (0, None) => first,
                        (_, None) => i32::from(here[i - step]),
                        (0, Some(above)) => i32::from(above[i]),
                        (_, Some(above)) => {
                            let a = i32::from(here[i - step]);
                            let b = i32::from(above[i]);
                            let c = i32::from(above[i - step]);
                            match PREDICTOR {
                                1 => a,
                                2 => b,
                                3 => c,
                                4 => a + b - c,
                                5 => a + ((b - c) >> 1),
                                6 => b + ((a - c) >> 1),
                                _ => (a + b) >> 1,
                            }
                        }
                    };
                    // Modulo 2^16, as H.1.2.1 has it.
                    here[i] = (prediction + difference) as u16;
                }
            }
            fresh = false;
            if bits.ran_out() {
                return Err(CUT.to_owned());
            }
        }
        if self.point_transform > 0 {
            for &(c, _) in &members {
                for sample in samples.iter_mut().skip(c).step_by(step) {
                    *sample <<= self.point_transform;
                }
            }
        }
        Ok(bits.at)
    }

    /// Goes on behind the restart marker that is due.
    fn restarted<'a>(bits: &Bits<'a>, due: usize) -> Result<Bits<'a>, String> {
        // What was read ahead are made-up bits only: markers stop the reading.
        let mut at = bits.at;
        while bits.bytes.get(at) == Some(&0xFF) && bits.bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        if bits.bytes.get(at) == Some(&0xFF)
            && bits.bytes.get(at + 1).copied() == Some(0xD0 + due as u8)
        {
            Ok(Bits::new(bits.bytes, at + 2))
        } else {
            Err("JPEG lossless: a restart marker is missing".to_owned())
        }
    }
}
