//! The vocabulary of task files: what a task is, before anything is simulated.
//!
//! All lengths are meters in the world frame: x to the right of the robot's view, y away from it, z up.

use super::scene::{Evaluation, Objects, Placement, RewardV1, Scene, Stage, StepView};

/// What the robot must achieve, and where everything may stand at the start.
#[derive(Debug)]
pub struct TaskSpec {
    /// The name without its family, for example `drawer-open-v3`.
    pub name: &'static str,
    /// One sentence for people who choose tasks.
    pub summary: &'static str,
    /// One English sentence for a policy that is told what to do.
    pub instruction: &'static str,
    /// How hard policies find it.
    pub difficulty: Difficulty,
    /// File name of the MJCF model in Meta-World's folder `assets/sawyer_xyz`.
    pub model: &'static str,
    /// Where the hand is brought before the scene is placed.
    pub hand_init: [f64; 3],
    /// Whether the hand's way there depends on where the scene is placed.
    pub hand_start: HandStart,
    /// Lower corner of the box that the commanded hand position is kept in.
    pub mocap_low: [f64; 3],
    /// Upper corner of the box that the commanded hand position is kept in.
    pub mocap_high: [f64; 3],
    /// The placement vectors of the task.
    pub draw: DrawSpace,
    /// Lower corner of the box that the observed goal is clipped to. Rewards use the unclipped goal.
    pub goal_space_low: [f64; 3],
    /// Upper corner of the box that the observed goal is clipped to.
    pub goal_space_high: [f64; 3],
    /// The parts of the model that the functions below read or move.
    pub marks: Marks,
    /// The bodies that the robot is to move; all that hang on them count with them.
    pub manipulated: &'static [BodyMark],
    /// The site that shows the goal, if the task has one. Procedural scenes draw it exactly at the target.
    pub goal_marker: Option<SiteMark>,
    /// Sites that show another goal than the task's. Procedural scenes do not draw them.
    pub misleading_markers: &'static [SiteMark],
    /// Poses of the objects as observed.
    pub objects: fn(&Scene<'_>) -> Objects,
    /// Puts everything where a placement vector says, after the hand has settled.
    pub place: fn(&mut Stage<'_>, &[f64]) -> Placement,
    /// Reward version 2 (Meta-World's default), success and the other measures of a step.
    pub reward: fn(&StepView<'_>) -> Evaluation,
    /// Reward version 1.
    pub reward_v1: fn(&StepView<'_>) -> RewardV1,
}

/// How the hand gets to its start in a reset.
///
/// Meta-World simulates it in every reset, for 250 time steps. Where the scene has no influence on them the state one step
/// before their end is remembered instead, and the last step, from which poses are read, is carried out in the placed scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandStart {
    /// In equal steps wherever the scene is placed. A test compares both ways to the bit.
    Remembered,
    /// In the placed scene: something falls or swings in it meanwhile, differently from place to place.
    Simulated,
}

/// How hard policies that learn from demonstrations find a task.
///
/// Source: the grouping of Y. Seo et al., "Masked World Models for Visual Control" (2022), as `LeRobot` publishes it for the 50
/// tasks (`src/lerobot/envs/metaworld_config.json`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difficulty {
    /// One contact, little precision: buttons, doors, drawers, handles.
    Easy,
    /// A grasp or a push that must be aimed.
    Medium,
    /// A small object or a narrow goal.
    Hard,
    /// Several such stages in a row.
    VeryHard,
}

impl Difficulty {
    /// The name in lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
            Self::VeryHard => "very hard",
        }
    }
}

/// The box that placement vectors are drawn from, uniformly in every component.
#[derive(Debug, Clone, Copy)]
pub struct DrawSpace {
    /// Lower bounds.
    pub low: &'static [f64],
    /// Upper bounds, as many as lower ones.
    pub high: &'static [f64],
    /// Which vectors are drawn again.
    pub min_distance: MinDistance,
}

/// What the places of a vector must keep away from, seen from above.
#[derive(Debug, Clone, Copy)]
pub enum MinDistance {
    /// Every vector is accepted.
    None,
    /// Between the first three and the last three numbers of the vector.
    BetweenPlaces(f64),
    /// Between the first three numbers and a fixed point.
    FromPoint {
        /// x and y of the fixed point.
        point: [f64; 2],
        /// The smallest accepted distance.
        distance: f64,
    },
}

impl DrawSpace {
    /// Length of a placement vector.
    pub const fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether placement vectors of this task are empty. None is, so far.
    pub const fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// Whether a vector of the right length keeps the distance that the task asks for.
    pub fn accepts(&self, draw: &[f64]) -> bool {
        let (point, least) = match self.min_distance {
            MinDistance::None => return true,
            MinDistance::BetweenPlaces(least) => ([draw[3], draw[4]], least),
            MinDistance::FromPoint { point, distance } => (point, distance),
        };
        let (x, y) = (draw[0] - point[0], draw[1] - point[1]);
        (x * x + y * y).sqrt() >= least
    }
}

/// One of the three-number places that a placement vector consists of.
///
/// Panics if the vector is too short, which the length of the task's [`DrawSpace`] rules out.
pub(super) fn point(draw: &[f64], index: usize) -> [f64; 3] {
    [draw[3 * index], draw[3 * index + 1], draw[3 * index + 2]]
}

/// A constant that upstream keeps in single precision.
pub(super) const fn from_f32(v: [f32; 3]) -> [f64; 3] {
    [v[0] as f64, v[1] as f64, v[2] as f64]
}

/// Names of the parts of a model that a task reads or moves, by kind.
///
/// A task file lists the names once and turns each into a typed mark, at compile time:
///
/// ```
/// use kinitro_sim::metaworld::spec::{BodyMark, Marks};
///
/// const MARKS: Marks = Marks { bodies: &["drawer", "drawer_link"], ..Marks::NONE };
/// const CABINET: BodyMark = MARKS.body("drawer");
/// ```
///
/// A mark of a name that is not listed does not compile; a name that the model lacks is an error when it is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    /// Names of bodies.
    pub bodies: &'static [&'static str],
    /// Names of sites.
    pub sites: &'static [&'static str],
    /// Names of geoms.
    pub geoms: &'static [&'static str],
    /// Names of joints with one degree of freedom.
    pub joints: &'static [&'static str],
}

/// A body that a task reads or moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyMark(pub(super) usize);

/// A site that a task reads or moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteMark(pub(super) usize);

/// A geom that a task reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeomMark(pub(super) usize);

/// A joint that a task reads or sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JointMark(pub(super) usize);

impl Marks {
    /// No names; the rest of a struct literal.
    pub const NONE: Self = Self {
        bodies: &[],
        sites: &[],
        geoms: &[],
        joints: &[],
    };

    /// The mark of a listed body.
    ///
    /// # Panics
    /// If the name is not listed.
    pub const fn body(&self, name: &str) -> BodyMark {
        BodyMark(position(self.bodies, name))
    }

    /// The mark of a listed site.
    ///
    /// # Panics
    /// If the name is not listed.
    pub const fn site(&self, name: &str) -> SiteMark {
        SiteMark(position(self.sites, name))
    }

    /// The name of a listed site.
    pub fn site_name(&self, mark: SiteMark) -> &'static str {
        self.sites[mark.0]
    }

    /// The mark of a listed geom.
    ///
    /// # Panics
    /// If the name is not listed.
    pub const fn geom(&self, name: &str) -> GeomMark {
        GeomMark(position(self.geoms, name))
    }

    /// The mark of a listed joint.
    ///
    /// # Panics
    /// If the name is not listed.
    pub const fn joint(&self, name: &str) -> JointMark {
        JointMark(position(self.joints, name))
    }
}

const fn position(names: &[&str], name: &str) -> usize {
    let mut index = 0;
    while index < names.len() {
        if same(names[index].as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("the task lists no mark of that kind and name")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    a.len() == b.len()
}
