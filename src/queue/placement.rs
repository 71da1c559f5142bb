//! Where a new token stands: at the end of its line, at its front, for the draw, or where its user stood before.

/// Where a new token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// Behind all others.
    Last,
    /// At the front, behind the guests before it.
    Guest,
    /// With a join number, for the draw.
    Draw(u32),
    /// Where its user stood with a token that was dropped.
    Kept(KeptPlace),
}

/// Where a dropped token stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeptPlace {
    pub place: Option<i64>,
    pub join_number: Option<u32>,
    pub draw_number: Option<u32>,
}

impl Placement {
    /// The number told to someone who waits for the draw.
    pub(super) fn join_number(self) -> Option<u32> {
        match self {
            Placement::Draw(join_number) => Some(join_number),
            Placement::Kept(kept) => kept.join_number,
            Placement::Last | Placement::Guest => None,
        }
    }

    /// What the draw gave to a place that is given back.
    pub(super) fn draw_number(self) -> Option<u32> {
        if let Placement::Kept(kept) = self { kept.draw_number } else { None }
    }
}
