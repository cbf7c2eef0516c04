//! The thread that writes may write into its folder and nowhere else.

/// How well a thread is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// By all that this program knows of.
    Enforced,
    /// By what this kernel has of it.
    Partly,
    /// This system has no such thing.
    NotThere,
}
