//! Number parsing that does not depend on the locale of the process.

use std::ptr;

/// Runs `action` on this thread with the C locale's decimal point.
///
/// MuJoCo reads numbers with the C library, which reads `0,5` where the host program has chosen a German locale.
pub(super) fn with_c_numbers<T>(action: impl FnOnce() -> T) -> T {
    let _restored = CNumbers::enter();
    action()
}

/// Puts the former locale of the thread back when dropped, also when the action panics.
struct CNumbers {
    own: libc::locale_t,
    former: libc::locale_t,
}

impl CNumbers {
    fn enter() -> Self {
        // SAFETY: the name is a valid C string and no base locale is given. Null means that memory is short, and
        // `uselocale` then leaves the thread's locale as it is.
        let own = unsafe { libc::newlocale(libc::LC_NUMERIC_MASK, c"C".as_ptr(), ptr::null_mut()) };
        // SAFETY: `own` is a locale object or null, both of which are valid here.
        let former = unsafe { libc::uselocale(own) };
        Self { own, former }
    }
}

impl Drop for CNumbers {
    fn drop(&mut self) {
        // SAFETY: `former` came from `uselocale`; `own`, where there is one, is no longer in use after this call.
        unsafe { libc::uselocale(self.former) };
        if !self.own.is_null() {
            // SAFETY: created in `enter`, freed once, and in use by no thread.
            unsafe { libc::freelocale(self.own) };
        }
    }
}
