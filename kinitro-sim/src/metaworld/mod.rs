//! The MetaWorld family: a Sawyer arm with a two-finger gripper at a table, and one task per environment.
//!
//! Two profiles share all code and differ in what is drawn:
//!
//! * *parity*: physics, observations, rewards and resets equal those of Meta-World 3.1.1 running on MuJoCo 3.17.0, step for
//!   step and bit for bit, rewards up to the single-precision rounding inside its array library (2e-6);
//! * *evaluation*: procedural scenes from episode keys, with randomized physics and starts, and looks from miner keys.
//!
//! | module | content |
//! |---|---|
//! | [`env`](mod@env) | [`SawyerEnv`](env::SawyerEnv): the only reset and step loop |
//! | [`evaluation`] | the evaluation profile: [`EvaluationEnv`](evaluation::EvaluationEnv), the family's row in the registry |
//! | [`randomize`] | from an episode key to a scene |
//! | `furnishing` | what of a model is surroundings, robot and thing of the task, for its looks |
//! | `observe` | the only place where what a policy sees is taken from the simulation |
//! | [`spec`] | [`TaskSpec`](spec::TaskSpec): what a task is |
//! | [`tasks`] | the tasks, one file per group |
//! | [`scene`] | what the functions of a task read, set and return |
//! | [`sawyer`] | the arm |
//! | [`reward`], [`reward_v1`] | shaping that several tasks share |
//! | [`experts`] | scripted experts, one per task |
//! | [`benchmarks`] | MT1 to ML45: tasks and placements of the published benchmarks, to the bit |
//! | [`numpy_draws`] | the random numbers of NumPy that published set-ups are drawn with |
//! | [`vector`] | distances and rotations in upstream's order of operations |

pub mod benchmarks;
pub mod env;
pub mod evaluation;
pub mod experts;
mod furnishing;
pub mod numpy_draws;
mod observe;
pub mod randomize;
pub mod reward;
pub mod reward_v1;
pub mod sawyer;
pub mod scene;
pub mod spec;
pub mod tasks;
pub mod vector;
