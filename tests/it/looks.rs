//! How scenes look: drawn within ranges, seen in pictures, told apart, and without any influence on what happens.

use std::process::Command;

use kinitro_core::ids::{EnvId, Hotkey};
use kinitro_core::protocol::policy::{Action, CameraName, Image};
use kinitro_core::record::Level;
use kinitro_core::record::outcome::Outcome;
use kinitro_core::record::scene::{SceneGroup, SceneRecord};
use kinitro_core::seed::{CycleSeed, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::batch::{Batch, BatchOptions, Buffers, Member, Scenes};
use kinitro_sim::env::Environment as _;
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, Simulator, TakenAction, View};
use kinitro_sim::looks::Aspect;
use kinitro_sim::metaworld::spec::TaskSpec;
use kinitro_sim::metaworld::tasks::{TASKS, find};
use kinitro_sim::render::scene::ObjectId;
use kinitro_sim::rollout;
use kinitro_tests::looks::{CAMERAS, Studio, differing, episode_key};
use kinitro_tests::probe::{self, Finding};
use kinitro_tests::{places, program};

/// Keys whose looks are drawn.
const KEYS: u64 = 1000;

/// A drawn number: group, name, which of its numbers, and its range. All of them are uniform.
type Range = (SceneGroup, &'static str, usize, f64, f64);

const RANGES: &[Range] = &[
    (SceneGroup::Visual, "shadow", 0, 0.0, 1.0),
    (SceneGroup::Visual, "light_0", 1, -0.3, 0.3),
    (SceneGroup::Visual, "light_0", 2, -0.3, 0.3),
    (SceneGroup::Visual, "light_1", 3, -0.3, 0.3),
    (SceneGroup::Visual, "light_1", 4, 0.8, 1.2),
    (SceneGroup::Visual, "light_2", 5, 4500.0, 7500.0),
    (SceneGroup::Visual, "camera_corner", 0, 0.9, 1.1),
    (SceneGroup::Visual, "camera_corner", 1, -0.02, 0.02),
    (SceneGroup::Visual, "camera_corner4", 2, -0.02, 0.02),
    (SceneGroup::Visual, "camera_topview", 3, -0.02, 0.02),
    (SceneGroup::Visual, "camera_gripper", 3, -0.005, 0.005),
    (SceneGroup::Visual, "camera_gripper", 4, -0.02, 0.02),
    (
        SceneGroup::Visual,
        "camera_corner2",
        7,
        -0.034_907,
        0.034_907,
    ),
    (SceneGroup::Visual, "thing_0", 0, -10.0, 10.0),
    (SceneGroup::Visual, "thing_0", 1, 0.0, 0.5),
    (SceneGroup::Visual, "thing_0", 2, 0.0, 0.5),
    (SceneGroup::Sensor, "noise_sigma", 0, 0.0, 2.0 / 255.0),
    (SceneGroup::Sensor, "gain", 0, 0.95, 1.05),
    (SceneGroup::Sensor, "blur_probability", 0, 0.0, 0.2),
    (SceneGroup::Distractor, "count", 0, 0.0, 3.0),
];

/// The looks of one scene to [`KEYS`] miners.
fn records(task: &str, level: Level) -> Vec<SceneRecord> {
    let task = find(task).unwrap();
    let mut studio = Studio::new(task);
    studio.begin(&episode_key(task, 0, 0), level);
    let keys = (0..KEYS).map(|episode| episode_key(task, 0, episode));
    keys.map(|key| {
        let looks = studio.env.looks(&MinerKey::derive(&key, None), level);
        let mut record = SceneRecord::new();
        looks.unwrap().record(&mut record);
        record
    })
    .collect()
}

fn numbers(records: &[SceneRecord], group: SceneGroup, name: &str, index: usize) -> Vec<f64> {
    let of = |record: &SceneRecord| Some(record.get(group, name)?[index]);
    records.iter().filter_map(of).collect()
}

#[test]
fn every_parameter_covers_its_range() {
    let records = records("pick-place-v3", Level::Hard);
    for &(group, name, index, low, high) in RANGES {
        let numbers = numbers(&records, group, name, index);
        assert_eq!(numbers.len(), records.len(), "{name}");
        let width = high - low;
        let (least, most) = numbers.iter().fold((high, low), |(least, most), &number| {
            (least.min(number), most.max(number))
        });
        assert!(
            low <= least && least <= low + 0.02 * width,
            "{name} {index}: {least}"
        );
        assert!(
            high - 0.02 * width <= most && most <= high,
            "{name} {index}: {most}"
        );
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        // Five standard errors of a uniform number; of one that is 0 or 1 they are 0.08.
        let tolerance = 0.08 * width;
        assert!(
            (mean - 0.5 * (low + high)).abs() < tolerance,
            "{name} {index}: {mean}"
        );
    }
    let lights_on = |record: &SceneRecord| {
        let lights = ["light_0", "light_1", "light_2"];
        let on = |name: &&&str| record.get(SceneGroup::Visual, name).unwrap()[0] > 0.0;
        lights.iter().filter(on).count()
    };
    for count in 1..=3 {
        let share = records.iter().filter(|it| lights_on(it) == count).count();
        assert!((250..420).contains(&share), "{share} with {count} lights");
    }
    for name in ["floor", "table", "walls", "background"] {
        let visual = |index| numbers(&records, SceneGroup::Visual, name, index);
        // Hues are drawn again where they are those of the task, so they are not uniform.
        let mut hues = [0; 6];
        for record in &records {
            if let Some([_, hue, saturation, value]) = record.get(SceneGroup::Visual, name) {
                assert!((0.0..=0.5).contains(saturation) && (0.3..=0.9).contains(value));
                let bounds = [1.0, 2.0, 3.0, 4.0, 5.0].map(|sixths| sixths / 6.0);
                hues[bounds.iter().filter(|bound| *bound <= hue).count()] += 1;
            }
        }
        assert!(hues.iter().all(|&count| count > 50), "{name}: {hues:?}");
        let plain = visual(0).iter().filter(|&&texture| texture == -1.0).count();
        let textures = visual(0).iter().filter(|&&texture| texture >= 0.0).count();
        assert!(plain + textures >= 990, "{name}: {plain}, {textures}");
        assert!(
            plain > 300 && (textures > 300 || name == "background"),
            "{name}: {textures}"
        );
    }
}

#[test]
fn levels_draw_what_they_say() {
    let groups = |level| {
        let mut groups: Vec<_> = records("push-v3", level)[0]
            .iter()
            .map(|(group, _, _)| group)
            .collect();
        groups.dedup();
        groups
    };
    assert_eq!(groups(Level::None), []);
    assert_eq!(
        groups(Level::Seed),
        [SceneGroup::Sensor, SceneGroup::Visual]
    );
    let hard = [
        SceneGroup::Distractor,
        SceneGroup::Sensor,
        SceneGroup::Visual,
    ];
    assert_eq!(groups(Level::Hard), hard);
    // What level `hard` adds does not shift what it shares.
    let [seed, hard] = [Level::Seed, Level::Hard].map(|level| records("push-v3", level));
    for (seed, hard) in seed.iter().zip(&hard).take(50) {
        let shared = seed
            .iter()
            .all(|(group, name, numbers)| hard.get(group, name) == Some(numbers));
        assert!(shared);
    }
}

/// Surfaces and tasks whose surroundings keep the model's looks, because nothing that was drawn differs enough.
#[test]
fn surroundings_can_be_drawn_in_every_task() {
    for task in TASKS {
        let mut studio = Studio::new(task);
        studio.begin(&episode_key(task, 0, 0), Level::Seed);
        for name in ["floor", "table", "walls", "background"] {
            let mut nominal = 0;
            for episode in 0..100 {
                let key = MinerKey::derive(&episode_key(task, 0, episode), None);
                let mut record = SceneRecord::new();
                let looks = studio.env.looks(&key, Level::Seed).unwrap();
                looks.record(&mut record);
                let first = record.get(SceneGroup::Visual, name).unwrap()[0];
                nominal += usize::from(first == -2.0);
            }
            if nominal > 0 {
                println!("{}: {name} as in the model in {nominal} %", task.name);
            }
            assert!(nominal <= 10, "{}: {name} in {nominal} %", task.name);
        }
    }
}

#[test]
fn every_aspect_is_seen() {
    let task = find("pick-place-v3").unwrap();
    let mut studio = Studio::new(task);
    let mut seen = [0; Aspect::ALL.len()];
    for episode in 0..20 {
        let looks = studio.begin(&episode_key(task, 3, episode), Level::Hard);
        let plain = studio.dress(&looks, &[]);
        let [_, before] = studio.picture(&plain, CameraName::Corner, &[]);
        for (aspect, seen) in Aspect::ALL.into_iter().zip(&mut seen) {
            let dressed = studio.dress(&looks, &[aspect]);
            let [_, after] = studio.picture(&dressed, CameraName::Corner, &[]);
            *seen += usize::from(differing(&before, &after, 3) >= 10);
        }
    }
    println!("{:?}", Aspect::ALL.iter().zip(seen).collect::<Vec<_>>());
    for (aspect, seen) in Aspect::ALL.iter().zip(seen) {
        // Some scenes have no distractor, and a thing's hue may hardly be turned.
        assert!(seen >= 8, "{aspect:?} is seen in {seen} of 20 scenes");
    }
}

/// Hiding what the task is about changes pictures as it does in the model's own looks.
#[test]
fn the_task_stays_visible() {
    /// Least difference of a channel that counts.
    const AMOUNT: u8 = 12;
    /// What has fewer pixels in the model's looks is no help there either: markers of 5 mm are hardly one pixel from afar.
    const SEEN: usize = 4;
    /// As many remain in any looks.
    const STILL_SEEN: usize = 3;
    let levels = [Level::Seed, Level::Hard];
    let levels = levels
        .into_iter()
        .cycle()
        .take(if places::full() { 10 } else { 2 });
    let mut scenes = 0;
    let mut hidden = Vec::new();
    for task in TASKS {
        let mut studio = Studio::new(task);
        let subjects = subjects(&studio);
        for (episode, level) in (0..).zip(levels.clone()) {
            let looks = studio.begin(&episode_key(task, 9, episode), level);
            for (name, subject) in &subjects {
                let [nominal, drawn] = [&[][..], &Aspect::ALL].map(|aspects| {
                    let dressed = studio.dress(&looks, aspects);
                    let by_camera = CAMERAS.map(|camera| {
                        let [with, _] = studio.picture(&dressed, camera, &[]);
                        let [without, _] = studio.picture(&dressed, camera, subject);
                        differing(&with, &without, AMOUNT)
                    });
                    by_camera.into_iter().max().unwrap_or(0)
                });
                scenes += 1;
                if nominal >= SEEN && drawn < STILL_SEEN {
                    hidden.push(format!(
                        "{} {name} {level} {episode}: {drawn} pixels instead of {nominal}",
                        task.name
                    ));
                }
            }
        }
    }
    println!("{} of {scenes}:\n{}", hidden.len(), hidden.join("\n"));
    // A marker that only the gripper's camera sees, at its edge, may be beyond it when the camera is turned; objects never are.
    assert!(hidden.iter().all(|line| line.contains("marker")));
    assert!(50 * hidden.len() <= scenes);
}

fn start(task: &TaskSpec, level: Level, hotkey: Option<&Hotkey>) -> EpisodeStart {
    let key = episode_key(task, 4, 1);
    EpisodeStart {
        miner_key: MinerKey::derive(&key, hotkey),
        key,
        level,
    }
}

/// Twenty steps of somebody who moves on.
fn play(task: &TaskSpec, cameras: &[CameraName], start: &EpisodeStart) -> EpisodeRecord {
    let env: EnvId = format!("metaworld/{}", task.name).parse().unwrap();
    let view = View {
        cameras: cameras.to_vec(),
        size: ImageSize::DEFAULT,
    };
    let mut simulator = Simulator::new(&env, &places::models(), &view).unwrap();
    let (action, clipped) = Action::from_wire([0.3, 0.5, -0.8, 1.0]).unwrap();
    let actions = [TakenAction { action, clipped }; 20];
    rollout::replay(&mut simulator, start, &actions, Outcome::PolicyError).unwrap()
}

#[test]
fn what_is_seen_changes_nothing_that_happens() {
    let task = find("push-v3").unwrap();
    let hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    let hotkey: Hotkey = hotkey.parse().unwrap();
    for level in [Level::Seed, Level::Hard] {
        let starts = [None, Some(&hotkey)].map(|hotkey| start(task, level, hotkey));
        let blind = play(task, &[], &starts[0]);
        let [seeing, other] = starts.each_ref().map(|start| play(task, &CAMERAS, start));
        // Whether there are cameras does not show in the record.
        assert_eq!(blind.scene, seeing.scene);
        assert_eq!(blind.state_hash, seeing.state_hash);
        assert!(blind.image_hash.is_none() && seeing.image_hash.is_some());
        // Another miner sees something else, and the same happens.
        assert_eq!(other.state_hash, seeing.state_hash);
        assert_ne!(other.image_hash, seeing.image_hash);
        assert_ne!(other.scene.digest(), seeing.scene.digest());
        let same = |group: SceneGroup| {
            let of = |record: &EpisodeRecord| -> Vec<_> {
                let values = record.scene.iter().filter(|(it, _, _)| *it == group);
                values
                    .map(|(_, name, numbers)| (name.to_owned(), numbers.to_vec()))
                    .collect()
            };
            of(&other) == of(&seeing)
        };
        assert!(same(SceneGroup::Scene) && same(SceneGroup::Physics) && same(SceneGroup::Reset));
        assert!(!same(SceneGroup::Visual) && !same(SceneGroup::Sensor));
        // The same episode again, as a replay does it.
        assert_eq!(play(task, &CAMERAS, &starts[0]), seeing);
    }
}

#[test]
fn a_camera_sees_the_same_whatever_the_others_are() {
    let task = find("drawer-open-v3").unwrap();
    let start = start(task, Level::Hard, None);
    let env: EnvId = format!("metaworld/{}", task.name).parse().unwrap();
    let corner = |cameras: &[CameraName]| {
        let view = View {
            cameras: cameras.to_vec(),
            size: ImageSize::DEFAULT,
        };
        let mut simulator = Simulator::new(&env, &places::models(), &view).unwrap();
        let mut episode = simulator.begin(&start).unwrap();
        let (action, clipped) = Action::from_wire([0.3, 0.5, -0.8, 1.0]).unwrap();
        for _ in 0..3 {
            episode.apply(TakenAction { action, clipped }).unwrap();
        }
        let mut images = episode.observation().images.iter();
        images
            .find(|image| image.camera() == CameraName::Corner)
            .cloned()
            .unwrap()
    };
    let alone = corner(&[CameraName::Corner]);
    let all = CameraName::NAMES.map(|(name, _)| name);
    assert_eq!(corner(&all), alone);
    assert_eq!(corner(&[CameraName::Gripper, CameraName::Corner]), alone);
}

/// Environments that take turns on one simulator each keep their looks, and a copy carries them to where nobody looked before.
#[test]
fn batches_show_what_episodes_show() {
    let task = find("push-v3").unwrap();
    let env: EnvId = format!("metaworld/{}", task.name).parse().unwrap();
    let view = View::standard();
    let member = Member {
        task,
        scenes: Scenes::Keyed {
            seed: CycleSeed::from_local_seed(4),
            level: Level::Hard,
        },
    };
    let members = vec![member; 3];
    let options = BatchOptions {
        view: view.clone(),
        ..BatchOptions::default()
    };
    let mut seeing = Batch::new(&places::models(), &members, options).unwrap();
    let mut blind = Batch::new(&places::models(), &members, BatchOptions::default()).unwrap();
    let mut buffers = Buffers::of(&seeing);
    let mut unseen = Buffers::of(&blind);
    seeing.reset(&mut buffers.outputs()).unwrap();
    blind.reset(&mut unseen.outputs()).unwrap();
    let action = [0.3, 0.5, -0.8, 1.0];
    let (taken, clipped) = Action::from_wire(action.map(f64::from)).unwrap();
    let mut simulators = [(); 3].map(|()| Simulator::new(&env, &places::models(), &view).unwrap());
    let starts = [0, 1, 2].map(|episode| {
        let key = episode_key(task, 4, episode);
        EpisodeStart {
            miner_key: MinerKey::derive(&key, None),
            key,
            level: Level::Hard,
        }
    });
    let begun = simulators.iter_mut().zip(&starts);
    let mut episodes: Vec<_> = begun.map(|(it, start)| it.begin(start).unwrap()).collect();
    for step in 0..6 {
        if step == 3 {
            // What was never seen until now looks the same.
            for index in 0..3 {
                let copy = blind.snapshot(index).unwrap();
                seeing.restore(index, &copy).unwrap();
            }
        }
        seeing.step(&[action; 3], &mut buffers.outputs()).unwrap();
        blind.step(&[action; 3], &mut unseen.outputs()).unwrap();
        for (row, episode) in episodes.iter_mut().enumerate() {
            episode
                .apply(TakenAction {
                    action: taken,
                    clipped,
                })
                .unwrap();
            let images = episode.observation().images.iter();
            let images: Vec<u8> = images.flat_map(Image::rgb).copied().collect();
            assert!(buffers.row_images(row) == images, "row {row}, step {step}");
        }
    }
}

/// A probe that never saw these scenes locates object and goal: in the model's looks within two centimeters, in any looks better
/// than one who sees nothing, by more than both intervals at 95 %.
#[test]
fn pictures_show_enough_to_act_on() {
    /// Median distance from the truth, meters.
    const WITHIN: f64 = 0.02;
    let tasks = [
        "pick-place-v3",
        "push-v3",
        "reach-v3",
        "drawer-open-v3",
        "door-open-v3",
        "peg-insert-side-v3",
    ];
    let mut command = Command::new(program::optimized("xtask"));
    command.current_dir(places::workspace()).arg("probe");
    if places::full() {
        command.args(["1500", "400"]);
    } else {
        command.args(["400", "120"]).args(tasks);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let findings: Vec<Finding> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    println!("{}", probe::table(&findings));
    for finding in &findings {
        let listed = tasks.contains(&finding.task.as_str());
        if listed && finding.level == "none" {
            assert!(finding.median <= WITHIN, "{finding:?}");
        }
        // On the object that lies around while the hand reaches elsewhere nothing depends, and nothing else tells where it is.
        let matters = (finding.task.as_str(), finding.subject.as_str()) != ("reach-v3", "object");
        if listed && matters && finding.level == "seed" {
            let ([mean, off], [blind, blind_off]) = (finding.mean, finding.blind);
            assert!(mean + off < blind - blind_off, "{finding:?}");
        }
    }
    let count = if places::full() {
        TASKS.len()
    } else {
        tasks.len()
    };
    assert_eq!(findings.len(), 4 * count);
}

/// What the task is about: what moves and is no robot, and the marker of the goal.
fn subjects(studio: &Studio) -> Vec<(&'static str, Vec<ObjectId>)> {
    let physics = studio.env.physics();
    let robot = physics.root_of_body(physics.body("hand").unwrap());
    let surfaces = physics.surfaces().unwrap();
    let moves = surfaces.iter().filter(|it| !it.fixed && it.root != robot);
    let object: Vec<_> = moves.map(|it| it.id).collect();
    let task = studio.env.task();
    let marker = task.goal_marker.map(|mark| task.marks.site_name(mark));
    let marker = surfaces
        .iter()
        .filter(|it| Some(it.name.as_str()) == marker);
    let marker: Vec<_> = marker.map(|it| it.id).collect();
    let subjects = [("object", object), ("marker", marker)];
    subjects
        .into_iter()
        .filter(|(_, ids)| !ids.is_empty())
        .collect()
}
