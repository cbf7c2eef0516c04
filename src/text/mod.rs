//! Text that came from people: made harmless once, here, and a type from then on.

pub mod filter;
pub mod line;
pub mod name;

pub use filter::{shown, shown_lossy};
pub use line::Line;
pub use name::{Name, NameError};
