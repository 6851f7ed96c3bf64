//! The `oncotwin` program.

fn main() {}
