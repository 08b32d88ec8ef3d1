"""The Kinitro policy evaluator inside a Python process.

One episode is one call. Equal arguments and equal actions give the same states, images and verdict, bit for bit, as every
other program of Kinitro gives on any x86-64 Linux machine:

    >>> import kinitro
    >>> record = kinitro.rollout("metaworld/reach-v3", lambda proprio, images: [0.1, 0.0, 0.0, -1.0], seed=7)
    >>> record["outcome"], record["state_hash"]

Needed at run time: the package ``mujoco==3.17.0`` (or ``KINITRO_MUJOCO_DIR``, a folder with its library), and the models of
Meta-World 3.1.1 (see :func:`rollout`). Both are compared with pinned hashes before anything is computed with them.

Importing this module changes nothing for other users of MuJoCo in the process. The first :func:`libm` or :func:`rollout`
makes MuJoCo's mathematics independent of the processor for all of them, and its warnings silent unless one of them has set
a handler.
"""

from kinitro import _engine

_engine.load()

from kinitro._kinitro import (  # noqa: E402 - needs the engine to be loaded
    AssetError,
    EngineError,
    KinitroError,
    UnknownEnvironmentError,
    environments,
    libm,
    rollout,
)
from kinitro._records import Environment, Libm, Policy, Rollout  # noqa: E402

__all__ = [
    "AssetError",
    "EngineError",
    "Environment",
    "KinitroError",
    "Libm",
    "Policy",
    "Rollout",
    "UnknownEnvironmentError",
    "environments",
    "libm",
    "rollout",
]
