//! How a scene looks to one miner: lights, cameras, colors, distractors and the sensor, drawn from the miner's key.
//!
//! No two miners see the same pictures of one scene, and what is simulated depends on none of it. Level `none` draws nothing: the
//! scene looks as the model says.
//!
//! | stream | order | values | more in |
//! |---|---|---|---|
//! | visuals | 1 | lights and shadows | `light` |
//! | | 2 | the things that the task is about, in the order of the model | `surface` |
//! | | 3 | floor, table, walls and what is behind everything | `surface` |
//! | | 4 | every camera | `camera` |
//! | sensor | 1 | noise, gain, blur | `sensor` |
//! | distractors | 1 | at level `hard`: how many, then each | `distractor` |
//!
//! All of it is drawn whether anybody looks or not, so that the record of a scene is the same for everybody who plays it.
//!
//! A change of this order or of a range changes results: it needs a new [`GENERATOR`](crate::metaworld::randomize::GENERATOR) and
//! a changelog entry.

mod camera;
pub mod color;
pub mod distractor;
mod light;
pub mod sensor;
pub mod surface;
pub mod wardrobe;

use std::sync::Arc;

use kinitro_core::protocol::policy::Image;
use kinitro_core::record::level::Level;
use kinitro_core::record::scene::{SceneGroup, SceneRecord};
use kinitro_core::seed::{MinerKey, MinerStream};

use crate::Error;
use crate::physics::float_mode::with_ieee_defaults;
use crate::render::camera::View;
use crate::render::scene::{Pose, SceneModel, ScenePoses};
use camera::CameraLook;
use distractor::{Distractor, FreeSpace};
use light::Lights;
use sensor::{Film, Scratch, Sensor};
use surface::{BackdropLook, ThingLooks};
use wardrobe::Wardrobe;

/// How a scene looks, as numbers. Copies are cheap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looks {
    /// Drawn for levels above `none`.
    varied: Option<Arc<Varied>>,
}

#[derive(Debug, PartialEq)]
struct Varied {
    wardrobe: Arc<Wardrobe>,
    lights: Lights,
    things: ThingLooks,
    backdrops: Vec<BackdropLook>,
    cameras: Vec<CameraLook>,
    sensor: Sensor,
    /// Drawn at level `hard`.
    distractors: Option<Vec<Distractor>>,
}

/// One respect in which scenes look different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// Lights and shadows.
    Lights,
    /// Color and gloss of what the task is about.
    Things,
    /// Floor, table, walls, and what is behind everything.
    Backdrops,
    /// Where cameras stand and how wide they see.
    Cameras,
    /// Blur, gain and noise of pictures.
    Sensor,
    /// What lies about.
    Distractors,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Lights,
        Self::Things,
        Self::Backdrops,
        Self::Cameras,
        Self::Sensor,
        Self::Distractors,
    ];
}

/// Puts a drawn value into a record.
type Insert<'a> = dyn FnMut(SceneGroup, &str, &[f64]) + 'a;

impl Looks {
    /// Those of the model.
    pub fn nominal() -> Self {
        Self::default()
    }

    /// Those that a miner sees. `space` says where distractors may be in the scene as it begins; it is asked at level `hard` only.
    pub fn draw(
        key: &MinerKey,
        level: Level,
        wardrobe: &Arc<Wardrobe>,
        space: impl FnOnce() -> FreeSpace,
    ) -> Self {
        if level == Level::None {
            return Self::nominal();
        }
        let varied = with_ieee_defaults(|| {
            let mut draws = key.draws(MinerStream::Visuals);
            let lights = Lights::draw(&mut draws, wardrobe.lights);
            let things = ThingLooks::draw(&mut draws, &wardrobe.things);
            let taken = things.colors(&wardrobe.things);
            let backdrop = |backdrop| BackdropLook::draw(&mut draws, backdrop, wardrobe, &taken);
            let backdrops = wardrobe.backdrops.iter().map(backdrop).collect();
            Varied {
                wardrobe: Arc::clone(wardrobe),
                lights,
                things,
                backdrops,
                cameras: CameraLook::draw_all(&mut draws),
                sensor: Sensor::draw(key.draws(MinerStream::Sensor)),
                distractors: (level == Level::Hard).then(|| {
                    let mut draws = key.draws(MinerStream::Distractors);
                    Distractor::draw_all(&mut draws, &space(), &taken)
                }),
            }
        });
        Self {
            varied: Some(Arc::new(varied)),
        }
    }

    /// Adds every drawn value to the record of a scene that has no values of these groups yet.
    pub fn record(&self, record: &mut SceneRecord) {
        let Some(varied) = &self.varied else {
            return;
        };
        let insert: &mut Insert<'_> = &mut |group, name, numbers| {
            let inserted = record.insert(group, name, numbers);
            inserted
                .expect("the names are well formed and distinct, and values are short and finite");
        };
        varied.lights.record(insert);
        varied.things.record(insert);
        for (look, backdrop) in varied.backdrops.iter().zip(&varied.wardrobe.backdrops) {
            look.record(backdrop, insert);
        }
        for camera in &varied.cameras {
            camera.record(insert);
        }
        varied.sensor.record(insert);
        if let Some(distractors) = &varied.distractors {
            insert(SceneGroup::Distractor, "count", &[distractors.len() as f64]);
            for (index, distractor) in distractors.iter().enumerate() {
                distractor.record(index, insert);
            }
        }
    }
}

/// A model's scene, ready to be dressed in any looks.
#[derive(Debug, Clone)]
pub struct Undressed {
    scene: Arc<SceneModel>,
    /// Index of the first mesh of distractors.
    distractors: usize,
}

impl Undressed {
    /// Adds the surfaces of distractors to a scene.
    ///
    /// # Errors
    /// [`Error::UnsuitableMesh`]; the shapes are fixed, so it is not expected.
    pub fn new(mut scene: SceneModel) -> Result<Self, Error> {
        let distractors = scene.meshes.len();
        let meshes = scene.meshes.iter().cloned();
        scene.meshes = meshes.chain(distractor::meshes()?).collect();
        Ok(Self {
            scene: Arc::new(scene),
            distractors,
        })
    }

    /// The scene as the model has it.
    pub fn scene(&self) -> &SceneModel {
        &self.scene
    }
}

/// A scene that looks as drawn, and what follows from that for every picture.
#[derive(Debug)]
pub struct Dressed {
    scene: Arc<SceneModel>,
    lights: Option<(Lights, [f64; 3])>,
    /// Index of each camera that is moved, and its pose in the frame of the model's.
    cameras: Vec<(usize, Pose)>,
    /// Of the objects at the end of the scene.
    distractors: Vec<Pose>,
    film: Option<Film>,
}

impl Dressed {
    /// Takes a tenth of a millisecond, most of it for the noise of the sensor.
    pub fn new(undressed: &Undressed, looks: &Looks) -> Self {
        Self::in_some_aspects(undressed, looks, &Aspect::ALL)
    }

    /// As drawn in these respects, as the model is in all others.
    pub fn in_some_aspects(undressed: &Undressed, looks: &Looks, aspects: &[Aspect]) -> Self {
        with_ieee_defaults(|| match &looks.varied {
            None => Self {
                scene: Arc::clone(&undressed.scene),
                lights: None,
                cameras: Vec::new(),
                distractors: Vec::new(),
                film: None,
            },
            Some(varied) => varied.dress(undressed, aspects),
        })
    }

    /// What there is to see.
    pub fn scene(&self) -> &SceneModel {
        &self.scene
    }

    /// Moves what the looks have elsewhere than the model, in poses that were just written for [`scene`](Self::scene).
    pub fn adjust(&self, poses: &mut ScenePoses) {
        with_ieee_defaults(|| {
            if let Some((lights, middle)) = &self.lights {
                lights.pose(poses, *middle);
            }
            for (index, pose) in &self.cameras {
                poses.cameras[*index] = camera::within(&poses.cameras[*index], pose);
            }
            let first = poses.objects.len() - self.distractors.len();
            poses.objects[first..].copy_from_slice(&self.distractors);
        });
    }

    /// What the sensor makes of a picture that was drawn after `step` control steps. `scratch` is any buffer; it grows with the
    /// first pictures.
    pub fn expose(&self, step: u32, view: View, image: &mut Image, scratch: &mut Scratch) {
        if let Some(film) = &self.film {
            film.expose(step, view.camera, image, scratch);
        }
    }
}

impl Varied {
    fn dress(&self, undressed: &Undressed, aspects: &[Aspect]) -> Dressed {
        let has = |aspect| aspects.contains(&aspect);
        let mut scene = SceneModel::clone(&undressed.scene);
        if has(Aspect::Lights) {
            self.lights.dress(&mut scene);
        }
        if has(Aspect::Things) {
            self.things.dress(&mut scene, &self.wardrobe.things);
        }
        if has(Aspect::Backdrops) {
            for (look, backdrop) in self.backdrops.iter().zip(&self.wardrobe.backdrops) {
                look.dress(&mut scene, backdrop, &self.wardrobe);
            }
        }
        let mut cameras: Vec<(usize, Pose)> = Vec::new();
        for look in self.cameras.iter().filter(|_| has(Aspect::Cameras)) {
            if let Some(index) = look.index(&scene) {
                look.set_field_of_view(&mut scene, index);
                cameras.push((index, look.pose()));
            }
        }
        let distractors = match &self.distractors {
            Some(distractors) if has(Aspect::Distractors) => &distractors[..],
            _ => &[],
        };
        for (number, distractor) in (0..).zip(distractors) {
            distractor.add_to(&mut scene, undressed.distractors, number);
        }
        Dressed {
            lights: has(Aspect::Lights).then(|| (self.lights.clone(), self.wardrobe.middle)),
            cameras,
            distractors: distractors.iter().map(Distractor::pose).collect(),
            film: has(Aspect::Sensor).then(|| Film::of(&self.sensor)),
            scene: Arc::new(scene),
        }
    }
}
