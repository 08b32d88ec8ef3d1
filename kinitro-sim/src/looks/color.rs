//! Colors as screens show them: red, green and blue in `[0, 1]`, encoded as sRGB, which is also how the rasterizer computes.

/// White, and the light that leaves every color as it is.
pub const WHITE: [f64; 3] = [1.0; 3];

/// From hue, saturation and value, each in `[0, 1]`; hue 0 is red, ⅓ green, ⅔ blue.
pub fn from_hsv([hue, saturation, value]: [f64; 3]) -> [f64; 3] {
    let turn = hue - hue.floor();
    // How far each channel is from its own peak, in sixths of the circle: 1 within one sixth of it, 0 from two on.
    [0.0, 2.0, 4.0].map(|peak| {
        let apart = (6.0 * turn - peak).abs();
        let apart = apart.min(6.0 - apart);
        let share = (2.0 - apart).clamp(0.0, 1.0);
        value * (1.0 - saturation * (1.0 - share))
    })
}

/// Hue, saturation and value of a color; a color without hue has hue 0.
pub fn to_hsv(rgb: [f64; 3]) -> [f64; 3] {
    let [red, green, blue] = rgb;
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    if chroma <= 0.0 {
        return [0.0, 0.0, value];
    }
    let sixths = if value == red {
        (green - blue) / chroma
    } else if value == green {
        2.0 + (blue - red) / chroma
    } else {
        4.0 + (red - green) / chroma
    };
    let hue = sixths / 6.0;
    [hue - hue.floor(), chroma / value, value]
}

/// The color with its hue turned by a fraction of the whole circle; saturation and value stay.
pub fn with_hue_turned(rgb: [f64; 3], turn: f64) -> [f64; 3] {
    let [hue, saturation, value] = to_hsv(rgb);
    from_hsv([hue + turn, saturation, value])
}

/// What a color is to be multiplied by to become `wanted`, as far as factors in `[0, 1]` allow: where one would be larger, all
/// are made smaller by the same factor, so that the result has the hue and saturation of `wanted`.
///
/// Channels that are black in `color` cannot become anything else and count as 1/255.
pub fn tint_toward(wanted: [f64; 3], color: [f64; 3]) -> [f64; 3] {
    let factor = |channel: usize| wanted[channel] / color[channel].max(1.0 / 255.0);
    let factors = [factor(0), factor(1), factor(2)];
    let largest = factors.iter().copied().fold(1.0, f64::max);
    factors.map(|factor| factor / largest)
}

/// Channel by channel.
pub fn product(one: [f64; 3], other: [f64; 3]) -> [f64; 3] {
    [one[0] * other[0], one[1] * other[1], one[2] * other[2]]
}

/// A color by its coordinates in CIE 1976 L\*a\*b\*, where equal distances look about equally large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lab([f64; 3]);

impl Lab {
    /// The coordinates of a color under its own white.
    ///
    /// Source: CIE 15:2004, 8.2.1.
    pub fn of(rgb: [f64; 3]) -> Self {
        const DARK: f64 = 216.0 / 24389.0;
        const SLOPE: f64 = 841.0 / 108.0;
        let linear = rgb.map(decoded);
        let [x, y, z] = XYZ_FROM_RGB.map(|row| {
            // The rows sum to the white point, so that white becomes (1, 1, 1).
            let white = row[0] + row[1] + row[2];
            let response = (row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2]) / white;
            if response > DARK {
                libm::cbrt(response)
            } else {
                SLOPE * response + 4.0 / 29.0
            }
        });
        Self([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])
    }

    /// How different two colors look (ΔE\*ab): about 2 is just noticeable, black and white are 100 apart.
    pub fn difference(self, other: Self) -> f64 {
        let [l, a, b] = [0, 1, 2].map(|axis| self.0[axis] - other.0[axis]);
        (l * l + a * a + b * b).sqrt()
    }
}

/// The color of daylight of a correlated color temperature in `[4000, 25000]` kelvin, as factors of a light: about
/// `(1, 1, 1)` at 6504 K, of equal luminance everywhere, and encoded as the rasterizer's colors are.
///
/// Source: CIE 15:2004, 3.1 (chromaticity of the D illuminants).
pub fn of_daylight(kelvin: f64) -> [f64; 3] {
    const ENCODING: f64 = 1.0 / 2.2;
    let per = 1000.0 / kelvin;
    let x = if kelvin <= 7000.0 {
        0.244_063 + per * (0.099_11 + per * (2.967_8 - per * 4.607_0))
    } else {
        0.237_040 + per * (0.247_48 + per * (1.901_8 - per * 2.006_4))
    };
    let y = -0.275 + x * (2.870 - x * 3.0);
    let xyz = [x / y, 1.0, (1.0 - x - y) / y];
    RGB_FROM_XYZ.map(|row| {
        let linear = row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2];
        libm::pow(linear, ENCODING)
    })
}

/// Source: IEC 61966-2-1, from linear sRGB to XYZ under D65.
const XYZ_FROM_RGB: [[f64; 3]; 3] = [
    [0.4124, 0.3576, 0.1805],
    [0.2126, 0.7152, 0.0722],
    [0.0193, 0.1192, 0.9505],
];
/// Source: IEC 61966-2-1, from XYZ under D65 to linear sRGB.
const RGB_FROM_XYZ: [[f64; 3]; 3] = [
    [3.2406, -1.5372, -0.4986],
    [-0.9689, 1.8758, 0.0415],
    [0.0557, -0.2040, 1.0570],
];

/// Light from a channel of a color. Source: IEC 61966-2-1.
fn decoded(channel: f64) -> f64 {
    if channel <= 0.04045 {
        channel / 12.92
    } else {
        libm::pow((channel + 0.055) / 1.055, 2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: [f64; 3], expected: [f64; 3], tolerance: f64) {
        let near = (0..3).all(|k| (found[k] - expected[k]).abs() <= tolerance);
        assert!(near, "{found:?} instead of {expected:?}");
    }

    #[test]
    fn hue_saturation_and_value_are_the_usual_ones() {
        for (hsv, rgb) in [
            ([0.0, 1.0, 1.0], [1.0, 0.0, 0.0]),
            ([1.0 / 6.0, 1.0, 1.0], [1.0, 1.0, 0.0]),
            ([0.5, 1.0, 0.5], [0.0, 0.5, 0.5]),
            ([5.0 / 6.0, 0.5, 0.8], [0.8, 0.4, 0.8]),
            ([0.7, 0.0, 0.25], [0.25, 0.25, 0.25]),
        ] {
            assert_near(from_hsv(hsv), rgb, 1e-12);
            let [hue, saturation, value] = to_hsv(rgb);
            assert_near(from_hsv([hue, saturation, value]), rgb, 1e-12);
        }
        assert_near(
            with_hue_turned([0.8, 0.4, 0.8], 1.0 / 6.0),
            [0.8, 0.4, 0.4],
            1e-12,
        );
    }

    #[test]
    fn tints_reach_what_they_can() {
        let wood = [0.8, 0.5, 0.25];
        assert_near(
            product(wood, tint_toward([0.4, 0.4, 0.2], wood)),
            [0.4, 0.4, 0.2],
            1e-12,
        );
        // Too bright in one channel: everything is darker, in the same proportions.
        assert_near(
            product(wood, tint_toward([0.5, 0.5, 0.5], wood)),
            [0.25; 3],
            1e-12,
        );
        assert!(
            tint_toward(WHITE, [0.0; 3])
                .iter()
                .all(|factor| *factor <= 1.0)
        );
    }

    /// Reference values: the primaries of sRGB as commonly tabulated under D65.
    #[test]
    fn lab_is_that_of_the_standard() {
        let [black, white] = [[0.0; 3], WHITE].map(Lab::of);
        assert_near(white.0, [100.0, 0.0, 0.0], 1e-9);
        assert_near(black.0, [0.0, 0.0, 0.0], 1e-9);
        assert_near(Lab::of([1.0, 0.0, 0.0]).0, [53.24, 80.09, 67.20], 0.05);
        assert_near(Lab::of([0.0, 1.0, 0.0]).0, [87.73, -86.18, 83.18], 0.05);
        assert_near(Lab::of([0.0, 0.0, 1.0]).0, [32.30, 79.19, -107.86], 0.05);
        assert!((black.difference(white) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn daylight_turns_from_yellow_to_blue_at_equal_luminance() {
        assert_near(of_daylight(6504.0), WHITE, 0.005);
        let [warm, cold] = [4500.0, 7500.0].map(of_daylight);
        assert!(warm[0] > 1.05 && warm[2] < 0.85, "{warm:?}");
        assert!(cold[0] < 0.97 && cold[2] > 1.03, "{cold:?}");
        let jump = of_daylight(7000.0);
        assert_near(of_daylight(7000.0 + 1e-6), jump, 1e-3);
    }
}
