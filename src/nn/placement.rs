//! Devices for the parts of a model, as a plan says.

use candle_core::DType;
#[cfg(not(feature = "cuda"))]
use candle_core::Device;

#[cfg(feature = "cuda")]
use super::cards::device;
use super::plan::{Plan, Precision, Spot};
use super::weights::Target;
use crate::nn::Result;

/// Where the tensors of each part go.
pub(super) struct Placement {
    /// Runs of layers in order, each with its number.
    runs: Vec<(usize, Target)>,
}

impl Placement {
    /// All in one place.
    pub(super) fn whole(target: Target) -> Self {
        Self {
            runs: vec![(usize::MAX, target)],
        }
    }

    /// As planned. What a file holds in floats beside quantised weights becomes halves on cards.
    pub(super) fn of(plan: &Plan) -> Result<Self> {
        let float = match plan.precision {
            Precision::Bf16 => DType::BF16,
            _ => DType::F16,
        };
        let run = |share: &super::plan::Share| {
            let target = match share.spot {
                Spot::Processor => Target::cpu(),
                Spot::Card(number) => Target {
                    device: device(number)?,
                    float,
                },
            };
            Ok((share.layers, target))
        };
        let runs = plan.shares.iter().map(run).collect::<Result<_>>()?;
        Ok(Self { runs })
    }

    /// Of what is no layer.
    pub(super) fn home(&self) -> &Target {
        &self.runs[0].1
    }

    /// Of a layer.
    pub(super) fn layer(&self, number: usize) -> &Target {
        let mut end = 0_usize;
        let run = self.runs.iter().find(|(layers, _)| {
            end = end.saturating_add(*layers);
            number < end
        });
        run.map_or_else(|| self.home(), |(_, target)| target)
    }
}

/// There are no cards, so no plan names one.
#[cfg(not(feature = "cuda"))]
fn device(number: usize) -> candle_core::Result<Device> {
    Device::new_cuda(number)
}
