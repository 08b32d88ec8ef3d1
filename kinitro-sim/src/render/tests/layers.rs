//! Depth and segmentation of scenes whose geometry is simple, and pictures of all sizes.

use super::*;

/// A floor of 4 m by 4 m, 3 m below the camera, and a ball of 0.5 m in the middle of it, upper half seen; 90° high.
fn stage() -> (SceneModel, ScenePoses) {
    let (mut scene, mut poses) = scene();
    let shapes = [
        Shape::Plane { half: [2.0; 2] },
        Shape::Sphere { radius: 0.5 },
    ];
    scene.meshes = shapes
        .map(|shape| shape.mesh().expect("shapes are finite"))
        .into();
    scene.objects.truncate(2);
    scene.objects[0].id = ObjectId::Geom(7);
    scene.objects[1].id = ObjectId::Distractor(3);
    poses.objects = vec![Pose::default(); 2];
    poses.shown = vec![true; 2];
    poses.cameras[0] = Pose {
        position: [0.0, 0.0, 3.0],
        ..Pose::default()
    };
    scene.cameras[0].fovy = std::f64::consts::FRAC_PI_2;
    (scene, poses)
}

#[test]
fn depth_and_segmentation_are_those_of_geometry() {
    let (scene, poses) = stage();
    let (square, side) = (size(128, 128), 128);
    let mut rgb = vec![0; square.rgb_len()];
    let mut depth = vec![0.0; side * side];
    let mut segmentation = vec![[0; 2]; side * side];
    let mut shot = Shot {
        depth: Some(&mut depth),
        segmentation: Some(&mut segmentation),
        ..Shot::rgb(VIEW, square, &mut rgb)
    };
    Renderer::new()
        .render(&scene, &poses, &mut shot)
        .expect("the scene is sound");
    for row in 0..side {
        for column in 0..side {
            // Meters to the right and down per meter of depth.
            let slope = |pixel: usize| (pixel as f64 + 0.5) / 64.0 - 1.0;
            let (x, y) = (slope(column), slope(row));
            let (lean, index) = (x * x + y * y, row * side + column);
            let (depth, segment) = (f64::from(depth[index]), segmentation[index]);
            // The ball is seen at an angle of up to asin(1/6); its facets lie up to 1 % of the radius inside.
            let rim = 1.0 / 35.0;
            if lean < 0.9 * rim {
                assert_eq!(segment, [3, 100]);
                let near = (3.0 - (9.0 - 8.75 * (1.0 + lean)).sqrt()) / (1.0 + lean);
                assert!((depth - near).abs() < 0.02, "{depth} {near}");
            } else if lean > 1.1 * rim && x.abs().max(y.abs()) < 0.66 {
                assert_eq!(segment, [7, 5]);
                assert!((depth - 3.0).abs() < 1e-4, "{depth}");
            } else if x.abs().max(y.abs()) > 0.68 {
                assert_eq!((segment, depth), (ObjectId::NOTHING, f64::INFINITY));
            }
        }
    }
}

#[test]
fn object_types_are_those_of_mujoco() {
    assert_eq!(ObjectId::Geom(4).segment(), [4, 5]);
    assert_eq!(ObjectId::Site(0).segment(), [0, 6]);
    assert_eq!(ObjectId::Distractor(9).segment(), [9, 100]);
}

#[test]
fn buffers_of_the_wrong_length_are_refused() {
    let (scene, poses) = stage();
    let size = size(20, 16);
    let mut rgb = vec![0; size.rgb_len()];
    let (mut depth, mut segmentation) = (vec![0.0; 319], vec![[0; 2]; 320]);
    let mut shot = Shot {
        depth: Some(&mut depth),
        segmentation: Some(&mut segmentation),
        ..Shot::rgb(VIEW, size, &mut rgb)
    };
    let mut renderer = Renderer::new();
    let refused = renderer.render(&scene, &poses, &mut shot);
    assert!(matches!(refused, Err(Error::ImageLength { .. })));
}

/// A picture of any size shows the same: its mean color hardly depends on the size.
#[test]
fn all_sizes_show_the_same() {
    let (mut scene, poses) = scene();
    scene.lights[0].casts_shadow = true;
    let mean = |side: u32| {
        let rgb = draw(&scene, &poses, VIEW, size(side, side));
        let sum: u64 = rgb.iter().map(|&byte| u64::from(byte)).sum();
        sum as f64 / rgb.len() as f64
    };
    let expected = mean(1024);
    for side in [16, 17, 31, 84, 128, 129, 224, 257, 480, 1023] {
        let found = mean(side);
        let most = 40.0 / f64::from(side) + 1.0;
        assert!(
            (found - expected).abs() < most,
            "{side}: {found} {expected}"
        );
    }
    for (width, height) in [(16, 1024), (1024, 16), (100, 17)] {
        draw(&scene, &poses, VIEW, size(width, height));
    }
}

/// The sky is turned: its +y face is up, its +z face toward −y of the world.
#[test]
fn the_sky_is_above_and_around() {
    let (mut scene, mut poses) = scene();
    for object in &mut scene.objects {
        object.visible = false;
    }
    // Faces in six colors, each with a mark in one texel so that none is flat.
    let rgb: Vec<u8> = (1..=6)
        .flat_map(|face: u8| (0..64).map(move |texel| if texel == 0 { 0 } else { 40 * face }))
        .flat_map(|level| [level; 3])
        .collect();
    scene.textures = [Texture::cube(8, &rgb).expect("the image is sound")].into();
    scene.objects[0].material.texture = None;
    scene.background = Background::Sky { texture: 0 };
    // Camera frames by their columns: right, up, backward.
    let looking = |right: [f64; 3], up: [f64; 3], back: [f64; 3]| {
        let rotation = [0, 1, 2].map(|row| [right[row], up[row], back[row]]);
        rotation.as_flattened().try_into().expect("nine numbers")
    };
    let (x, y, z) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
    let minus = |axis: [f64; 3]| axis.map(|part| -part);
    for (rotation, face) in [
        (looking(minus(y), z, minus(x)), 1),
        (looking(y, z, x), 2),
        (looking(x, minus(y), minus(z)), 3),
        (looking(x, y, z), 4),
        (looking(minus(x), z, y), 5),
        (looking(x, z, minus(y)), 6),
    ] {
        poses.cameras[0].rotation = rotation;
        let rgb = draw(&scene, &poses, VIEW, size(32, 32));
        assert_eq!(
            pixel(&rgb, size(32, 32), 16, 16),
            [40 * face; 3],
            "face {face}"
        );
    }
}
