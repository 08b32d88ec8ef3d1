"""The evaluator inside Python: the same bits as elsewhere, callable policies, and failures as exceptions."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import kinitro
import numpy as np
import pytest

ENVS = ["metaworld/reach-v3", "metaworld/drawer-open-v3", "metaworld/peg-insert-side-v3"]
HASHES = ["scene_digest", "state_hash", "image_hash", "observation_hash"]

# Makes glibc choose the code that it has for processors without these instructions.
OTHER_PROCESSOR = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"}

# Prints what must not depend on the process: `{0}` is run first, `{1}` after kinitro is imported.
PROCESS = f"""
{{0}}
import kinitro
{{1}}
records = [kinitro.rollout(env, seed=3, cameras=["corner"]) for env in {ENVS}]
print(kinitro.libm()["fingerprint"], [[record[name] for name in {HASHES}] for record in records])
"""


def run_process(before="", after="", environment=None):
    """What a fresh Python process computes."""
    command = [sys.executable, "-c", PROCESS.format(before, after)]
    child = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    return child.stdout


def feed(actions):
    """A policy that repeats recorded actions."""
    remaining = iter(actions)
    return lambda proprio, images: next(remaining)


@pytest.mark.parametrize("env", ENVS)
def test_the_actions_of_the_expert_give_its_episode_again_when_a_callable_sends_them(env):
    expert = kinitro.rollout(env, "expert", seed=1, cameras=["corner", "gripper"])
    again = kinitro.rollout(env, feed(expert["actions"]), seed=1, cameras=["corner", "gripper"])
    assert expert["success"] and expert["outcome"] == "success"
    np.testing.assert_array_equal(again.pop("actions"), expert.pop("actions"))
    assert again == expert


def test_no_bit_depends_on_the_process():
    expected = run_process()
    assert run_process(environment=OTHER_PROCESSOR) == expected
    assert run_process(before="import mujoco") == expected
    assert run_process(after="import mujoco; mujoco.MjModel.from_xml_string('<mujoco/>')") == expected


@pytest.mark.parametrize("env", ENVS)
def test_the_command_line_gives_the_same_hashes(env):
    program = os.environ.get("KINITRO_BIN")
    if not program:
        pytest.skip("KINITRO_BIN does not name the executable `kinitro`")
    command = [program, "env", "test", env, "--expert", "--episodes", "2", "--seed", "5", "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for episode in report["episodes"]:
        record = kinitro.rollout(env, seed=5, episode=episode["episode"], cameras=report["cameras"])
        record["scene"] = record.pop("scene_digest")
        assert {name: record.get(name, episode[name]) for name in episode} == episode


def test_arguments_that_should_decide_a_scene_do():
    def scene(**arguments):
        return kinitro.rollout(ENVS[0], "zero", **arguments)["scene_digest"]

    scenes = [scene(), scene(seed=1), scene(episode=1), scene(level="none"), scene(level="hard")]
    assert len(set(scenes)) == len(scenes)
    assert scene(seed=0, episode=0, level="seed") == scenes[0]


def test_records_hold_what_was_drawn_and_done():
    record = kinitro.rollout(ENVS[0], "random", seed=2)
    assert set(record) == set(kinitro.Rollout.__annotations__)
    assert record["actions"].shape == (record["steps"], 4) and record["actions"].dtype == np.float32
    assert np.abs(record["actions"]).max() <= 1.0 and record["actions"].std() > 0.3
    assert record["image_hash"] is None
    assert len(record["scene"]["scene"]["draw"]) >= 3
    assert isinstance(record["scene"]["physics"]["mass_scale"], float)
    assert all(len(record[name]) == 64 for name in HASHES if record[name])
    disturbed = kinitro.rollout(ENVS[0], "expert", noise=0.5)
    assert disturbed["state_hash"] != kinitro.rollout(ENVS[0], "expert")["state_hash"]


def test_a_callable_sees_numbers_and_images_and_its_answers_are_applied():
    seen = []

    def policy(proprio, images):
        seen.append((proprio, images))
        return np.array([2.0, -0.5, 0.25, 0.0], dtype=np.float64)

    record = kinitro.rollout(ENVS[0], policy, cameras=["gripper", "corner"], image_size=96)
    assert len(seen) == record["steps"]
    for proprio, images in seen:
        assert proprio.shape == (4,) and proprio.dtype == np.float32
        assert list(images) == ["gripper", "corner"]
        for image in images.values():
            assert image.shape == (96, 96, 3) and image.dtype == np.uint8 and image.std() > 1.0
    assert seen[0][0][0] < seen[20][0][0], "the hand moves along x"
    assert not np.array_equal(seen[0][1]["corner"], seen[20][1]["corner"])
    assert record["image_hash"] is not None
    np.testing.assert_array_equal(record["actions"][0], np.float32([1.0, -0.5, 0.25, 0.0]))


def test_the_picture_of_lerobot_is_that_of_corner4():
    seen = []

    def policy(proprio, images):
        seen.append(images)
        return [0.5, 0.0, 0.0] if len(seen) == 3 else [0.5, 0.0, 0.0, 1.0]

    kinitro.rollout(ENVS[0], policy, cameras=["lerobot_corner2", "corner4", "corner2"], image_size=128)
    assert len(seen) == 3
    for images in seen:
        np.testing.assert_array_equal(images["lerobot_corner2"], images["corner4"])
        assert not np.array_equal(images["lerobot_corner2"], images["corner2"])


@pytest.mark.parametrize("answer", [[0.0] * 3, [0.0] * 5, [0.0, float("nan"), 0.0, 0.0], [float("inf")] * 4])
def test_numbers_that_are_no_action_end_the_episode(answer):
    answers = feed([[0.0] * 4, (0, 0, 0, 1), answer])
    record = kinitro.rollout(ENVS[0], answers)
    assert (record["outcome"], record["success"], record["steps"]) == ("invalid_action", False, 2)


@pytest.mark.parametrize("answer", [None, "left", 1.0, [None] * 4, [[0.0] * 4]])
def test_answers_that_are_no_numbers_are_type_errors(answer):
    with pytest.raises(TypeError, match="sequence of four numbers") as caught:
        kinitro.rollout(ENVS[0], lambda proprio, images: answer)
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("exception", [ZeroDivisionError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_exceptions_of_a_policy_are_passed_on(exception):
    calls = []

    def policy(proprio, images):
        calls.append(proprio)
        raise exception

    with pytest.raises(type(exception)) as caught:
        kinitro.rollout(ENVS[0], policy)
    assert caught.value is exception and len(calls) == 1


@pytest.mark.parametrize(
    ("exception", "arguments"),
    [
        (kinitro.UnknownEnvironmentError, {"env": "metaworld/no-such-task-v3"}),
        (kinitro.UnknownEnvironmentError, {"env": "not an id"}),
        (kinitro.AssetError, {"models": os.devnull}),
        (ValueError, {"policy": "genius"}),
        (ValueError, {"level": "easy"}),
        (ValueError, {"cameras": ["periscope"]}),
        (ValueError, {"image_size": 0}),
        (ValueError, {"image_size": 8, "cameras": ["corner"]}),
        (ValueError, {"noise": -0.1}),
        (ValueError, {"noise": float("nan")}),
        (ValueError, {"policy": "zero", "noise": 0.1}),
        (TypeError, {"policy": None}),
        (TypeError, {"cameras": "corner"}),
        (OverflowError, {"seed": -1}),
    ],
)
def test_wrong_arguments_are_refused(exception, arguments):
    with pytest.raises(exception):
        kinitro.rollout(**({"env": ENVS[0]} | arguments))


def test_exceptions_have_one_base():
    for exception in [kinitro.EngineError, kinitro.AssetError, kinitro.UnknownEnvironmentError]:
        assert exception.__mro__[1] is kinitro.KinitroError
        assert exception.__module__ == "kinitro"


def test_the_models_of_a_named_folder_are_used_and_final(monkeypatch, tmp_path):
    monkeypatch.setenv("KINITRO_ASSETS_DIR", str(tmp_path))
    with pytest.raises(kinitro.AssetError, match=str(tmp_path)):
        kinitro.rollout(ENVS[0])


def test_a_missing_or_foreign_library_is_an_import_error(tmp_path):
    def refusal():
        environment = os.environ | {"KINITRO_MUJOCO_DIR": str(tmp_path)}
        command = [sys.executable, "-c", "import kinitro"]
        child = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert child.returncode != 0
        return child.stderr.splitlines()[-1]

    library = tmp_path / "libmujoco.so.3.17.0"
    messages = [refusal()]
    library.write_bytes(b"no library")
    messages.append(refusal())
    with open(next(path for path in loaded_files() if path.endswith(library.name)), "rb") as original:
        # One more byte at the end is another file, though it loads and computes the same.
        library.write_bytes(original.read() + b"\0")
    messages.append(refusal())
    for message in messages:
        assert message.startswith("ImportError") and "pip install mujoco==3.17.0" in message
    assert len(set(messages)) == 3


def loaded_files():
    """The files that are mapped into this process."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return {line.split(maxsplit=5)[-1].strip() for line in maps}


def test_the_mathematics_are_pinned():
    status = kinitro.libm()
    assert set(status) == set(kinitro.Libm.__annotations__)
    assert status["mode"] == "pinned" and len(status["fingerprint"]) == 64
    assert kinitro.libm() == status


def test_environments_are_listed():
    environments = kinitro.environments()
    assert set(ENVS) <= {environment["id"] for environment in environments}
    for environment in environments:
        assert set(environment) == set(kinitro.Environment.__annotations__)
        assert environment["instruction"] and environment["max_steps"] > 0


def test_other_threads_run_while_a_built_in_policy_does():
    thread = threading.Thread(target=kinitro.rollout, args=(ENVS[0], "zero"))
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
        time.sleep(0.001)
    assert turns >= 10, "with the interpreter held there would be one or two"


def test_threads_do_not_disturb_each_other():
    def state_hash(env):
        return kinitro.rollout(env, "random", seed=4)["state_hash"]

    envs = ENVS * 2
    with ThreadPoolExecutor(len(envs)) as pool:
        together = list(pool.map(state_hash, envs))
    assert together == [state_hash(env) for env in envs]


def test_no_package_is_imported_only_to_be_found():
    code = "import sys, kinitro; kinitro.rollout('metaworld/reach-v3', 'zero'); print('metaworld' in sys.modules, 'mujoco' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False", "False"]
