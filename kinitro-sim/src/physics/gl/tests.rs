use kinitro_core::units::ImageSize;

use mujoco_rs::mujoco_c::mjtObj;

use super::*;
use crate::render::camera::View;
use crate::render::store::MeshStore;

/// A camera at (0, 0, 2) looks straight down; x is to the right, y up. A red ball is to the upper left, a green box below the middle,
/// a blue site to the right.
const MODEL: &str = r#"<mujoco>
    <visual><map znear="0.01"/><headlight ambient="1 1 1" diffuse="0 0 0" specular="0 0 0"/></visual>
    <worldbody>
        <camera name="down" pos="0 0 2" fovy="60"/>
        <geom name="ball" type="sphere" size="0.2" pos="-0.6 0.6 0" rgba="1 0 0 1"/>
        <geom name="box" type="box" size="0.3 0.2 0.5" pos="0 -0.6 0" rgba="0 1 0 1"/>
        <site name="mark" type="sphere" size="0.2" pos="0.6 0 0" rgba="0 0 1 1"/>
    </worldbody>
</mujoco>"#;

const GEOM: i32 = mjtObj::mjOBJ_GEOM as i32;

const DOWN: View = View {
    camera: 0,
    orientation: Orientation::AsMounted,
};

/// The model, or nothing where this machine has no OpenGL.
fn physics() -> Option<Physics> {
    if let Err(reason) = devices() {
        println!("skipped: {reason}");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.xml");
    std::fs::write(&path, MODEL).unwrap();
    Some(Physics::load(&path).unwrap())
}

struct Drawn {
    size: ImageSize,
    rgb: Vec<u8>,
    depth: Vec<f32>,
    ids: Vec<[i32; 2]>,
}

impl Drawn {
    fn at(&self, x: usize, y: usize) -> ([u8; 3], f32, [i32; 2]) {
        let pixel = y * self.size.width() as usize + x;
        let rgb = [0, 1, 2].map(|channel| self.rgb[3 * pixel + channel]);
        (rgb, self.depth[pixel], self.ids[pixel])
    }
}

fn draw(
    gl: &mut GlRenderer,
    physics: &Physics,
    scene: &SceneModel,
    overrides: &[SiteOverride],
    view: View,
    (width, height): (u32, u32),
) -> Drawn {
    let size = ImageSize::new(width, height).unwrap();
    let pixels = (width * height) as usize;
    let mut drawn = Drawn {
        size,
        rgb: vec![0; 3 * pixels],
        depth: vec![0.0; pixels],
        ids: vec![[0; 2]; pixels],
    };
    let mut shot = Shot {
        view,
        size,
        rgb: &mut drawn.rgb,
        depth: Some(&mut drawn.depth),
        segmentation: Some(&mut drawn.ids),
    };
    gl.render(scene, physics, overrides, &mut shot).unwrap();
    drawn
}

#[test]
fn everything_is_where_it_belongs() {
    let Some(physics) = physics() else { return };
    let scene = physics.scene_model(&MeshStore::in_memory()).unwrap();
    let options = GlOptions {
        samples: 1,
        ..GlOptions::default()
    };
    let mut gl = GlRenderer::new(&physics, options).unwrap();
    // 120 rows show 2 · 2 tan(30°) = 2.31 m at the ground: 52 pixels per meter.
    let upright = draw(&mut gl, &physics, &scene, &[], DOWN, (160, 120));
    let (rgb, depth, id) = upright.at(80 - 31, 60 - 31);
    assert_eq!((rgb, id), ([255, 0, 0], [0, GEOM]));
    // Toward its center, which is 2.17 m away, the ball begins 0.2 m before it.
    assert!((depth - 1.816).abs() < 0.01, "{depth}");
    // The top of the box is 1.5 m below the camera, and 0.6 m off the axis: 41 pixels.
    let (rgb, depth, id) = upright.at(80, 60 + 41);
    assert_eq!((rgb, id), ([0, 255, 0], [1, GEOM]));
    assert!((depth - 1.5).abs() < 0.01, "{depth}");
    let (rgb, _, id) = upright.at(80 + 31, 60);
    assert_eq!((rgb, id), ([0, 0, 255], [0, SITE]));
    assert_eq!(upright.at(2, 2), ([0; 3], f32::INFINITY, ObjectId::NOTHING));

    // A turned picture is the same from its end.
    let turned = View {
        orientation: Orientation::Turned,
        ..DOWN
    };
    let turned = draw(&mut gl, &physics, &scene, &[], turned, (160, 120));
    for (x, y) in [(49, 29), (80, 101), (111, 60), (2, 2), (100, 17)] {
        assert_eq!(turned.at(159 - x, 119 - y), upright.at(x, y));
    }

    // The same renderer draws larger pictures than MuJoCo's buffer was made for, and others use the same thread.
    let mut other = GlRenderer::new(&physics, GlOptions::default()).unwrap();
    draw(&mut other, &physics, &scene, &[], DOWN, (32, 32));
    let large = draw(&mut gl, &physics, &scene, &[], DOWN, (1024, 960));
    let (rgb, _, id) = large.at(512 - 8 * 31, 480 - 8 * 31);
    assert_eq!((rgb, id), ([255, 0, 0], [0, GEOM]));
}

#[test]
fn sites_move_and_objects_hide() {
    let Some(physics) = physics() else { return };
    let mut scene = physics.scene_model(&MeshStore::in_memory()).unwrap();
    let mut gl = GlRenderer::new(&physics, GlOptions::default()).unwrap();
    let site = physics.site("mark").unwrap();
    let moved = SiteOverride {
        site,
        position: Some([0.0; 3]),
        visible: true,
    };
    let drawn = draw(&mut gl, &physics, &scene, &[moved], DOWN, (120, 120));
    assert_eq!(drawn.at(60, 60).2, [0, SITE]);
    assert_eq!(drawn.at(91, 60).2, ObjectId::NOTHING);

    let hidden = SiteOverride {
        visible: false,
        ..moved
    };
    scene.set_visible("ball", false);
    let drawn = draw(&mut gl, &physics, &scene, &[hidden], DOWN, (120, 120));
    assert_eq!(drawn.at(60, 60).2, ObjectId::NOTHING);
    assert_eq!(drawn.at(60 - 31, 60 - 31).2, ObjectId::NOTHING);
    assert_eq!(drawn.at(60, 60 + 41).2, [1, GEOM]);

    // What was changed for one picture is not remembered.
    let scene = physics.scene_model(&MeshStore::in_memory()).unwrap();
    let drawn = draw(&mut gl, &physics, &scene, &[], DOWN, (120, 120));
    assert_eq!(drawn.at(91, 60).2, [0, SITE]);
    assert_eq!(drawn.at(60 - 31, 60 - 31).2, [0, GEOM]);
}

#[test]
fn what_is_wrong_is_said() {
    let Some(physics) = physics() else { return };
    let options = GlOptions {
        device: Some(1000),
        ..GlOptions::default()
    };
    let message = GlRenderer::new(&physics, options).unwrap_err().to_string();
    assert!(message.contains("no OpenGL device 1000"), "{message}");
    assert!(message.contains("0 (`"), "{message}");

    let scene = physics.scene_model(&MeshStore::in_memory()).unwrap();
    let mut gl = GlRenderer::new(&physics, GlOptions::default()).unwrap();
    let mut render = |view, side, length| {
        let size = ImageSize::new(side, side).unwrap();
        let mut shot = Shot {
            view,
            size,
            rgb: &mut vec![0; length],
            depth: None,
            segmentation: None,
        };
        gl.render(&scene, &physics, &[], &mut shot)
    };
    assert!(matches!(
        render(DOWN, 8, 192),
        Err(Error::UnsupportedImageSize { .. })
    ));
    assert!(matches!(
        render(DOWN, 16, 767),
        Err(Error::ImageLength { .. })
    ));
    let nowhere = View { camera: 1, ..DOWN };
    assert!(matches!(render(nowhere, 16, 768), Err(Error::ForeignPoses)));
    render(DOWN, 16, 768).unwrap();
}
