//! What this machine has for models, and what takes it.

use super::host::{Host, OpenModel};
use crate::nn::cards::{Card, unused};
use crate::nn::plan::{Machine, memory};

/// Memory and cards, and the model that is open.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Bytes of main memory: all, and those that are free; `None` where the system does not tell.
    pub memory: Option<[u64; 2]>,
    /// Cards that can be computed on.
    pub cards: Vec<Card>,
    /// Cards that are there, but for which this program was not built.
    pub unused: Vec<String>,
    /// The model that is open.
    pub open: Option<OpenModel>,
}

impl Resources {
    /// Those of this machine, and the machine as a model would find it when the one that is open is let go.
    #[must_use]
    pub fn now(host: &Host) -> (Self, Machine) {
        let (machine, open) = (Machine::here(), host.open_model());
        let resources = Self {
            memory: memory(),
            cards: machine.cards.clone(),
            unused: unused(),
            open,
        };
        let machine = match &resources.open {
            Some(open) => machine.without(&open.plan),
            None => machine,
        };
        (resources, machine)
    }
}
