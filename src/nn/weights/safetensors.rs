//! Weights in safetensors: one file, or several with an index.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ::safetensors::Dtype;
use ::safetensors::tensor::Metadata;
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::Part;
use crate::nn::{Error, Result};

/// Longest header that is read: far above what any model has, far below memory.
const LONGEST_HEADER: u64 = 100_000_000;

/// All tensors of a model.
pub(super) struct Shards {
    files: Vec<PathBuf>,
    tensors: BTreeMap<String, Entry>,
}

/// Where a tensor lies.
pub(super) struct Entry {
    pub(super) shape: Vec<usize>,
    kind: DType,
    file: usize,
    start: u64,
    bytes: usize,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}

fn damaged(path: &Path, reason: impl Into<String>) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// The files of a model, by its folder, its index or its one file.
fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let whole = path.join("model.safetensors");
    let index = path.join("model.safetensors.index.json");
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    if whole.exists() || !index.exists() {
        return Ok(vec![whole]);
    }
    let text = std::fs::read_to_string(&index).map_err(file_error(&index))?;
    let parsed: Index = serde_json::from_str(&text).map_err(|e| damaged(&index, e.to_string()))?;
    let mut names: Vec<String> = parsed.weight_map.into_values().collect();
    names.sort_unstable();
    names.dedup();
    // A name with a folder in it would lead out of the model.
    if let Some(name) = names.iter().find(|n| n.contains(['/', '\\'])) {
        return Err(damaged(&index, format!("names a file elsewhere: {name}")));
    }
    Ok(names.iter().map(|name| path.join(name)).collect())
}

impl Shards {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let files = files_of(path)?;
        let mut tensors = BTreeMap::new();
        for (number, path) in files.iter().enumerate() {
            header(path, number, &mut tensors)?;
        }
        Ok(Self { files, tensors })
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.files.clone()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.tensors.values().map(|t| t.bytes as u64).sum()
    }

    pub(super) fn precision(&self) -> String {
        self.kind().as_str().to_uppercase()
    }

    /// The type of the largest tensor.
    pub(super) fn kind(&self) -> DType {
        let largest = self.tensors.values().max_by_key(|t| t.bytes);
        largest.map_or(DType::F32, |t| t.kind)
    }

    /// The name by the layout that this file has.
    pub(super) fn name(&self, part: Part, name: &str) -> String {
        let prefixes = part.prefixes();
        let has = |prefix: &&&str| {
            self.tensors
                .contains_key(&format!("{prefix}{}", part.landmark()))
        };
        let prefix = prefixes.iter().find(has).unwrap_or(&prefixes[0]);
        format!("{prefix}{name}")
    }

    pub(super) fn find(&self, part: Part, name: &str) -> Option<&Entry> {
        self.tensors.get(&self.name(part, name))
    }

    /// As it is stored, in main memory.
    pub(super) fn read(&self, part: Part, name: &str) -> Result<Tensor> {
        let name = self.name(part, name);
        let Some(entry) = self.tensors.get(&name) else {
            return Err(Error::Missing { name });
        };
        let path = &self.files[entry.file];
        let mut file = File::open(path).map_err(file_error(path))?;
        let mut bytes = vec![0; entry.bytes];
        file.seek(SeekFrom::Start(entry.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(file_error(path))?;
        Ok(Tensor::from_raw_buffer(
            &bytes,
            entry.kind,
            &entry.shape,
            &Device::Cpu,
        )?)
    }
}

fn header(path: &Path, number: usize, tensors: &mut BTreeMap<String, Entry>) -> Result<()> {
    let mut file = File::open(path).map_err(file_error(path))?;
    let length = file.metadata().map_err(file_error(path))?.len();
    let mut size = [0; 8];
    let short = || damaged(path, "is not a safetensors file, or is cut short");
    file.read_exact(&mut size).map_err(|_| short())?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_HEADER || size > length.saturating_sub(8) {
        return Err(short());
    }
    let mut bytes = vec![0; size as usize];
    file.read_exact(&mut bytes).map_err(file_error(path))?;
    let metadata: Metadata =
        serde_json::from_slice(&bytes).map_err(|e| damaged(path, format!("header: {e}")))?;
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else {
            continue;
        };
        let kind = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => {
                let reason =
                    format!("tensor {name} is of the type {other:?}; F32, F16 and BF16 are read");
                return Err(damaged(path, reason));
            }
        };
        let (start, end) = info.data_offsets;
        let start = start as u64 + size + 8;
        if end as u64 + size + 8 > length {
            let reason = format!("is cut short: tensor {name} ends behind the end of the file");
            return Err(damaged(path, reason));
        }
        tensors.insert(
            name,
            Entry {
                shape: info.shape.clone(),
                kind,
                file: number,
                start,
                bytes: end - info.data_offsets.0,
            },
        );
    }
    Ok(())
}
