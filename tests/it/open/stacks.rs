//! Stacks: what belongs together, in which order, and what is odd about it.
