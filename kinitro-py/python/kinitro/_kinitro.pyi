"""The native module behind :mod:`kinitro`, which exports all of it but ``verify_library``."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal

from kinitro._records import Environment, Libm, Policy, Rollout

__all__ = [
    "AssetError",
    "EngineError",
    "KinitroError",
    "UnknownEnvironmentError",
    "environments",
    "libm",
    "rollout",
    "verify_library",
]

class KinitroError(Exception):
    """Base of all exceptions that the evaluator raises by itself."""

class EngineError(KinitroError):
    """MuJoCo failed, refused a model, or its mathematics cannot be pinned in this process."""

class AssetError(KinitroError):
    """The MuJoCo library or a model file is missing, unreadable, or not of the pinned release."""

class UnknownEnvironmentError(KinitroError):
    """There is no environment of that id."""

def environments() -> list[Environment]:
    """Lists every environment."""

def libm() -> Libm:
    """Pins the engine's mathematics in this process, if that has not happened yet, and describes them.

    Raises:
        EngineError: This is not x86-64 Linux with glibc, or the loaded library cannot be pinned.
    """

def rollout(
    env: str,
    policy: Literal["expert", "random", "zero"] | Policy = "expert",
    *,
    seed: int = 0,
    episode: int = 0,
    level: Literal["none", "seed", "hard"] = "seed",
    noise: float = 0.0,
    cameras: Sequence[str] = (),
    image_size: int = 84,
    models: str | PathLike[str] | None = None,
) -> Rollout:
    """Runs one procedural episode and returns its record.

    The interpreter is free for other threads while it simulates; a callable policy holds it for its own time only.
    Compiles the model anew, which takes about 0.1 s.

    Args:
        env: Id of the environment, for example ``metaworld/reach-v3``.
        policy: ``expert`` (the task's scripted expert, which reads the full state), ``random`` (uniform commands drawn
            from the episode's policy seed), ``zero`` (no motion), or a function (see :data:`kinitro.Policy`). Numbers
            that are not four, or not finite, end the episode with outcome ``invalid_action``.
        seed: With ``env`` and ``episode``, decides the scene; the ``--seed`` of the command line. 0 to 2**64 - 1.
        episode: Index of the episode, 0 to 2**64 - 1.
        level: How much scenes vary: ``none`` (placement only), ``seed`` (placement, physics, reset noise and looks) or ``hard``
            (wider ranges of physics, gravity tilted, commands delayed).
        noise: Standard deviation of normal noise on each of the expert's commands, after clipping; at least 0.
        cameras: Cameras whose images are rendered, in this order: ``corner``, ``corner2``, ``corner3``, ``corner4``,
            ``topview``, ``gripper``, ``behind_gripper``, ``lerobot_corner2`` (the picture of ``corner4``, which
            is that of LeRobot's Meta-World environment).
        image_size: Width and height of every image, pixels, 16 to 1024 (in evaluations 84, 128 or 224).
        models: Folder of Meta-World's models (the one that holds ``sawyer_xyz``). Otherwise the folder that
            KINITRO_ASSETS_DIR names, the installed package ``metaworld`` (3.1.1), or the cache of
            ``kinitro assets install``, in this order.

    Raises:
        UnknownEnvironmentError: There is no such environment.
        AssetError: The models are missing or not those of Meta-World 3.1.1.
        EngineError: MuJoCo failed.
        ValueError: An argument is not among the accepted values.
        TypeError: The policy is no policy, or has answered something that is not a sequence of numbers.

    Whatever else the policy raises is passed on.
    """

def verify_library(path: str | PathLike[str]) -> None:
    """Compares a MuJoCo library file with the pinned release.

    Raises:
        AssetError: It is missing, unreadable, or different.
    """
