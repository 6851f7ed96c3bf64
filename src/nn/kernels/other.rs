//! Quantised kinds without a kernel of their own, through the tensor library.

use candle_core::quantized::GgmlDType;
use candle_core::quantized::k_quants::{self, GgmlType};

/// Whole blocks as floats.
pub(super) fn to_floats(kind: GgmlDType, bytes: &[u8], floats: &mut [f32]) {
    match kind {
        GgmlDType::Q4_0 => unpack::<k_quants::BlockQ4_0>(bytes, floats),
        GgmlDType::Q4_1 => unpack::<k_quants::BlockQ4_1>(bytes, floats),
        GgmlDType::Q5_0 => unpack::<k_quants::BlockQ5_0>(bytes, floats),
        GgmlDType::Q5_1 => unpack::<k_quants::BlockQ5_1>(bytes, floats),
        GgmlDType::Q8_0 => unpack::<k_quants::BlockQ8_0>(bytes, floats),
        GgmlDType::Q2K => unpack::<k_quants::BlockQ2K>(bytes, floats),
        GgmlDType::Q3K => unpack::<k_quants::BlockQ3K>(bytes, floats),
        GgmlDType::Q4K => unpack::<k_quants::BlockQ4K>(bytes, floats),
        GgmlDType::Q5K => unpack::<k_quants::BlockQ5K>(bytes, floats),
        GgmlDType::Q6K => unpack::<k_quants::BlockQ6K>(bytes, floats),
        kind => unreachable!("{kind:?} is no quantised kind of files"),
    }
}

fn unpack<T: GgmlType>(bytes: &[u8], floats: &mut [f32]) {
    assert!(
        bytes.len() / size_of::<T>() * T::BLCK_SIZE == floats.len()
            && bytes.as_ptr().cast::<T>().is_aligned(),
        "whole blocks"
    );
    // SAFETY: blocks are plain numbers without invalid patterns; there are as many bytes, and they are
    // aligned, as was checked.
    let blocks = unsafe {
        std::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), bytes.len() / size_of::<T>())
    };
    T::to_float(blocks, floats);
}
