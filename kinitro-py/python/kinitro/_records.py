"""Types of what the native module takes and returns."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

Policy = Callable[[NDArray[np.float32], dict[str, NDArray[np.uint8]]], Sequence[float] | NDArray[np.floating]]
"""A policy as a function ``policy(proprio, images) -> command``.

``proprio``: hand position x, y, z (meters, world frame) and gripper opening (0 closed ... 1 open), shape (4,), float32.
``images``: per camera asked for, RGB, rows from the top left, shape (height, width, 3), uint8.
The command: hand motion dx, dy, dz (1 is the largest move per control step, world frame) and gripper effort (+1 closes,
-1 opens); rounded to float32 and clipped to [-1, 1].
"""


class Environment(TypedDict):
    """What is fixed about an environment."""

    id: str
    """For example ``metaworld/drawer-open-v3``."""
    summary: str
    """What happens in it, in one line."""
    instruction: str
    """The task as an English sentence."""
    difficulty: str | None
    """How hard policies find it: ``easy``, ``medium``, ``hard`` or ``very hard``; ``None`` where nobody has said."""
    max_steps: int
    """Control steps after which an unsolved episode ends."""


class Libm(TypedDict):
    """The mathematical functions that MuJoCo computes with in this process."""

    mode: str
    """Always ``pinned``."""
    crate_version: str
    """Version of the Rust crate ``libm`` that they are pinned to."""
    fingerprint: str
    """SHA-256 over results of all functions on fixed arguments, 64 hexadecimal digits; equal on all machines."""


class Rollout(TypedDict):
    """The record of one episode. Digests and hashes are SHA-256, 64 hexadecimal digits."""

    outcome: str
    """``success``, ``unsolved``, ``sim_diverged`` or ``invalid_action``."""
    success: bool
    """Whether the task was solved."""
    steps: int
    """Control steps taken."""
    total_reward: float
    """Sum of the shaped rewards, each in [0, 10]."""
    scene: Mapping[str, Mapping[str, float | list[float]]]
    """Everything that was drawn for the scene: group -> name -> number, or list of numbers."""
    scene_digest: str
    """Over all drawn numbers."""
    state_hash: str
    """Over the physical state at the beginning and after every control step."""
    image_hash: str | None
    """Over every image delivered; ``None`` without cameras."""
    observation_hash: str
    """Over observations and actions, chained."""
    actions: NDArray[np.float32]
    """The actions as they were applied, shape (steps, 4)."""
