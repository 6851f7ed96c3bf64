//! Stacks of one series that a reader joins.

use std::collections::BTreeMap;

use super::groups::{StackKey, Stacks};
use super::mixed::{Mixed, kept_together, weightings};
use super::phases::{Phases, aligned, by_position, placed_normal};
use super::{Placed, Slice, build, stack_items};
use crate::open::{Item, ItemKind};
use crate::warning::{Warning, WarningCode};

/// The items of stacks that one grid may hold: one where it does, else each for itself.
pub(super) fn join(parts: BTreeMap<StackKey, Vec<Slice>>) -> Vec<Item> {
    let keys: Vec<&StackKey> = parts.keys().collect();
    let Some(warning) = warning(&keys) else {
        return parts
            .into_values()
            .flat_map(|part| stack_items(part, Stacks::Joined))
            .collect();
    };
    let parts: Vec<Vec<Slice>> = parts.into_values().collect();
    if let Some(volumes) = at_same_places(&parts) {
        let mut warnings = vec![warning];
        warnings.extend(volumes.iter().find_map(|v| mixed_weightings(v)));
        return vec![build(&volumes, Placed::Each, warnings)];
    }
    let all = parts.iter().flatten().copied().collect();
    let mut items = stack_items(all, Stacks::Joined);
    match &mut items[..] {
        [item] if item.kind == ItemKind::Volume => {
            item.warnings.push(warning);
            items
        }
        _ => parts
            .into_iter()
            .flat_map(|part| stack_items(part, Stacks::Apart))
            .collect(),
    }
}

/// Says where slices of one volume are weighted differently.
fn mixed_weightings(slices: &[Slice]) -> Option<Warning> {
    match weightings(slices) {
        Mixed::No => None,
        Mixed::Parts(parts) => Some(kept_together(parts.len(), WarningCode::Joined)),
        Mixed::Loose(warning) => Some(warning),
    }
}

/// Says what stacks that were joined differ in.
fn warning(keys: &[&StackKey]) -> Option<Warning> {
    let differences = StackKey::differences(keys);
    (!differences.is_empty()).then(|| {
        Warning::new(
            WarningCode::Joined,
            format!(
                "{} stacks that differ in {} were joined as a reader asked: values may not compare \
                 between them",
                keys.len(),
                differences.join(", ")
            ),
        )
    })
}

/// The stacks as volumes on one grid, where all of them have slices at the very same places.
fn at_same_places<'a>(parts: &[Vec<Slice<'a>>]) -> Option<Vec<Vec<Slice<'a>>>> {
    let volumes: Vec<Vec<Slice>> = parts
        .iter()
        .map(|part| {
            let positions = by_position(part.clone(), placed_normal(part)?);
            let each_once = positions.iter().all(|here| here.len() == 1);
            each_once.then(|| positions.into_iter().flatten().collect())
        })
        .collect::<Option<_>>()?;
    let n_slices = volumes.first()?.len();
    if volumes.iter().any(|v| v.len() != n_slices) {
        return None;
    }
    match aligned(volumes) {
        Phases::Volumes(volumes) => Some(volumes),
        Phases::Separate(_) | Phases::Hopeless(_) => None,
    }
}
