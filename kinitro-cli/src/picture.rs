//! PNG files.

/// An image of 8 bits per color as PNG file; `rgb` holds its rows from the top, `tune` chooses how it is compressed.
///
/// # Errors
/// Those of the encoder: a side of 0, or a length of `rgb` that is not that of the image.
pub(crate) fn png_file(
    (width, height): (u32, u32),
    rgb: &[u8],
    tune: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    tune(&mut encoder);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// A picture of one number of 16 bits per pixel, row by row from the top, as gray PNG file.
///
/// # Errors
/// Those of the encoder: a side of 0, or a length of `pixels` that is not that of the picture.
#[cfg(feature = "cli")]
pub(crate) fn png_file_of_16_bits(
    (width, height): (u32, u32),
    pixels: &[u16],
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    let mut writer = encoder.write_header()?;
    let big_endian: Vec<u8> = pixels
        .iter()
        .flat_map(|pixel| pixel.to_be_bytes())
        .collect();
    writer.write_image_data(&big_endian)?;
    writer.finish()?;
    Ok(bytes)
}
