//! A stable `qsort`.
//!
//! glibc's own is stable or not depending on its version and on the free memory; equal elements would come out in another
//! order, and with them the sums that MuJoCo forms over them.

use std::ffi::{c_int, c_void};

type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;

/// The C library's `qsort`, as a merge sort.
///
/// # Safety
/// As C's: `base` points to `count` elements of `size` bytes, and `compare` orders them.
pub(super) unsafe extern "C" fn qsort(
    base: *mut c_void,
    count: usize,
    size: usize,
    compare: Compare,
) {
    if count < 2 || size == 0 {
        return;
    }
    let base: *mut u8 = base.cast();
    // `u64` keeps the scratch space aligned for whatever the comparison reads.
    let mut scratch = vec![0_u64; (count * size).div_ceil(8)];
    let (mut from, mut to): (*mut u8, *mut u8) = (base, scratch.as_mut_ptr().cast());
    let mut run = 1;
    while run < count {
        for start in (0..count).step_by(2 * run) {
            let middle = (start + run).min(count);
            let end = (start + 2 * run).min(count);
            // SAFETY: both buffers hold `count` elements and do not overlap.
            unsafe { merge(from, to, [start, middle, end], size, compare) };
        }
        std::mem::swap(&mut from, &mut to);
        run *= 2;
    }
    if from != base {
        // SAFETY: as above; the sorted elements are in the scratch space.
        unsafe { std::ptr::copy_nonoverlapping(from, base, count * size) };
    }
}

/// Merges `from[start..middle]` and `from[middle..end]` into `to[start..end]`, of equals the left one first.
///
/// # Safety
/// Both buffers hold at least `end` elements of `size` bytes and do not overlap.
unsafe fn merge(
    from: *const u8,
    to: *mut u8,
    [start, middle, end]: [usize; 3],
    size: usize,
    compare: Compare,
) {
    let (mut left, mut right) = (start, middle);
    for position in start..end {
        // SAFETY: `left < middle` and `right < end` where they are read, and `position < end`.
        unsafe {
            let take_left = left < middle
                && (right == end
                    || compare(from.add(left * size).cast(), from.add(right * size).cast()) <= 0);
            let next = if take_left { &mut left } else { &mut right };
            std::ptr::copy_nonoverlapping(from.add(*next * size), to.add(position * size), size);
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// # Safety
    /// Both point to a `(u8, u8)`.
    unsafe extern "C" fn by_first(a: *const c_void, b: *const c_void) -> c_int {
        // SAFETY: as demanded.
        let (a, b) = unsafe { (*a.cast::<[u8; 3]>(), *b.cast::<[u8; 3]>()) };
        c_int::from(a[0]) - c_int::from(b[0])
    }

    proptest! {
        #[test]
        fn sorts_and_keeps_the_order_of_equals(keys in prop::collection::vec(0_u8..8, 0..200)) {
            let mut elements: Vec<[u8; 3]> =
                keys.iter().enumerate().map(|(i, &key)| [key, u8::try_from(i).unwrap(), 7]).collect();
            let mut expected = elements.clone();
            expected.sort_by_key(|element| element[0]);
            // SAFETY: describes the vector.
            unsafe { qsort(elements.as_mut_ptr().cast(), elements.len(), 3, by_first) };
            prop_assert_eq!(elements, expected);
        }
    }
}
