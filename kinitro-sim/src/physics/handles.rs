//! Typed ids, resolved once when a model is loaded.
//!
//! An id is only meaningful for models compiled from the file it was looked up in; every access through it is bounds-checked.

use std::fmt;

/// What a name in a model can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElementKind {
    /// A rigid body.
    Body,
    /// A point of reference without mass or shape.
    Site,
    /// A shape, for collision or for show.
    Geom,
    /// A degree (or six) of freedom.
    Joint,
}

impl fmt::Display for ElementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body => "body",
            Self::Site => "site",
            Self::Geom => "geom",
            Self::Joint => "joint",
        })
    }
}

/// A body of a compiled model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId(pub(super) usize);

impl BodyId {
    /// Whether it is the world itself.
    pub fn is_world(self) -> bool {
        self.0 == 0
    }
}

/// A site of a compiled model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub(super) usize);

/// A geom of a compiled model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GeomId(pub(super) usize);

/// A joint of a compiled model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JointId(pub(super) usize);
