//! The numbers that define a picture. Whoever changes one changes every picture, so [`RENDER_SPEC`] must change with it.

/// Version of the rasterizer's definition, docs/rendering.md; part of the identity of results.
///
/// `0` had neither textures nor shadows.
pub const RENDER_SPEC: u32 = 1;

/// Shortest and longest side of a picture, in pixels. The longest keeps pictures well inside the guard band.
pub const SIDES: std::ops::RangeInclusive<u32> = 16..=1024;

/// Binary digits of a screen coordinate below the pixel.
pub(super) const SUBPIXEL_BITS: u32 = 4;

/// Sub-pixel units per pixel.
pub(super) const SUBPIXELS: i32 = 1 << SUBPIXEL_BITS;

/// Largest distance of a snapped vertex from the center of the picture, in sub-pixel units.
///
/// All edge functions then stay below 2³⁰: twice the area of any triangle inside a square with sides of 2¹⁵.
pub(super) const GUARD_BAND: i32 = 1 << 14;

/// Adding this to an f32 of magnitude below 2²² rounds it to an integer (nearest, halves to even), which then stands in the low
/// bits: 1.5 · 2²³.
pub(super) const ROUNDING_MAGIC: f32 = 12_582_912.0;

/// From this alpha on an object is opaque. Source: MuJoCo 3.17.0, `mjr_render`.
pub(super) const OPAQUE_ALPHA: f32 = 0.995;

/// What a shininess of 1 means as an exponent. Source: MuJoCo 3.17.0, `mjr_render`.
pub(super) const FULL_SHININESS: f32 = 128.0;

/// Powers below this count as 0, which keeps subnormal numbers out of the pixel path.
pub(super) const SMALLEST_POWER: f32 = 1e-15;

/// Slices around, and stacks from pole to pole, of round primitives. Source: MuJoCo 3.17.0, defaults of `visual/quality`.
pub(super) const SLICES: u32 = 28;
/// See [`SLICES`].
pub(super) const STACKS: u32 = 16;

/// Most objects of a scene, and most triangles of a mesh: both numbers share one 32-bit word per pixel.
pub(super) const MAX_OBJECTS: usize = 1 << (32 - TRIANGLE_BITS);
/// See [`MAX_OBJECTS`].
pub(super) const MAX_TRIANGLES: usize = 1 << TRIANGLE_BITS;
/// See [`MAX_OBJECTS`].
pub(super) const TRIANGLE_BITS: u32 = 20;

/// Least cosine between the normal at a corner and that of its face; beyond, the edge is sharp. Source: MuJoCo 3.17.0, `mjr_uploadMesh`.
pub(super) const CREASE_COSINE: f64 = 0.8;

/// Version of how meshes are prepared; stands in every prepared mesh.
pub(super) const PREPARATION: u32 = 1;

/// How far the surface of a prepared mesh may lie from that of the model, in meters.
pub(super) const LARGEST_TOLERANCE: f64 = 1e-3;

/// The same as a share of half the diagonal of the box around the mesh: small things keep their shape.
pub(super) const RELATIVE_TOLERANCE: f64 = 0.01;

/// Texels per side of the shadow map of objects that stand still, for a picture whose longer side has so many pixels.
pub(super) fn fixed_shadow_side(longer: u32) -> u16 {
    if longer <= 128 { 256 } else { 512 }
}

/// Texels per side of the shadow map of objects that move, for a picture whose longer side has so many pixels.
pub(super) fn moving_shadow_side(longer: u32) -> u16 {
    match longer {
        ..=128 => 128,
        129..=256 => 256,
        _ => 512,
    }
}

/// How much nearer to the light, in meters, a surface may be than it is for the shadow of another to fall on it.
pub(super) const SHADOW_BIAS: f32 = 0.002;
/// Half the side of a texel, and a little more for the snapping of corners: how far from the middle of a texel a point in it may be.
pub(super) const SHADOW_TEXEL_REACH: f32 = 0.5625;
/// Steps per unit in which slopes are counted.
pub(super) const SHADOW_SLOPE_STEPS: f32 = 16.0;
/// Slopes from this one on count as 255 steps.
pub(super) const MAX_SHADOW_SLOPE: f32 = 15.875;

/// Objects that reach further from the origin of the world than this, in meters along or across a light, cast no shadow in it.
pub(super) const FARTHEST_CASTER: f32 = 100.0;
