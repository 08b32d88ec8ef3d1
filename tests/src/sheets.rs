//! Pages of small pictures for the documentation, as PNG files with 256 colors.

use anyhow::Context as _;
use color_quant::NeuQuant;
use kinitro_core::ids::EpisodeIndex;
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey};
use kinitro_core::units::ImageSize;
use kinitro_sim::episode::{EpisodeStart, Simulator, View};
use kinitro_sim::registry;

#[cfg(feature = "gl")]
use crate::fidelity::Comparison;
use crate::places;

/// Side of the pictures of a contact sheet, pixels.
const TILE: u32 = 60;
/// Tasks in each row of a contact sheet.
const TASKS_PER_ROW: usize = 10;
/// Every so many pixels are looked at to choose the colors of a page; 1 would be all.
const SAMPLING: i32 = 7;

/// Pictures of one size in rows and columns, without gaps.
#[derive(Debug)]
pub struct Sheet {
    tile: ImageSize,
    columns: usize,
    rows: usize,
    rgb: Vec<u8>,
}

impl Sheet {
    /// A black page.
    fn new(tile: ImageSize, columns: usize, rows: usize) -> Self {
        Self {
            tile,
            columns,
            rows,
            rgb: vec![0; tile.rgb_len() * columns * rows],
        }
    }

    /// Puts a picture into a cell.
    fn put(&mut self, column: usize, row: usize, rgb: &[u8]) {
        let line = 3 * self.tile.width() as usize;
        let height = self.tile.height() as usize;
        for (y, pixels) in rgb.chunks_exact(line).enumerate() {
            let start = ((row * height + y) * self.columns + column) * line;
            self.rgb[start..start + line].copy_from_slice(pixels);
        }
    }

    /// The page as a file.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        let pixels = self.rgb.as_chunks::<3>().0;
        let rgba: Vec<u8> = pixels
            .iter()
            .flat_map(|&[r, g, b]| [r, g, b, 255])
            .collect();
        let colors = NeuQuant::new(SAMPLING, 256, &rgba);
        let indices: Vec<u8> = rgba
            .as_chunks::<4>()
            .0
            .iter()
            .map(|pixel| u8::try_from(colors.index_of(pixel)).expect("there are 256 colors"))
            .collect();
        let side = |tiles: usize, pixels: u32| u32::try_from(tiles).map(|tiles| tiles * pixels);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(
            &mut bytes,
            side(self.columns, self.tile.width())?,
            side(self.rows, self.tile.height())?,
        );
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(colors.color_map_rgb());
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&indices)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// A page per camera: the first scene of local seed 0 of every task, in the order of the list of environments, ten in a row; first at
/// level `none`, then at `seed`, then at `hard`.
///
/// # Errors
/// If a scene cannot be made or drawn.
pub fn contact() -> anyhow::Result<Vec<(CameraName, Sheet)>> {
    let levels = [Level::None, Level::Seed, Level::Hard];
    let envs = registry::ids();
    let blocks = envs.len().div_ceil(TASKS_PER_ROW);
    let tile = ImageSize::new(TILE, TILE)?;
    // The preset shows what `corner4` does.
    let cameras = CameraName::NAMES.map(|(camera, _)| camera).into_iter();
    let view = View {
        cameras: cameras
            .filter(|camera| *camera != CameraName::LerobotCorner2)
            .collect(),
        size: tile,
    };
    let page = || Sheet::new(tile, TASKS_PER_ROW, levels.len() * blocks);
    let mut pages: Vec<_> = view
        .cameras
        .iter()
        .map(|&camera| (camera, page()))
        .collect();
    for (task, env) in envs.iter().enumerate() {
        let mut simulator = Simulator::new(env, &places::models(), &view)?;
        let key = EpisodeKey::derive(&CycleSeed::from_local_seed(0), env, EpisodeIndex(0));
        for (block, &level) in levels.iter().enumerate() {
            let start = EpisodeStart {
                miner_key: MinerKey::derive(&key, None),
                key: key.clone(),
                level,
            };
            let episode = simulator.begin(&start).with_context(|| env.to_string())?;
            let (column, row) = (task % TASKS_PER_ROW, task / TASKS_PER_ROW);
            for ((_, page), image) in pages.iter_mut().zip(&episode.observation().images) {
                page.put(column, block * blocks + row, image.rgb());
            }
        }
    }
    Ok(pages)
}

/// Our pictures, MuJoCo's and the differences times four, two scenes in each row.
///
/// # Errors
/// If the pictures were not kept.
#[cfg(feature = "gl")]
pub fn beside(compared: &[Comparison], size: ImageSize) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new(size, 6, compared.len().div_ceil(2));
    for (index, comparison) in compared.iter().enumerate() {
        let [ours, theirs] = &comparison.pictures;
        anyhow::ensure!(ours.len() == size.rgb_len(), "the pictures were not kept");
        let pairs = ours.iter().zip(theirs);
        let differences: Vec<u8> = pairs
            .map(|(a, b)| a.abs_diff(*b).saturating_mul(4))
            .collect();
        let (column, row) = (3 * (index % 2), index / 2);
        for (offset, picture) in [ours, theirs, &differences].into_iter().enumerate() {
            sheet.put(column + offset, row, picture);
        }
    }
    Ok(sheet)
}
