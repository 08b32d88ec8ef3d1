"""Drives another implementation of Meta-World for `kinitro env bench`, one process per peer.

    python peer.py envpool|metaworld ACTIONS STEPS ENVIRONMENTS SEED

ACTIONS is a file of float32, [STEPS, ENVIRONMENTS, 4]: what every system that is measured is told to do, step by step.
Requests are lines of JSON on standard input, each answered by one line on standard output:

    {"open": {"task": "reach-v3", "environments": 16, "threads": 2}}  ->  {"opened": 16}
    {"slice": {"environments": 16, "threads": 2, "steps": 320, "seconds": 0.3}}
        ->  {"steps": 5120, "seconds": 0.41, "resets": [0.05]}
    {"close": {}}  ->  {"closed": 1}

or by {"error": "..."}, after which the process ends. A slice is passes of `steps` control steps of every environment, each begun
by a reset, until they took so many seconds. `seconds` counts the steps and not the resets; `resets` are the seconds of each reset
of all environments.
"""

import importlib.metadata
import json
import os
import sys
import time
import warnings


class EnvPool:
    """Environments computed in C++ by EnvPool, stepped all together through its Gymnasium interface.

    Each step computes and returns the values of `info` as well; nothing turns that off. Where things stand is drawn by EnvPool.
    """

    VERSIONS = {"envpool": "1.2.5"}

    def __init__(self, task, environments, threads, seed):
        import envpool

        name, version = task.rsplit("-", 1)
        identifier = "".join(part.capitalize() for part in name.split("-"))
        self.pool = envpool.make(
            f"MetaWorld/{identifier}-{version}",
            "gymnasium",
            num_envs=environments,
            num_threads=threads,
            seed=seed,
            partially_observable=False,
        )

    def reset(self):
        self.pool.reset()

    def step(self, actions):
        self.pool.step(actions)


class MetaWorld:
    """One environment of Python Meta-World in this process, at the placements of the benchmark MT1.

    Meta-World 3.1.1 was made for an older MuJoCo, whose weld rows of `eq_data` have 11 numbers; in 3.17.0 they have 12, and every
    constructor fails. `write_weld_pose` writes the same 11 numbers and leaves the twelfth as compiled; nothing else is changed.
    """

    VERSIONS = {"metaworld": "3.1.1", "mujoco": "3.17.0"}
    # Anchor, relative position, relative orientation (w, x, y, z), torque scale.
    WELD_POSE = (0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5)
    # Enough for the passes of a slice; the first placements of a benchmark do not depend on how many follow.
    PLACEMENTS = 10

    def __init__(self, task, environments, threads, seed):
        import metaworld
        import metaworld.env_dict
        import metaworld.sawyer_xyz_env
        import mujoco

        def write_weld_pose(env):
            is_weld = env.model.eq_type == mujoco.mjtEq.mjEQ_WELD
            env.model.eq_data[is_weld, : len(self.WELD_POSE)] = self.WELD_POSE

        if (environments, threads) != (1, 1):
            raise ValueError("one process of Meta-World is one environment on one thread")
        metaworld.sawyer_xyz_env.SawyerMocapBase.reset_mocap_welds = write_weld_pose
        metaworld._N_GOALS = self.PLACEMENTS
        self.tasks = metaworld.MT1(task, seed=seed).train_tasks
        self.env = metaworld.env_dict.ALL_V3_ENVIRONMENTS[task]()
        self.begun = 0

    def reset(self):
        self.env.set_task(self.tasks[self.begun % len(self.tasks)])
        self.begun += 1
        self.env.reset()

    def step(self, actions):
        self.env.step(actions[0])


SYSTEMS = {"envpool": EnvPool, "metaworld": MetaWorld}


def check_versions(system):
    for package, wanted in system.VERSIONS.items():
        found = importlib.metadata.version(package)
        if found != wanted:
            raise ImportError(f"Python package `{package}` is version {found}, but {wanted} is needed")


def run_slice(env, actions, steps, seconds):
    actions = [actions[step] for step in range(steps)]
    stepping, resets, passes = 0.0, [], 0
    while passes == 0 or stepping < seconds:
        begun = time.perf_counter()
        env.reset()
        reset = time.perf_counter()
        for action in actions:
            env.step(action)
        stepping += time.perf_counter() - reset
        resets.append(reset - begun)
        passes += 1
    return {"steps": passes * steps * len(actions[0]), "seconds": stepping, "resets": resets}


def serve(system, all_actions, seed, answers):
    environments = {}

    def open_(task, **shape):
        environments[tuple(sorted(shape.items()))] = system(task, seed=seed, **shape)
        return {"opened": shape["environments"]}

    def slice_(steps, seconds, **shape):
        import numpy

        actions = numpy.ascontiguousarray(all_actions[:, : shape["environments"]])
        return run_slice(environments[tuple(sorted(shape.items()))], actions, steps, seconds)

    def close():
        count = len(environments)
        environments.clear()
        return {"closed": count}

    requests = {"open": open_, "slice": slice_, "close": close}
    for line in sys.stdin:
        ((name, arguments),) = json.loads(line).items()
        say(answers, requests[name](**arguments))


def say(answers, message):
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def main():
    # Whatever libraries print belongs to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    try:
        name, path, steps, environments, seed = sys.argv[1:]
        system = SYSTEMS[name]
        check_versions(system)
        import numpy

        actions = numpy.fromfile(path, dtype=numpy.float32).reshape(int(steps), int(environments), 4)
        serve(system, actions, int(seed), answers)
    except Exception as error:
        say(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
