//! What made a result: the key under which the output of a stage can be found again.
//!
//! A stage is a pure function, so its output is determined by its name and version, its parameters
//! and its inputs. [`StageKey`] hashes exactly these. Equal keys mean equal bytes; a seed is a
//! parameter.

mod canonical;

pub use canonical::canonical_json;

use std::fmt;

use serde::Serialize;

/// BLAKE3 over the bytes of one input of a stage (voxels, a mask, or the key of an earlier stage).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputHash([u8; 32]);

impl InputHash {
    /// Hash of the bytes of an input.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl From<StageKey> for InputHash {
    /// The output of an earlier stage as input: its key stands for its bytes.
    fn from(key: StageKey) -> Self {
        Self(key.0)
    }
}

/// Identity of one run of a stage; 64 hex digits when printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageKey([u8; 32]);

/// Parameters that have no JSON form (a map whose keys are not strings, for example).
#[derive(Debug, thiserror::Error)]
#[error("parameters of stage {stage} cannot be written as JSON: {source}")]
pub struct ParamsError {
    stage: String,
    source: serde_json::Error,
}

impl StageKey {
    /// Key of stage `stage` in version `version`, run with `params` on `inputs` (order counts).
    ///
    /// Floating-point parameters must be finite: JSON writes NaN and the infinities alike.
    ///
    /// # Errors
    /// When `params` has no JSON form.
    pub fn new(
        stage: &str,
        version: u32,
        params: &impl Serialize,
        inputs: &[InputHash],
    ) -> Result<Self, ParamsError> {
        let params = serde_json::to_value(params).map_err(|source| ParamsError {
            stage: stage.to_owned(),
            source,
        })?;
        let params = canonical_json(&params);
        let mut hasher = blake3::Hasher::new_derive_key("oncotwin 2026 stage key v1");
        // Lengths go in front, so that no two different lists of parts run together alike.
        for part in [stage.as_bytes(), &version.to_le_bytes(), params.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        for input in inputs {
            hasher.update(&input.0);
        }
        Ok(Self(*hasher.finalize().as_bytes()))
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(stage: &str, version: u32, params: &serde_json::Value, inputs: &[&[u8]]) -> StageKey {
        let inputs: Vec<_> = inputs.iter().map(|i| InputHash::of(i)).collect();
        StageKey::new(stage, version, params, &inputs).unwrap()
    }

    #[test]
    fn every_part_counts() {
        let base = key("segment", 1, &json!({"seed": 1}), &[b"a", b"b"]);
        assert_ne!(base, key("measure", 1, &json!({"seed": 1}), &[b"a", b"b"]));
        assert_ne!(base, key("segment", 2, &json!({"seed": 1}), &[b"a", b"b"]));
        assert_ne!(base, key("segment", 1, &json!({"seed": 2}), &[b"a", b"b"]));
        assert_ne!(base, key("segment", 1, &json!({"seed": 1}), &[b"b", b"a"]));
        assert_ne!(base, key("segment", 1, &json!({"seed": 1}), &[b"a"]));
        assert_eq!(base.to_string().len(), 64);
    }

    #[test]
    fn the_order_of_parameters_does_not_count() {
        let one = key("fit", 1, &json!({"a": 1, "b": 2.5}), &[]);
        let two = key("fit", 1, &json!({"b": 2.5, "a": 1}), &[]);
        assert_eq!(one, two);
    }
}
