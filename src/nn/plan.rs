//! Where and in how many bits a model is computed: estimated before anything is read, so that a model that does
//! not fit is refused with numbers and does not end the program.
//!
//! What suits best comes first: the whole model in halves on a card, on several cards, in four bits on one, on
//! several, a part of its layers on cards and the rest on the processor, all on the processor. When one way fails
//! although it was expected to work, the next one is tried.

mod need;

use serde::{Deserialize, Serialize};

use super::cards::{Card, cards};
use super::config::Config;
use super::kernels::has_unit;
use crate::nn::{Error, Result};
use need::Needs;

/// What a user wants of the precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// What suits model and machine.
    #[default]
    Auto,
    /// Floats, as many bits as there are.
    Floats,
    /// Four bits.
    FourBits,
}

/// What a user wants of the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Cards where there are any with room, else the processor.
    #[default]
    Auto,
    /// The processor.
    Processor,
    /// Cards, at least for a part.
    Cards,
}

/// How weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As the GGUF file has them.
    AsStored,
    /// Floats, in single precision or as they are stored where kernels can work with that.
    Floats,
    /// Halves with the exponent of single precision.
    Bf16,
    /// Halves with 11 bits, rows scaled so that no product leaves their range.
    F16,
    /// Four bits, quantised here.
    FourBits,
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// The processor.
    Processor,
    /// The card of this number.
    Card(usize),
}

/// A run of layers in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Where.
    pub spot: Spot,
    /// `cpu`, or what the maker of a card calls it.
    pub name: String,
    /// How many layers.
    pub layers: usize,
    /// Bytes of memory that are expected to be taken there.
    pub bytes: u64,
}

/// How a model is to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// How its weights are held.
    pub precision: Precision,
    /// Its layers in order. What is no layer (embeddings, logits, the part for images) is where the first are.
    pub shares: Vec<Share>,
}

impl Plan {
    /// Bytes that are expected to be taken, of all memories together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shares.iter().map(|share| share.bytes).sum()
    }

    /// Whether a card computes a part of it.
    #[must_use]
    pub fn uses_cards(&self) -> bool {
        self.shares.iter().any(|s| s.spot != Spot::Processor)
    }

    /// Where it is computed, as a code word: `cpu`, `card0`, `card0:12+cpu:22`.
    #[must_use]
    pub fn code(&self) -> String {
        let spot = |share: &Share| match share.spot {
            Spot::Processor => "cpu".to_owned(),
            Spot::Card(number) => format!("card{number}"),
        };
        if let [share] = &self.shares[..] {
            return spot(share);
        }
        let told = self
            .shares
            .iter()
            .map(|s| format!("{}:{}", spot(s), s.layers));
        told.collect::<Vec<_>>().join("+")
    }

    /// Where it is computed: `cpu`, `NVIDIA L4`, `NVIDIA T400 4GB (12 layers), cpu (22 layers)`.
    #[must_use]
    pub fn place(&self) -> String {
        if let [share] = &self.shares[..] {
            return share.name.clone();
        }
        let told = |share: &Share| format!("{} ({} layers)", share.name, share.layers);
        let told: Vec<String> = self.shares.iter().map(told).collect();
        told.join(", ")
    }

    /// Precision and place, as a code word: `four_bits:card0`.
    #[must_use]
    pub fn words(&self) -> String {
        let precision = match self.precision {
            Precision::AsStored => "as_stored",
            Precision::Floats => "floats",
            Precision::Bf16 => "bf16",
            Precision::F16 => "f16",
            Precision::FourBits => "four_bits",
        };
        format!("{precision}:{}", self.code())
    }

    /// Whether it differs in the amount of memory only.
    fn is_as(&self, other: &Self) -> bool {
        let spots = |plan: &Self| plan.shares.iter().map(|s| s.spot).collect::<Vec<_>>();
        self.precision == other.precision && spots(self) == spots(other)
    }
}

/// A way that failed although it was expected to work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The way.
    pub plan: Plan,
    /// What happened.
    pub reason: String,
    /// The answer was not a number, so fewer bits are of no use.
    pub is_non_finite: bool,
}

impl Failed {
    /// In one line.
    #[must_use]
    pub fn told(&self) -> String {
        let Plan { precision, .. } = &self.plan;
        format!("{precision:?} on {}: {}", self.plan.place(), self.reason)
    }
}

/// Whether a way is still worth trying.
fn is_left(plan: &Plan, failed: &[Failed]) -> bool {
    !failed.iter().any(|f| {
        let had_more = !matches!(f.plan.precision, Precision::FourBits | Precision::AsStored);
        let is_coarser = f.is_non_finite && had_more && plan.precision == Precision::FourBits;
        f.plan.is_as(plan) || is_coarser
    })
}

/// A model that reads few words at a time is as fast as its weights are small: above this many values four
/// bits are chosen on a processor where both fit.
const MANY_VALUES: u64 = 500_000_000;
/// Memory of a card from which bfloat16 is preferred where it has that: 16 GB as makers count them.
const LARGE_CARD: u64 = 15_500_000_000;
/// Memory of a card from which such a model is held in halves there: 12 GB as makers count them.
const CARD_FOR_HALVES: u64 = 12_300_000_000;
/// Of the room on cards, what is planned with when a plan for all of it has failed.
const SECOND_TRY: f64 = 0.5;

/// Weights as they lie in their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// GGUF, so many bytes.
    Gguf(u64),
    /// Safetensors.
    Floats {
        /// Bytes of a value in main memory.
        each: u64,
        /// They were quantised before, and that was kept.
        is_kept: bool,
    },
}

/// What a machine can give.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Bytes of memory that may be taken; `None` where the system does not tell, and nothing is refused.
    pub free: Option<u64>,
    /// Memory of quantised weights on the processor, as a multiple of their file.
    pub copies: f64,
    /// Cards that can be computed on.
    pub cards: Vec<Card>,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn here() -> Self {
        let [as_stored, laid_out] = need::COPIES;
        Self {
            free: memory().map(|[_, free]| free),
            copies: if has_unit() { as_stored } else { laid_out },
            cards: cards(),
        }
    }

    /// As if a model had been let go.
    #[must_use]
    pub fn without(mut self, open: &Plan) -> Self {
        for share in &open.shares {
            match share.spot {
                Spot::Processor => self.free = self.free.map(|free| free + share.bytes),
                Spot::Card(number) => {
                    let card = self.cards.iter_mut().find(|card| card.number == number);
                    if let Some(card) = card {
                        card.free = (card.free + share.bytes).min(card.bytes);
                    }
                }
            }
        }
        self
    }
}

/// Bytes of main memory: all, and those that are free; `None` where the system does not tell.
#[must_use]
pub fn memory() -> Option<[u64; 2]> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let memory = [system.total_memory(), system.available_memory()];
    Some(memory).filter(|[_, free]| *free > 0)
}

/// The ways in which a model can be opened, best first.
///
/// # Errors
/// [`Error::NoRoom`] with the least that is needed, [`Error::Request`] for a wish that the file or the machine
/// cannot fulfil.
pub fn plans(
    config: &Config,
    stored: Stored,
    positions: usize,
    (wish, place): (Wish, Place),
    machine: &Machine,
    failed: &[Failed],
) -> Result<Vec<Plan>> {
    let refuse = |reason: &str| {
        Err(Error::Request {
            reason: reason.to_owned(),
        })
    };
    if matches!(stored, Stored::Gguf(_)) && wish != Wish::Auto {
        return refuse("the weights of a GGUF file are computed with as they are stored");
    }
    if place == Place::Cards && machine.cards.is_empty() {
        return refuse("there is no graphics card that this program can compute on");
    }
    let needs = Needs::of(config, stored, positions, machine.copies);
    let room = machine.free.unwrap_or(u64::MAX);
    // Before weights are held in four bits, all of them have been in main memory.
    let first = |precision| match precision {
        Precision::FourBits => needs.quantising(),
        _ => 0,
    };
    let (mut plans, mut least) = (Vec::new(), u64::MAX);
    if place != Place::Processor && !machine.cards.is_empty() {
        plans.extend(on_cards(&needs, stored, wish, machine));
        plans.retain(|plan| first(plan.precision) <= room);
        least = needs.least_on_a_card();
    }
    if place != Place::Cards {
        let few = needs.values() <= MANY_VALUES;
        for precision in on_processor(stored, wish, few) {
            let first = first(*precision);
            match needs.fill(*precision, &[(None, room)]) {
                Ok(plan) if first <= room => plans.push(plan),
                Ok(_) => least = least.min(first),
                Err(needed) => least = least.min(needed.max(first)),
            }
        }
    }
    let had_any = !plans.is_empty();
    plans.retain(|plan| is_left(plan, failed));
    if plans.is_empty() && had_any {
        return Err(Error::NoWay {
            tried: failed.iter().map(Failed::told).collect(),
        });
    }
    if plans.is_empty() {
        return Err(Error::NoRoom {
            needed: least,
            free: machine.free.unwrap_or(0),
            cards: machine.cards.iter().map(|card| card.free).collect(),
        });
    }
    Ok(plans)
}

const fn on_processor(stored: Stored, wish: Wish, few: bool) -> &'static [Precision] {
    match (stored, wish) {
        (Stored::Gguf(_), _) => &[Precision::AsStored],
        (Stored::Floats { .. }, Wish::Floats) => &[Precision::Floats],
        (Stored::Floats { .. }, Wish::FourBits) => &[Precision::FourBits],
        (Stored::Floats { .. }, Wish::Auto) if few => &[Precision::Floats, Precision::FourBits],
        (Stored::Floats { .. }, Wish::Auto) => &[Precision::FourBits, Precision::Floats],
    }
}

/// Ways in which cards take part: in halves, then in four bits; on one, then on several; then with the processor.
fn on_cards(needs: &Needs, stored: Stored, wish: Wish, machine: &Machine) -> Vec<Plan> {
    let mut cards: Vec<&Card> = machine.cards.iter().collect();
    cards.sort_by_key(|card| std::cmp::Reverse(card.free));
    let Some(first) = cards.first() else {
        return Vec::new();
    };
    let is_large = first.bytes >= LARGE_CARD && cards.iter().all(|card| card.has_bf16);
    let half = if is_large {
        Precision::Bf16
    } else {
        Precision::F16
    };
    let small = match stored {
        Stored::Gguf(_) => Precision::AsStored,
        Stored::Floats { .. } => Precision::FourBits,
    };
    let holds_halves = first.bytes >= CARD_FOR_HALVES || needs.values() <= MANY_VALUES;
    let precisions: &[Precision] = match (stored, wish) {
        (Stored::Gguf(_), _) | (_, Wish::FourBits) => &[small],
        (_, Wish::Floats) => &[half],
        (_, Wish::Auto) if holds_halves => &[half, small],
        (_, Wish::Auto) => &[small],
    };
    let rooms: Vec<_> = cards
        .iter()
        .map(|card| (Some(*card), need::usable(card.free)))
        .collect();
    let mut plans = Vec::new();
    for precision in precisions {
        plans.extend(needs.fill(*precision, &rooms[..1]).ok());
        if rooms.len() > 1 {
            plans.extend(needs.fill(*precision, &rooms).ok());
        }
    }
    if precisions.contains(&small) {
        // Behind a plan with all layers on cards this is for when that one fails.
        let share = if plans.is_empty() { 1.0 } else { SECOND_TRY };
        let mut rooms = rooms;
        for (_, room) in &mut rooms {
            *room = (*room as f64 * share) as u64;
        }
        rooms.push((None, machine.free.unwrap_or(u64::MAX)));
        let split = needs.fill(small, &rooms).ok();
        plans.extend(split.filter(|plan| plan.uses_cards() && plan.shares.len() > 1));
    }
    plans
}

#[cfg(test)]
mod tests;
