//! Shadows and the order in which lights are added.

use super::*;

/// A floor with a box above it, in one slanting light that casts shadows; seen from straight above, 40 pixels per meter.
///
/// The light falls along (0.6, 0, −0.8): what is `z` meters high has its shadow 0.75 z further along x.
fn stage(fixed: [bool; 2]) -> (SceneModel, ScenePoses) {
    let (mut scene, mut poses) = scene();
    scene.objects.truncate(2);
    poses.objects.truncate(2);
    poses.shown.truncate(2);
    scene.objects[0].material = material([1.0; 4]);
    scene.objects[0].fixed = fixed[0];
    let cube = Shape::Box { half: [0.2; 3] };
    let floor = Shape::Plane { half: [2.0; 2] };
    scene.meshes = [floor.mesh(), cube.mesh()]
        .map(|mesh| mesh.expect("shapes are finite"))
        .into();
    scene.objects[1].fixed = fixed[1];
    scene.objects[1].material = material([1.0; 4]);
    poses.objects = vec![
        Pose::default(),
        Pose {
            position: [0.0, 0.0, 0.8],
            ..Pose::default()
        },
    ];
    scene.lights.truncate(1);
    poses.lights.truncate(1);
    scene.lights[0] = Light {
        ambient: [0.0; 3],
        diffuse: [0.5; 3],
        specular: [0.0; 3],
        kind: LightKind::Directional,
        active: true,
        casts_shadow: true,
    };
    scene.headlight = Some(Light {
        ambient: [0.25; 3],
        diffuse: [0.0; 3],
        casts_shadow: false,
        ..scene.lights[0].clone()
    });
    // From 50 m: 160 pixels cover 4 m.
    poses.cameras[0] = Pose {
        position: [0.0, 0.0, 50.0],
        ..Pose::default()
    };
    scene.cameras[0].fovy = 2.0 * libm::atan(2.0 / 50.0);
    (scene, poses)
}

/// Whether the floor is in the shadow where x and y are so many centimeters.
fn is_dark(rgb: &[u8], x: i32, y: i32) -> bool {
    let place = |coordinate: i32| (8000 + 40 * coordinate).unsigned_abs() / 100;
    let [level, ..] = pixel(rgb, size(160, 160), place(x), 159 - place(y)) else {
        panic!("a pixel has three channels")
    };
    // 255 · 0.25, and 255 · 0.5 · 0.8 more in the light.
    assert!([64, 166].contains(level), "{level} at {x} {y}");
    *level == 64
}

/// The box covers |x| and |y| < 0.2 from 0.6 to 1.0 m: seen along the light, it shades x from 0.25 to 0.95.
#[test]
fn shadows_lie_where_geometry_says() {
    for fixed in [[true, true], [true, false], [false, true], [false, false]] {
        let (scene, poses) = stage(fixed);
        let rgb = draw(&scene, &poses, VIEW, size(160, 160));
        for (x, dark) in [
            (22, false),
            (30, true),
            (60, true),
            (90, true),
            (100, false),
        ] {
            for y in [-17, 0, 17] {
                assert_eq!(is_dark(&rgb, x, y), dark, "{fixed:?} {x} {y}");
            }
            assert!(!is_dark(&rgb, x, 24) && !is_dark(&rgb, x, -24));
        }
        assert!(!is_dark(&rgb, -30, 0), "no shadow toward the light");
    }
}

#[test]
fn what_casts_no_shadow_casts_none() {
    let lit = |change: fn(&mut SceneModel, &mut ScenePoses)| {
        let (mut scene, mut poses) = stage([true, false]);
        change(&mut scene, &mut poses);
        !is_dark(&draw(&scene, &poses, VIEW, size(160, 160)), 60, 0)
    };
    assert!(!lit(|_, _| ()));
    assert!(lit(|scene, _| scene.lights[0].casts_shadow = false));
    assert!(lit(|scene, _| scene.objects[1].casts_shadow = false));
    assert!(lit(|scene, _| scene.objects[1].visible = false));
    assert!(lit(|_, poses| poses.shown[1] = false));
    // What lets light through casts a shadow all the same, as in MuJoCo; what cannot be seen does not.
    assert!(!lit(|scene, _| scene.objects[1].material.rgba[3] = 0.5));
    assert!(lit(|scene, _| scene.objects[1].material.rgba[3] = 0.0));
}

/// Nothing shades itself: round, flat and slanting surfaces look as if shadows were off, up to the rounding of two bytes.
#[test]
fn surfaces_do_not_shade_themselves() {
    let (mut scene, mut poses) = scene();
    for object in &mut scene.objects {
        object.visible = false;
    }
    scene.headlight = None;
    poses.lights[0].direction = [0.3, 0.7, -0.4];
    for index in 0..SHAPES.len() {
        scene.objects[index].visible = true;
        scene.objects[index].material = material([0.7, 0.7, 0.7, 1.0]);
        scene.objects[index].casts_shadow = true;
        for side in [84, 300] {
            scene.lights[0].casts_shadow = true;
            let shaded = draw(&scene, &poses, VIEW, size(side, side));
            scene.lights[0].casts_shadow = false;
            let plain = draw(&scene, &poses, VIEW, size(side, side));
            let differing = shaded
                .iter()
                .zip(&plain)
                .filter(|(a, b)| a.abs_diff(**b) > 1)
                .count();
            // At the border between light and dark, facets face away from the light where the shape does not yet.
            assert!(
                differing < plain.len() / 200,
                "{differing} bytes of shape {index} differ"
            );
        }
        scene.objects[index].visible = false;
    }
}

/// Lights without shadows are clamped together and become bytes; a light with shadows is clamped apart and added to them.
#[test]
fn each_light_with_shadows_is_clamped_apart() {
    let (mut scene, poses) = stage([true, false]);
    scene.objects[1].visible = false;
    let texture = Texture::planar(1, 1, &[100; 3]).expect("the image is sound");
    scene.textures = [texture].into();
    scene.objects[0].material.texture = Some(MaterialTexture {
        texture: 0,
        mapping: Mapping::Planar {
            s: [1.0, 0.0, 0.0, 0.0],
            t: [0.0, 1.0, 0.0, 0.0],
        },
    });
    let mut level = |ambient: f32, diffuse: f32, casts_shadow| {
        scene.headlight.as_mut().expect("it is on").ambient = [ambient; 3];
        scene.lights[0].diffuse = [diffuse; 3];
        scene.lights[0].casts_shadow = casts_shadow;
        let rgb = draw(&scene, &poses, VIEW, size(160, 160));
        pixel(&rgb, size(160, 160), 100, 100)[0]
    };
    // The floor meets the light at a cosine of 0.8.
    assert_eq!(level(3.0, 10.0, false), 100);
    assert_eq!(level(3.0, 10.0, true), 200);
    assert_eq!(level(0.25, 0.5, true), 25 + 40);
    assert_eq!(level(0.25, 0.5, false), 65);
}

/// A shadow takes away one light and nothing else, whatever the surface is.
#[test]
fn transparent_surfaces_receive_no_shadows() {
    let (mut scene, mut poses) = stage([true, false]);
    let mut pane = scene.objects[0].clone();
    pane.id = ObjectId::Geom(2);
    pane.material.rgba = [1.0, 1.0, 1.0, 0.5];
    scene.objects.push(pane);
    poses.objects.push(Pose {
        position: [0.0, 0.0, 0.1],
        ..Pose::default()
    });
    poses.shown.push(true);
    let rgb = draw(&scene, &poses, VIEW, size(160, 160));
    let at = |column| pixel(&rgb, size(160, 160), column, 80)[0];
    // Three quarters of the pane in all lights, and a quarter of the floor, dark or lit.
    assert_eq!((at(104), at(150)), (140, 166));
}
