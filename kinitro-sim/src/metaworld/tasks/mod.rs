//! The tasks, one file per group: tasks of a group share a model or the shape of their reward.

mod assembly;
mod basketball;
mod bin_picking;
mod box_close;
mod button_press;
mod coffee;
mod dial_turn;
mod door;
mod door_lock;
mod drawer;
mod faucet;
mod hammer;
mod hand_insert;
mod handle;
mod lever_pull;
mod peg;
mod pick_place;
mod plate_slide;
mod plug;
mod puck;
mod push;
mod reach;
mod shelf_place;
mod soccer;
mod stick;
mod sweep;
mod window;

use super::spec::TaskSpec;

/// All tasks, in the order of Meta-World's MT50 list.
pub const TASKS: &[&TaskSpec] = &[
    &assembly::ASSEMBLY,
    &basketball::BASKETBALL,
    &bin_picking::BIN_PICKING,
    &box_close::BOX_CLOSE,
    &button_press::TOP,
    &button_press::TOP_WALL,
    &button_press::SIDE,
    &button_press::SIDE_WALL,
    &coffee::BUTTON,
    &coffee::PULL,
    &coffee::PUSH,
    &dial_turn::DIAL_TURN,
    &assembly::DISASSEMBLE,
    &door::CLOSE,
    &door_lock::LOCKING,
    &door::OPEN,
    &door_lock::UNLOCKING,
    &hand_insert::HAND_INSERT,
    &drawer::CLOSE,
    &drawer::OPEN,
    &faucet::OPEN,
    &faucet::CLOSE,
    &hammer::HAMMER_NAIL,
    &handle::PRESS_SIDE,
    &handle::PRESS,
    &handle::PULL_SIDE,
    &handle::PULL,
    &lever_pull::LEVER_PULL,
    &pick_place::PICK_PLACE_WALL,
    &pick_place::PICK_OUT_OF_HOLE,
    &pick_place::PICK_PLACE,
    &plate_slide::SLIDE,
    &plate_slide::SIDE,
    &plate_slide::BACK,
    &plate_slide::BACK_SIDE,
    &peg::INSERT_SIDE,
    &plug::UNPLUG_SIDE,
    &soccer::SOCCER,
    &stick::PUSH,
    &stick::PULL,
    &push::PUSH,
    &push::PUSH_WALL,
    &push::PUSH_BACK,
    &reach::REACH,
    &reach::REACH_WALL,
    &shelf_place::SHELF_PLACE,
    &sweep::SWEEP_INTO,
    &sweep::SWEEP,
    &window::OPEN,
    &window::CLOSE,
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
