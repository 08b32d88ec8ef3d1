//! Compiled models that share what is never changed.
//!
//! A model of Meta-World takes 19 MB, nearly all of it meshes, their bounding volumes and textures. Every simulation needs numbers
//! of its own (masses, places, frictions, what the engine derives from them), but not a second copy of the meshes.
//!
//! A [`SharedModel`] is an `mjModel` whose arrays lie in two places: the large read-only ones in the model that was compiled, which
//! all of its copies keep alive together, all others in a buffer of its own. The engine reads a model through the pointers of
//! its `mjModel` alone, so it cannot tell.

use std::fmt;
use std::mem::{self, offset_of};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use mujoco_rs::mujoco_c::mjModel;
use mujoco_rs::wrappers::mj_model::MjModel;
use mujoco_rs::wrappers::mj_model::traits::{ModelType, ModelTypeMut};

/// Where in an `mjModel` the pointers into its buffer begin, and how many they are; nothing lies between them.
/// Source: MuJoCo 3.17.0, `mjmodel.h`, `struct mjModel_`: from `qpos0` to `mapD2M`.
const FIRST_POINTER: usize = offset_of!(mjModel, qpos0);
const POINTERS: usize = (offset_of!(mjModel, signature) - FIRST_POINTER) / WORD;
const _: () = assert!(
    FIRST_POINTER == offset_of!(mjModel, buffer) + WORD && POINTERS == 485,
    "another version of the engine"
);

/// The engine aligns arrays to cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "the engine reads it through pointers")] [u8; LINE]);

const LINE: usize = 64;

/// Length of a pointer.
const WORD: usize = size_of::<*mut u8>();

/// A model with numbers of its own and meshes that it shares.
pub(crate) struct SharedModel {
    /// Owned by the engine's allocator, and in use with the contents below in place of its own.
    model: MjModel,
    /// What `model` was made with, put back before it is freed.
    own_contents: mjModel,
    /// The arrays that are not shared.
    _arrays: Vec<Line>,
    _compiled: Arc<MjModel>,
}

// SAFETY: the buffer belongs to this object alone, and what is shared is only read: everything in the engine and in this crate
// that writes to a model writes to arrays that are not shared ([`SHARED`]).
unsafe impl Send for SharedModel {}
// SAFETY: as above.
unsafe impl Sync for SharedModel {}

impl SharedModel {
    /// A model as it was compiled, with numbers of its own.
    pub(crate) fn of(compiled: Arc<MjModel>) -> Self {
        let mut contents = compiled.ffi().clone();
        let arrays = separate(&mut contents, compiled.ffi());
        let mut model = MjModel::from_xml_string("<mujoco/>").expect("an empty model is a model");
        // SAFETY: the structure is exchanged as a whole, for one that describes a valid model; `drop` puts it back, so that the
        // engine frees what it has allocated.
        let own_contents = mem::replace(unsafe { model.ffi_mut() }, contents);
        Self {
            model,
            own_contents,
            _arrays: arrays,
            _compiled: compiled,
        }
    }
}

impl Drop for SharedModel {
    fn drop(&mut self) {
        // SAFETY: the structure is what the engine has allocated `model` with.
        mem::swap(unsafe { self.model.ffi_mut() }, &mut self.own_contents);
    }
}

impl Deref for SharedModel {
    type Target = MjModel;

    fn deref(&self) -> &MjModel {
        &self.model
    }
}

impl DerefMut for SharedModel {
    fn deref_mut(&mut self) -> &mut MjModel {
        &mut self.model
    }
}

// SAFETY: always the same model, in place as long as this object lives.
unsafe impl ModelType for SharedModel {}
// SAFETY: the same model as above.
unsafe impl ModelTypeMut for SharedModel {}

impl fmt::Debug for SharedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedModel").finish_non_exhaustive()
    }
}

/// Where in the structure the arrays are that stay in the compiled model: large, and written by nothing but the compiler.
const SHARED: [usize; 22] = [
    offset_of!(mjModel, bvh_depth),
    offset_of!(mjModel, bvh_child),
    offset_of!(mjModel, bvh_nodeid),
    offset_of!(mjModel, bvh_aabb),
    offset_of!(mjModel, oct_depth),
    offset_of!(mjModel, oct_child),
    offset_of!(mjModel, oct_aabb),
    offset_of!(mjModel, oct_coeff),
    offset_of!(mjModel, mesh_vert),
    offset_of!(mjModel, mesh_normal),
    offset_of!(mjModel, mesh_texcoord),
    offset_of!(mjModel, mesh_face),
    offset_of!(mjModel, mesh_facenormal),
    offset_of!(mjModel, mesh_facetexcoord),
    offset_of!(mjModel, mesh_graph),
    offset_of!(mjModel, mesh_polynormal),
    offset_of!(mjModel, mesh_polyvertadr),
    offset_of!(mjModel, mesh_polyvertnum),
    offset_of!(mjModel, mesh_polyvert),
    offset_of!(mjModel, mesh_polymapadr),
    offset_of!(mjModel, mesh_polymap),
    offset_of!(mjModel, tex_data),
];

/// Lets `contents`, a copy of `compiled`, point to copies of all arrays but the shared ones.
fn separate(contents: &mut mjModel, compiled: &mjModel) -> Vec<Line> {
    let start = compiled.buffer.addr();
    let end = start + usize::try_from(compiled.nbuffer).expect("a size in memory");
    // SAFETY: within the structure.
    let first = unsafe {
        (&raw mut *contents)
            .byte_add(FIRST_POINTER)
            .cast::<*mut u8>()
    };
    // SAFETY: within the structure, where there are pointers only.
    let addresses: [usize; POINTERS] =
        std::array::from_fn(|index| unsafe { first.add(index).read() }.addr());
    // The lengths of arrays follow from their order.
    assert!(
        addresses.is_sorted() && start <= addresses[0] && addresses[POINTERS - 1] <= end,
        "the engine lays out the arrays of a model in the order of their fields"
    );

    let mut parts = Vec::with_capacity(POINTERS);
    let mut lines = 0;
    for (index, &address) in addresses.iter().enumerate() {
        let next = addresses.get(index + 1).copied().unwrap_or(end);
        if !SHARED.contains(&(FIRST_POINTER + index * WORD)) {
            parts.push((index, address, next - address, lines));
            lines += (next - address).div_ceil(LINE);
        }
    }
    let mut arrays = vec![Line([0; LINE]); lines];
    let own = arrays.as_mut_ptr().cast::<u8>();
    for (index, address, length, line) in parts {
        // SAFETY: source and target lie in buffers of at least that length, the target at a place of its own; the word of the
        // structure that is overwritten holds the pointer to the source.
        unsafe {
            let source = compiled.buffer.cast::<u8>().add(address - start);
            let target = own.add(line * LINE);
            source.copy_to_nonoverlapping(target, length);
            first.add(index).write(target);
        }
    }
    arrays
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r#"<mujoco>
        <asset><mesh name="wedge" vertex="0 0 0  1 0 0  0 1 0  0 0 1"/></asset>
        <worldbody>
            <body name="loose" pos="0 0 1"><freejoint/><geom type="mesh" mesh="wedge" mass="2"/></body>
        </worldbody>
    </mujoco>"#;

    #[test]
    fn meshes_are_shared_and_numbers_are_not() {
        let compiled = Arc::new(MjModel::from_xml_string(MODEL).unwrap());
        let mut one = SharedModel::of(Arc::clone(&compiled));
        let other = SharedModel::of(Arc::clone(&compiled));
        assert_eq!(one.mesh_vert().as_ptr(), compiled.mesh_vert().as_ptr());
        assert_ne!(one.body_mass().as_ptr(), compiled.body_mass().as_ptr());
        one.body_mass_mut()[1] = 5.0;
        assert_eq!(compiled.body_mass()[1], 2.0);
        assert_eq!(other.body_mass()[1], 2.0);
    }

    #[test]
    fn every_array_has_the_content_that_was_compiled() {
        let compiled = Arc::new(MjModel::from_xml_string(MODEL).unwrap());
        let shared = SharedModel::of(Arc::clone(&compiled));
        let saved = |model: &MjModel| {
            let mut bytes = vec![0; model.size()];
            model.save_to_buffer(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(saved(&shared), saved(&compiled));
    }

    #[test]
    fn a_copy_outlives_what_it_was_made_of() {
        let compiled = Arc::new(MjModel::from_xml_string(MODEL).unwrap());
        let expected = compiled.mesh_vert().to_vec();
        let (one, other) = (
            SharedModel::of(Arc::clone(&compiled)),
            SharedModel::of(compiled),
        );
        drop(one);
        assert_eq!(other.mesh_vert(), expected);
    }
}
