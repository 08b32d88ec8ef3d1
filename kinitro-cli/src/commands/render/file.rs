//! Pictures as files: PNG for eyes, NPY for programs.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};
use kinitro_core::units::ImageSize;
use kinitro_sim::render::scene::{ObjectId, SceneModel};
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{WritableElement, WriteNpyExt as _};
use serde::Serialize;

use crate::painter::Painting;
use crate::picture::{png_file, png_file_of_16_bits};

/// Millimeters of the farthest thing that 16 bits tell from nothing.
const FARTHEST: f32 = 65_535.0;

/// How pictures of several cameras become one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    size: ImageSize,
    cameras: usize,
    npy: bool,
}

impl Shape {
    /// # Errors
    /// If the path is neither `*.png` nor `*.npy`.
    pub(super) fn of(path: &Path, size: ImageSize, cameras: usize) -> anyhow::Result<Self> {
        let npy = match path.extension().and_then(|extension| extension.to_str()) {
            Some("png") => false,
            Some("npy") => true,
            _ => bail!(
                "pictures are written as `*.png` or `*.npy`, not as `{}`",
                path.display()
            ),
        };
        Ok(Self { size, cameras, npy })
    }

    /// RGB, 8 bits each: PNG, or `[cameras, height, width, 3]`.
    pub(super) fn colors(self, paintings: &[Painting]) -> anyhow::Result<Vec<u8>> {
        if self.npy {
            let all = paintings.iter().flat_map(|painting| &painting.rgb);
            return self.array(all.copied().collect(), Some(3));
        }
        let pixels = self.beside(paintings, |painting, pixel| {
            [0, 1, 2].map(|channel| painting.rgb[3 * pixel + channel])
        });
        Ok(png_file(self.sides(), pixels.as_flattened(), |_| {})?)
    }

    /// Meters: PNG with 16 bits of millimeters, or f32 `[cameras, height, width]`.
    pub(super) fn depth(self, paintings: &[Painting]) -> anyhow::Result<Vec<u8>> {
        if self.npy {
            let all = paintings.iter().flat_map(|painting| &painting.depth);
            return self.array(all.copied().collect(), None);
        }
        let pixels = self.beside(paintings, |painting, pixel| {
            millimeters(painting.depth[pixel])
        });
        Ok(png_file_of_16_bits(self.sides(), &pixels)?)
    }

    /// Number and type of what is seen: PNG with the colors of the legend, or i32 `[cameras, height, width, 2]`.
    pub(super) fn segmentation(
        self,
        paintings: &[Painting],
        legend: &Legend,
    ) -> anyhow::Result<Vec<u8>> {
        if self.npy {
            let all = paintings
                .iter()
                .flat_map(|painting| painting.segmentation.as_flattened());
            return self.array(all.copied().collect(), Some(2));
        }
        let pixels = self.beside(paintings, |painting, pixel| {
            legend.color(painting.segmentation[pixel])
        });
        Ok(png_file(self.sides(), pixels.as_flattened(), |_| {})?)
    }

    /// Width and height of all pictures side by side.
    fn sides(self) -> (u32, u32) {
        let cameras = u32::try_from(self.cameras).expect("there are seven cameras");
        (self.size.width() * cameras, self.size.height())
    }

    fn beside<T>(self, paintings: &[Painting], read: impl Fn(&Painting, usize) -> T) -> Vec<T> {
        let (width, height) = (self.size.width() as usize, self.size.height() as usize);
        let mut pixels = Vec::with_capacity(width * height * paintings.len());
        for row in 0..height {
            for painting in paintings {
                pixels.extend((row * width..(row + 1) * width).map(|pixel| read(painting, pixel)));
            }
        }
        pixels
    }

    fn array<T: WritableElement>(
        self,
        numbers: Vec<T>,
        last: Option<usize>,
    ) -> anyhow::Result<Vec<u8>> {
        let mut shape = vec![
            self.cameras,
            self.size.height() as usize,
            self.size.width() as usize,
        ];
        shape.extend(last);
        let array = ArrayD::from_shape_vec(IxDyn(&shape), numbers)
            .context("the pictures do not have the size that was asked for")?;
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes)?;
        Ok(bytes)
    }
}

/// 0 where nothing is, the farthest that can be told for everything beyond.
fn millimeters(meters: f32) -> u16 {
    if !meters.is_finite() {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range"
    )]
    let millimeters = (meters * 1000.0).round().clamp(1.0, FARTHEST) as u16;
    millimeters
}

/// What a segmentation shows, in the order of types and numbers.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Legend {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize)]
struct Entry {
    /// `geom`, `site` or `distractor`.
    kind: &'static str,
    /// Its number among those of its kind.
    id: i32,
    /// How arrays call its kind.
    #[serde(rename = "type")]
    kind_number: i32,
    /// Empty if the model gives it none.
    name: String,
    /// In the PNG file, as `#rrggbb`.
    color: String,
    /// How many pixels show it, over all cameras.
    pixels: usize,
    #[serde(skip)]
    rgb: [u8; 3],
}

impl Legend {
    pub(super) fn of(paintings: &[Painting], scene: &SceneModel) -> Self {
        let mut seen: Vec<[i32; 2]> = paintings
            .iter()
            .flat_map(|painting| painting.segmentation.iter().copied())
            .filter(|[id, _]| *id >= 0)
            .collect();
        seen.sort_unstable_by_key(|&[id, kind]| (kind, id));
        let entries = seen.chunk_by(|a, b| a == b).map(|same| {
            let [id, kind_number] = same[0];
            let object = scene
                .objects
                .iter()
                .find(|object| object.id.segment() == same[0]);
            let rgb = color(same[0]);
            Entry {
                kind: match object.map(|object| object.id) {
                    Some(ObjectId::Geom(_)) => "geom",
                    Some(ObjectId::Site(_)) => "site",
                    Some(ObjectId::Distractor(_)) => "distractor",
                    None => "unknown",
                },
                id,
                kind_number,
                name: object.map_or_else(String::new, |object| object.name.clone()),
                color: format!("#{:02x}{:02x}{:02x}", rgb[0], rgb[1], rgb[2]),
                pixels: same.len(),
                rgb,
            }
        });
        Self {
            entries: entries.collect(),
        }
    }

    /// The color of something that is listed; black for nothing.
    fn color(&self, seen: [i32; 2]) -> [u8; 3] {
        let found = self
            .entries
            .binary_search_by_key(&(seen[1], seen[0]), |entry| (entry.kind_number, entry.id));
        found.map_or([0; 3], |index| self.entries[index].rgb)
    }
}

/// The same for the same object in every picture: geoms are bright, sites darker, all else darkest, and neighbors in number are far
/// apart in hue.
fn color([id, kind]: [i32; 2]) -> [u8; 3] {
    // Steps by the golden ratio visit the circle of hues evenly, however many there are.
    const GOLDEN_STEP: u32 = 2_654_435_769;
    let turn = f64::from(id.unsigned_abs().wrapping_mul(GOLDEN_STEP)) / 4_294_967_296.0;
    let [geom, site] = [ObjectId::Geom(0), ObjectId::Site(0)].map(|object| object.segment()[1]);
    let brightness = if kind == geom {
        255.0
    } else if kind == site {
        200.0
    } else {
        150.0
    };
    [0.0, 2.0, 4.0].map(|offset| {
        // A third of the circle each at full strength, a sixth of rise and fall on both sides.
        let place = (6.0 * turn + offset) % 6.0;
        let strength = ((place - 3.0_f64).abs() - 1.0).clamp(0.0, 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 255"
        )]
        let byte = (brightness * (0.15 + 0.85 * strength)) as u8;
        byte
    })
}

impl fmt::Display for Legend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            let Entry {
                kind,
                id,
                name,
                color,
                pixels,
                ..
            } = entry;
            let end = if index + 1 < self.entries.len() {
                "\n"
            } else {
                ""
            };
            write!(
                f,
                "{color}  {kind:10} {id:4}  {pixels:7} pixels  {name}{end}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_told_in_millimeters() {
        let cases = [
            (1.2344, 1234),
            (0.0, 1),
            (f32::INFINITY, 0),
            (1000.0, 65_535),
        ];
        for (meters, expected) in cases {
            assert_eq!(millimeters(meters), expected, "{meters}");
        }
    }

    #[test]
    fn objects_have_colors_of_their_own() {
        let mut colors: Vec<_> = (0..150)
            .flat_map(|id| [5, 6, 100].map(|kind| color([id, kind])))
            .collect();
        let count = colors.len();
        colors.sort_unstable();
        colors.dedup();
        assert_eq!(colors.len(), count);
        assert!(!colors.contains(&[0; 3]));
    }
}
