//! A cache never changes a picture, whatever happens from moment to moment.

use super::*;

/// Something that happens between two moments.
#[derive(Debug, Clone, Copy)]
enum Event {
    Nothing,
    Move { object: usize, by: f64 },
    Recolor { object: usize, red: f32 },
    Hide { object: usize },
    Fix { object: usize },
    Turn { light: usize, by: f64 },
    Dim { light: usize },
    Shade { light: usize },
    MoveCamera { by: f64 },
    Background { red: f32 },
    Dissolve { object: usize },
}

fn event() -> impl Strategy<Value = Event> {
    let object = 0..SHAPES.len();
    let light = 0..2_usize;
    let by = -0.2..0.2_f64;
    prop_oneof![
        3 => Just(Event::Nothing),
        6 => (object.clone(), by.clone()).prop_map(|(object, by)| Event::Move { object, by }),
        1 => (object.clone(), 0.0..1.0_f32).prop_map(|(object, red)| Event::Recolor { object, red }),
        1 => object.clone().prop_map(|object| Event::Hide { object }),
        1 => object.clone().prop_map(|object| Event::Fix { object }),
        1 => (light.clone(), by.clone()).prop_map(|(light, by)| Event::Turn { light, by }),
        1 => light.clone().prop_map(|light| Event::Dim { light }),
        1 => light.prop_map(|light| Event::Shade { light }),
        1 => by.prop_map(|by| Event::MoveCamera { by }),
        1 => (0.0..1.0_f32).prop_map(|red| Event::Background { red }),
        1 => object.prop_map(|object| Event::Dissolve { object }),
    ]
}

fn happen(event: Event, scene: &mut SceneModel, poses: &mut ScenePoses) {
    match event {
        Event::Nothing => {}
        Event::Move { object, by } => poses.objects[object].position[object % 3] += by,
        Event::Recolor { object, red } => scene.objects[object].material.rgba[0] = red,
        Event::Hide { object } => poses.shown[object] ^= true,
        Event::Fix { object } => scene.objects[object].fixed ^= true,
        Event::Turn { light, by } => poses.lights[light].direction[1] += by,
        Event::Dim { light } => scene.lights[light].diffuse[0] *= 0.75,
        Event::Shade { light } => scene.lights[light].casts_shadow ^= true,
        Event::MoveCamera { by } => poses.cameras[0].position[0] += by,
        Event::Background { red } => scene.background = Background::Color([red, 0.0, 0.0]),
        Event::Dissolve { object } => {
            let alpha = &mut scene.objects[object].material.rgba[3];
            *alpha = if *alpha < 1.0 { 1.0 } else { 0.6 };
        }
    }
}

/// Colors, distances and objects.
type Picture = (Vec<u8>, Vec<f32>, Vec<[i32; 2]>);

fn blank(size: ImageSize) -> Picture {
    let pixels = size.rgb_len() / 3;
    (vec![0; pixels * 3], vec![0.0; pixels], vec![[0; 2]; pixels])
}

fn shot((rgb, depth, segmentation): &mut Picture, view: View, size: ImageSize) -> Shot<'_> {
    Shot {
        depth: Some(depth),
        segmentation: Some(segmentation),
        ..Shot::rgb(view, size, rgb)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn cached_pictures_are_those_without_a_cache(
        events in proptest::collection::vec(event(), 1..12),
        casts in proptest::bool::ANY,
    ) {
        let (mut scene, mut poses) = scene();
        scene.lights[0].casts_shadow = casts;
        let sizes = [size(40, 30), size(64, 150)];
        let mut cache = Cache::new();
        let mut renderer = Renderer::new();
        for event in events {
            happen(event, &mut scene, &mut poses);
            let mut cached = sizes.map(blank);
            let shots = cached.iter_mut().zip(sizes).map(|(picture, size)| shot(picture, VIEW, size));
            renderer.render_all(&scene, &poses, &mut cache, shots).expect("the scene is sound");
            for (cached, size) in cached.iter().zip(sizes) {
                let mut fresh = blank(size);
                Renderer::new()
                    .render(&scene, &poses, &mut shot(&mut fresh, VIEW, size))
                    .expect("the scene is sound");
                prop_assert!(*cached == fresh, "{event:?}");
            }
        }
    }
}

/// The cache is worth its memory: where nothing moves, a picture is there already, and little is kept per pixel.
#[test]
fn views_are_remembered_once_their_camera_stands_still() {
    let (scene, poses) = scene();
    let mut cache = Cache::new();
    let mut renderer = Renderer::new();
    let mut picture = blank(size(84, 84));
    for _ in 0..3 {
        let shots = [shot(&mut picture, VIEW, size(84, 84))];
        renderer
            .render_all(&scene, &poses, &mut cache, shots)
            .expect("the scene is sound");
    }
    assert_eq!(cache.views.drawn(), 1);
    // More views than are remembered.
    for width in 20..40 {
        let mut picture = blank(size(width, 20));
        let shots = [shot(&mut picture, VIEW, size(width, 20))];
        renderer
            .render_all(&scene, &poses, &mut cache, shots)
            .expect("the scene is sound");
    }
    assert_eq!(cache.views.drawn(), 0);
}
