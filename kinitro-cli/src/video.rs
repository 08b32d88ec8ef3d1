//! Videos of episodes: GIF for people, YUV4MPEG2 and folders of PNG files for programs that encode videos.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use kinitro_core::protocol::policy::Image;

use crate::picture::png_file;

/// Control steps per second of simulated time, which videos show as a second.
const STEPS_PER_SECOND: u32 = 80;
/// Effort of the search for a frame's 256 colors: 1 most, 30 least.
const PALETTE_SPEED: i32 = 10;

/// What a video is written as; its path decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `*.gif`: plays anywhere; each frame has 256 colors of its own.
    Gif,
    /// `*.y4m`: uncompressed, for `ffmpeg -i`; 4:4:4, BT.601.
    Y4m,
    /// A folder: `00000.png` and so on, exact colors, for `ffmpeg -i %05d.png`.
    Frames,
}

impl Format {
    /// The format of a path.
    ///
    /// # Errors
    /// If it ends like another kind of file.
    pub fn of(path: &Path) -> Result<Self, String> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gif") => Ok(Self::Gif),
            Some("y4m") => Ok(Self::Y4m),
            None => Ok(Self::Frames),
            Some(other) => Err(format!(
                "videos are written as `*.gif`, as `*.y4m`, or into a folder as PNG files, not as `*.{other}`"
            )),
        }
    }
}

/// A video under way.
#[derive(Debug)]
pub struct Video {
    path: PathBuf,
    /// Control steps from one frame to the next.
    every: u16,
    /// None until the first frame says how large it is.
    writer: Option<Writer>,
    frames: usize,
}

enum Writer {
    Gif(Box<gif::Encoder<BufWriter<File>>>),
    Y4m(BufWriter<File>),
    Frames,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gif(_) => "Gif",
            Self::Y4m(_) => "Y4m",
            Self::Frames => "Frames",
        })
    }
}

impl Video {
    /// A video that gets a frame at every so many control steps and plays in real time.
    pub fn new(path: PathBuf, every: u16) -> Self {
        Self {
            path,
            every,
            writer: None,
            frames: 0,
        }
    }

    /// Appends a frame: the images of one instant side by side. All frames have the same sizes.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn push(&mut self, images: &[Image]) -> io::Result<()> {
        self.write(&beside(images))?;
        self.frames += 1;
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self.writer {
            Some(Writer::Gif(encoder)) => encoder.into_inner().map_err(io::Error::other)?.flush(),
            Some(Writer::Y4m(mut file)) => file.flush(),
            Some(Writer::Frames) | None => Ok(()),
        }
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self
                .writer
                .insert(Writer::create(&self.path, frame, self.every)?),
        };
        match writer {
            Writer::Gif(encoder) => {
                let (width, height) = frame.gif_size()?;
                let mut picture =
                    gif::Frame::from_rgb_speed(width, height, &frame.rgb, PALETTE_SPEED);
                // Hundredths of a second, rounded.
                let hundredths =
                    (u32::from(self.every) * 100 + STEPS_PER_SECOND / 2) / STEPS_PER_SECOND;
                picture.delay = u16::try_from(hundredths).unwrap_or(u16::MAX);
                encoder.write_frame(&picture).map_err(io::Error::other)?;
            }
            Writer::Y4m(file) => {
                file.write_all(b"FRAME\n")?;
                for plane in frame.planes() {
                    file.write_all(&plane)?;
                }
            }
            Writer::Frames => {
                let png = png_file((frame.width, frame.height), &frame.rgb, |_| {})
                    .map_err(io::Error::other)?;
                fs::write(self.path.join(format!("{:05}.png", self.frames)), png)?;
            }
        }
        Ok(())
    }
}

impl Writer {
    fn create(path: &Path, frame: &Frame, every: u16) -> io::Result<Self> {
        let format = Format::of(path).map_err(io::Error::other)?;
        if format == Format::Frames {
            fs::create_dir_all(path)?;
            return Ok(Self::Frames);
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = BufWriter::new(File::create(path)?);
        if format == Format::Gif {
            let (width, height) = frame.gif_size()?;
            let mut encoder =
                gif::Encoder::new(file, width, height, &[]).map_err(io::Error::other)?;
            encoder
                .set_repeat(gif::Repeat::Infinite)
                .map_err(io::Error::other)?;
            return Ok(Self::Gif(Box::new(encoder)));
        }
        frame.y4m_header(&mut file, every)?;
        Ok(Self::Y4m(file))
    }
}

/// A frame, `[height, width, 3]`.
struct Frame {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Frame {
    fn gif_size(&self) -> io::Result<(u16, u16)> {
        let side = |pixels: u32| u16::try_from(pixels).map_err(io::Error::other);
        Ok((side(self.width)?, side(self.height)?))
    }

    fn y4m_header(&self, file: &mut impl Write, every: u16) -> io::Result<()> {
        let (width, height) = (self.width, self.height);
        writeln!(
            file,
            "YUV4MPEG2 W{width} H{height} F{STEPS_PER_SECOND}:{every} Ip A1:1 C444 XCOLORRANGE=LIMITED"
        )
    }

    /// Luma and both chromas by ITU-R BT.601 with 8 bits: luma 16 to 235, chroma 16 to 240. In 1/65536, rounded.
    fn planes(&self) -> [Vec<u8>; 3] {
        const ROWS: [[i32; 3]; 3] = [
            [16829, 33039, 6416],
            [-9714, -19070, 28784],
            [28784, -24103, -4681],
        ];
        const OFFSETS: [i32; 3] = [16, 128, 128];
        let plane = |row: [i32; 3], offset: i32| {
            let pixel = |rgb: &[u8; 3]| {
                let sum: i32 = row
                    .iter()
                    .zip(rgb)
                    .map(|(weight, channel)| weight * i32::from(*channel))
                    .sum();
                let value = offset + ((sum + 0x8000) >> 16);
                u8::try_from(value).expect("the weights keep within the range")
            };
            self.rgb.as_chunks::<3>().0.iter().map(pixel).collect()
        };
        [0, 1, 2].map(|index| plane(ROWS[index], OFFSETS[index]))
    }
}

/// Puts images of the same height side by side.
fn beside(images: &[Image]) -> Frame {
    let height = images.first().map_or(0, |image| image.size().height());
    let mut rgb = Vec::new();
    for row in 0..height as usize {
        for image in images {
            let len = 3 * image.size().width() as usize;
            rgb.extend_from_slice(&image.rgb()[row * len..(row + 1) * len]);
        }
    }
    Frame {
        width: images.iter().map(|image| image.size().width()).sum(),
        height,
        rgb,
    }
}
