//! Which triangle covers which pixel: integer edge functions into a buffer of keys.
//!
//! The buffer is all that this stage knows of a picture, so a shadow map is drawn in the same way.

use super::spec::{SUBPIXEL_BITS, SUBPIXELS};

/// A vertex on the screen: snapped position in sub-pixel units from the center of the picture (x right, y down, inside the guard
/// band), and its nearness, the inverse of the distance along the view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corner {
    /// Sub-pixel units to the right of the center.
    pub x: i32,
    /// Sub-pixel units below the center.
    pub y: i32,
    /// 1 / m, positive.
    pub q: f32,
}

/// For every pixel, the nearest triangle that covers its center.
///
/// A pixel holds the bits of the nearness and a payload. The larger pair wins, whatever the order of drawing: the nearer triangle,
/// and of equally near ones that with the larger payload. A nearness of 0 is empty.
#[derive(Debug, Default)]
pub struct Target {
    width: i32,
    height: i32,
    /// Bits of non-negative f32, which are ordered as the numbers are.
    nearness: Vec<i32>,
    payload: Vec<u32>,
}

/// Pixels of a row that are tested together where a triangle is wide.
const SPAN: usize = 8;
const SPAN_STEP: i32 = 8;
const RAMP: [i32; SPAN] = [0, 1, 2, 3, 4, 5, 6, 7];

impl Target {
    /// Empties the buffer and gives it a size in pixels, each side in `1..=1024`.
    pub fn reset(&mut self, width: i32, height: i32) {
        let pixels = usize_from(width) * usize_from(height);
        self.width = width;
        self.height = height;
        self.nearness.clear();
        self.nearness.resize(pixels, 0);
        self.payload.clear();
        self.payload.resize(pixels, 0);
    }

    /// Takes over size and contents of another.
    pub fn copy_from(&mut self, other: &Self) {
        (self.width, self.height) = (other.width, other.height);
        self.nearness.clone_from(&other.nearness);
        self.payload.clone_from(&other.payload);
    }

    /// What is nearest at each pixel, row by row from the top left; none where nothing was drawn.
    pub fn hits(&self) -> impl ExactSizeIterator<Item = Option<Hit>> {
        (0..self.pixel_count()).map(|pixel| self.hit(pixel))
    }

    /// Width times height.
    pub fn pixel_count(&self) -> usize {
        self.nearness.len()
    }

    /// What is nearest at a pixel; none where nothing was drawn.
    ///
    /// # Panics
    /// Outside the picture.
    pub fn hit(&self, pixel: usize) -> Option<Hit> {
        let (bits, payload) = (self.nearness[pixel], self.payload[pixel]);
        (bits != 0).then(|| Hit {
            q: f32::from_bits(bits.cast_unsigned()),
            payload,
        })
    }

    /// The payload at a pixel; 0 where nothing was drawn.
    ///
    /// # Panics
    /// Outside the picture.
    pub fn payload(&self, pixel: usize) -> u32 {
        self.payload[pixel]
    }

    /// Draws one triangle if its front (counterclockwise side) is seen.
    ///
    /// A pixel is covered if its center is inside, or on a top or a left edge; so of triangles around a common edge or corner
    /// exactly one covers it.
    #[inline]
    pub fn draw(&mut self, [a, b, c]: [Corner; 3], payload: u32) {
        // Screen y runs down, so counterclockwise corners are taken in reverse to get a positive area.
        let area = (c.x - a.x) * (b.y - a.y) - (b.x - a.x) * (c.y - a.y);
        let columns = covered(a.x.min(b.x).min(c.x), a.x.max(b.x).max(c.x), self.width);
        let rows = covered(a.y.min(b.y).min(c.y), a.y.max(b.y).max(c.y), self.height);
        // All three must be non-negative; one test of the sign bit, since most triangles fail somewhere.
        if (area - 1) | (columns.1 - columns.0) | (rows.1 - rows.0) < 0 {
            return;
        }
        self.fill([a, c, b], area, columns, rows, payload);
    }

    /// Fills a triangle with positive area; `columns` and `rows` are inclusive and inside the picture.
    fn fill(
        &mut self,
        corners: [Corner; 3],
        area: i32,
        columns: (i32, i32),
        rows: (i32, i32),
        payload: u32,
    ) {
        let start = [center(columns.0, self.width), center(rows.0, self.height)];
        let mut triangle = Triangle::new(corners, area, start, payload);
        let (first, count) = (usize_from(columns.0), usize_from(columns.1 - columns.0) + 1);
        let first = usize_from(rows.0 * self.width) + first;
        let lines = (first..).step_by(usize_from(self.width));
        let lines = lines.take(usize_from(rows.1 - rows.0) + 1);
        if count < SPAN {
            for line in lines {
                triangle.fill_short_row(
                    &mut self.nearness[line..line + count],
                    &mut self.payload[line..line + count],
                );
                triangle.next_row();
            }
        } else {
            let ramps = triangle
                .edges
                .map(|edge| RAMP.map(|offset| edge.step_x * offset));
            for line in lines {
                triangle.fill_long_row(
                    &ramps,
                    &mut self.nearness[line..line + count],
                    &mut self.payload[line..line + count],
                );
                triangle.next_row();
            }
        }
    }
}

/// What a pixel shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Nearness, 1 / m.
    pub q: f32,
    /// That of the triangle.
    pub payload: u32,
}

impl Hit {
    /// Whether this wins over `other` at the same pixel.
    pub fn is_before(&self, other: Option<Hit>) -> bool {
        other.is_none_or(|other| (self.q, self.payload) > (other.q, other.payload))
    }
}

/// A triangle with positive area while it is being filled.
struct Triangle {
    edges: [Edge; 3],
    /// Values of the edges at the first pixel of the present row, less one where a value of 0 is outside: not negative means inside.
    row: [i32; 3],
    q: [f32; 3],
    area: i32,
    payload: u32,
}

/// What the edges grow by from the first pixel of a span to each of its pixels.
type Ramps = [[i32; SPAN]; 3];

impl Triangle {
    #[inline]
    fn new([a, b, c]: [Corner; 3], area: i32, start: [i32; 2], payload: u32) -> Self {
        let edges = [
            Edge::new(b, c, start),
            Edge::new(c, a, start),
            Edge::new(a, b, start),
        ];
        Self {
            edges,
            row: [
                edges[0].value + edges[0].bias,
                edges[1].value + edges[1].bias,
                edges[2].value + edges[2].bias,
            ],
            q: [a.q, b.q, c.q],
            area,
            payload,
        }
    }

    fn next_row(&mut self) {
        for (value, edge) in self.row.iter_mut().zip(&self.edges) {
            *value += edge.step_y;
        }
    }

    /// Fills a row by looking at each pixel.
    #[inline]
    fn fill_short_row(&self, nearness: &mut [i32], payload: &mut [u32]) {
        let mut values = self.row;
        for (nearness, payload) in nearness.iter_mut().zip(payload) {
            if values[0] | values[1] | values[2] >= 0 {
                self.merge(self.exact(values), nearness, payload);
            }
            for (value, edge) in values.iter_mut().zip(&self.edges) {
                *value += edge.step_x;
            }
        }
    }

    /// Fills a row after finding out where the triangle begins and ends in it.
    #[inline]
    fn fill_long_row(&self, ramps: &Ramps, nearness: &mut [i32], payload: &mut [u32]) {
        let Some((first, last)) = self.extent(nearness.len()) else {
            return;
        };
        let mut values = self.exact(self.row);
        for (value, edge) in values.iter_mut().zip(&self.edges) {
            *value += edge.step_x * first;
        }
        let pixels = usize_from(first)..=usize_from(last);
        let (spans, rest) = nearness[pixels.clone()].as_chunks_mut::<SPAN>();
        let (payload_spans, payload_rest) = payload[pixels].as_chunks_mut::<SPAN>();
        for (nearness, payload) in spans.iter_mut().zip(payload_spans) {
            self.merge_span(ramps, values, nearness, payload);
            for (value, edge) in values.iter_mut().zip(&self.edges) {
                *value += edge.step_x * SPAN_STEP;
            }
        }
        for (nearness, payload) in rest.iter_mut().zip(payload_rest) {
            self.merge(values, nearness, payload);
            for (value, edge) in values.iter_mut().zip(&self.edges) {
                *value += edge.step_x;
            }
        }
    }

    /// First and last covered pixel of the present row; none if it has none.
    #[inline]
    fn extent(&self, count: usize) -> Option<(i32, i32)> {
        let count = i32::try_from(count).expect("a row has at most 1024 pixels");
        let (mut first, mut last) = (0, count - 1);
        for (value, edge) in self.row.into_iter().zip(&self.edges) {
            if edge.step_x > 0 {
                if value < 0 {
                    first = first.max((edge.step_x - 1 - value) / edge.step_x);
                }
            } else if value < 0 {
                return None;
            } else if edge.step_x < 0 {
                last = last.min(value / -edge.step_x);
            }
        }
        (first <= last).then_some((first, last))
    }

    /// Values of the edges without their biases.
    #[inline]
    fn exact(&self, values: [i32; 3]) -> [i32; 3] {
        let [a, b, c] = &self.edges;
        [values[0] - a.bias, values[1] - b.bias, values[2] - c.bias]
    }

    /// Does the same as [`merge`](Self::merge) for each of some neighboring pixels, without branches.
    #[inline]
    fn merge_span(
        &self,
        ramps: &Ramps,
        values: [i32; 3],
        nearness: &mut [i32; SPAN],
        payload: &mut [u32; SPAN],
    ) {
        let inverse_area = 1.0 / as_f32(self.area);
        let mut bits = [0; SPAN];
        for lane in 0..SPAN {
            let values = [
                values[0] + ramps[0][lane],
                values[1] + ramps[1][lane],
                values[2] + ramps[2][lane],
            ];
            bits[lane] = self.nearness(values, inverse_area);
        }
        for lane in 0..SPAN {
            let (old, old_payload) = (nearness[lane], payload[lane]);
            let nearer = i32::from(bits[lane] > old);
            let later = i32::from(bits[lane] == old) & i32::from(self.payload > old_payload);
            // All bits set where the triangle wins.
            let wins = -(nearer | later);
            nearness[lane] = (bits[lane] & wins) | (old & !wins);
            payload[lane] =
                (self.payload & wins.cast_unsigned()) | (old_payload & !wins.cast_unsigned());
        }
    }

    /// Lets the triangle win a pixel that it covers, if it does.
    #[inline]
    fn merge(&self, values: [i32; 3], nearness: &mut i32, payload: &mut u32) {
        let bits = self.nearness(values, 1.0 / as_f32(self.area));
        if bits > *nearness || (bits == *nearness && self.payload > *payload) {
            (*nearness, *payload) = (bits, self.payload);
        }
    }

    /// Bits of the nearness where the edges have these values: their mean, weighted by the opposite edges.
    #[inline]
    fn nearness(&self, [a, b, c]: [i32; 3], inverse_area: f32) -> i32 {
        let q =
            (as_f32(a) * self.q[0] + as_f32(b) * self.q[1] + as_f32(c) * self.q[2]) * inverse_area;
        q.to_bits().cast_signed()
    }
}

/// First and last pixel whose centers lie in a range of screen coordinates, both inside the picture.
fn covered(low: i32, high: i32, side: i32) -> (i32, i32) {
    let origin = side * (SUBPIXELS / 2);
    let first = (low + origin + SUBPIXELS / 2 - 1) >> SUBPIXEL_BITS;
    let last = (high + origin - SUBPIXELS / 2) >> SUBPIXEL_BITS;
    (first.max(0), last.min(side - 1))
}

/// Screen coordinate of the center of a pixel.
pub(super) fn center(pixel: i32, side: i32) -> i32 {
    pixel * SUBPIXELS + SUBPIXELS / 2 - side * (SUBPIXELS / 2)
}

/// Twice the area of the triangle between an edge and a pixel center; positive inside.
#[derive(Clone, Copy)]
struct Edge {
    value: i32,
    step_x: i32,
    step_y: i32,
    /// 0 for a top or left edge, −1 for others: added to the value, it makes "inside" mean "not negative".
    bias: i32,
}

impl Edge {
    fn new(from: Corner, to: Corner, [x, y]: [i32; 2]) -> Self {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let is_top_or_left = dy < 0 || (dy == 0 && dx > 0);
        Self {
            value: dx * (y - from.y) - dy * (x - from.x),
            step_x: -dy * SUBPIXELS,
            step_y: dx * SUBPIXELS,
            bias: if is_top_or_left { 0 } else { -1 },
        }
    }
}

/// Rounds to nearest; edge values reach 2³⁰.
fn as_f32(number: i32) -> f32 {
    number as f32
}

fn usize_from(number: i32) -> usize {
    usize::try_from(number).expect("pixels inside the picture are not negative")
}
