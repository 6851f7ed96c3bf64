//! The forward models: against SciPy, by their properties, and the defects of other systems by name.

mod defects;
mod properties;
mod reference_curves;
mod timeline;
