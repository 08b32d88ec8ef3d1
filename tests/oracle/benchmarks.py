"""Writes down the task lists of Meta-World's benchmarks, as its own classes make them.

    python benchmarks.py PARITY_DIR REQUESTS ANSWERS

PARITY_DIR is the folder of `oracle.py`, which makes the installed Meta-World run on MuJoCo 3.17.0. REQUESTS is a JSON list of
{"benchmark": "MT1", "task": "reach-v3", "seed": 3}; "task" is null for a benchmark of several tasks. ANSWERS becomes a JSON list
of [train, test], each a list of [task, goal hidden, placement].
"""

import json
import os
import pickle
import sys


def main():
    parity_dir, requests, answers = sys.argv[1:]
    sys.path.insert(0, parity_dir)
    import oracle

    os.environ.update(oracle.ENVIRONMENT)
    oracle.check_installation()
    oracle.MetaWorld()
    make_all_placements()
    leave_physics_out()

    with open(requests, encoding="utf-8") as file:
        requests = json.load(file)
    lists = [task_lists(**request) for request in requests]
    with open(answers, "w", encoding="utf-8") as file:
        json.dump(lists, file)


def make_all_placements():
    import metaworld

    # `oracle.py` needs the first one only.
    metaworld._N_GOALS = 50


def leave_physics_out():
    """No simulation takes part in a placement, and thousands of resets of 500 time steps each would take many minutes."""
    import metaworld.sawyer_xyz_env
    import mujoco

    def update_poses(env, _ctrl, _n_frames):
        mujoco.mj_kinematics(env.model, env.data)

    metaworld.sawyer_xyz_env.SawyerXYZEnv.do_simulation = update_poses


def task_lists(benchmark, task, seed):
    import metaworld

    make = getattr(metaworld, benchmark)
    made = make(seed=seed) if task is None else make(task, seed=seed)
    return [[listed(one) for one in made.train_tasks], [listed(one) for one in made.test_tasks]]


def listed(task):
    data = pickle.loads(task.data)
    return [task.env_name, data["partially_observable"], data["rand_vec"].tolist()]


if __name__ == "__main__":
    main()
