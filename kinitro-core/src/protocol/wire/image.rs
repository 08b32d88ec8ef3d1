//! Images on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::protocol::policy::{CameraName, Image};
use crate::units::ImageSize;

use super::ImageEncoding;

/// Bytes: base64 (standard alphabet, padded) in JSON, binary in msgpack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob<'a>(Cow<'a, [u8]>);

impl<'a> Blob<'a> {
    /// Lends bytes to a message.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Blob<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        if writer.is_human_readable() {
            writer.serialize_str(&STANDARD.encode(&self.0))
        } else {
            writer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Blob<'_> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        if reader.is_human_readable() {
            reader.deserialize_str(BlobVisitor)
        } else {
            reader.deserialize_bytes(BlobVisitor)
        }
        .map(|bytes| Self(Cow::Owned(bytes)))
    }
}

struct BlobVisitor;

impl Visitor<'_> for BlobVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, in JSON as base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        STANDARD.decode(text).map_err(E::custom)
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

/// The type of an image's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// One byte per color.
    Uint8,
}

/// How the images of an observation are to be written.
#[derive(Debug, Clone, Copy)]
pub enum Pixels<'a> {
    /// As they are.
    Raw,
    /// As PNG files made by the caller, one per image in the observation's order.
    Png(&'a [Vec<u8>]),
}

/// An image of P2: pixels with their shape `[height, width, 3]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawImage<'a> {
    /// The pixels, row by row from the top left.
    pub data: Blob<'a>,
    /// Height, width, 3.
    pub shape: [u32; 3],
    /// The elements' type.
    pub dtype: Dtype,
}

impl<'a> From<&'a Image> for RawImage<'a> {
    fn from(image: &'a Image) -> Self {
        Self {
            data: Blob::new(image.rgb()),
            shape: shape(image.size()),
            dtype: Dtype::Uint8,
        }
    }
}

/// An image of V3: pixels or a PNG file, with the shape `[height, width, 3]` of the decoded image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodedImage<'a> {
    /// What `data` holds.
    pub enc: ImageEncoding,
    /// Height, width, 3.
    pub shape: [u32; 3],
    /// The elements' type after decoding.
    pub dtype: Dtype,
    /// Pixels row by row from the top left, or a PNG file.
    pub data: Blob<'a>,
}

/// An image of P1: a list of rows, each a list of pixels, each a list of red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedImage<'a> {
    size: ImageSize,
    rgb: Cow<'a, [u8]>,
}

impl NestedImage<'_> {
    /// Width and height.
    pub const fn size(&self) -> ImageSize {
        self.size
    }

    /// The bytes, shape `[height, width, 3]`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

impl<'a> From<&'a Image> for NestedImage<'a> {
    fn from(image: &'a Image) -> Self {
        Self {
            size: image.size(),
            rgb: Cow::Borrowed(image.rgb()),
        }
    }
}

impl Serialize for NestedImage<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let row_len = self.size.rgb_len() / self.size.height() as usize;
        writer.collect_seq(self.rgb.chunks_exact(row_len).map(Row))
    }
}

/// The bytes of one row of pixels.
struct Row<'a>(&'a [u8]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let (pixels, _) = self.0.as_chunks::<3>();
        writer.collect_seq(pixels)
    }
}

impl<'de> Deserialize<'de> for NestedImage<'_> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_seq(NestedVisitor)
    }
}

struct NestedVisitor;

impl<'de> Visitor<'de> for NestedVisitor {
    type Value = NestedImage<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows of pixels, all of one length")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let (mut rgb, mut width, mut height) = (Vec::new(), 0, 0_u32);
        while let Some(row) = rows.next_element::<Vec<[u8; 3]>>()? {
            if height > 0 && row.len() != width {
                return Err(de::Error::invalid_length(row.len(), &self));
            }
            width = row.len();
            height = height.saturating_add(1);
            rgb.extend_from_slice(row.as_flattened());
        }
        let size = ImageSize::new(u32::try_from(width).unwrap_or(u32::MAX), height)
            .map_err(de::Error::custom)?;
        Ok(NestedImage {
            size,
            rgb: Cow::Owned(rgb),
        })
    }
}

/// Height, width, 3.
pub(super) const fn shape(size: ImageSize) -> [u32; 3] {
    [size.height(), size.width(), 3]
}

/// An observation's images by camera.
pub(super) fn by_camera<'a, T>(
    images: &'a [Image],
    entry: impl Fn(usize, &'a Image) -> T,
) -> Result<BTreeMap<CameraName, T>, Error> {
    let mut entries = BTreeMap::new();
    for (index, image) in images.iter().enumerate() {
        if entries
            .insert(image.camera(), entry(index, image))
            .is_some()
        {
            return Err(Error::Duplicate {
                what: "camera",
                name: image.camera().to_string(),
            });
        }
    }
    Ok(entries)
}

/// An observation's images by camera, as V3 writes them.
pub(super) fn encoded<'a>(
    images: &'a [Image],
    pixels: Pixels<'a>,
) -> Result<BTreeMap<CameraName, EncodedImage<'a>>, Error> {
    if let Pixels::Png(files) = pixels
        && files.len() != images.len()
    {
        return Err(Error::Length {
            what: "list of PNG files",
            unit: "images",
            found: files.len(),
            expected: images.len(),
        });
    }
    by_camera(images, |index, image| {
        let (enc, data) = match pixels {
            Pixels::Raw => (ImageEncoding::Raw, image.rgb()),
            Pixels::Png(files) => (ImageEncoding::Png, files[index].as_slice()),
        };
        EncodedImage {
            enc,
            shape: shape(image.size()),
            dtype: Dtype::Uint8,
            data: Blob::new(data),
        }
    })
}
