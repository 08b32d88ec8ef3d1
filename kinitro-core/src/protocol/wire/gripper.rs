//! Which sign closes the gripper.
//!
//! | where | state | command |
//! |---|---|---|
//! | simulator, [`Action`](crate::protocol::policy::Action), [`Observation`](crate::protocol::policy::Observation) | opening, 0 closed … 1 open | −1 opens … +1 closes |
//! | P1 and V3, four numbers, convention `simulator` | the same | the same |
//! | P1 and V3, four numbers, convention `documented` | the same | −1 closes … +1 opens |
//! | P2, and V3's named channels | P2: closedness, 0 open … 1 closed; V3: opening | closedness, 0 open … 1 closed |
//!
//! Source of the first row: Meta-World 3.1.1, whose scripted pick-place policy sends +1 at the object.
//! `documented` is the sign that an early miner guide stated, against what its own server did.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::names;

/// The sign of the fourth number of an action that is a plain list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GripperConvention {
    /// +1 closes, −1 opens: what policies learn that are trained on the simulator.
    #[default]
    Simulator,
    /// +1 opens, −1 closes.
    Documented,
}

impl GripperConvention {
    /// Every convention with its name.
    pub const NAMES: [(Self, &'static str); 2] = [
        (Self::Simulator, "simulator"),
        (Self::Documented, "documented"),
    ];

    /// The name on the wire and on the command line.
    pub fn as_str(self) -> &'static str {
        names::name(&Self::NAMES, &self)
    }

    /// The simulator's command for what a server answered.
    pub fn command_from_wire(self, wire: f64) -> f64 {
        match self {
            Self::Simulator => wire,
            Self::Documented => -wire,
        }
    }

    /// What a server has to answer for a command of the simulator.
    pub fn wire_from_command(self, command: f64) -> f64 {
        // Both conventions are their own inverse.
        self.command_from_wire(command)
    }
}

impl fmt::Display for GripperConvention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for GripperConvention {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        names::parse("gripper convention", &Self::NAMES, text)
    }
}

/// P2's state from the opening: 0 open … 1 closed.
pub fn closedness_from_opening(opening: f32) -> f32 {
    1.0 - opening
}

/// The opening from P2's state.
pub fn opening_from_closedness(closedness: f32) -> f32 {
    1.0 - closedness
}

/// The simulator's command from P2's: 0 open … 1 closed becomes −1 … +1.
///
/// Numbers far outside are cut to ±3 first, which clipping to `[-1, 1]` still notices: doubling the largest numbers would overflow.
pub fn command_from_closedness(closedness: f64) -> f64 {
    2.0 * closedness.clamp(-1.0, 2.0) - 1.0
}

/// P2's command from the simulator's.
///
/// Exact for commands in `[-1, 1]` that are f32 and not smaller than 2⁻²⁹ in size (or 0), so those come back from
/// [`command_from_closedness`] bit for bit.
pub fn closedness_from_command(command: f64) -> f64 {
    f64::midpoint(command, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_one_closes_unless_the_documented_sign_is_chosen() {
        for (convention, wire_that_closes) in [
            (GripperConvention::Simulator, 1.0),
            (GripperConvention::Documented, -1.0),
        ] {
            assert_eq!(convention.command_from_wire(wire_that_closes), 1.0);
            assert_eq!(convention.command_from_wire(-wire_that_closes), -1.0);
            assert_eq!(convention.wire_from_command(1.0), wire_that_closes);
            assert_eq!(
                convention.as_str().parse::<GripperConvention>().unwrap(),
                convention
            );
        }
    }

    #[test]
    fn closedness_is_zero_when_open_and_one_when_closed() {
        for (opening, closedness) in [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75)] {
            assert_eq!(closedness_from_opening(opening), closedness);
            assert_eq!(opening_from_closedness(closedness), opening);
        }
        for (closedness, command) in [(0.0, -1.0), (0.5, 0.0), (1.0, 1.0), (0.75, 0.5)] {
            assert_eq!(command_from_closedness(closedness), command);
            assert_eq!(closedness_from_command(command), closedness);
        }
    }

    #[test]
    fn commands_pass_closedness_bit_for_bit() {
        for command in [0.6_f32, -0.1, 0.999_999_9, -1.0, 1.0, 1.0e-7, 0.0] {
            let there_and_back = command_from_closedness(closedness_from_command(command.into()));
            assert_eq!(there_and_back, f64::from(command));
        }
        assert_eq!(command_from_closedness(f64::MAX), 3.0);
        assert_eq!(command_from_closedness(f64::MIN), -3.0);
    }
}
