//! MuJoCo error and warning handlers that neither exit the process nor write files.
//!
//! By default MuJoCo's `mju_error` prints, appends to `MUJOCO_LOG.TXT` in the working folder and exits the process, and
//! its warnings are written to the same file. Here:
//!
//! * [`install`] silences the process-wide handler. Warnings are counted by MuJoCo in the state itself; [`Warnings`]
//!   reads them.
//! * [`guard`] turns an engine error into [`Error::Engine`]. It sets a handler for its own thread only, so other users
//!   of the same library (Python's `mujoco` package, for example) keep theirs.
//!
//! # How an error leaves the engine
//! `mju_error` must not return: the C code behind it goes on in a state that it has just called impossible. A Rust panic
//! may not travel through functions declared `extern "C"`, and libmujoco carries its own unwinder, so the way out is the
//! one that MuJoCo itself takes in its batch stepper and in its Python bindings: `setjmp` before the call, `longjmp` in
//! the handler (`guard.c`). `longjmp` runs no destructors, which is why [`guard`] takes only closures without anything to
//! drop, and asks its caller to keep it so inside.

#![expect(
    unsafe_code,
    reason = "the border to the C library; no other module may cross it"
)]

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::{MaybeUninit, needs_drop};
use std::sync::Once;

use mujoco_rs::mujoco_c::{
    mjData, mjLogMessage, mju_setLogHandler, mju_user_error, mju_user_warning,
};

use crate::Error;

/// How often the engine has warned since the state was last reset. One warning type each; see `mjtWarning` in MuJoCo's
/// `mjtype.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Warnings {
    /// The inertia matrix was nearly singular.
    pub inertia: u32,
    /// More contacts than the contact buffer holds.
    pub contact_full: u32,
    /// More constraints than the constraint buffer holds.
    pub constraint_full: u32,
    /// A position was not finite or beyond 1e10.
    pub bad_qpos: u32,
    /// A velocity was not finite or beyond 1e10.
    pub bad_qvel: u32,
    /// An acceleration was not finite or beyond 1e10.
    pub bad_qacc: u32,
    /// A control was not finite or beyond 1e10.
    pub bad_ctrl: u32,
}

impl Warnings {
    /// Reads the counters of a state.
    pub fn of(data: &mjData) -> Self {
        let counts = data
            .warning
            .each_ref()
            .map(|statistic| u32::try_from(statistic.number).unwrap_or(0));
        // In the order of `mjtWarning`.
        let [
            inertia,
            contact_full,
            constraint_full,
            bad_qpos,
            bad_qvel,
            bad_qacc,
            bad_ctrl,
        ] = counts;
        Self {
            inertia,
            contact_full,
            constraint_full,
            bad_qpos,
            bad_qvel,
            bad_qacc,
            bad_ctrl,
        }
    }

    /// Whether the simulation has left the numbers.
    ///
    /// At such a state `mj_step` silently resets the simulation to the model's initial state and keeps only these
    /// counters, so what follows looks healthy: read them after every control step.
    pub fn diverged(&self) -> bool {
        self.bad_qpos > 0 || self.bad_qvel > 0 || self.bad_qacc > 0
    }
}

/// Replaces MuJoCo's process-wide handler by one that stays silent, unless another user of the library has set handlers
/// of its own. Call it before the first model is compiled; later calls do nothing.
///
/// Every engine call that can fail belongs into [`guard`]. An error outside of one cannot be survived (the engine must not
/// go on), so it aborts with a message, where MuJoCo would have written its log file and exited.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: plain stores and loads of function pointers; `Once` keeps our own threads apart, and the handler that
        // is set is valid for the rest of the process.
        unsafe {
            // Setting none restores MuJoCo's own and says which one was active.
            let active = mju_setLogHandler(None);
            let default = mju_setLogHandler(active);
            let address = |handler: Handler| handler.map(|function| function as usize);
            let is_default = address(active) == address(default)
                && (&raw const mju_user_error).read().is_none()
                && (&raw const mju_user_warning).read().is_none();
            if is_default {
                mju_setLogHandler(Some(process_handler));
            }
        }
    });
}

/// Runs engine calls; an error that the engine raises in them becomes [`Error::Engine`].
///
/// Works per thread, may be nested, and allocates nothing unless there is an error (a few nanoseconds per call).
///
/// # Errors
/// [`Error::Engine`] with MuJoCo's message. The `mjData` that was worked on is then in no defined state (its internal
/// stack may still be marked): reset it with `mj_resetData`, or drop it.
///
/// # Safety
/// An engine error leaves the closure without running destructors. The closure must therefore do nothing but call engine
/// functions and handle values without destructors: no `Vec`, `String`, `Box`, lock guard or the like may be alive in it
/// while an engine function runs. What it captures and returns is checked at compile time.
///
/// A panic in the closure aborts the process.
pub unsafe fn guard<T, F: FnOnce() -> T>(calls: F) -> Result<T, Error> {
    const {
        assert!(!needs_drop::<F>(), "the closure must capture by reference");
        assert!(!needs_drop::<T>(), "the result must not need dropping");
    }
    let mut job = Job {
        calls: Some(calls),
        result: MaybeUninit::uninit(),
    };
    let left = INNERMOST.with(|innermost| {
        // SAFETY: sets the handler of this thread only; it is put back right after the call, also when that was left by
        // an error, since `kinitro_guard_enter` then returns too. `run_job` gets the job that it was compiled for.
        unsafe {
            let outer = _mjPRIVATE_setTlsLogHandler(Some(thread_handler));
            let left =
                kinitro_guard_enter(run_job::<T, F>, (&raw mut job).cast(), innermost.as_ptr());
            _mjPRIVATE_setTlsLogHandler(outer);
            left
        }
    });
    if left == 0 {
        // SAFETY: the call returned, so `run_job` has written the result.
        Ok(unsafe { job.result.assume_init() })
    } else {
        Err(Error::Engine {
            message: LAST_ERROR.with(|text| text.borrow().to_string_lossy()),
        })
    }
}

struct Job<T, F> {
    calls: Option<F>,
    result: MaybeUninit<T>,
}

/// Runs the closure of a job.
///
/// # Safety
/// `job` points to a `Job<T, F>` that is not used elsewhere meanwhile.
unsafe extern "C" fn run_job<T, F: FnOnce() -> T>(job: *mut c_void) {
    // SAFETY: as this function demands.
    let job = unsafe { &mut *job.cast::<Job<T, F>>() };
    if let Some(calls) = job.calls.take() {
        job.result.write(calls());
    }
}

/// The beginning of `mjLogMessage` (MuJoCo 3.17.0, `mjtype.h`), whose fields `mujoco-rs` keeps to itself.
#[repr(C)]
struct MessageHead {
    level: c_int,
    topic: c_int,
    subject: [c_char; 1024],
    body: *const c_char,
    func: *const c_char,
}

/// `mjLOG_ERROR`.
const LEVEL_ERROR: c_int = 3;

unsafe extern "C" {
    fn kinitro_guard_enter(
        call: unsafe extern "C" fn(*mut c_void),
        context: *mut c_void,
        innermost: *mut *mut c_void,
    ) -> c_int;
    fn kinitro_guard_leave(here: *mut c_void) -> !;

    /// Sets the handler of this thread, which goes before the one of the process; returns the one it replaces. Exported
    /// by MuJoCo 3.17.0 for its own language bindings, and the only one that leaves other threads alone.
    fn _mjPRIVATE_setTlsLogHandler(handler: Handler) -> Handler;
}

type Handler = Option<unsafe extern "C" fn(*const mjLogMessage)>;

thread_local! {
    /// Point of return of the innermost guard of this thread; null outside of all guards.
    static INNERMOST: Cell<*mut c_void> = const { Cell::new(std::ptr::null_mut()) };
    static LAST_ERROR: RefCell<ErrorText> = const { RefCell::new(ErrorText::EMPTY) };
}

/// Keeps warnings silent (they are counted in the state), and leaves the innermost guard on an error.
///
/// # Safety
/// Called by MuJoCo only, with a valid message.
unsafe extern "C" fn thread_handler(message: *const mjLogMessage) {
    // SAFETY: MuJoCo passes a message that lives as long as this call, and `MessageHead` is how it begins.
    let message = unsafe { &*message.cast::<MessageHead>() };
    if message.level != LEVEL_ERROR {
        return;
    }
    // Without a copy on the heap: nothing in this frame may need dropping when it is left.
    LAST_ERROR.with(|text| {
        if let Ok(mut text) = text.try_borrow_mut() {
            text.set(message);
        }
    });
    let here = INNERMOST.get();
    if !here.is_null() {
        // SAFETY: a non-null value names the `kinitro_guard_enter` that is running on this thread.
        unsafe { kinitro_guard_leave(here) }
    }
    abort_on_unguarded_error();
}

/// The handler of threads that are in no guard.
///
/// # Safety
/// Called by MuJoCo only, with a valid message.
unsafe extern "C" fn process_handler(message: *const mjLogMessage) {
    // SAFETY: the same demands.
    unsafe { thread_handler(message) }
}

fn abort_on_unguarded_error() -> ! {
    let message = LAST_ERROR.with(|text| text.borrow().to_string_lossy());
    // A panic hook prints the message where panics go; the frames of the engine must not be unwound.
    let _ = std::panic::catch_unwind(|| panic!("engine error outside of a guard: {message}"));
    std::process::abort();
}

/// Text of an error, kept without a heap.
struct ErrorText {
    bytes: [u8; 1280],
    length: usize,
}

impl ErrorText {
    const EMPTY: Self = Self {
        bytes: [0; 1280],
        length: 0,
    };

    /// Takes over `function: subject` of a message, or the subject alone where the function is not known.
    fn set(&mut self, message: &MessageHead) {
        self.length = 0;
        if !message.func.is_null() {
            self.push(message.func);
            self.push(c": ".as_ptr());
        }
        self.push(message.subject.as_ptr());
    }

    fn push(&mut self, text: *const c_char) {
        // SAFETY: only called with texts that end in a zero byte and are not null.
        let text = unsafe { CStr::from_ptr(text) }.to_bytes();
        let room = &mut self.bytes[self.length..];
        let count = text.len().min(room.len());
        room[..count].copy_from_slice(&text[..count]);
        self.length += count;
    }

    fn to_string_lossy(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.length]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use mujoco_rs::mujoco_c::{mj_resetData, mj_stackAllocByte, mj_step, mju_error, mju_warning};
    use mujoco_rs::wrappers::mj_data::MjData;
    use mujoco_rs::wrappers::mj_model::MjModel;

    use super::*;

    const PENDULUM: &str = r#"<mujoco><worldbody><body><joint type="ball"/>
        <geom type="capsule" size=".1 .2" pos=".3 0 0"/></body></worldbody></mujoco>"#;

    fn pendulum() -> MjData<Box<MjModel>> {
        install();
        let model = MjModel::from_xml_string(PENDULUM).unwrap();
        MjData::new(Box::new(model))
    }

    fn step(data: &mut MjData<Box<MjModel>>) -> Result<(), Error> {
        let model: *const _ = data.model().ffi();
        // SAFETY: only in tests; the pair belongs together.
        let state: *mut _ = unsafe { data.ffi_mut() };
        // SAFETY: as above; the closure holds two pointers.
        unsafe { guard(|| mj_step(model, state)) }
    }

    /// Asks for more stack than the arena has, which MuJoCo answers with `mju_error`.
    fn overflow(data: &mut MjData<Box<MjModel>>) -> Result<*mut c_void, Error> {
        // SAFETY: only in tests; the closure holds one pointer.
        unsafe {
            let state: *mut _ = data.ffi_mut();
            guard(|| mj_stackAllocByte(state, 1 << 50, 8))
        }
    }

    #[test]
    fn an_engine_error_is_a_rust_error_and_the_process_goes_on() {
        let mut data = pendulum();
        let Err(Error::Engine { message }) = overflow(&mut data) else {
            panic!("the engine did not refuse");
        };
        assert!(message.contains("stack overflow"), "{message}");

        // SAFETY: the pair belongs together.
        unsafe {
            let model: *const _ = data.model().ffi();
            mj_resetData(model, data.ffi_mut());
        }
        step(&mut data).unwrap();
        assert!(data.time() > 0.0);
        assert!(!std::path::Path::new("MUJOCO_LOG.TXT").exists());
    }

    #[test]
    fn an_inner_error_leaves_only_the_inner_guard() {
        // SAFETY: the closures hold nothing that needs dropping while an engine function runs.
        let outer = unsafe {
            guard(|| {
                let inner = guard(|| mju_error(c"inner %d".as_ptr(), 7));
                let message = inner.map_err(|reason| reason.to_string());
                let said = message == Err("engine error: inner 7".to_owned());
                drop(message);
                mju_warning(c"silent".as_ptr());
                said
            })
        };
        assert!(outer.unwrap());
        // SAFETY: as above.
        let failed = unsafe {
            guard(|| {
                let _ = guard(|| ());
                mju_error(c"outer".as_ptr());
            })
        };
        assert_eq!(failed.unwrap_err().to_string(), "engine error: outer");
    }

    #[test]
    fn threads_fail_apart_from_each_other() {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    for _ in 0..100 {
                        // SAFETY: the closure holds one integer.
                        let result = unsafe {
                            guard(|| {
                                if thread % 2 == 0 {
                                    mju_error(c"thread %d".as_ptr(), thread);
                                }
                            })
                        };
                        assert_eq!(result.is_err(), thread % 2 == 0);
                        if let Err(reason) = result {
                            assert_eq!(
                                reason.to_string(),
                                format!("engine error: thread {thread}")
                            );
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn a_divergence_shows_in_the_counters_although_the_engine_resets() {
        let mut data = pendulum();
        step(&mut data).unwrap();
        // SAFETY: reading the counters of a live state.
        assert_eq!(Warnings::of(unsafe { data.ffi_mut() }), Warnings::default());

        data.qvel_mut()[0] = 1e20;
        step(&mut data).unwrap();
        // SAFETY: as above.
        let warnings = Warnings::of(unsafe { data.ffi_mut() });
        assert_eq!(warnings.bad_qvel, 1);
        assert!(warnings.diverged());
        assert!(data.qvel().iter().all(|v| v.is_finite() && v.abs() < 1.0));

        data.qpos_mut()[1] = f64::NAN;
        step(&mut data).unwrap();
        // SAFETY: as above.
        assert_eq!(Warnings::of(unsafe { data.ffi_mut() }).bad_qpos, 1);
    }
}
