"""Drives another implementation of Meta-World for `kinitro env bench`, one process per peer.

    python peer.py envpool|metaworld ACTIONS STEPS ENVIRONMENTS SEED SIZE CAMERAS

ACTIONS is a file of float32, [STEPS, ENVIRONMENTS, 4]: what every system that is measured is told to do, step by step.
CAMERAS are names in the models, separated by commas; where there are any, each step and reset ends with their pictures, SIZE pixels
high and wide.
Requests are lines of JSON on standard input, each answered by one line on standard output:

    {"open": {"task": "reach-v3", "environments": 16, "threads": 2, "look": null}}  ->  {"opened": 16, "renderer": null}
    {"slice": {"environments": 16, "threads": 2, "look": null, "steps": 320, "seconds": 0.3}}
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
    renderer = None

    def __init__(self, task, environments, threads, look, seed, size, cameras):
        import envpool

        if cameras:
            raise ValueError("EnvPool's Meta-World draws no pictures")
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

    def begin_slice(self):
        pass


class MetaWorld:
    """One environment of Python Meta-World in this process, at the placements of the benchmark MT1.

    Meta-World 3.1.1 was made for an older MuJoCo, whose weld rows of `eq_data` have 11 numbers; in 3.17.0 they have 12, and every
    constructor fails. `write_weld_pose` writes the same 11 numbers and leaves the twelfth as compiled; nothing else is changed.

    Pictures are those of the renderer that the environment brings, one after the other through its cameras, as its method `render`
    returns them. Their look is "stock", as the models have it (shadows from a map of 4096 x 4096, reflections, 4 samples per pixel),
    or "plain", with all of that switched off.
    """

    VERSIONS = {"metaworld": "3.1.1", "mujoco": "3.17.0"}
    # Anchor, relative position, relative orientation (w, x, y, z), torque scale.
    WELD_POSE = (0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5)
    # Enough for the passes of a slice; the first placements of a benchmark do not depend on how many follow.
    PLACEMENTS = 10

    def __init__(self, task, environments, threads, look, seed, size, cameras):
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
        drawn = {"render_mode": "rgb_array", "width": size, "height": size, "camera_name": cameras[0]} if cameras else {}
        self.env = metaworld.env_dict.ALL_V3_ENVIRONMENTS[task](**drawn)
        self.begun = 0
        self.cameras = [self.env.model.camera(name).id for name in cameras]
        self.renderer = self.open_renderer(look) if cameras else None

    def open_renderer(self, look):
        """Draws the first pictures, which opens the renderer; returns the name of what draws."""
        import mujoco
        from OpenGL import GL

        quality = self.env.model.vis.quality
        if look == "plain":
            quality.shadowsize, quality.offsamples = 0, 0
        self.reset()
        viewer = self.env.mujoco_renderer.viewer
        if look == "plain":
            viewer.scn.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
            viewer.scn.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        # What was asked for is what is drawn, and something is.
        if (viewer.con.shadowSize, viewer.con.offSamples) != (quality.shadowsize, quality.offsamples):
            raise RuntimeError(f"shadows of {viewer.con.shadowSize} pixels, {viewer.con.offSamples} samples per pixel")
        if any(picture.std() < 1.0 for picture in self.pictures()):
            raise RuntimeError("a picture shows nothing")
        return GL.glGetString(GL.GL_RENDERER).decode()

    def pictures(self):
        pictures = []
        for camera in self.cameras:
            self.env.mujoco_renderer.camera_id = camera
            pictures.append(self.env.render())
        return pictures

    def begin_slice(self):
        # Another environment of this process may have drawn last.
        if self.cameras:
            self.env.mujoco_renderer.viewer.make_context_current()

    def reset(self):
        self.env.set_task(self.tasks[self.begun % len(self.tasks)])
        self.begun += 1
        self.env.reset()
        self.pictures()

    def step(self, actions):
        self.env.step(actions[0])
        self.pictures()


SYSTEMS = {"envpool": EnvPool, "metaworld": MetaWorld}


def check_versions(system):
    for package, wanted in system.VERSIONS.items():
        found = importlib.metadata.version(package)
        if found != wanted:
            raise ImportError(f"Python package `{package}` is version {found}, but {wanted} is needed")


def run_slice(env, actions, steps, seconds):
    actions = [actions[step] for step in range(steps)]
    env.begin_slice()
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


def serve(system, all_actions, seed, size, cameras, answers):
    environments = {}

    def open_(task, **shape):
        env = system(task, seed=seed, size=size, cameras=cameras, **shape)
        environments[tuple(sorted(shape.items()))] = env
        return {"opened": shape["environments"], "renderer": env.renderer}

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
        name, path, steps, environments, seed, size, cameras = sys.argv[1:]
        system = SYSTEMS[name]
        check_versions(system)
        import numpy

        actions = numpy.fromfile(path, dtype=numpy.float32).reshape(int(steps), int(environments), 4)
        cameras = [camera for camera in cameras.split(",") if camera]
        serve(system, actions, int(seed), int(size), cameras, answers)
    except Exception as error:
        say(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
