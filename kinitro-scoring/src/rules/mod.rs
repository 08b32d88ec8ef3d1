//! Who wins a subset: the default rule and the two rules kept for compatibility.

pub(crate) mod epsilon_pareto;
pub(crate) mod first_commit;
pub mod standing;
