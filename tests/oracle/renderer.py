"""Pictures by Python's mujoco.Renderer, for states given as JSON.

usage: renderer.py STATES.json PICTURES.bin

STATES.json is a list of objects:
  model         path of an MJCF file
  qpos          [nq]
  mocap_pos     [3], mocap_quat [4]: the first mocap body
  body_pos      [nbody][3], site_pos [nsite][3]: model fields, positions in the parent's frame
  hidden_sites  names of sites that are not drawn
  camera        name in the model
  width, height in pixels
  samples       per pixel
  effects       whether there are shadows and reflections

PICTURES.bin receives for each state width * height * 3 bytes of color, then width * height * 2 int32 (little-endian)
of segmentation, both with row 0 at the top.
"""

import json
import os
import sys

os.environ.setdefault("MUJOCO_GL", "egl")

import mujoco  # noqa: E402
import numpy as np  # noqa: E402

EFFECTS = (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION)


def draw(state):
    model = mujoco.MjModel.from_xml_path(state["model"])
    model.vis.quality.offsamples = state["samples"] if state["samples"] > 1 else 0
    model.vis.global_.offwidth = state["width"]
    model.vis.global_.offheight = state["height"]
    model.body_pos[:] = state["body_pos"]
    model.site_pos[:] = state["site_pos"]
    for name in state["hidden_sites"]:
        model.site_rgba[model.site(name).id, 3] = 0
    data = mujoco.MjData(model)
    data.qpos[:] = state["qpos"]
    data.mocap_pos[0] = state["mocap_pos"]
    data.mocap_quat[0] = state["mocap_quat"]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    with mujoco.Renderer(model, state["height"], state["width"]) as renderer:
        renderer.update_scene(data, state["camera"])
        for flag in EFFECTS:
            renderer.scene.flags[flag] = state["effects"]
        color = renderer.render()
        renderer.enable_segmentation_rendering()
        return color, renderer.render().astype("<i4")


def main():
    states_path, pictures_path = sys.argv[1:]
    with open(states_path) as file:
        states = json.load(file)
    with open(pictures_path, "wb") as file:
        for state in states:
            for picture in draw(state):
                file.write(np.ascontiguousarray(picture).tobytes())


main()
