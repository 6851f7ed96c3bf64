//! Pixels: every encoding gives the values that other programs read.
