//! What is taken over from a model of a few lines.

use super::*;
use crate::render::scene::ObjectId::{Geom, Site};
use crate::render::texture::Layout;

const MODEL: &str = r#"
<mujoco>
  <visual>
    <map znear="0.02"/>
    <headlight ambient="0.4 0.4 0.4" diffuse="0.1 0.2 0.3"/>
  </visual>
  <statistic extent="2"/>
  <asset>
    <texture name="sky" type="skybox" builtin="flat" rgb1="0.2 0.4 0.6" rgb2="0.2 0.4 0.6" width="8" height="8"/>
    <texture name="checks" type="2d" builtin="checker" rgb1="1 0 0" rgb2="0 0 1" width="8" height="8"/>
    <material name="checks" texture="checks" rgba="0.9 0.8 0.7 1" specular="0.25" shininess="0.75" emission="0.1"/>
    <mesh name="wedge" vertex="0 0 0  1 0 0  0 1 0  0 0 1"/>
  </asset>
  <worldbody>
    <light name="sun" directional="true" pos="0 0 3" dir="0 3 -4" diffuse="0.7 0.6 0.5"/>
    <light name="lamp" pos="0 0 2" dir="0 0 -1" cutoff="30" exponent="5" attenuation="1 0.5 0.25"/>
    <camera name="corner" pos="0 -2 1" fovy="60"/>
    <geom name="floor" type="plane" size="1 2 0.1"/>
    <geom name="checked" type="box" size="0.1 0.2 0.3" material="checks"/>
    <geom name="painted" type="box" size="0.1 0.2 0.3" material="checks" rgba="0 1 0 1"/>
    <geom name="collider" type="sphere" size="0.1" group="3"/>
    <geom name="glass" type="sphere" size="0.1" rgba="1 1 1 0"/>
    <geom name="wedge" type="mesh" mesh="wedge"/>
    <site name="goal" pos="0.1 0.2 0.3" size="0.02" rgba="0 0.8 0 1"/>
    <site name="internal" group="4"/>
  </worldbody>
</mujoco>"#;

fn physics() -> Physics {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let file = dir.path().join("model.xml");
    std::fs::write(&file, MODEL).expect("the folder is writable");
    Physics::load(&file).expect("the model is valid")
}

#[test]
fn what_mujoco_shows_is_shown_and_nothing_else() {
    let scene = physics()
        .scene_model(&MeshStore::in_memory())
        .expect("the model can be drawn");
    let shown: Vec<_> = scene
        .objects
        .iter()
        .map(|object| (object.id, object.name.as_str()))
        .collect();
    let expected = [
        (Geom(0), "floor"),
        (Geom(1), "checked"),
        (Geom(2), "painted"),
        (Geom(5), "wedge"),
        (Site(0), "goal"),
    ];
    assert_eq!(shown, expected);
    // The two boxes have one size, so they share one mesh; a tetrahedron has four faces.
    assert_eq!(scene.objects[1].mesh, scene.objects[2].mesh);
    assert_eq!(scene.meshes[scene.objects[3].mesh].triangle_count(), 4);
}

#[test]
fn colors_come_from_the_material_unless_a_geom_has_its_own() {
    let scene = physics()
        .scene_model(&MeshStore::in_memory())
        .expect("the model can be drawn");
    let [floor, checked, painted, ..] = &scene.objects[..] else {
        panic!("five objects are shown")
    };
    assert_eq!(floor.material.rgba, [0.5, 0.5, 0.5, 1.0]);
    assert_eq!(
        (
            floor.material.specular,
            floor.material.shininess,
            floor.material.emission
        ),
        (0.5, 0.5, 0.0)
    );
    assert_eq!(checked.material.rgba, [0.9, 0.8, 0.7, 1.0]);
    assert_eq!(painted.material.rgba, [0.0, 1.0, 0.0, 1.0]);
    for object in [checked, painted] {
        let material = &object.material;
        assert_eq!(
            (material.specular, material.shininess, material.emission),
            (0.25, 0.75, 0.1)
        );
        // Half of the checks are red, half are blue.
        let used = material.texture.expect("the material has a texture");
        assert_eq!(scene.textures[used.texture].mean(), [0.5, 0.0, 0.5]);
    }
    let Background::Sky { texture } = scene.background else {
        panic!("the model has a sky")
    };
    let sky = &scene.textures[texture];
    assert_eq!((sky.layout(), sky.size()), (Layout::Cube, [8, 8]));
    assert_eq!(sky.mean(), [51.0 / 255.0, 102.0 / 255.0, 153.0 / 255.0]);
}

#[test]
fn lights_and_cameras_are_taken_over() {
    let scene = physics()
        .scene_model(&MeshStore::in_memory())
        .expect("the model can be drawn");
    let headlight = scene.headlight.as_ref().expect("it is on");
    assert_eq!(
        (headlight.ambient, headlight.diffuse),
        ([0.4; 3], [0.1, 0.2, 0.3])
    );
    assert_eq!(
        (&scene.lights[0].kind, scene.lights[0].diffuse),
        (&LightKind::Directional, [0.7, 0.6, 0.5])
    );
    let cutoff = 30.0_f32.to_radians();
    let lamp = LightKind::Spot {
        attenuation: [1.0, 0.5, 0.25],
        cutoff,
        exponent: 5.0,
    };
    assert_eq!(scene.lights[1].kind, lamp);
    assert_eq!(
        scene.cameras[0],
        Camera {
            name: "corner".to_owned(),
            fovy: 60.0_f64.to_radians()
        }
    );
    assert!((scene.near - 0.04).abs() < 1e-8, "{}", scene.near);
}

#[test]
fn sites_can_be_moved_and_hidden_for_a_moment() {
    let physics = physics();
    let scene = physics
        .scene_model(&MeshStore::in_memory())
        .expect("the model can be drawn");
    let goal = physics.site("goal").expect("it is in the model");
    let mut poses = ScenePoses::default();
    physics.write_scene_poses(&scene, &[], &mut poses);
    assert_eq!(
        (poses.objects[4].position, poses.shown[4]),
        ([0.1, 0.2, 0.3], true)
    );
    assert_eq!(poses.cameras[0].position, [0.0, -2.0, 1.0]);
    assert_eq!(poses.lights[0].direction, [0.0, 0.6, -0.8]);
    let before = poses.clone();

    let moved = SiteOverride {
        site: goal,
        position: Some([1.0, 2.0, 3.0]),
        visible: true,
    };
    physics.write_scene_poses(&scene, &[moved], &mut poses);
    assert_eq!(
        (poses.objects[4].position, poses.shown[4]),
        ([1.0, 2.0, 3.0], true)
    );
    let hidden = SiteOverride {
        site: goal,
        position: None,
        visible: false,
    };
    physics.write_scene_poses(&scene, &[hidden], &mut poses);
    assert_eq!(
        (poses.objects[4].position, poses.shown[4]),
        ([0.1, 0.2, 0.3], false)
    );

    // An override lasts for one call.
    physics.write_scene_poses(&scene, &[], &mut poses);
    assert_eq!(poses, before);
}
