//! Which triangle covers which pixel.

use proptest::prelude::*;

use crate::render::raster::{self, Corner, Target};
use crate::render::spec;

/// Corners of a fan of triangles around a common one, wound so that their fronts are seen.
fn fan(center: [i32; 2], rim: &[[i32; 2]]) -> Vec<[Corner; 3]> {
    let corner = |[x, y]: [i32; 2]| Corner { x, y, q: 1.0 };
    let next = |index: usize| rim[(index + 1) % rim.len()];
    (0..rim.len())
        .map(|index| [corner(center), corner(next(index)), corner(rim[index])])
        .collect()
}

fn covered_once(target_side: i32, triangles: &[[Corner; 3]]) -> Vec<u32> {
    let mut counts = vec![0; usize::try_from(target_side * target_side).expect("positive")];
    for &triangle in triangles {
        let mut target = Target::default();
        target.reset(target_side, target_side);
        target.draw(triangle, 1);
        for (count, hit) in counts.iter_mut().zip(target.hits()) {
            *count += u32::from(hit.is_some());
        }
    }
    counts
}

proptest! {
    /// A square cut into four triangles at any inner point: every pixel of the picture is covered exactly once.
    #[test]
    fn common_edges_belong_to_one_triangle(x in -255..256_i32, y in -255..256_i32) {
        let rim = [[-256, -256], [256, -256], [256, 256], [-256, 256]];
        let counts = covered_once(32, &fan([x, y], &rim));
        prop_assert!(counts.iter().all(|&count| count == 1), "{counts:?}");
    }

    /// The same with a rim far outside the picture, up to the guard band.
    #[test]
    fn large_triangles_do_not_overflow(x in -200..200_i32, y in -200..200_i32) {
        let far = spec::GUARD_BAND;
        let rim = [[-far, -far], [far, -far], [far, far], [-far, far]];
        let counts = covered_once(32, &fan([x, y], &rim));
        prop_assert!(counts.iter().all(|&count| count == 1), "{counts:?}");
    }

    /// Whatever the order of drawing, what is seen is the same, coinciding triangles included.
    #[test]
    fn order_of_drawing_has_no_influence(
        corners in prop::collection::vec((-300..300_i32, -300..300_i32, 1..5_u8), 30),
        shift in 1..10_usize,
    ) {
        let corner = |&(x, y, q): &(i32, i32, u8)| Corner { x, y, q: f32::from(q) };
        let mut triangles: Vec<_> = (0_u32..)
            .zip(corners.chunks_exact(3))
            .map(|(payload, three)| ([corner(&three[0]), corner(&three[1]), corner(&three[2])], payload))
            .collect();
        let (twin, _) = triangles[0];
        triangles.push((twin, 77));
        let hits = |triangles: &[([Corner; 3], u32)]| {
            let mut target = Target::default();
            target.reset(40, 40);
            for &(triangle, payload) in triangles {
                target.draw(triangle, payload);
            }
            target.hits().collect::<Vec<_>>()
        };
        let forward = hits(&triangles);
        triangles.reverse();
        triangles.rotate_left(shift);
        prop_assert_eq!(forward, hits(&triangles));
    }

    /// Every pixel shows what its center says, found out one by one in wide integers.
    #[test]
    fn rows_are_filled_from_their_beginning_to_their_end(
        corners in prop::collection::vec((-900..900_i32, -900..900_i32, 1..9_u8), 3),
        stretch in 1..18_i32,
    ) {
        let [a, b, c] = [0, 1, 2].map(|index: usize| {
            let (x, y, q) = corners[index];
            Corner { x: x * stretch, y, q: f32::from(q) }
        });
        let (width, height) = (75, 40);
        let mut target = Target::default();
        target.reset(width, height);
        target.draw([a, b, c], 7);
        let area = |p: [i32; 2], from: Corner, to: Corner| {
            let [px, py] = p.map(i64::from);
            let [fx, fy, tx, ty] = [from.x, from.y, to.x, to.y].map(i64::from);
            (tx - fx) * (py - fy) - (ty - fy) * (px - fx)
        };
        let whole = area([b.x, b.y], a, c);
        for (pixel, hit) in (0..).zip(target.hits()) {
            let center = [
                raster::center(pixel % width, width),
                raster::center(pixel / width, height),
            ];
            // Counterclockwise corners on a screen whose y runs down: from a to c to b the inside is on the positive side.
            let edges = [(c, b), (b, a), (a, c)];
            let inside = edges.iter().all(|&(from, to)| {
                let is_top_or_left = to.y < from.y || (to.y == from.y && to.x > from.x);
                area(center, from, to) >= i64::from(!is_top_or_left)
            });
            prop_assert_eq!(hit.is_some(), whole > 0 && inside, "pixel {}", pixel);
            if let Some(hit) = hit {
                #[expect(clippy::cast_possible_truncation, reason = "edge values are below 2^31")]
                let weights = edges.map(|(from, to)| area(center, from, to) as i32 as f32);
                let sum = weights[0] * a.q + weights[1] * c.q + weights[2] * b.q;
                #[expect(clippy::cast_possible_truncation, reason = "as above")]
                let inverse = 1.0 / (whole as i32 as f32);
                prop_assert_eq!(hit.q.to_bits(), (sum * inverse).to_bits());
            }
        }
    }

    /// Backs are not drawn: of a triangle and its mirror image at most one is seen.
    #[test]
    fn backs_are_not_drawn(a in (-300..300_i32, -300..300_i32), b in (-300..300_i32, -300..300_i32)) {
        let corner = |(x, y)| Corner { x, y, q: 1.0 };
        let [a, b, c] = [corner(a), corner(b), corner((0, 0))];
        let count = |triangle| covered_once(40, &[triangle]).iter().sum::<u32>();
        prop_assert!(count([a, b, c]) == 0 || count([a, c, b]) == 0);
    }
}
