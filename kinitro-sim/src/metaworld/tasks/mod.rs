//! The tasks, one file per group: tasks of a group share a model or the shape of their reward.

mod button_press;
mod door;
mod drawer;
mod peg;
mod pick_place;
mod push;
mod reach;

use super::spec::TaskSpec;

/// All tasks, in the order of Meta-World's MT50 list.
pub const TASKS: &[&TaskSpec] = &[
    &button_press::BUTTON_PRESS,
    &door::OPEN,
    &drawer::CLOSE,
    &drawer::OPEN,
    &pick_place::PICK_PLACE,
    &peg::INSERT_SIDE,
    &push::PUSH,
    &reach::REACH,
];

/// The task of that name, for example `drawer-open-v3`.
pub fn find(name: &str) -> Option<&'static TaskSpec> {
    TASKS.iter().copied().find(|task| task.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_found_by_its_own_name() {
        for task in TASKS {
            assert!(
                std::ptr::eq(find(task.name).expect("listed"), *task),
                "{}",
                task.name
            );
        }
        assert!(find("peg-insert-v3").is_none());
    }

    #[test]
    fn boxes_are_not_inside_out() {
        let ordered = |low: &[f64], high: &[f64]| {
            low.len() == high.len() && low.iter().zip(high).all(|(a, b)| a <= b)
        };
        for task in TASKS {
            assert!(ordered(task.draw.low, task.draw.high), "{}", task.name);
            assert!(ordered(&task.mocap_low, &task.mocap_high), "{}", task.name);
            assert!(
                ordered(&task.goal_space_low, &task.goal_space_high),
                "{}",
                task.name
            );
            assert!(
                task.draw.len() == 3 || task.draw.len() == 6,
                "{}",
                task.name
            );
        }
    }
}
