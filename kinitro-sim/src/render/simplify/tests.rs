//! What simplification keeps, measured on shapes whose surface is known.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::distance::triangle_square;
use super::*;

const TOLERANCE: f64 = 0.5e-3;

/// A surface over a grid of `side` × `side` squares: one place per corner, joined into triangles.
fn sheet(side: u32, place: impl Fn(u32, u32) -> [f32; 3]) -> Triangles {
    let mut mesh = Triangles::default();
    for row in 0..=side {
        for column in 0..=side {
            mesh.positions.push(place(column, row));
        }
    }
    let corner = |column, row| row * (side + 1) + column;
    for row in 0..side {
        for column in 0..side {
            let [a, b] = [corner(column, row), corner(column + 1, row)];
            let [d, c] = [corner(column, row + 1), corner(column + 1, row + 1)];
            for corners in [[a, b, c], [a, c, d]] {
                mesh.faces.push(Face {
                    corners,
                    normals: [0; 3],
                });
            }
        }
    }
    mesh.normals = vec![[0.0, 0.0, 1.0]];
    mesh
}

/// Six sheets that bound a cube with half side 1, bent by `bend`.
fn cube(side: u32, bend: impl Fn(Vec3) -> Vec3) -> Triangles {
    let mut mesh = Triangles::default();
    for axis in 0..3 {
        for sign in [-1.0, 1.0] {
            let part = sheet(side, |column, row| {
                // The same to the last bit from both ends, so that the sheets meet.
                let share = |step: u32| (2.0 * f64::from(step) - f64::from(side)) / f64::from(side);
                let mut place = [0.0; 3];
                place[axis] = sign;
                place[(axis + 1) % 3] = sign * share(column);
                place[(axis + 2) % 3] = share(row);
                vector::narrow(bend(place))
            });
            let first = index(mesh.positions.len());
            mesh.positions.extend(part.positions);
            mesh.faces.extend(part.faces.iter().map(|face| Face {
                corners: face.corners.map(|corner| corner + first),
                normals: [0; 3],
            }));
        }
    }
    mesh.normals = vec![[0.0, 0.0, 1.0]];
    mesh
}

fn ball(side: u32, radius: f64) -> Triangles {
    cube(side, |place| {
        vector::scale(vector::normalized(place), radius)
    })
}

fn places(mesh: &Triangles) -> Vec<[Vec3; 3]> {
    let place = |corner| vector::widen(mesh.positions[corner as usize]);
    mesh.faces
        .iter()
        .map(|face| face.corners.map(place))
        .collect()
}

/// The largest distance of points all over one surface from the other.
fn farthest(from: &Triangles, to: &Triangles) -> f64 {
    let to = places(to);
    let mut farthest = 0.0;
    for [a, b, c] in places(from) {
        for (u, v) in [
            (0.0, 0.0),
            (1.0, 0.0),
            (0.5, 0.5),
            (0.34, 0.33),
            (0.1, 0.8),
            (0.0, 0.5),
        ] {
            let along = vector::add(vector::scale(vector::sub(b, a), u), a);
            let point = vector::add(along, vector::scale(vector::sub(c, a), v));
            let square = to
                .iter()
                .map(|triangle| triangle_square(point, triangle))
                .fold(f64::INFINITY, f64::min);
            farthest = f64::max(farthest, square.sqrt());
        }
    }
    farthest
}

/// How often each directed edge occurs that has no counterpart.
fn open_edges(mesh: &Triangles) -> usize {
    let mut balance = BTreeMap::new();
    for face in &mesh.faces {
        let [a, b, c] = face
            .corners
            .map(|corner| mesh.positions[corner as usize].map(f32::to_bits));
        for [from, to] in [[a, b], [b, c], [c, a]] {
            *balance.entry((from, to)).or_insert(0) += 1;
            *balance.entry((to, from)).or_insert(0) -= 1;
        }
    }
    balance.values().filter(|&&count| count != 0).count()
}

#[test]
fn a_ball_stays_a_ball() {
    let given = ball(24, 0.1);
    let simple = simplify(&given, TOLERANCE);
    let (before, after) = (given.faces.len(), simple.faces.len());
    assert!(after * 4 < before, "{before} triangles became {after}");
    let (out, back) = (farthest(&given, &simple), farthest(&simple, &given));
    assert!(out <= TOLERANCE && back <= TOLERANCE, "{out} {back}");
    assert_eq!(open_edges(&simple), 0);
    // Fronts stay outside.
    for [a, b, c] in places(&simple) {
        let outward = vector::cross(vector::sub(b, a), vector::sub(c, a));
        assert!(vector::dot(outward, a) > 0.0);
    }
}

#[test]
fn a_cube_is_twelve_triangles_between_its_corners() {
    let half = 0.05;
    let given = cube(9, |place| vector::scale(place, half));
    let simple = simplify(&given, TOLERANCE);
    assert_eq!((simple.faces.len(), simple.positions.len()), (12, 8));
    let [corner, _, _] = vector::narrow([half; 3]);
    for position in &simple.positions {
        assert_eq!(position.map(f32::abs), [corner; 3]);
    }
    assert_eq!(open_edges(&simple), 0);
}

#[test]
fn a_flat_sheet_keeps_its_border() {
    let place = |column: u32, row: u32| [column as f32 * 0.01, row as f32 * 0.01, 0.0];
    let simple = simplify(&sheet(12, place), TOLERANCE);
    assert_eq!(simple.faces.len(), 2);
    let mut corners = simple.positions;
    corners.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
    let side = 12.0 * 0.01;
    let expected = [[0.0, 0.0], [0.0, side], [side, 0.0], [side, side]];
    assert_eq!(corners, expected.map(|[x, y]| [x, y, 0.0]));
}

/// A notch in the border is deeper than the tolerance: nothing bridges it.
#[test]
fn notches_stay_open() {
    let given = sheet(10, |column, row| {
        let deep = if row == 0 && column == 5 { 0.008 } else { 0.0 };
        [column as f32 * 0.01, row as f32 * 0.01 + deep, 0.0]
    });
    let simple = simplify(&given, TOLERANCE);
    assert!(simple.faces.len() < 40);
    assert!(farthest(&simple, &given) <= TOLERANCE);
}

#[test]
fn what_has_no_area_is_left_out() {
    assert_eq!(
        simplify(&Triangles::default(), TOLERANCE),
        Triangles::default()
    );
    let face = |corners| Face {
        corners,
        normals: [0; 3],
    };
    let mesh = Triangles {
        positions: vec![[0.0; 3], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        normals: vec![[0.0, 0.0, 1.0]],
        faces: vec![face([0, 1, 2]), face([1, 1, 3]), face([0, 1, 3])],
    };
    assert_eq!(simplify(&mesh, TOLERANCE).faces.len(), 1);
}

/// Three sheets around one edge, and two cones that touch at their tips: nothing to be collapsed there, and nothing breaks.
#[test]
fn what_is_no_surface_does_no_harm() {
    let face = |corners| Face {
        corners,
        normals: [0; 3],
    };
    let fins = Triangles {
        positions: vec![
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 0.5],
            [0.0, 1.0, 0.5],
            [-1.0, -1.0, 0.5],
        ],
        normals: vec![[0.0, 0.0, 1.0]],
        faces: vec![face([0, 1, 2]), face([0, 1, 3]), face([1, 0, 4])],
    };
    assert_eq!(simplify(&fins, 10.0).faces.len(), 3);
    let mut twins = ball(4, 0.1);
    let other = ball(4, 0.1);
    let first = index(twins.positions.len());
    twins
        .positions
        .extend(other.positions.iter().map(|[x, y, z]| [x + 0.2, *y, *z]));
    twins.faces.extend(other.faces.iter().map(|face| Face {
        corners: face.corners.map(|corner| corner + first),
        normals: [0; 3],
    }));
    assert_eq!(open_edges(&simplify(&twins, 0.02)), 0);
}

/// A height field: bounded from both sides, whatever the heights.
fn hills(heights: &[u8]) -> Triangles {
    sheet(7, |column, row| {
        let height = f32::from(heights[(row * 8 + column) as usize]);
        [column as f32 * 0.01, row as f32 * 0.01, height * 1e-5]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hills_stay_within_the_tolerance(heights in prop::collection::vec(any::<u8>(), 64)) {
        let given = hills(&heights);
        let simple = simplify(&given, TOLERANCE);
        prop_assert!(simple.faces.len() <= given.faces.len());
        prop_assert!(farthest(&given, &simple) <= 1.5 * TOLERANCE);
        prop_assert!(farthest(&simple, &given) <= 1.5 * TOLERANCE);
        for [a, b, c] in places(&simple) {
            // No face is turned over.
            prop_assert!(vector::cross(vector::sub(b, a), vector::sub(c, a))[2] > 0.0);
        }
    }

    /// Vertices and faces in another order are the same mesh.
    #[test]
    fn order_has_no_influence(
        heights in prop::collection::vec(any::<u8>(), 64),
        order in Just((0..64_u32).collect::<Vec<_>>()).prop_shuffle(),
        shift in 0..98_usize,
    ) {
        let given = hills(&heights);
        let mut shuffled = given.clone();
        for (from, &to) in order.iter().enumerate() {
            shuffled.positions[to as usize] = given.positions[from];
        }
        for face in &mut shuffled.faces {
            let [a, b, c] = face.corners.map(|corner| order[corner as usize]);
            face.corners = [b, c, a];
        }
        shuffled.faces.rotate_left(shift);
        prop_assert_eq!(simplify(&given, TOLERANCE), simplify(&shuffled, TOLERANCE));
    }

    /// Triangles without any connection to speak of: every corner of the result is one of the given ones.
    #[test]
    fn any_soup_is_taken(
        points in prop::collection::vec((0..6_i8, 0..6_i8, 0..6_i8), 3..30),
        corners in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..80),
    ) {
        let positions: Vec<_> = points
            .iter()
            .map(|&(x, y, z)| [x, y, z].map(f32::from))
            .collect();
        let faces = corners.iter().map(|(a, b, c)| Face {
            corners: [a, b, c].map(|corner| index(corner.index(positions.len()))),
            normals: [0; 3],
        });
        let mesh = Triangles { faces: faces.collect(), positions, normals: vec![[1.0, 0.0, 0.0]] };
        let simple = simplify(&mesh, 0.5);
        prop_assert!(simple.check().is_ok() && simple.faces.len() <= mesh.faces.len());
        prop_assert!(simple.positions.iter().all(|position| mesh.positions.contains(position)));
        for [a, b, c] in places(&simple) {
            prop_assert!(vector::cross(vector::sub(b, a), vector::sub(c, a)) != [0.0; 3]);
        }
    }
}
