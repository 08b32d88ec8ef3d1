//! Experts that mirror the scene, and recordings: over HTTP as in process.

use std::fs::{self, File};
use std::path::Path;
use std::slice;

use kinitro_cli::miner::mock::mirror::{Mirror, Scenes};
use kinitro_cli::miner::mock::recording::Recordings;
use kinitro_cli::miner::mock::{Error, Form, Settings};
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{ChunkLimit, Encoding, GripperConvention, Protocol};
use kinitro_core::record::{Level, Transcript};
use kinitro_core::seed::{CycleSeed, PolicySeed};
use kinitro_sim::episode::{EpisodeRecord, EpisodeStart, Simulator, Status, TakenAction, View};
use kinitro_sim::metaworld::experts::expert;
use kinitro_sim::rollout::{self, Driver, ExpertTeacher};
use kinitro_tests::places;
use kinitro_tests::program::kinitro;

use super::caller::{Caller, SEED, forms, seen, serve, start_of};
use super::{REACH, SIMULATOR, seed};

/// Grasps and lifts, so that a wrong gripper sign cannot solve it.
const PICK: &str = "metaworld/pick-place-v3";

fn simulator(env: &str) -> Simulator {
    let env = env.parse().unwrap();
    Simulator::new(&env, &places::models(), &View::state_only()).unwrap()
}

fn mirror(noise: f64) -> Settings {
    let scenes = Scenes {
        cycle: CycleSeed::from_local_seed(SEED),
        level: Level::Seed,
        episodes: 4,
        hotkey: None,
    };
    Settings::new(Mirror::new(scenes, noise, places::models()))
}

/// The expert in this process.
fn in_process(env: &str, episode: u64, noise: f64) -> EpisodeRecord {
    let mut simulator = simulator(env);
    let start = start_of(&simulator.spec().id, episode);
    let expert = expert(simulator.spec().id.name()).unwrap();
    let mut teacher = ExpertTeacher::new(expert, noise);
    let mut driver = Driver::Teacher(&mut teacher);
    rollout::run(&mut simulator, &start, &mut driver, |_, _| ()).unwrap()
}

/// What the evaluator does at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Asks and applies the answer.
    Good,
    /// Asks, but the answer comes too late.
    Late,
    /// Its request never arrives.
    Lost,
    /// Asks twice and applies the second answer.
    Twice,
}

/// An episode played over HTTP.
fn play(caller: &Caller, start: &EpisodeStart, turn: impl Fn(u16) -> Turn) -> EpisodeRecord {
    let mut simulator = simulator(caller.env.as_str());
    let mut episode = simulator.begin(start).unwrap();
    caller.begin(start.miner_key.policy_seed());
    let mut before = Action::ZERO;
    loop {
        let (step, observation) = (episode.steps(), seen(episode.observation().proprio));
        let turn = turn(step);
        let mut actions = vec![before];
        if turn == Turn::Twice {
            caller.ask(step.into(), &observation);
        }
        if turn != Turn::Lost {
            let answer = caller.ask(step.into(), &observation);
            if turn != Turn::Late {
                let all = std::iter::once(answer.now).chain(answer.next);
                actions = all.map(|command| command.action).collect();
            }
        }
        for action in actions {
            let taken = TakenAction {
                action,
                clipped: false,
            };
            before = action;
            if let Status::Over(_) = episode.apply(taken).unwrap() {
                return episode.finish().unwrap();
            }
        }
    }
}

#[test]
fn a_mirrored_expert_is_the_expert() {
    let expected = in_process(PICK, 0, 0.0);
    assert!(expected.success, "{}", expected.outcome);
    for convention in [SIMULATOR, GripperConvention::Documented] {
        let server = serve(Settings {
            gripper_convention: convention,
            ..mirror(0.0)
        });
        for form in forms(convention) {
            let caller = Caller::new(&server, form, PICK, "a");
            let record = play(&caller, &start_of(&caller.env, 0), |_| Turn::Good);
            assert_eq!(record.state_hash, expected.state_hash, "{form:?}");
            assert_eq!(record.observation_hash, expected.observation_hash);
            assert_eq!((record.success, record.steps), (true, expected.steps));
        }
    }
}

#[test]
fn noise_and_chunks_are_mirrored_too() {
    let expected = in_process(REACH, 1, 0.3);
    for chunk in [0, 3] {
        let server = serve(Settings {
            chunk: ChunkLimit::new(chunk).unwrap(),
            ..mirror(0.3)
        });
        for form in forms(SIMULATOR) {
            let caller = Caller {
                max_chunk: ChunkLimit::new(8).unwrap(),
                ..Caller::new(&server, form, REACH, "a")
            };
            let record = play(&caller, &start_of(&caller.env, 1), |_| Turn::Good);
            assert_eq!(record.state_hash, expected.state_hash, "{form:?}, {chunk}");
        }
    }
}

#[test]
fn two_mirrored_episodes_keep_apart() {
    let server = serve(mirror(0.0));
    let form = forms(SIMULATOR)[0];
    std::thread::scope(|scope| {
        let players = [(0, "a"), (1, "b"), (2, "c")].map(|(episode, id)| {
            let caller = Caller::new(&server, form, REACH, id);
            let play = move || play(&caller, &start_of(&caller.env, episode), |_| Turn::Good);
            (episode, scope.spawn(play))
        });
        for (episode, player) in players {
            let expected = in_process(REACH, episode, 0.0);
            assert_eq!(player.join().unwrap().state_hash, expected.state_hash);
        }
    });
}

#[test]
fn an_expert_follows_an_evaluator_that_held_or_repeated() {
    let server = serve(mirror(0.0));
    let hiccups = |kind: Turn| {
        move |step: u16| {
            if matches!(step, 3 | 20 | 21) {
                kind
            } else {
                Turn::Good
            }
        }
    };
    for form in forms(SIMULATOR) {
        for kind in [Turn::Late, Turn::Lost, Turn::Twice] {
            let caller = Caller::new(&server, form, PICK, "a");
            let record = play(&caller, &start_of(&caller.env, 0), hiccups(kind));
            assert!(record.success, "{form:?} {kind:?}: {}", record.outcome);
        }
    }
}

#[test]
fn what_cannot_be_mirrored_is_refused() {
    let server = serve(mirror(0.0));
    for form in forms(SIMULATOR) {
        let caller = Caller::new(&server, form, REACH, "a");
        let strange = Caller::new(&server, form, "metaworld/no-such-v3", "a");
        caller.begin(start_of(&caller.env, 3).miner_key.policy_seed());
        // The fifth scene is one more than the server looks through.
        let fifth = start_of(&caller.env, 4).miner_key.policy_seed();
        check_refused(&caller, fifth, 404);
        check_refused(&strange, seed(1), 404);
        let first = start_of(&caller.env, 0).miner_key.policy_seed();
        caller.begin(first);
        // A robot elsewhere is not in the scene of this server.
        check_not_played(&caller, 409);
    }
}

/// An episode that the server must not play.
#[track_caller]
fn check_refused(caller: &Caller, seed: PolicySeed, status: u16) {
    if caller.form.protocol == Protocol::V3 {
        assert_eq!(caller.reset(seed).status(), status);
    } else {
        caller.begin(seed);
        check_not_played(caller, status);
    }
}

/// The older generations are probed by a request that belongs to no episode, so they refuse the second one only.
#[track_caller]
fn check_not_played(caller: &Caller, status: u16) {
    let elsewhere = seen([0.5; 4]);
    if caller.form.protocol != Protocol::V3 {
        assert_eq!(caller.ask(0, &elsewhere).now.action, Action::ZERO);
    }
    assert_eq!(caller.act(1, &elsewhere).status(), status);
}

/// The transcripts of two policies in one environment.
fn recorded(folder: &Path) {
    let out = folder.join("out");
    let line = format!(
        "evaluate --policy teacher=expert --policy shaky=expert:noise=0.3 --envs {REACH} --episodes 2 --seed {SEED} \
         --evidence demo --cameras none --out {}",
        out.display()
    );
    let finished = kinitro(line.split_whitespace());
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

#[test]
fn recordings_are_played_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    let transcripts = folder.path().join("out/transcripts");
    let both = Recordings::read(slice::from_ref(&transcripts));
    assert!(matches!(both, Err(Error::Ambiguous { .. })), "{both:?}");
    let nothing = Recordings::read(&[folder.path().join("nothing")]);
    assert!(matches!(nothing, Err(Error::Find(_))), "{nothing:?}");
    let broken = folder.path().join("broken.ktr");
    fs::write(&broken, "{}\n").unwrap();
    let unreadable = Recordings::read(&[broken]);
    assert!(matches!(unreadable, Err(Error::Transcript { .. })));

    let shaky = transcripts.join("shaky");
    let recordings = Recordings::read(slice::from_ref(&shaky)).unwrap();
    assert_eq!(recordings.len(), 2);
    let server = serve(Settings::new(recordings));
    let file = shaky.join("reach-v3/00001.ktr");
    let transcript = Transcript::read(File::open(file).unwrap()).unwrap();
    for form in forms(SIMULATOR) {
        let caller = Caller::new(&server, form, REACH, "a");
        let record = play(&caller, &start_of(&caller.env, 1), |_| Turn::Good);
        assert_eq!(record.state_hash, transcript.header.state_hash, "{form:?}");
        let after = caller.act(record.steps.into(), &seen([0.0; 4]));
        assert_eq!(after.status(), 409);
        check_refused(&caller, seed(1), 404);
    }
}

#[test]
fn forms_round_as_the_evaluator_reads() {
    let (tiny, _) = Action::from_wire([0.1, -0.2, 0.3, 1e-12]).unwrap();
    let form = |protocol| Form {
        protocol,
        encoding: Encoding::Json,
        convention: GripperConvention::Documented,
    };
    assert_eq!(form(Protocol::P1).decoded(&tiny), tiny);
    assert_eq!(form(Protocol::V3).decoded(&tiny), tiny);
    // P2 counts the gripper from 0 to 1, where so small a number is lost: the copy must lose it too.
    assert_ne!(form(Protocol::P2).decoded(&tiny), tiny);
}
