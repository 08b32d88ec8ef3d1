//! What crosses the border of the process: observations and actions, the messages that carry them to a policy's server, and the results of an evaluation.

pub mod policy;
pub mod results;
pub mod view;
pub mod wire;
