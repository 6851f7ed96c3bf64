//! Weights as they are published, under one set of names.
//!
//! Files are read piece by piece and not mapped: the tensors own their memory anyway, and a mapped
//! file that is cut while it is read (a share that goes away) would end the program.

mod gguf;
mod names;
mod safetensors;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::quantized::gguf_file::Content;
use candle_core::{DType, Device, Tensor};

pub use names::Part;

use crate::nn::linear::{Linear, Table, kept};
use crate::nn::norm::RmsNorm;
use crate::nn::plan::Stored;
use crate::nn::{Error, Result};

/// Where tensors go, and what becomes of those that are not quantised.
#[derive(Clone, Debug)]
pub struct Target {
    /// The processor, or a graphics card.
    pub device: Device,
    /// Type of float matrices. Norms are single precision always.
    pub float: DType,
}

impl Target {
    /// Single precision on the processor.
    #[must_use]
    pub const fn cpu() -> Self {
        Self {
            device: Device::Cpu,
            float: DType::F32,
        }
    }
}

/// An open file, or the pieces of one.
pub struct Weights {
    store: Arc<Store>,
    target: Target,
}

enum Store {
    Safetensors(safetensors::Shards),
    Gguf(gguf::File),
}

impl Weights {
    /// Opens a `.gguf` file, a `.safetensors` file, or a folder with one or with several and their
    /// index. Only headers are read.
    ///
    /// # Errors
    /// [`Error::File`] where there is nothing, [`Error::Damaged`] where a file is cut short or is
    /// something else.
    pub fn open(path: &Path, target: Target) -> Result<Self> {
        let is_gguf = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("gguf"));
        let store = if is_gguf {
            Store::Gguf(gguf::File::open(path)?)
        } else {
            Store::Safetensors(safetensors::Shards::open(path)?)
        };
        Ok(Self {
            store: Arc::new(store),
            target,
        })
    }

    /// The same files, with tensors that go elsewhere.
    pub(super) fn onto(&self, target: Target) -> Self {
        Self {
            store: self.store.clone(),
            target,
        }
    }

    /// How they lie in their files, and what values of floats take in main memory.
    pub(super) fn stored(&self) -> Stored {
        match self.store.as_ref() {
            Store::Gguf(file) => Stored::Gguf(file.bytes()),
            Store::Safetensors(_) => Stored::Floats {
                each: self.kept_floats().size_in_bytes() as u64,
                is_kept: false,
            },
        }
    }

    /// The type in which most matrices of floats stay in main memory.
    pub(super) fn kept_floats(&self) -> DType {
        match self.store.as_ref() {
            Store::Safetensors(shards) => kept(shards.kind(), DType::F32, &Device::Cpu),
            Store::Gguf(_) => DType::F32,
        }
    }

    /// The name of a tensor in files of llama.cpp.
    pub(super) fn name_in_gguf(part: Part, name: &str) -> String {
        names::in_gguf(part, name)
    }

    /// Where tensors go.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// All files, in order.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match self.store.as_ref() {
            Store::Safetensors(shards) => shards.files(),
            Store::Gguf(file) => vec![file.path().to_owned()],
        }
    }

    /// Metadata, if this is GGUF.
    #[must_use]
    pub fn gguf(&self) -> Option<&Content> {
        match self.store.as_ref() {
            Store::Safetensors(_) => None,
            Store::Gguf(file) => Some(file.content()),
        }
    }

    /// How most matrices are stored, for people: `Q4_K`, `BF16` …
    #[must_use]
    pub fn precision(&self) -> String {
        match self.store.as_ref() {
            Store::Safetensors(shards) => shards.precision(),
            Store::Gguf(file) => file.precision(),
        }
    }

    /// Bytes of all tensors as stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self.store.as_ref() {
            Store::Safetensors(shards) => shards.bytes(),
            Store::Gguf(file) => file.bytes(),
        }
    }

    /// Whether a tensor is there.
    #[must_use]
    pub fn has(&self, part: Part, name: &str) -> bool {
        match self.store.as_ref() {
            Store::Safetensors(shards) => shards.find(part, name).is_some(),
            Store::Gguf(file) => file.find(&names::in_gguf(part, name)).is_some(),
        }
    }

    /// Shape of a tensor, outermost axis first.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn shape(&self, part: Part, name: &str) -> Result<Vec<usize>> {
        let shape = match self.store.as_ref() {
            Store::Safetensors(shards) => shards.find(part, name).map(|t| t.shape.clone()),
            Store::Gguf(file) => file.find(&names::in_gguf(part, name)),
        };
        shape.ok_or_else(|| self.missing(part, name))
    }

    fn missing(&self, part: Part, name: &str) -> Error {
        let name = match self.store.as_ref() {
            Store::Safetensors(shards) => shards.name(part, name),
            Store::Gguf(_) => names::in_gguf(part, name),
        };
        Error::Missing { name }
    }

    pub(super) fn check(&self, part: Part, name: &str, wanted: &[usize]) -> Result<()> {
        let found = self.shape(part, name)?;
        if found == wanted {
            return Ok(());
        }
        let Error::Missing { name } = self.missing(part, name) else {
            unreachable!("made above")
        };
        Err(Error::Shape {
            name,
            found,
            wanted: wanted.to_vec(),
        })
    }

    /// A tensor in single precision.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Shape`], [`Error::File`].
    pub(super) fn tensor(&self, part: Part, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.check(part, name, shape)?;
        let device = &self.target.device;
        let tensor = match self.store.as_ref() {
            Store::Safetensors(shards) => shards.read(part, name)?.to_device(device)?,
            Store::Gguf(file) => file
                .read(&names::in_gguf(part, name), device)?
                .dequantize(device)?,
        };
        Ok(tensor.to_dtype(DType::F32)?)
    }

    /// A matrix of shape (out, in), with a bias if the layer has one.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Shape`], [`Error::File`].
    pub(super) fn linear(
        &self,
        part: Part,
        layer: &str,
        [rows, columns]: [usize; 2],
    ) -> Result<Linear> {
        let name = format!("{layer}.weight");
        self.check(part, &name, &[rows, columns])?;
        let bias = format!("{layer}.bias");
        let bias = if self.has(part, &bias) {
            Some(self.tensor(part, &bias, &[rows])?)
        } else {
            None
        };
        let Target { device, float } = &self.target;
        match self.store.as_ref() {
            Store::Safetensors(shards) => {
                let weight = shards.read(part, &name)?;
                let kept = kept(weight.dtype(), *float, device);
                Ok(Linear::float(
                    weight.to_dtype(kept)?.to_device(device)?,
                    bias,
                ))
            }
            Store::Gguf(file) => {
                let name = names::in_gguf(part, &name);
                // Floats change their type in main memory: cards have no room for both.
                let on = if file.is_float(&name) {
                    &Device::Cpu
                } else {
                    device
                };
                Linear::of_ggml(file.read(&name, on)?, bias, &self.target)
            }
        }
    }

    /// The table of embeddings, (vocabulary, width).
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Shape`], [`Error::File`].
    pub(super) fn table(&self, part: Part, layer: &str, shape: [usize; 2]) -> Result<Table> {
        self.linear(part, layer, shape).map(Table::of)
    }

    /// The norm of a row of `width`. What safetensors hold is the difference to one, what GGUF holds the
    /// whole factor.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Shape`], [`Error::File`].
    pub(super) fn rms_norm(
        &self,
        part: Part,
        layer: &str,
        width: usize,
        epsilon: f64,
    ) -> Result<RmsNorm> {
        let stored = self.tensor(part, &format!("{layer}.weight"), &[width])?;
        let factor = match self.store.as_ref() {
            Store::Safetensors(_) => (stored + 1.0)?,
            Store::Gguf(_) => stored,
        };
        Ok(RmsNorm::new(factor, epsilon))
    }
}
