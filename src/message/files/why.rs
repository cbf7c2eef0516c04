//! Why something about files did not come about.

/// Why something about files did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The person there does not want it.
    Denied,
    /// That node takes no files.
    Policy,
    /// It is larger than that node takes.
    TooLarge,
    /// The disk there has no room for it.
    NoRoom,
    /// The same content is there already.
    Have,
    /// There are as many transfers as there may be.
    TooMany,
    /// A person stopped it.
    Stopped,
    /// The disk there failed.
    Disk,
    /// What came is not what its hash says.
    Damaged,
    /// The file changed while it was sent.
    Changed,
    /// There is no such thing (any more).
    Gone,
    /// It may not be read.
    Unreadable,
    /// It is neither file nor folder: a link, a device.
    NotAFile,
    /// More entries, or a longer path, than anybody takes.
    TooDeep,
    /// A reason that is newer than this program.
    Other,
}

impl Why {
    /// Every reason with a number of its own: its place here.
    pub const ALL: [Self; 14] = [
        Self::Denied,
        Self::Policy,
        Self::TooLarge,
        Self::NoRoom,
        Self::Have,
        Self::TooMany,
        Self::Stopped,
        Self::Disk,
        Self::Damaged,
        Self::Changed,
        Self::Gone,
        Self::Unreadable,
        Self::NotAFile,
        Self::TooDeep,
    ];
}
