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
#[must_use]
pub fn cards() -> Vec<Card> {
    here::cards()
}

/// Names of the cards that this program was not built for.
#[must_use]
pub fn unused() -> Vec<String> {
    here::unused()
}

#[cfg(feature = "cuda")]
pub(super) use here::device;

/// Cards by CUDA.
#[cfg(feature = "cuda")]
mod here {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use candle_core::Device;
    use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError};
    use parking_lot::Mutex;

    use super::{Card, runs};

    /// The compute capability that the kernels were built for, as 89 for 8.9: `scripts/cuda.sh` states it.
    const BUILT_FOR: &str = env!("CUDA_COMPUTE_CAP");

    fn contexts() -> Vec<(usize, Arc<CudaContext>)> {
        let n = CudaContext::device_count().unwrap_or(0);
        let numbers = 0..usize::try_from(n).unwrap_or(0);
        let context = |number| Some((number, CudaContext::new(number).ok()?));
        numbers.filter_map(context).collect()
    }

    fn is_built_for(context: &CudaContext) -> bool {
        let capability = context.compute_capability();
        capability.is_ok_and(|capability| runs(BUILT_FOR, capability))
    }

    pub(super) fn cards() -> Vec<Card> {
        let card = |(number, context): (usize, Arc<CudaContext>)| -> Result<Card, DriverError> {
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
        let fitting = contexts().into_iter().filter(|(_, c)| is_built_for(c));
        fitting.filter_map(|context| card(context).ok()).collect()
    }

    pub(super) fn unused() -> Vec<String> {
        let others = contexts().into_iter().filter(|(_, c)| !is_built_for(c));
        others
            .filter_map(|(_, context)| context.name().ok())
            .collect()
    }

    /// The device of a card: one for the whole run, since each has workspaces that are never freed.
    pub(in crate::nn) fn device(number: usize) -> candle_core::Result<Device> {
        static OPEN: Mutex<BTreeMap<usize, Device>> = Mutex::new(BTreeMap::new());
        let mut open = OPEN.lock();
        if let Some(device) = open.get(&number) {
            return Ok(device.clone());
        }
        let device = Device::new_cuda(number)?;
        open.insert(number, device.clone());
        Ok(device)
    }
}

/// No cards.
#[cfg(not(feature = "cuda"))]
mod here {
    use super::{Card, model};

    pub(super) const fn cards() -> Vec<Card> {
        Vec::new()
    }

    /// As the driver of NVIDIA tells them under Linux.
    pub(super) fn unused() -> Vec<String> {
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
}

/// Whether kernels that were built for a compute capability (89 is 8.9) run on a card: on the same and on later ones
/// of its generation; from 9.0 on, where they use what only that one has, on the same.
#[cfg(any(feature = "cuda", test))]
fn runs(built_for: &str, (major, minor): (i32, i32)) -> bool {
    let Ok(built_for) = built_for.parse::<i32>() else {
        return false;
    };
    let card = 10 * major + minor;
    card == built_for || (built_for < 90 && major == built_for / 10 && card > built_for)
}

/// The name in what the driver tells of a card.
#[cfg(any(not(feature = "cuda"), test))]
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

    #[test]
    fn kernels_run_on_their_generation_only() {
        for (built_for, card, fits) in [
            ("75", (7, 5), true),
            ("80", (8, 6), true),
            ("80", (8, 9), true),
            ("89", (8, 6), false),
            ("89", (9, 0), false),
            ("90", (9, 0), true),
            ("100", (10, 3), false),
            ("120", (12, 0), true),
            ("", (8, 0), false),
        ] {
            assert_eq!(runs(built_for, card), fits, "{built_for} on {card:?}");
        }
    }
}
