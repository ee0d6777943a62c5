/// Whether versions before it live on with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// They do: it only adds.
    Expand,
    /// They do not: it takes away.
    Contract,
}

impl StepKind {
    /// Returns the kind's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Contract => "contract",
        }
    }

    /// Returns the kind with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Expand, Self::Contract].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A step. Its number is its place in the list, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) kind: StepKind,
    pub(super) sql: &'static str,
}

/// Every step, in order.
pub(super) const STEPS: &[Step] = &[
    expand("first", include_str!("0001_first.sql")),
    expand("limits", include_str!("0002_limits.sql")),
    expand("refusals", include_str!("0003_refusals.sql")),
];

pub(super) const fn expand(name: &'static str, sql: &'static str) -> Step {
    Step { name, kind: StepKind::Expand, sql }
}
