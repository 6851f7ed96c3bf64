//! Graphics cards that models may be computed on.

use serde::Serialize;

/// A graphics card that this program can compute on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The number by which its driver knows it.
    pub number: usize,
    /// What its maker calls it.
    pub name: String,
    /// Bytes of its memory.
    pub bytes: u64,
    /// Bytes of these that are free now.
    pub free: u64,
    /// Whether it computes with bfloat16.
    pub has_bf16: bool,
}

/// Cards that can be computed on now; none where the program was built for processors only.
#[cfg(feature = "cuda")]
#[must_use]
pub fn cards() -> Vec<Card> {
    use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError};

    let card = |number: usize| -> Result<Card, DriverError> {
        let context = CudaContext::new(number)?;
        let (free, bytes) = context.mem_get_info()?;
        let (major, _) = context.compute_capability()?;
        Ok(Card {
            number,
            name: context.name()?,
            bytes: bytes as u64,
            free: free as u64,
            // CUDA Programming Guide, features by compute capability.
            has_bf16: major >= 8,
        })
    };
    let n = CudaContext::device_count().unwrap_or(0);
    let numbers = 0..usize::try_from(n).unwrap_or(0);
    numbers.filter_map(|number| card(number).ok()).collect()
}

/// Cards that can be computed on now; none where the program was built for processors only.
#[cfg(not(feature = "cuda"))]
#[must_use]
pub const fn cards() -> Vec<Card> {
    Vec::new()
}

/// Names of the cards for whose use this program was not built, as their driver tells them.
#[must_use]
pub fn unused() -> Vec<String> {
    if cfg!(feature = "cuda") {
        return Vec::new();
    }
    let folder = std::fs::read_dir("/proc/driver/nvidia/gpus");
    let mut names: Vec<String> = folder
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("information")).ok())
        .filter_map(|text| model(&text))
        .collect();
    names.sort_unstable();
    names
}

fn model(information: &str) -> Option<String> {
    let line = information.lines().find_map(|l| l.strip_prefix("Model:"))?;
    Some(line.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_card_is_read_from_what_its_driver_tells() {
        let told = "Model: \t\t NVIDIA T400 4GB\nIRQ:   \t\t 139\nGPU UUID: \t GPU-0\n";
        assert_eq!(model(told).as_deref(), Some("NVIDIA T400 4GB"));
        assert_eq!(model("IRQ: 1\n"), None);
    }
}
