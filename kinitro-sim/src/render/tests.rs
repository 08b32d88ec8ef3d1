//! Behavior of the rasterizer on scenes made by code; MuJoCo is not needed here.

use std::f64::consts::FRAC_PI_4;

use kinitro_core::protocol::policy::CameraName;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::camera::Orientation;
use super::mesh::{Face, Mesh, Triangles};
use super::primitives::Shape;
use super::scene::{
    Background, Camera, Light, LightKind, LightPose, Mapping, Material, MaterialTexture, Object,
    ObjectId, Pose,
};
use super::texture::Texture;
use super::*;

mod caching;
mod coverage;
mod layers;
mod shadows;

const SHAPES: [Shape; 6] = [
    Shape::Plane { half: [2.0, 2.0] },
    Shape::Sphere { radius: 0.2 },
    Shape::Ellipsoid {
        radii: [0.1, 0.2, 0.3],
    },
    Shape::Capsule {
        radius: 0.1,
        half: 0.2,
    },
    Shape::Cylinder {
        radius: 0.15,
        half: 0.2,
    },
    Shape::Box {
        half: [0.1, 0.2, 0.15],
    },
];

fn material(rgba: [f32; 4]) -> Material {
    Material {
        rgba,
        texture: None,
        specular: 0.5,
        shininess: 0.5,
        emission: 0.0,
    }
}

fn white_light(kind: LightKind) -> Light {
    Light {
        ambient: [0.1; 3],
        diffuse: [0.4; 3],
        specular: [0.3; 3],
        kind,
        active: true,
        casts_shadow: false,
    }
}

/// Two by two texels: light ones on one diagonal, dark ones on the other.
fn checks() -> Texture {
    let (light, dark) = ([200, 220, 240], [60, 90, 120]);
    let rgb = [light, dark, dark, light].concat();
    Texture::planar(2, 2, &rgb).expect("the image is sound")
}

/// Every shape beside the others over a floor, one of them half transparent, in all kinds of light; seen from above at a slant.
fn scene() -> (SceneModel, ScenePoses) {
    let mut objects = Vec::new();
    let mut poses = ScenePoses::default();
    for (mesh, number) in (0..SHAPES.len()).zip(0_u16..) {
        let share = f32::from(number) / 6.0;
        let alpha = if mesh == 3 { 0.5 } else { 1.0 };
        let mut material = material([1.0 - share, 0.3, share, alpha]);
        if mesh == 0 {
            material.texture = Some(MaterialTexture {
                texture: 0,
                mapping: Mapping::Planar {
                    s: [3.0, 0.0, 0.0, 0.0],
                    t: [0.0, -3.0, 0.0, 0.0],
                },
            });
        }
        objects.push(Object {
            id: ObjectId::Geom(number),
            name: format!("shape {mesh}"),
            mesh,
            material,
            visible: true,
            fixed: mesh % 2 == 0,
            casts_shadow: mesh != 0,
        });
        let angle = f64::from(number) + 0.5;
        let (sin, cos) = (libm::sin(angle), libm::cos(angle));
        poses.objects.push(Pose {
            position: if mesh == 0 {
                [0.0; 3]
            } else {
                [0.7 * sin, 0.7 * cos, 0.25]
            },
            rotation: if mesh == 0 {
                Pose::default().rotation
            } else {
                [cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0]
            },
        });
    }
    poses.shown = vec![true; objects.len()];
    // From (0, −2, 2), looking at the origin.
    let half = 0.5_f64.sqrt();
    poses.cameras = vec![Pose {
        position: [0.0, -2.0, 2.0],
        rotation: [1.0, 0.0, 0.0, 0.0, half, -half, 0.0, half, half],
    }];
    poses.lights = vec![
        LightPose {
            position: [0.0; 3],
            direction: [0.6, 0.0, -0.8],
        },
        LightPose {
            position: [0.5, 0.5, 2.0],
            direction: [0.0, 0.0, -1.0],
        },
    ];
    let spot = LightKind::Spot {
        attenuation: [1.0, 0.1, 0.05],
        cutoff: 0.6,
        exponent: 10.0,
    };
    let scene = SceneModel {
        meshes: SHAPES
            .iter()
            .map(|shape| shape.mesh().expect("shapes are finite"))
            .collect(),
        textures: [checks()].into(),
        objects,
        lights: vec![
            Light {
                casts_shadow: true,
                ..white_light(LightKind::Directional)
            },
            white_light(spot),
        ],
        headlight: Some(white_light(LightKind::Directional)),
        cameras: vec![Camera {
            name: "corner".to_owned(),
            fovy: FRAC_PI_4,
        }],
        background: Background::Color([0.2, 0.3, 0.4]),
        near: 0.01,
    };
    (scene, poses)
}

const VIEW: View = View {
    camera: 0,
    orientation: Orientation::AsMounted,
};

fn size(width: u32, height: u32) -> ImageSize {
    ImageSize::new(width, height).expect("sides are positive")
}

fn draw(scene: &SceneModel, poses: &ScenePoses, view: View, size: ImageSize) -> Vec<u8> {
    let mut rgb = vec![0; size.rgb_len()];
    Renderer::new()
        .render(scene, poses, &mut Shot::rgb(view, size, &mut rgb))
        .expect("the scene is sound");
    rgb
}

fn pixel(rgb: &[u8], size: ImageSize, column: u32, row: u32) -> &[u8] {
    let start = (row * size.width() + column) as usize * 3;
    &rgb[start..start + 3]
}

fn seen(layers: &Layers<'_>, size: ImageSize) -> Vec<Option<ObjectId>> {
    let (width, height) = (size.width() as usize, size.height() as usize);
    (0..width * height)
        .map(|index| layers.object(index % width, index / width))
        .collect()
}

/// The picture is the same in debug and release builds, for every instruction set: a change of this number is a change of
/// [`RENDER_SPEC`].
#[test]
fn known_picture() {
    let (scene, poses) = scene();
    let hash = |size| {
        let digest = Sha256::digest(draw(&scene, &poses, VIEW, size));
        u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
    };
    assert_eq!(
        [hash(size(84, 84)), hash(size(161, 97))],
        [0x12d7_4ee2_7691_e632, 0x37e7_6d18_7452_634b]
    );
}

#[test]
fn every_shape_is_seen_where_it_stands() {
    let (scene, poses) = scene();
    let size = size(256, 256);
    let mut renderer = Renderer::new();
    let layers = renderer
        .visibility(&scene, &poses, VIEW, size)
        .expect("the scene is sound");
    let objects = seen(&layers, size);
    for number in 0..6 {
        let count = objects
            .iter()
            .filter(|&&object| object == Some(ObjectId::Geom(number)))
            .count();
        assert!(count > 300, "shape {number} covers {count} pixels");
    }
    // The camera looks at the origin from √8 m away.
    assert_eq!(layers.object(128, 128), Some(ObjectId::Geom(0)));
    assert!(
        (layers.depth(128, 128) - 8.0_f32.sqrt()).abs() < 0.02,
        "{}",
        layers.depth(128, 128)
    );
    assert_eq!(
        (layers.object(0, 0), layers.depth(0, 0)),
        (None, f32::INFINITY)
    );
}

#[test]
fn a_turned_view_is_the_picture_turned_by_half_a_circle() {
    let (scene, poses) = scene();
    let size = size(97, 84);
    let turned_view = View {
        orientation: Orientation::Turned,
        ..VIEW
    };
    let upright = draw(&scene, &poses, VIEW, size);
    let turned = draw(&scene, &poses, turned_view, size);
    let reversed: Vec<u8> = upright
        .as_chunks::<3>()
        .0
        .iter()
        .rev()
        .flatten()
        .copied()
        .collect();
    assert!(upright != turned && turned == reversed);
    let mut renderer = Renderer::new();
    let mut objects = seen(
        &renderer
            .visibility(&scene, &poses, VIEW, size)
            .expect("sound"),
        size,
    );
    objects.reverse();
    assert_eq!(
        objects,
        seen(
            &renderer
                .visibility(&scene, &poses, turned_view, size)
                .expect("sound"),
            size
        )
    );
}

/// A camera rolled by half a circle about its view axis sees what a turned view shows, up to pixels whose center lies exactly on
/// an edge.
#[test]
fn turning_the_camera_turns_the_picture() {
    let (scene, poses) = scene();
    let mut rolled = poses.clone();
    for column in [0, 1, 3, 4, 6, 7] {
        rolled.cameras[0].rotation[column] *= -1.0;
    }
    let turned_view = View {
        orientation: Orientation::Turned,
        ..VIEW
    };
    let size = size(128, 128);
    let [a, b] = [
        draw(&scene, &poses, turned_view, size),
        draw(&scene, &rolled, VIEW, size),
    ];
    let differing = a
        .as_chunks::<3>()
        .0
        .iter()
        .zip(b.as_chunks::<3>().0)
        .filter(|(a, b)| a != b)
        .count();
    assert!(differing < 128 * 128 / 100, "{differing} pixels differ");
}

#[test]
fn pictures_do_not_depend_on_what_was_drawn_before() {
    let (scene, poses) = scene();
    let (small, large) = (size(64, 48), size(200, 200));
    let fresh = draw(&scene, &poses, VIEW, small);
    let mut renderer = Renderer::new();
    let (mut first, mut second) = (vec![0; large.rgb_len()], vec![7; small.rgb_len()]);
    let shots = [
        Shot::rgb(VIEW, large, &mut first),
        Shot::rgb(VIEW, small, &mut second),
    ];
    renderer
        .render_all(&scene, &poses, &mut Cache::new(), shots)
        .expect("the scene is sound");
    assert_eq!(second, fresh);
}

#[test]
fn threads_draw_the_same_picture() {
    let (scene, poses) = scene();
    let alone = draw(&scene, &poses, VIEW, size(84, 84));
    std::thread::scope(|scope| {
        let drawn: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| draw(&scene, &poses, VIEW, size(84, 84))))
            .collect();
        for picture in drawn {
            assert!(picture.join().expect("drawing does not panic") == alone);
        }
    });
}

#[test]
fn transparent_objects_tint_what_is_behind_them() {
    let (mut scene, mut poses) = scene();
    poses.objects[3].position = [0.0, 0.0, 0.3];
    let size = size(128, 128);
    let [column, row] = [64, 58];
    let tinted = draw(&scene, &poses, VIEW, size);
    scene.objects[3].material.rgba[3] = 1.0;
    let covered = draw(&scene, &poses, VIEW, size);
    poses.shown[3] = false;
    let bare = draw(&scene, &poses, VIEW, size);
    for channel in 0..3 {
        let [tinted, covered, bare] =
            [&tinted, &covered, &bare].map(|rgb| f64::from(pixel(rgb, size, column, row)[channel]));
        // Half transparent, blended twice: three quarters of it are seen.
        assert!(
            (tinted - (0.75 * covered + 0.25 * bare)).abs() < 2.0,
            "{tinted} {covered} {bare}"
        );
    }
}

#[test]
fn objects_can_be_hidden_by_name() {
    let (mut scene, poses) = scene();
    scene.set_visible("shape 5", false);
    scene.set_visible("nobody", false);
    let size = size(128, 128);
    let mut renderer = Renderer::new();
    let objects = seen(
        &renderer
            .visibility(&scene, &poses, VIEW, size)
            .expect("sound"),
        size,
    );
    assert!(
        !objects.contains(&Some(ObjectId::Geom(5))) && objects.contains(&Some(ObjectId::Geom(4)))
    );
}

/// A floor from far behind the camera to far ahead of it: it fills the lower half of the picture and nothing else.
#[test]
fn what_crosses_the_near_plane_is_cut() {
    let quad = |positions: [[f32; 3]; 4]| {
        let face = |corners| Face {
            corners,
            normals: corners,
        };
        let normals = [[0.0, 0.0, 1.0]; 4];
        Mesh::new(&Triangles {
            positions: positions.to_vec(),
            normals: normals.to_vec(),
            faces: vec![face([0, 1, 2]), face([0, 2, 3])],
        })
        .expect("the quad is sound")
    };
    let (mut scene, mut poses) = scene();
    // 1 m below the camera, which looks along +y.
    let floor = quad([
        [-500.0, -500.0, -1.0],
        [500.0, -500.0, -1.0],
        [500.0, 500.0, -1.0],
        [-500.0, 500.0, -1.0],
    ]);
    scene.meshes = [floor].into();
    scene.objects.truncate(1);
    poses.objects = vec![Pose::default()];
    poses.shown = vec![true];
    poses.cameras[0] = Pose {
        position: [0.0; 3],
        rotation: [1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0],
    };
    let size = size(64, 64);
    let mut renderer = Renderer::new();
    let layers = renderer
        .visibility(&scene, &poses, VIEW, size)
        .expect("the scene is sound");
    for row in 0..64 {
        for column in 0..64 {
            let expected = (row >= 32).then_some(ObjectId::Geom(0));
            assert_eq!(
                layers.object(column, row),
                expected,
                "column {column}, row {row}"
            );
        }
    }
    // The lowest row looks 22.5° down, less half a pixel; the floor is 1 m below.
    let depth = 1.0 / (31.5 / 32.0 * libm::tanf(std::f32::consts::FRAC_PI_8));
    assert!(
        (layers.depth(5, 63) - depth).abs() < 0.01,
        "{} {depth}",
        layers.depth(5, 63)
    );
}

/// What a diverged simulation leaves behind draws something or nothing, but never fails.
#[test]
fn absurd_poses_do_no_harm() {
    let (scene, poses) = scene();
    for absurd in [
        f64::NAN,
        f64::INFINITY,
        1e30,
        1e38,
        -1e300,
        f64::MIN_POSITIVE,
    ] {
        for axis in 0..3 {
            let mut moved = poses.clone();
            moved.objects[5].position[axis] = absurd;
            draw(&scene, &moved, VIEW, size(64, 64));
            moved.objects[4].rotation[axis * 3] = absurd;
            draw(&scene, &moved, VIEW, size(64, 64));
            moved.cameras[0].position[axis] = absurd;
            draw(&scene, &moved, VIEW, size(64, 64));
        }
    }
}

#[test]
fn impossible_requests_are_refused() {
    let (scene, poses) = scene();
    let mut renderer = Renderer::new();
    let mut rgb = vec![0; size(84, 84).rgb_len()];
    let mut refusal = |view, size, rgb: &mut [u8], poses: &ScenePoses| {
        renderer
            .render(&scene, poses, &mut Shot::rgb(view, size, rgb))
            .expect_err("impossible")
            .to_string()
    };
    assert!(refusal(VIEW, size(84, 85), &mut rgb, &poses).contains("21168 bytes"));
    assert!(refusal(VIEW, size(8, 8), &mut [0; 192], &poses).contains("`8` × `8`"));
    let missing = View { camera: 1, ..VIEW };
    assert!(refusal(missing, size(84, 84), &mut rgb, &poses).contains("another scene"));
    assert!(
        refusal(VIEW, size(84, 84), &mut rgb, &ScenePoses::default()).contains("another scene")
    );
    assert!(
        View::of(&scene, CameraName::Corner)
            .is_ok_and(|view| view.orientation == Orientation::Turned)
    );
    let unknown = View::of(&scene, CameraName::Gripper).expect_err("there is only one camera");
    assert_eq!(
        unknown.to_string(),
        "the model has no camera for the view `gripper`"
    );
    let face = Face {
        corners: [0, 1, 2],
        normals: [0; 3],
    };
    let mut triangle = Triangles {
        positions: vec![[0.0; 3]; 2],
        normals: vec![[0.0; 3]],
        faces: vec![face],
    };
    assert!(Mesh::new(&triangle).is_err());
    triangle.positions = vec![[f32::NAN; 3]; 3];
    assert!(Mesh::new(&triangle).is_err());
}
