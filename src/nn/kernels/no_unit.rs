//! Processors without a matrix unit that these kernels know: the library multiplies.

use std::ops::Range;

use candle_core::Tensor;

use super::{Factor, Finish};
use crate::nn::Result;

/// Whether this processor has a matrix unit.
pub(in crate::nn) const fn has_unit() -> bool {
    false
}

/// Nothing.
pub(in crate::nn) fn products(_: &Tensor, _: &[(Factor, Finish)]) -> Result<Option<Vec<Tensor>>> {
    Ok(None)
}

/// Nothing.
pub(in crate::nn) fn attend(
    _: &Tensor,
    _: [&Tensor; 2],
    _: f32,
    _: &[Range<usize>],
) -> Result<Option<Tensor>> {
    Ok(None)
}
