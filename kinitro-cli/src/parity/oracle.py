"""Plays Python Meta-World 3.1.1 for the parity comparison.

Started by `kinitro env parity` with the Python that holds the pinned packages:

    python oracle.py --out DIR --tasks reach-v3 push-v3 --seeds 0 1 2
    python oracle.py --experts --tasks reach-v3 push-v3 --seeds 0 1 2

The first writes DIR/<task>.npz. The second has Meta-World's own scripted policies play the same tasks until they succeed, at
most 500 steps. Both print one JSON object per line: {"task", "done", "total"} after each episode, the second with "outcome":
{"seed", "first_success"}, the latter a step from 0, or null; or {"error": "..."} as the last line, with exit status 1.

Recorded are, for task T and seed s (keys in the file begin with "s<s>_"):
  exp      a fresh environment with the first task of MT1(T, seed=s), reset, driven by Meta-World's own scripted policy until
           10 steps after the first success, at most 500 steps; its initial state is stored as "exp_init_*" and more.
  rereset  a second reset of that environment after the episode.
  rnd      a fresh environment, 150 steps of piecewise-random actions that leave [-1, 1] on purpose.
Both action lists are replayed on fresh environments with reward_function_version "v1".

Meta-World 3.1.1 was made for an older MuJoCo, whose weld rows of `eq_data` have 11 numbers; in 3.17.0 they have 12, and every
constructor fails. `write_weld_pose` writes the same 11 numbers and leaves the twelfth as compiled; nothing else is changed.
"""

import argparse
import importlib.metadata
import json
import os
import sys
import warnings

VERSIONS = {"metaworld": "3.1.1", "mujoco": "3.17.0"}

# Kernels of other processors add in another order, which shows in the last bit of `np.linalg.norm`.
ENVIRONMENT = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MUJOCO_GL": "disable"}

MAX_STEPS = 500
STEPS_AFTER_SUCCESS = 10
RANDOM_STEPS = 150
RANDOM_HOLD = 8

# Anchor, relative position, relative orientation (w, x, y, z), torque scale.
WELD_POSE = (0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5)

INFO_KEYS = (
    "success",
    "near_object",
    "grasp_success",
    "grasp_reward",
    "in_place_reward",
    "obj_to_target",
    "unscaled_reward",
)

# What of the initial block is stored again after the second reset.
RERESET_KEYS = (
    "init_obs",
    "init_qpos",
    "init_qvel",
    "init_mocap_pos",
    "init_warmstart",
    "target_pos",
    "obj_init_pos",
    "init_tcp",
    "model_body_pos",
    "model_site_pos",
)


class OracleError(Exception):
    """A reason, in words, why nothing can be recorded."""


def main():
    arguments = argparse.ArgumentParser(description="Play episodes of Meta-World 3.1.1")
    what = arguments.add_mutually_exclusive_group(required=True)
    what.add_argument("--out")
    what.add_argument("--experts", action="store_true")
    arguments.add_argument("--tasks", nargs="+", required=True)
    arguments.add_argument("--seeds", nargs="+", type=int, required=True)
    arguments = arguments.parse_args()
    try:
        check_installation()
        # Only now: importing the wrong versions fails in ways that explain nothing.
        world = MetaWorld()
        world.check(arguments.tasks)
        if arguments.experts:
            world.play_experts(arguments.tasks, arguments.seeds)
        else:
            world.record(arguments.tasks, arguments.seeds, arguments.out)
    except OracleError as error:
        say(error=str(error))
        return 1
    return 0


def check_installation():
    for package, wanted in VERSIONS.items():
        try:
            found = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            raise OracleError(f"Python package `{package}` is not installed in `{sys.prefix}`") from None
        if found != wanted:
            raise OracleError(f"Python package `{package}` is version {found}, but {wanted} is needed")
    for name, wanted in ENVIRONMENT.items():
        if os.environ.get(name) != wanted:
            raise OracleError(f"environment variable `{name}` must be `{wanted}`")


def say(**message):
    print(json.dumps(message), flush=True)


class MetaWorld:
    """The installed Meta-World, made to run on MuJoCo 3.17.0."""

    def __init__(self):
        import metaworld
        import metaworld.env_dict
        import metaworld.policies
        import metaworld.sawyer_xyz_env
        import mujoco
        import numpy

        # Policies warn whenever an action leaves [-1, 1].
        warnings.simplefilter("ignore")

        def write_weld_pose(env):
            is_weld = env.model.eq_type == mujoco.mjtEq.mjEQ_WELD
            env.model.eq_data[is_weld, : len(WELD_POSE)] = WELD_POSE

        metaworld.sawyer_xyz_env.SawyerMocapBase.reset_mocap_welds = write_weld_pose
        # The first task of a benchmark does not depend on how many follow.
        metaworld._N_GOALS = 1

        self.np = numpy
        self.benchmark = metaworld.MT1
        self.classes = metaworld.env_dict.ALL_V3_ENVIRONMENTS
        self.policies = metaworld.policies.ENV_POLICY_MAP

    def check(self, tasks):
        unknown = [name for name in tasks if name not in self.classes]
        if unknown:
            raise OracleError(f"Meta-World has no task `{unknown[0]}`")

    def play_experts(self, tasks, seeds):
        total, done = len(tasks) * len(seeds), 0
        for name in tasks:
            for seed in seeds:
                first_success = self.first_success(name, seed)
                done += 1
                say(task=name, done=done, total=total, outcome={"seed": seed, "first_success": first_success})

    def first_success(self, name, seed):
        """The first step after which the scripted policy has succeeded; None if it does not."""
        env = self.environment(name, self.benchmark(name, seed=seed).train_tasks[0])
        policy = self.policies[name]()
        observation, _ = env.reset()
        for step in range(MAX_STEPS):
            # A copy: one of the policies writes into what it is given.
            observation, _, _, _, info = env.step(policy.get_action(observation.copy()))
            if info["success"] > 0:
                break
        else:
            step = None
        env.close()
        return step

    def record(self, tasks, seeds, out):
        total, done = 2 * len(tasks) * len(seeds), 0
        for name in tasks:
            arrays = {}
            for seed in seeds:
                for _ in self.record_seed(name, seed, arrays):
                    done += 1
                    say(task=name, done=done, total=total)
            arrays.update(self.spaces(name))
            arrays["facts_json"] = self.facts(name, seeds)
            path = os.path.join(out, f"{name}.npz")
            self.np.savez_compressed(path, **arrays)

    def record_seed(self, name, seed, arrays):
        """Adds the arrays of one seed; yields after each finished episode."""
        task = self.benchmark(name, seed=seed).train_tasks[0]

        env = self.environment(name, task)
        observation, _ = env.reset()
        initial = self.initial_state(env, observation)
        add(arrays, f"s{seed}_exp_", initial)
        expert = self.drive_expert(env, observation, self.policies[name]())
        successes = self.np.flatnonzero(expert["success"] > 0)
        expert["first_success"] = self.np.int64(successes[0] if len(successes) else -1)
        expert |= self.rewards_v1(name, task, expert)
        add(arrays, f"s{seed}_exp_", expert)
        observation, _ = env.reset()
        again = self.initial_state(env, observation)
        add(arrays, f"s{seed}_rereset_", {key: again[key] for key in RERESET_KEYS})
        env.close()
        yield

        env = self.environment(name, task)
        observation, _ = env.reset()
        for key, value in self.initial_state(env, observation).items():
            if not self.np.array_equal(value, initial[key], equal_nan=True):
                raise OracleError(f"two fresh environments of `{name}`, seed {seed}, differ in `{key}`")
        random = self.drive(env, self.random_actions(name, seed))
        random |= self.rewards_v1(name, task, random)
        add(arrays, f"s{seed}_rnd_", random)
        env.close()
        yield

    def environment(self, name, task, version="v2"):
        env = self.classes[name](reward_function_version=version)
        env.set_task(task)
        return env

    def drive_expert(self, env, observation, policy):
        def actions():
            nonlocal observation
            end = MAX_STEPS
            step = 0
            while step < end:
                # A copy: one of the policies writes into what it is given.
                result = yield policy.get_action(observation.copy())
                observation = result.observation
                if result.success and end == MAX_STEPS:
                    end = min(MAX_STEPS, step + STEPS_AFTER_SUCCESS + 1)
                step += 1

        return self.drive(env, actions())

    def random_actions(self, name, seed):
        index = list(self.classes).index(name)
        draws = self.np.random.Generator(self.np.random.PCG64(1_000_000 + 1000 * index + seed))
        for step in range(RANDOM_STEPS):
            if step % RANDOM_HOLD == 0:
                base = draws.uniform(-1.25, 1.25, size=4)
            yield (base + draws.uniform(-0.25, 0.25, size=4)).astype(self.np.float32)

    def drive(self, env, actions):
        """Steps `env` with each action of the generator, which is sent the outcome; returns the arrays of the episode."""
        np = self.np
        rows = {key: [] for key in ("action", "obs", "reward", "info", "qpos", "qvel", "mocap_pos", "tcp", "target", "truncated")}
        outcome = None
        while True:
            try:
                action = actions.send(outcome)
            except StopIteration:
                break
            observation, reward, _, truncated, info = env.step(action)
            outcome = Outcome(observation, info["success"] > 0)
            rows["action"].append(np.array(action, dtype=np.float32))
            rows["obs"].append(np.array(observation, dtype=np.float64))
            rows["reward"].append(float(reward))
            rows["info"].append([float(info[key]) for key in INFO_KEYS])
            rows["qpos"].append(env.data.qpos.copy())
            rows["qvel"].append(env.data.qvel.copy())
            rows["mocap_pos"].append(env.data.mocap_pos[0].copy())
            rows["tcp"].append(env.tcp_center.copy())
            rows["target"].append(self.point(env._target_pos))
            rows["truncated"].append(bool(truncated))
        arrays = {key: np.array(values) for key, values in rows.items()}
        arrays["success"] = arrays["info"][:, 0].copy()
        if (arrays["target"] == arrays["target"][0]).all():
            arrays["target"] = arrays["target"][:1]
        return arrays

    def rewards_v1(self, name, task, episode):
        """Rewards of the older reward functions for the same actions."""
        env = self.environment(name, task, "v1")
        env.reset()
        replay = self.drive(env, (action for action in episode["action"]))
        env.close()
        if not self.np.array_equal(replay["qpos"], episode["qpos"]):
            raise OracleError(f"replaying an episode of `{name}` moved differently")
        column = INFO_KEYS.index("obj_to_target")
        return {
            "reward_v1": replay["reward"],
            "success_v1": replay["success"],
            "obj_to_target_v1": replay["info"][:, column].copy(),
        }

    def initial_state(self, env, observation):
        np, data, model = self.np, env.data, env.model
        return {
            "init_obs": np.array(observation, dtype=np.float64),
            "init_qpos": data.qpos.copy(),
            "init_qvel": data.qvel.copy(),
            "init_mocap_pos": data.mocap_pos[0].copy(),
            "init_mocap_quat": data.mocap_quat[0].copy(),
            "init_warmstart": data.qacc_warmstart.copy(),
            "init_time": np.float64(data.time),
            "rand_vec": np.array(env._last_rand_vec, dtype=np.float64),
            "target_pos": self.point(env._target_pos),
            "obj_init_pos": self.point(env.obj_init_pos),
            "init_tcp": self.point(env.init_tcp),
            "hand_init_pos": self.point(env.hand_init_pos),
            "model_body_pos": model.body_pos.copy(),
            "model_body_quat": model.body_quat.copy(),
            "model_site_pos": model.site_pos.copy(),
            "model_geom_pos": model.geom_pos.copy(),
        }

    def spaces(self, name):
        """The boxes of placements, observed goals and hand, and the first placements of an environment seeded by itself."""
        env = self.classes[name]()
        env.seed(12345)
        env._freeze_rand_vec, env.seeded_rand_vec = False, True
        arrays = {
            "seeded12345_draws": self.np.array([env._get_state_rand_vec() for _ in range(4)]),
            "reset_space_low": env._random_reset_space.low,
            "reset_space_high": env._random_reset_space.high,
            "goal_space_low": env.goal_space.low,
            "goal_space_high": env.goal_space.high,
            "mocap_low": env.mocap_low,
            "mocap_high": env.mocap_high,
        }
        env.close()
        return arrays

    def point(self, value):
        """Three numbers as float64; NaN where Meta-World has none yet."""
        point = self.np.full(3, self.np.nan)
        if value is not None:
            point[:] = self.np.ravel(value)[:3]
        return point

    def facts(self, name, seeds):
        facts = {
            "task": name,
            "task_index": list(self.classes).index(name),
            "seeds": seeds,
            "info_keys": INFO_KEYS,
            "numpy": self.np.__version__,
            **VERSIONS,
        }
        return self.np.frombuffer(json.dumps(facts).encode(), dtype=self.np.uint8)


class Outcome:
    """What a generator of actions learns after each step."""

    def __init__(self, observation, success):
        self.observation = observation
        self.success = success


def add(arrays, prefix, more):
    arrays.update({prefix + key: value for key, value in more.items()})


if __name__ == "__main__":
    sys.exit(main())
