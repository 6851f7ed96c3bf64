//! Weights in GGUF.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{Content, TensorInfo};

use crate::nn::{Error, Result};

pub(super) struct File {
    path: PathBuf,
    content: Content,
}

/// Bytes of a tensor as stored, if its rows are whole blocks.
fn size(info: &TensorInfo) -> Option<u64> {
    let (elements, block) = (info.shape.elem_count(), info.ggml_dtype.block_size());
    let bytes = (elements / block).checked_mul(info.ggml_dtype.type_size())?;
    elements.is_multiple_of(block).then_some(bytes as u64)
}

/// All tensors as they lie in the file.
fn in_order(content: &Content) -> Vec<(&str, &TensorInfo)> {
    let infos = content.tensor_infos.iter();
    let mut infos: Vec<_> = infos.map(|(name, info)| (name.as_str(), info)).collect();
    infos.sort_unstable_by_key(|(name, info)| (info.offset, *name));
    infos
}

impl File {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file_error = |source| Error::File {
            path: path.to_owned(),
            source,
        };
        let damaged = |reason: String| Error::Damaged {
            path: path.to_owned(),
            reason,
        };
        let file = fs::File::open(path).map_err(file_error)?;
        let length = file.metadata().map_err(file_error)?.len();
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let content = Content::read(&mut reader).map_err(|e| damaged(e.to_string()))?;
        for (name, info) in in_order(&content) {
            let end = size(info)
                .and_then(|bytes| {
                    bytes
                        .checked_add(content.tensor_data_offset)?
                        .checked_add(info.offset)
                })
                .ok_or_else(|| damaged(format!("tensor {name} is no whole number of blocks")))?;
            if end > length {
                let reason = format!("is cut short: tensor {name} ends behind the end of the file");
                return Err(damaged(reason));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn content(&self) -> &Content {
        &self.content
    }

    pub(super) fn bytes(&self) -> u64 {
        in_order(&self.content)
            .into_iter()
            .filter_map(|(_, info)| size(info))
            .sum()
    }

    /// The type of most bytes outside the table of embeddings.
    pub(super) fn precision(&self) -> String {
        let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
        for (name, info) in in_order(&self.content) {
            if name != "token_embd.weight" {
                *bytes.entry(format!("{:?}", info.ggml_dtype)).or_default() +=
                    size(info).unwrap_or(0);
            }
        }
        let most = bytes.into_iter().max_by_key(|(_, bytes)| *bytes);
        most.map_or_else(String::new, |(kind, _)| kind)
    }

    pub(super) fn find(&self, name: &str) -> Option<Vec<usize>> {
        let info = self.content.tensor_infos.get(name)?;
        Some(info.shape.dims().to_vec())
    }

    /// Whether a tensor is not quantised.
    pub(super) fn is_float(&self, name: &str) -> bool {
        let info = self.content.tensor_infos.get(name);
        info.is_some_and(|info| info.ggml_dtype.block_size() == 1)
    }

    pub(super) fn read(&self, name: &str, device: &Device) -> Result<QTensor> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(Error::Missing {
                name: name.to_owned(),
            });
        };
        let file_error = |source| Error::File {
            path: self.path.clone(),
            source,
        };
        let mut file = fs::File::open(&self.path).map_err(file_error)?;
        file.seek(SeekFrom::Start(0)).map_err(file_error)?;
        Ok(info.read(&mut file, self.content.tensor_data_offset, device)?)
    }
}
