//! Rows of numbers as NumPy reads them (format version 1.0).

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::output::Failure;

/// A file that grows row by row.
pub(super) struct Writer {
    file: BufWriter<File>,
    path: PathBuf,
}

impl Writer {
    /// For an array of so many rows and columns.
    pub(super) fn create(path: &Path, [rows, columns]: [usize; 2]) -> Result<Self, Failure> {
        let failed = |e: std::io::Error| Failure::new("E-WRITE", e.to_string()).at(path.display());
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        let shape =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        // Magic, version and length are ten bytes; with the text and its end they fill multiples of 64.
        let length = (10 + shape.len() + 1).next_multiple_of(64) - 10;
        let header = format!("{shape:<width$}\n", width = length - 1);
        file.write_all(b"\x93NUMPY\x01\x00")
            .and_then(|()| file.write_all(&(length as u16).to_le_bytes()))
            .and_then(|()| file.write_all(header.as_bytes()))
            .map_err(failed)?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// The next row.
    pub(super) fn row(&mut self, values: &[f32]) -> Result<(), Failure> {
        let written = values
            .iter()
            .try_for_each(|v| self.file.write_all(&v.to_le_bytes()));
        written.map_err(|e| Failure::new("E-WRITE", e.to_string()).at(self.path.display()))
    }

    /// Writes what is still in memory.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.file
            .flush()
            .map_err(|e| Failure::new("E-WRITE", e.to_string()).at(self.path.display()))
    }
}
