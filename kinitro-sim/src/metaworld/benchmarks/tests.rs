use super::*;
use crate::metaworld::tasks::TASKS;

fn bits(tasks: &[PlacedTask]) -> Vec<(&'static str, Vec<u64>)> {
    tasks
        .iter()
        .map(|placed| {
            let numbers = placed.placement.iter().map(|number| number.to_bits());
            (placed.task.name, numbers.collect())
        })
        .collect()
}

#[test]
fn placements_are_every_second_accepted_vector() {
    for task in TASKS {
        let mut draws = Mt19937::new(9);
        let accepted = std::iter::repeat_with(|| draws.vector(task.draw.low, task.draw.high))
            .filter(|vector| task.draw.accepts(vector));
        let expected: Vec<Vec<f64>> = accepted.skip(1).step_by(2).take(PLACEMENTS).collect();
        let found = Benchmark::mt1(task, 9);
        let found: Vec<&[f64]> = found.train.iter().map(|task| &*task.placement).collect();
        assert_eq!(found, expected, "{}", task.name);
    }
}

#[test]
fn one_generator_places_all_tasks_of_a_list() {
    let pair = [TASKS[0], TASKS[1]];
    let both = placed(pair, 4, GoalVisibility::Hidden);
    let [first, second] = pair.map(|task| Benchmark::mt1(task, 4).train);
    assert_eq!(both.len(), 2 * PLACEMENTS);
    assert_eq!(bits(&both[..PLACEMENTS]), bits(&first));
    assert_ne!(bits(&both[PLACEMENTS..]), bits(&second));
}

#[test]
fn seeds_lead_to_lists_of_their_own_and_the_last_one_to_the_first() {
    let task = TASKS[0];
    let first = Benchmark::ml1(task, 0);
    assert_ne!(bits(&first.train), bits(&first.test));
    assert_eq!(bits(&first.test), bits(&Benchmark::mt1(task, 1).train));
    let last = Benchmark::ml1(task, u32::MAX);
    assert_eq!(bits(&last.test), bits(&first.train));
}

#[test]
fn goals_are_hidden_where_learning_to_learn_is_judged() {
    for suite in Suite::ALL {
        let hidden = suite.goal() == GoalVisibility::Hidden;
        assert_eq!(hidden, suite.name().starts_with("ML"), "{suite:?}");
        let (train, _) = suite.groups();
        let size: usize = suite.name()[2..].parse().unwrap();
        assert_eq!(train.members().count(), size, "{suite:?}");
    }
    let task = TASKS[0];
    let all = |list: &[PlacedTask], goal| list.iter().all(|placed| placed.goal == goal);
    assert!(all(
        &Benchmark::mt1(task, 0).train,
        GoalVisibility::Observable
    ));
    let ml1 = Benchmark::ml1(task, 0);
    assert!(all(&ml1.train, GoalVisibility::Hidden) && all(&ml1.test, GoalVisibility::Hidden));
}
