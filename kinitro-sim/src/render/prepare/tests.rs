//! The bytes of prepared meshes: what was written is read again, and nothing else is.

use super::*;
use crate::render::primitives::Shape;

pub(crate) fn bar() -> Triangles {
    Shape::Cylinder {
        radius: 0.02,
        half: 0.1,
    }
    .triangles()
}

#[test]
fn what_was_written_is_read_again() {
    let mesh = bar();
    let source = source_digest(&mesh);
    let prepared = Prepared::of(&mesh).unwrap();
    let (bytes, seal) = prepared.to_bytes(&source);
    let (read, read_seal) = Prepared::from_bytes(&bytes, &source).unwrap();
    assert_eq!((&read, read_seal), (&prepared, seal));
    assert_eq!(read.mesh().triangle_count(), read.triangles.faces.len());
    assert!(Prepared::from_bytes(&bytes, &seal).is_none());
}

#[test]
fn no_other_byte_and_no_other_length_is_read() {
    let mesh = bar();
    let source = source_digest(&mesh);
    let (bytes, _) = Prepared::of(&mesh).unwrap().to_bytes(&source);
    for length in 0..bytes.len() {
        assert!(Prepared::from_bytes(&bytes[..length], &source).is_none());
    }
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        assert!(Prepared::from_bytes(&changed, &source).is_none());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(Prepared::from_bytes(&longer, &source).is_none());
}

/// Whoever can compute the seal can still do no harm: what leads nowhere is refused.
#[test]
fn a_sound_seal_does_not_make_the_content_sound() {
    // Large enough for several clusters.
    let mesh = Shape::Sphere { radius: 0.5 }.triangles();
    let source = source_digest(&mesh);
    let prepared = Prepared::of(&mesh).unwrap();
    let reread = |change: &dyn Fn(&mut Prepared)| {
        let mut changed = Prepared {
            triangles: prepared.triangles.clone(),
            clusters: prepared.clusters.clone(),
        };
        change(&mut changed);
        let (bytes, _) = changed.to_bytes(&source);
        Prepared::from_bytes(&bytes, &source).is_some()
    };
    assert!(reread(&|_| ()) && prepared.clusters.len() > 1);
    assert!(!reread(&|it| it.triangles.faces[0].corners[1] = 1 << 20));
    assert!(!reread(&|it| it.triangles.faces[0].normals[1] = u32::MAX));
    assert!(!reread(&|it| it.triangles.positions[0][2] = f32::NAN));
    assert!(!reread(&|it| it.clusters[0] += 1));
    assert!(!reread(&|it| it.clusters.push(0)));
    assert!(!reread(&|it| {
        it.clusters.clear();
        let mut left = it.triangles.faces.len();
        while left > 0 {
            let size = left.min(255);
            it.clusters.push(u8::try_from(size).unwrap());
            left -= size;
        }
    }));
}

#[test]
fn what_is_no_mesh_is_refused() {
    let mut mesh = bar();
    mesh.positions[3][1] = f32::NAN;
    assert!(Prepared::of(&mesh).is_err());
    let mut mesh = bar();
    mesh.faces[0].corners[0] = u32::MAX;
    assert!(Prepared::of(&mesh).is_err());
    let nothing = Prepared::of(&Triangles::default()).unwrap();
    assert_eq!(nothing.mesh().triangle_count(), 0);
}
