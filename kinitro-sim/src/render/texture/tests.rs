//! Look-ups at places whose color is known.

use super::*;

/// No extent: the sharpest level.
const SHARP: [[f32; 2]; 2] = [[0.0; 2]; 2];

/// Four texels in a row, then four darker ones.
fn ramp() -> Texture {
    let rgb: Vec<u8> = [0, 80, 160, 240, 10, 90, 170, 250]
        .iter()
        .flat_map(|&level| [level, 100, 255 - level])
        .collect();
    Texture::planar(4, 2, &rgb).expect("the image is sound")
}

fn red(texture: &Texture, at: [f32; 2], growth: [[f32; 2]; 2]) -> f32 {
    texture.look_up(&Place::planar(at, growth))[0] / 65_536.0
}

#[test]
fn centers_of_texels_have_their_color_and_places_between_a_mean() {
    let texture = ramp();
    for (column, expected) in [(0.0, 0.0), (1.0, 80.0), (2.0, 160.0), (3.0, 240.0)] {
        assert_eq!(red(&texture, [(column + 0.5) / 4.0, 0.25], SHARP), expected);
        // The top row is at t = 0.
        let below = red(&texture, [(column + 0.5) / 4.0, 0.75], SHARP);
        assert_eq!(below, expected + 10.0);
    }
    assert_eq!(red(&texture, [0.25, 0.25], SHARP), 40.0);
    assert_eq!(red(&texture, [0.375, 0.5], SHARP), 85.0);
    // A quarter of the way, in all channels.
    let color = texture.look_up(&Place::planar([0.5 / 4.0 + 1.0 / 16.0, 0.25], SHARP));
    assert_eq!(color.map(|sum| sum / 65_536.0), [20.0, 100.0, 235.0]);
}

#[test]
fn planar_textures_repeat() {
    let texture = ramp();
    // Between the last texel and the first.
    assert_eq!(red(&texture, [0.0, 0.25], SHARP), 120.0);
    for turns in [-7.0, -1.0, 0.0, 1.0, 12.0] {
        assert_eq!(red(&texture, [0.375 + turns, 0.25 - turns], SHARP), 80.0);
    }
    for absurd in [f32::NAN, f32::INFINITY, -1e30, f32::MAX] {
        let color = texture.look_up(&Place::planar([absurd; 2], [[absurd; 2]; 2]));
        assert!(color.iter().all(|sum| (0.0..=16_711_680.0).contains(sum)));
    }
}

#[test]
fn large_pixels_see_means() {
    let texture = ramp();
    // Two texels wide: the mean of two by two texels, halves rounded up.
    let two = [[0.5, 0.0], [0.0, 0.0]];
    assert_eq!(red(&texture, [0.25, 0.5], two), 45.0);
    assert_eq!(red(&texture, [0.75, 0.5], two), 205.0);
    let all = [[0.0, 0.0], [0.0, 2.0]];
    assert_eq!(red(&texture, [0.9, 0.1], all), 125.0);
    // The square root of two is where levels change.
    let (less, more) = (1.35 / 4.0, 1.48 / 4.0);
    assert_eq!(red(&texture, [0.125, 0.25], [[less, 0.0], [0.0; 2]]), 0.0);
    assert_eq!(red(&texture, [0.25, 0.25], [[more, 0.0], [0.0; 2]]), 45.0);
}

/// Each face one color but for its top left quarter, which is brighter by 100.
fn dice() -> Texture {
    let face = |color: u8| {
        (0..16).map(move |texel| color + if texel % 4 < 2 && texel < 8 { 100 } else { 0 })
    };
    let rgb: Vec<u8> = (1..=6)
        .flat_map(|number| face(20 * number))
        .flat_map(|level| [level; 3])
        .collect();
    Texture::cube(4, &rgb).expect("the image is sound")
}

#[test]
fn directions_meet_the_faces_of_opengl() {
    let texture = dice();
    let look = |direction| {
        let color = texture.look_up(&Place::cube(direction, [[0.0; 3]; 2]));
        color[0] / 65_536.0
    };
    // Each direction leans toward the lower right of its face: (s, t) = (0.75, 0.75).
    let lower_right = [
        [1.0, -0.5, -0.5],
        [-1.0, -0.5, 0.5],
        [0.5, 1.0, 0.5],
        [0.5, -1.0, -0.5],
        [0.5, -0.5, 1.0],
        [-0.5, -0.5, -1.0],
    ];
    for (number, direction) in lower_right.into_iter().enumerate() {
        let color = 20.0 * (number as f32 + 1.0);
        assert_eq!(look(direction), color, "face {number}");
        // The length does not count.
        assert_eq!(look(direction.map(|part| part * 37.5)), color);
        // The upper left of the same face.
        let outward = number / 2;
        let opposite: [f32; 3] = std::array::from_fn(|axis| {
            if axis == outward {
                direction[axis]
            } else {
                -direction[axis]
            }
        });
        assert_eq!(look(opposite), color + 100.0, "face {number}");
    }
    let growth = [[0.0, 0.0, 8.0], [0.0; 3]];
    let mean = texture.look_up(&Place::cube([1.0, 0.0, 0.0], growth))[0] / 65_536.0;
    assert_eq!(mean, 45.0);
}

#[test]
fn one_image_serves_all_faces() {
    let texture = Texture::cube(2, &[[9; 3], [50; 3], [70; 3], [90; 3]].concat()).expect("sound");
    let look = |direction| texture.look_up(&Place::cube(direction, [[0.0; 3]; 2]))[0] / 65_536.0;
    assert_eq!(look([1.0, 0.5, 0.5]), 9.0);
    assert_eq!(look([-1.0, 0.5, -0.5]), 9.0);
    assert_eq!(look([-0.5, 0.5, 1.0]), 9.0);
    assert_eq!(texture.flat(), None);
    let flat = Texture::cube(1, &[3, 4, 5]).expect("sound");
    assert_eq!(flat.flat(), Some([3, 4, 5]));
}

#[test]
fn images_of_the_wrong_length_are_refused() {
    assert!(Texture::planar(2, 2, &[0; 11]).is_err());
    assert!(Texture::planar(0, 2, &[]).is_err());
    assert!(Texture::planar(8193, 1, &vec![0; 8193 * 3]).is_err());
    assert!(Texture::cube(2, &[0; 24]).is_err());
    assert!(Texture::cube(2, &[0; 6 * 12]).is_ok());
    assert!(Texture::cube(2, &[]).is_err());
}
