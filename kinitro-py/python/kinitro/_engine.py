"""Loads the pinned MuJoCo library, which the native module needs before it can be imported."""

import ctypes
import importlib.util
import os
from pathlib import Path

VERSION = "3.17.0"
FILE = f"libmujoco.so.{VERSION}"
REMEDY = f"run `pip install mujoco=={VERSION}`, or name a folder with `{FILE}` in KINITRO_MUJOCO_DIR"


def load() -> None:
    """Loads the library and the native module, and compares the library with the pinned release.

    The dynamic linker knows the library by its name from then on: the native module gets this one, and so does the package
    ``mujoco`` if it is imported later. If it was imported before, this is the library that it has loaded.

    Raises ImportError if there is no such library, or another one.
    """
    path = _find()
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(f"cannot load `{path}`; {REMEDY}") from error

    # The hash is known to the native module only, which cannot be imported any earlier.
    from kinitro import _kinitro

    try:
        _kinitro.verify_library(path)
    except _kinitro.AssetError as error:
        raise ImportError(f"`{path}` is not the library of the release; {REMEDY}") from error


def _find() -> Path:
    """The library file: in the folder that KINITRO_MUJOCO_DIR names, or in the package ``mujoco``, without importing it."""
    if named := os.environ.get("KINITRO_MUJOCO_DIR"):
        folders = [Path(named)]
    else:
        spec = importlib.util.find_spec("mujoco")
        folders = [Path(place) for place in spec.submodule_search_locations or []] if spec else []
    for folder in folders:
        if (path := folder / FILE).is_file():
            return path
    places = ", ".join(f"`{folder}`" for folder in folders) or "no package `mujoco` is installed"
    raise ImportError(f"MuJoCo {VERSION} is not there (looked in: {places}); {REMEDY}")
