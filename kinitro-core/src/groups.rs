//! Named groups of environments, and what a user may write to select some.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, quote};
use crate::ids::EnvId;

/// A named, ordered list of Meta-World tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvGroup {
    /// The name that selects it.
    pub name: &'static str,
    /// What it is, for listings.
    pub summary: &'static str,
    tasks: &'static [&'static str],
}

impl EnvGroup {
    /// The group of this name.
    ///
    /// # Errors
    /// [`Error::UnknownName`], which lists the known ones.
    pub fn by_name(name: &str) -> Result<&'static Self, Error> {
        GROUPS
            .iter()
            .find(|group| group.name == name)
            .ok_or_else(|| {
                let known = GROUPS
                    .iter()
                    .map(|group| group.name)
                    .collect::<Vec<_>>()
                    .join(", ");
                Error::UnknownName {
                    what: "environment group",
                    text: quote(name),
                    known,
                }
            })
    }

    /// The members in the group's own order.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the tables are checked by a test"
    )]
    pub fn members(&self) -> impl Iterator<Item = EnvId> {
        self.tasks.iter().map(|task| {
            format!("metaworld/{task}-v3")
                .parse()
                .expect("the tables hold task names")
        })
    }
}

/// Every group, smallest first.
///
/// The order of members counts: benchmarks place their tasks in it. Members and order: Meta-World 3.1.1, `metaworld/env_dict.py`.
pub const GROUPS: &[EnvGroup] = &[
    EnvGroup {
        name: "ml10-test",
        summary: "the 5 held-out tasks of Meta-World's ML10",
        tasks: ML10_TEST,
    },
    EnvGroup {
        name: "ml25-test",
        summary: "the 5 test tasks of Meta-World's ML25, of which basketball is a training task too",
        tasks: ML25_TEST,
    },
    EnvGroup {
        name: "ml45-test",
        summary: "the 5 held-out tasks of Meta-World's ML45",
        tasks: ML45_TEST,
    },
    EnvGroup {
        name: "core8",
        summary: "the default set: 8 tasks",
        tasks: CORE8,
    },
    EnvGroup {
        name: "mt10",
        summary: "the 10 tasks of Meta-World's MT10",
        tasks: MT10,
    },
    EnvGroup {
        name: "ml10-train",
        summary: "the 10 training tasks of Meta-World's ML10",
        tasks: ML10_TRAIN,
    },
    EnvGroup {
        name: "mt25",
        summary: "the 25 tasks of Meta-World's MT25",
        tasks: MT25,
    },
    EnvGroup {
        name: "ml25-train",
        summary: "the 25 training tasks of Meta-World's ML25, which are those of MT25",
        tasks: MT25,
    },
    EnvGroup {
        name: "ml45-train",
        summary: "the 45 training tasks of Meta-World's ML45",
        tasks: ML45_TRAIN,
    },
    EnvGroup {
        name: "mt50",
        summary: "all 50 tasks of Meta-World",
        tasks: MT50,
    },
];

/// What a user selected: ids and group names, separated by commas, for example `core8,metaworld/sweep-v3`.
///
/// The order is kept; an environment named twice counts once, at its first place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvSelection {
    text: String,
    envs: Vec<EnvId>,
}

impl EnvSelection {
    /// The selected environments, at least one, none twice. Whether they exist is not known here.
    pub fn envs(&self) -> &[EnvId] {
        &self.envs
    }

    /// The selected environments, given those that exist.
    ///
    /// # Errors
    /// [`Error::UnavailableEnvs`], which names every missing one.
    pub fn resolve(&self, available: &[EnvId]) -> Result<Vec<EnvId>, Error> {
        let missing: Vec<EnvId> = self
            .envs
            .iter()
            .filter(|env| !available.contains(env))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(self.envs.clone());
        }
        Err(Error::UnavailableEnvs {
            missing,
            requested_by: self.text.clone(),
        })
    }
}

impl FromStr for EnvSelection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut envs = Vec::new();
        for item in text.split(',').map(str::trim) {
            // Only ids hold a slash.
            let named: Vec<EnvId> = if item.contains('/') {
                vec![item.parse()?]
            } else {
                EnvGroup::by_name(item)?.members().collect()
            };
            for env in named {
                if !envs.contains(&env) {
                    envs.push(env);
                }
            }
        }
        Ok(Self {
            text: quote(text),
            envs,
        })
    }
}

impl fmt::Display for EnvSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

const CORE8: &[&str] = &[
    "pick-place",
    "push",
    "drawer-open",
    "peg-insert-side",
    "reach",
    "door-open",
    "drawer-close",
    "button-press",
];

const MT10: &[&str] = &[
    "reach",
    "push",
    "pick-place",
    "door-open",
    "drawer-open",
    "drawer-close",
    "button-press-topdown",
    "peg-insert-side",
    "window-open",
    "window-close",
];

const ML10_TRAIN: &[&str] = &[
    "reach",
    "push",
    "pick-place",
    "door-open",
    "drawer-close",
    "button-press-topdown",
    "peg-insert-side",
    "window-open",
    "sweep",
    "basketball",
];

const ML10_TEST: &[&str] = &[
    "drawer-open",
    "door-close",
    "shelf-place",
    "sweep-into",
    "lever-pull",
];

const MT25: &[&str] = &[
    "reach",
    "push",
    "pick-place",
    "door-open",
    "drawer-open",
    "drawer-close",
    "button-press-topdown",
    "peg-insert-side",
    "window-open",
    "window-close",
    "coffee-pull",
    "pick-out-of-hole",
    "disassemble",
    "pick-place-wall",
    "basketball",
    "stick-pull",
    "button-press-wall",
    "faucet-open",
    "door-lock",
    "lever-pull",
    "sweep-into",
    "faucet-close",
    "coffee-button",
    "button-press-topdown-wall",
    "dial-turn",
];

const ML25_TEST: &[&str] = &[
    "basketball",
    "door-close",
    "shelf-place",
    "sweep",
    "button-press",
];

const MT50: &[&str] = &[
    "assembly",
    "basketball",
    "bin-picking",
    "box-close",
    "button-press-topdown",
    "button-press-topdown-wall",
    "button-press",
    "button-press-wall",
    "coffee-button",
    "coffee-pull",
    "coffee-push",
    "dial-turn",
    "disassemble",
    "door-close",
    "door-lock",
    "door-open",
    "door-unlock",
    "hand-insert",
    "drawer-close",
    "drawer-open",
    "faucet-open",
    "faucet-close",
    "hammer",
    "handle-press-side",
    "handle-press",
    "handle-pull-side",
    "handle-pull",
    "lever-pull",
    "pick-place-wall",
    "pick-out-of-hole",
    "pick-place",
    "plate-slide",
    "plate-slide-side",
    "plate-slide-back",
    "plate-slide-back-side",
    "peg-insert-side",
    "peg-unplug-side",
    "soccer",
    "stick-push",
    "stick-pull",
    "push",
    "push-wall",
    "push-back",
    "reach",
    "reach-wall",
    "shelf-place",
    "sweep-into",
    "sweep",
    "window-open",
    "window-close",
];

const ML45_TRAIN: &[&str] = &[
    "assembly",
    "basketball",
    "button-press-topdown",
    "button-press-topdown-wall",
    "button-press",
    "button-press-wall",
    "coffee-button",
    "coffee-pull",
    "coffee-push",
    "dial-turn",
    "disassemble",
    "door-close",
    "door-open",
    "drawer-close",
    "drawer-open",
    "faucet-open",
    "faucet-close",
    "hammer",
    "handle-press-side",
    "handle-press",
    "handle-pull-side",
    "handle-pull",
    "lever-pull",
    "pick-place-wall",
    "pick-out-of-hole",
    "push-back",
    "pick-place",
    "plate-slide",
    "plate-slide-side",
    "plate-slide-back",
    "plate-slide-back-side",
    "peg-insert-side",
    "peg-unplug-side",
    "soccer",
    "stick-push",
    "stick-pull",
    "push-wall",
    "push",
    "reach-wall",
    "reach",
    "shelf-place",
    "sweep-into",
    "sweep",
    "window-open",
    "window-close",
];

const ML45_TEST: &[&str] = &[
    "bin-picking",
    "box-close",
    "hand-insert",
    "door-lock",
    "door-unlock",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn selected(text: &str) -> Vec<String> {
        text.parse::<EnvSelection>()
            .unwrap()
            .envs()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn groups_have_their_sizes_and_no_task_twice() {
        for (name, size) in [
            ("core8", 8),
            ("mt10", 10),
            ("ml10-train", 10),
            ("ml10-test", 5),
            ("mt25", 25),
            ("ml25-train", 25),
            ("ml25-test", 5),
            ("mt50", 50),
            ("ml45-train", 45),
            ("ml45-test", 5),
        ] {
            let members: BTreeSet<EnvId> = EnvGroup::by_name(name).unwrap().members().collect();
            assert_eq!(
                (
                    members.len(),
                    EnvGroup::by_name(name).unwrap().members().count()
                ),
                (size, size),
                "{name}"
            );
        }
        assert_eq!(GROUPS.len(), 10);
    }

    #[test]
    fn every_task_is_among_the_fifty_and_splits_are_disjoint() {
        let set = |name: &str| {
            EnvGroup::by_name(name)
                .unwrap()
                .members()
                .collect::<BTreeSet<_>>()
        };
        for group in GROUPS {
            assert!(set(group.name).is_subset(&set("mt50")), "{}", group.name);
        }
        assert!(set("mt10").is_subset(&set("mt25")));
        assert!(set("ml10-train").is_disjoint(&set("ml10-test")));
        // Meta-World 3.1.1 has it in both.
        let both: Vec<EnvId> = set("ml25-train")
            .intersection(&set("ml25-test"))
            .cloned()
            .collect();
        assert_eq!(both, ["metaworld/basketball-v3".parse().unwrap()]);
        assert!(set("ml45-train").is_disjoint(&set("ml45-test")));
        let both: BTreeSet<EnvId> = set("ml45-train")
            .union(&set("ml45-test"))
            .cloned()
            .collect();
        assert_eq!(both, set("mt50"));
    }

    #[test]
    fn selections_keep_their_order_and_count_once() {
        assert_eq!(
            selected(
                "metaworld/reach-v3, ml10-test ,metaworld/lever-pull-v3,dm_control/walker-walk"
            ),
            [
                "metaworld/reach-v3",
                "metaworld/drawer-open-v3",
                "metaworld/door-close-v3",
                "metaworld/shelf-place-v3",
                "metaworld/sweep-into-v3",
                "metaworld/lever-pull-v3",
                "dm_control/walker-walk",
            ]
        );
        // The alias and the name that it stands for are one environment.
        assert_eq!(
            selected("metaworld/peg-insert-v3,metaworld/peg-insert-side-v3").len(),
            1
        );
    }

    #[test]
    fn unknown_groups_list_the_known_ones() {
        for text in ["core9", "", "core8,", "reach-v3"] {
            let message = text.parse::<EnvSelection>().unwrap_err().to_string();
            assert!(message.contains("core8, mt10"), "{text}: {message}");
        }
        assert!("metaworld/Reach".parse::<EnvSelection>().is_ok());
        assert!("core8,metaworld/re ach".parse::<EnvSelection>().is_err());
    }

    #[test]
    fn one_error_names_every_missing_environment() {
        let selection: EnvSelection = "ml10-test".parse().unwrap();
        let all: Vec<EnvId> = selection.envs().to_vec();
        assert_eq!(selection.resolve(&all).unwrap(), all);
        let message = selection.resolve(&all[1..4]).unwrap_err().to_string();
        assert_eq!(
            message,
            "not available: `metaworld/drawer-open-v3`, `metaworld/lever-pull-v3`; asked for by `ml10-test`"
        );
    }
}
