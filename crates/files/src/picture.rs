//! Writing pictures anew.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use thiserror::Error;

/// Pixels of one side at most.
const SIDE_MAX: u32 = 16_384;

/// The quality of a JPEG, of 100: what cameras write.
const JPEG_QUALITY: u8 = 90;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PictureFault {
    /// It has too many pixels.
    #[error("The image has too many pixels")]
    TooLarge,
    /// It cannot be decoded.
    #[error("The image could not be read")]
    Unreadable,
}

impl From<ImageError> for PictureFault {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            _ => Self::Unreadable,
        }
    }
}

/// The same picture in a new file, which holds nothing but its pixels: no EXIF and so no place, no comments,
/// nothing behind its end. It is turned first as its EXIF says. The decoded picture takes up to `bytes_max`
/// bytes, and turning it as much again.
///
/// # Errors
/// When it is too large, or cannot be decoded.
pub(crate) fn rewrite(
    bytes: Vec<u8>,
    format: ImageFormat,
    bytes_max: u64,
) -> Result<Vec<u8>, PictureFault> {
    let mut picture = decode(&bytes, format, bytes_max)?;
    // The new file takes its place, so that both are never in memory together.
    let mut written = bytes;
    written.clear();
    if format == ImageFormat::Jpeg {
        if !matches!(picture, DynamicImage::ImageLuma8(_)) {
            picture = DynamicImage::ImageRgb8(picture.into_rgb8());
        }
        let encoder = JpegEncoder::new_with_quality(&mut written, JPEG_QUALITY);
        picture.write_with_encoder(encoder)?;
    } else {
        let (compression, filter) = (CompressionType::Default, FilterType::Adaptive);
        let encoder = PngEncoder::new_with_quality(&mut written, compression, filter);
        picture.write_with_encoder(encoder)?;
    }
    Ok(written)
}

fn decode(bytes: &[u8], format: ImageFormat, bytes_max: u64) -> Result<DynamicImage, PictureFault> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(bytes_max);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // Not all decoders keep the limits themselves.
    let (width, height) = decoder.dimensions();
    if width > SIDE_MAX || height > SIDE_MAX || decoder.total_bytes() > bytes_max {
        return Err(PictureFault::TooLarge);
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}
