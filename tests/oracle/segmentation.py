"""Object numbers per pixel from MuJoCo's own renderer, for states given as JSON.

usage: segmentation.py STATES.json IDS.bin [COLOR_FOLDER]

STATES.json is a list of objects:
  label         name of the picture, for COLOR_FOLDER
  model         path of an MJCF file
  qpos          [nq]
  mocap_pos     [3], mocap_quat [4]: the first mocap body
  body_pos      [nbody][3], site_pos [nsite][3]: model fields, positions in the parent's frame
  hidden_sites  names of sites that are not drawn
  site_xpos     {name: [3]}: sites drawn elsewhere, in the world
  camera        name in the model
  turned        whether the picture is turned by 180 degrees
  width, height in pixels

IDS.bin receives for each state width * height int32 (little-endian), row 0 at the top:
-1 for the background, the number of a geom, or 10000 + the number of a site.
COLOR_FOLDER receives the colors as raw RGB files, without shadows and reflections.
"""

import json
import os
import sys

os.environ.setdefault("MUJOCO_GL", "egl")

import mujoco  # noqa: E402
import numpy as np  # noqa: E402

SITE_BASE = 10000
NO_EFFECTS = (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION)


def load(path, width, height):
    model = mujoco.MjModel.from_xml_path(path)
    model.vis.quality.offsamples = 0  # one sample per pixel
    model.vis.global_.offwidth = width
    model.vis.global_.offheight = height
    return model


def set_state(model, data, state):
    model.body_pos[:] = state["body_pos"]
    model.site_pos[:] = state["site_pos"]
    mujoco.mj_resetData(model, data)
    data.qpos[:] = state["qpos"]
    data.mocap_pos[0] = state["mocap_pos"]
    data.mocap_quat[0] = state["mocap_quat"]
    mujoco.mj_forward(model, data)
    for name, position in state["site_xpos"].items():
        data.site_xpos[model.site(name).id] = position


def numbers(segmentation):
    number, kind = segmentation[..., 0], segmentation[..., 1]
    is_geom = kind == int(mujoco.mjtObj.mjOBJ_GEOM)
    is_site = kind == int(mujoco.mjtObj.mjOBJ_SITE)
    return np.where(is_geom, number, np.where(is_site, number + SITE_BASE, -1))


def draw(renderer, model, data, state, color_folder):
    turn = (lambda image: image[::-1, ::-1]) if state["turned"] else (lambda image: image)
    alpha = model.site_rgba[:, 3].copy()
    for name in state["hidden_sites"]:
        model.site_rgba[model.site(name).id, 3] = 0
    if color_folder is not None:
        renderer.update_scene(data, state["camera"])
        for flag in NO_EFFECTS:
            renderer.scene.flags[flag] = 0
        image = np.ascontiguousarray(turn(renderer.render()))
        image.tofile(os.path.join(color_folder, state["label"] + ".rgb"))
    renderer.enable_segmentation_rendering()
    renderer.update_scene(data, state["camera"])
    ids = np.ascontiguousarray(turn(numbers(renderer.render())).astype("<i4"))
    renderer.disable_segmentation_rendering()
    model.site_rgba[:, 3] = alpha
    return ids


def main(states_path, ids_path, color_folder=None):
    with open(states_path, encoding="utf-8") as file:
        states = json.load(file)
    opened, model, data, renderer = None, None, None, None
    with open(ids_path, "wb") as out:
        for state in states:
            wanted = (state["model"], state["width"], state["height"])
            if wanted != opened:
                # Contexts share a thread: the old one must go before the next is made.
                if renderer is not None:
                    renderer.close()
                model = load(*wanted)
                data = mujoco.MjData(model)
                renderer = mujoco.Renderer(model, state["height"], state["width"])
                opened = wanted
            set_state(model, data, state)
            draw(renderer, model, data, state, color_folder).tofile(out)
    if renderer is not None:
        renderer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
