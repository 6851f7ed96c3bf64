//! From floats to four bits: the text part of a model in safetensors, kept as a GGUF file.
//!
//! Which matrix gets how many bits follows llama.cpp's `Q4_K_M` (`llama_tensor_get_type`): four bits and
//! a scale for 32 values (`Q4_K`), and six bits (`Q6_K`) for the table of embeddings and, in half of the
//! layers, for values and the second matrix of the feed-forward part, whose errors cost most. Rows that are
//! no multiple of 256 get eight bits (`Q8_0`), rows that are no multiple of 32 stay floats.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::config::TextConfig;
use super::weights::{Part, Target, Weights};
use crate::jobs::JobContext;
use crate::nn::{Error, Result};

/// Name and version of what is done here; another way gets another name.
const RECIPE: &str = "q4_k_m/1";
/// Where a file says what it was made of.
const SOURCE: &str = "oncotwin.source";

/// Where quantised weights are kept unless another folder is named.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "oncotwin")?;
    Some(dirs.cache_dir().join("quantised"))
}

/// The text part of `weights` in four bits: the file in `folder` that was made of the same files before, or
/// a new one. It appears there when it is whole.
///
/// # Errors
/// [`Error::DiskFull`], [`Error::File`], what is wrong with the weights, or [`Error::Cancelled`].
pub fn four_bits(
    weights: &Weights,
    config: &TextConfig,
    folder: &Path,
    job: &JobContext,
) -> Result<PathBuf> {
    let source = source(weights)?;
    let path = folder.join(format!("{source}.gguf"));
    if is_of(&path, &source) {
        return Ok(path);
    }
    job.progress.step("Quantising the model");
    let tensors = quantise(weights, config, job)?;
    let failed = |source| failure(folder, &tensors, source);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut writer = BufWriter::with_capacity(1 << 20, &mut file);
    write(&mut writer, &tensors, &source).map_err(failed)?;
    drop(writer);
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|e| failed(e.error))?;
    Ok(path)
}

/// Whether the text part of `weights` was quantised before, and that is in `folder`.
pub(super) fn is_kept(weights: &Weights, folder: &Path) -> bool {
    let source = source(weights);
    source.is_ok_and(|source| is_of(&folder.join(format!("{source}.gguf")), &source))
}

/// Pieces of a file that are looked at to tell it from others.
const SAMPLES: u64 = 32;
/// Bytes of each.
const SAMPLE: usize = 4096;

/// Pieces from all over a file, so that weights of one kind and size that were taught differently are told apart.
fn samples(path: &Path, length: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let (mut all, mut piece) = (Vec::new(), [0; SAMPLE]);
    for n in 0..SAMPLES {
        file.seek(SeekFrom::Start(length / SAMPLES * n))?;
        let read = file.read(&mut piece)?;
        all.extend_from_slice(&piece[..read]);
    }
    Ok(all)
}

/// What the weights are, without reading all of them: names, sizes, times and samples of their files.
fn source(weights: &Weights) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(RECIPE);
    for path in weights.files() {
        let failed = |source| Error::File {
            path: path.clone(),
            source,
        };
        let metadata = std::fs::metadata(&path).map_err(failed)?;
        let changed = metadata.modified().ok();
        let changed = changed.and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_file = format!(
            "{name}\n{}\n{}\n",
            metadata.len(),
            changed.map_or(0, |t| t.as_nanos())
        );
        hash.update(of_file);
        hash.update(samples(&path, metadata.len()).map_err(failed)?);
    }
    let hash = hash.finalize();
    Ok(hash[..16].iter().map(|b| format!("{b:02x}")).collect())
}

/// Whether a file is whole and was made of that.
fn is_of(path: &Path, source: &str) -> bool {
    let open = Weights::open(path, Target::cpu());
    open.is_ok_and(|weights| {
        let said = weights.gguf().and_then(|c| c.metadata.get(SOURCE));
        said.and_then(|v| v.to_string().ok())
            .is_some_and(|s| s == source)
    })
}

type Named = (String, QTensor);

/// A matrix by its name inside the program, with its shape.
struct Matrix {
    part: Part,
    name: String,
    shape: [usize; 2],
    dtype: GgmlDType,
}

/// `Q4_K_M` spends more on the first and last eighth of the layers, and on every third between.
const fn is_costly(layer: usize, layers: usize) -> bool {
    let eighth = layers / 8;
    layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
}

const fn dtype(columns: usize, is_costly: bool) -> GgmlDType {
    if columns.is_multiple_of(256) {
        if is_costly {
            GgmlDType::Q6K
        } else {
            GgmlDType::Q4K
        }
    } else if columns.is_multiple_of(32) {
        GgmlDType::Q8_0
    } else {
        GgmlDType::F32
    }
}

fn quantise(weights: &Weights, config: &TextConfig, job: &JobContext) -> Result<Vec<Named>> {
    let (hidden, inner) = (config.hidden, config.intermediate);
    let (queries, keys) = (
        config.heads * config.head_dim,
        config.kv_heads * config.head_dim,
    );
    let n = config.layers.len();
    let mut named = Vec::new();
    for layer in 0..n {
        job.check()?;
        job.progress.set(layer, n + 2);
        let costly = is_costly(layer, n);
        let matrices = [
            ("self_attn.q_proj", [queries, hidden], false),
            ("self_attn.k_proj", [keys, hidden], false),
            ("self_attn.v_proj", [keys, hidden], costly),
            ("self_attn.o_proj", [hidden, queries], false),
            ("mlp.gate_proj", [inner, hidden], false),
            ("mlp.up_proj", [inner, hidden], false),
            ("mlp.down_proj", [hidden, inner], costly),
        ];
        let matrices: Vec<Matrix> = matrices
            .into_iter()
            .map(|(name, shape, is_costly)| Matrix {
                part: Part::Text,
                name: format!("layers.{layer}.{name}.weight"),
                shape,
                dtype: dtype(shape[1], is_costly),
            })
            .collect();
        let made: Result<Vec<Named>> = matrices.par_iter().map(|m| quantised(weights, m)).collect();
        named.extend(made?);
        for (norm, width) in [
            ("self_attn.q_norm", config.head_dim),
            ("self_attn.k_norm", config.head_dim),
            ("input_layernorm", hidden),
            ("post_attention_layernorm", hidden),
            ("pre_feedforward_layernorm", hidden),
            ("post_feedforward_layernorm", hidden),
        ] {
            named.push(factor(
                weights,
                &format!("layers.{layer}.{norm}.weight"),
                width,
            )?);
        }
    }
    named.push(factor(weights, "norm.weight", hidden)?);
    for (part, name) in [
        (Part::Text, "embed_tokens.weight"),
        (Part::Head, "lm_head.weight"),
    ] {
        job.check()?;
        if part == Part::Text || weights.has(part, name) {
            let table = Matrix {
                part,
                name: name.to_owned(),
                shape: [config.vocabulary, hidden],
                dtype: dtype(hidden, true),
            };
            named.push(quantised(weights, &table)?);
        }
    }
    Ok(named)
}

fn quantised(weights: &Weights, matrix: &Matrix) -> Result<Named> {
    let floats = weights.tensor(matrix.part, &matrix.name, &matrix.shape)?;
    let name = Weights::name_in_gguf(matrix.part, &matrix.name);
    Ok((name, QTensor::quantize(&floats, matrix.dtype)?))
}

/// The factor of a norm: GGUF holds the whole of it.
fn factor(weights: &Weights, name: &str, width: usize) -> Result<Named> {
    let whole = (weights.tensor(Part::Text, name, &[width])? + 1.0)?;
    let name = Weights::name_in_gguf(Part::Text, name);
    Ok((name, QTensor::quantize(&whole, GgmlDType::F32)?))
}

fn write(writer: &mut (impl Write + Seek), tensors: &[Named], source: &str) -> std::io::Result<()> {
    let (kind, source) = (
        Value::String("gemma3".to_owned()),
        Value::String(source.to_owned()),
    );
    let metadata = [("general.architecture", &kind), (SOURCE, &source)];
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(n, t)| (n.as_str(), t)).collect();
    gguf_file::write(writer, &metadata, &tensors).map_err(|error| match error {
        candle_core::Error::Io(error) => error,
        other => std::io::Error::other(other.to_string()),
    })?;
    writer.flush()
}

fn failure(folder: &Path, tensors: &[Named], source: std::io::Error) -> Error {
    let path = folder.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::DiskFull {
            path,
            needed: tensors
                .iter()
                .map(|(_, t)| t.storage_size_in_bytes() as u64)
                .sum(),
        },
        _ => Error::File { path, source },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use candle_core::{Device, Tensor};

    use super::*;

    /// A disk with room for so many bytes.
    struct Full(Cursor<Vec<u8>>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0.get_ref().len() + bytes.len() > self.1 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.0.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_full_disk_is_named_with_what_is_needed() {
        let tensor = Tensor::ones((8, 256), candle_core::DType::F32, &Device::Cpu).unwrap();
        let tensors = vec![(
            "a".to_owned(),
            QTensor::quantize(&tensor, GgmlDType::Q4K).unwrap(),
        )];
        assert!(write(&mut Full(Cursor::default(), 1 << 20), &tensors, "s").is_ok());
        let error = write(&mut Full(Cursor::default(), 200), &tensors, "s").unwrap_err();
        let error = failure(Path::new("/kept"), &tensors, error);
        assert!(
            matches!(error, Error::DiskFull { needed: 1152, .. }),
            "{error}"
        );
        assert_eq!(error.code(), "E-DISK-FULL");
    }

    #[test]
    fn layers_that_cost_most_are_spread_as_llama_cpp_does() {
        let costly: Vec<usize> = (0..34).filter(|n| is_costly(*n, 34)).collect();
        assert_eq!(
            costly,
            [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 29, 30, 31, 32, 33]
        );
    }
}
