//! Arithmetic that does not depend on what other libraries do to the processor.
//!
//! A library built with fast-math options switches a thread to flush-to-zero when it is loaded, and a host program may change
//! the rounding direction. Either would change results, so everything that simulates, judges or renders runs inside
//! [`with_ieee_defaults`].

/// Runs `action` with rounding to nearest, subnormal numbers kept and exceptions masked, then puts the mode back.
///
/// Nesting is allowed and cheap (a few nanoseconds).
pub fn with_ieee_defaults<T>(action: impl FnOnce() -> T) -> T {
    let _restored = IeeeDefaults::enter();
    isolated(action)
}

/// Keeps the compiler from moving arithmetic of `action` across the changes of mode.
#[inline(never)]
fn isolated<T>(action: impl FnOnce() -> T) -> T {
    action()
}

/// Puts the former mode back when dropped, also when the action panics.
struct IeeeDefaults {
    former: control::Word,
}

impl IeeeDefaults {
    fn enter() -> Self {
        let former = control::read();
        if former != control::IEEE_DEFAULTS {
            control::write(control::IEEE_DEFAULTS);
        }
        Self { former }
    }
}

impl Drop for IeeeDefaults {
    fn drop(&mut self) {
        // What was raised inside is nobody's business outside.
        if control::read() != self.former {
            control::write(self.former);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    pub(super) type Word = u32;

    /// The state after power-up: all six exceptions masked, round to nearest, no flush-to-zero, no denormals-are-zero.
    /// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 10.2.3.
    pub(super) const IEEE_DEFAULTS: Word = 0x1F80;

    pub(super) fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores the control word to a valid address and changes nothing else.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub(super) fn write(word: Word) {
        // SAFETY: loads either the default word, which compiled code assumes, or one that was in force before.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    pub(super) type Word = u64;

    /// Round to nearest, no flush-to-zero, default NaN off, no traps.
    /// Source: Arm Architecture Reference Manual, FPCR.
    pub(super) const IEEE_DEFAULTS: Word = 0;

    pub(super) fn read() -> Word {
        let word: Word;
        // SAFETY: reads the control register and changes nothing.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        word
    }

    pub(super) fn write(word: Word) {
        // SAFETY: loads either the default word, which compiled code assumes, or one that was in force before.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[cfg(target_arch = "x86_64")]
    const FLUSH_TO_ZERO: control::Word = 0x1F80 | 1 << 15;
    #[cfg(target_arch = "aarch64")]
    const FLUSH_TO_ZERO: control::Word = 1 << 24;

    #[inline(never)]
    fn half(x: f64) -> f64 {
        black_box(x) * black_box(0.5)
    }

    #[test]
    fn subnormal_numbers_survive_inside_and_the_former_mode_outside() {
        control::write(FLUSH_TO_ZERO);
        let outside = half(f64::MIN_POSITIVE);
        let inside = with_ieee_defaults(|| half(f64::MIN_POSITIVE));
        let outside_again = half(f64::MIN_POSITIVE);
        control::write(control::IEEE_DEFAULTS);
        assert_eq!((outside, outside_again), (0.0, 0.0));
        assert_eq!(inside, f64::MIN_POSITIVE / 2.0);
    }
}
