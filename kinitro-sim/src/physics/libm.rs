//! Binding of the mathematical functions of libmujoco to one fixed implementation.
//!
//! libmujoco calls 14 functions of the host's mathematics library whose last bits depend on the version of that library
//! and on the processor (glibc picks code with or without FMA when it is loaded). [`init`] points them at the crate
//! `libm`, whose exact version is part of a result's identity, by storing other addresses in the library's import slots.
//! That works in any process, however the library was loaded, and costs no time afterwards.
//!
//! The mode is per process and fixed by the first call, before the first model is compiled: compilation computes with the
//! same functions. [`LibmMode::Host`] leaves the library as it is, for comparison with a Python process that does the same.
//!
//! Of what else libmujoco imports, `qsort` is pinned to a stable sort; `sqrt` and `floor` are exact everywhere; `log10f`
//! is called by `mjr_figure` only, which draws plots; `rand` only by `mju_standardNormal`, which is not used in a step;
//! `strtod` and its kin read model files, under the C locale. Any other import from libm is an error.

#![expect(
    unsafe_code,
    reason = "the border to the C library; no other module may cross it"
)]

use std::fmt;
use std::sync::{Mutex, PoisonError};

use kinitro_core::digest::LibmFingerprint;

use crate::Error;

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
#[path = "libm/bound.rs"]
mod platform;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
#[path = "libm/unbound.rs"]
mod platform;

mod functions;

/// Version of the crate `libm` that the functions are pinned to; the workspace requires exactly this one.
pub const CRATE_VERSION: &str = "0.2.16";

/// Which mathematics libmujoco computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LibmMode {
    /// The crate `libm`: equal bits on every machine. The only mode whose results count.
    Pinned,
    /// What the host provides.
    Host,
}

impl fmt::Display for LibmMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pinned => "pinned",
            Self::Host => "host",
        })
    }
}

/// The mathematics of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibmStatus {
    /// How it was chosen.
    pub mode: LibmMode,
    /// [`CRATE_VERSION`]; what computes in mode [`LibmMode::Pinned`].
    pub crate_version: &'static str,
    /// SHA-256 over the results of the 14 functions, as libmujoco now reaches them, on 64 fixed arguments each. Bitwise
    /// comparison between two processes is claimed only where it is equal.
    pub fingerprint: LibmFingerprint,
}

static STATUS: Mutex<Option<LibmStatus>> = Mutex::new(None);

/// Fixes the mode of this process, and checks that it took effect.
///
/// # Errors
/// [`Error::LibmModeFixed`] after a call with the other mode; [`Error::LibmUnsupported`] for [`LibmMode::Pinned`] on other
/// platforms than x86-64 Linux with glibc; [`Error::LibmBinding`] and [`Error::LibmSelfCheck`] if the library is not what it
/// should be.
pub fn init(mode: LibmMode) -> Result<LibmStatus, Error> {
    let mut status = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    match *status {
        Some(fixed) if fixed.mode == mode => Ok(fixed),
        Some(fixed) => Err(Error::LibmModeFixed {
            fixed: fixed.mode,
            requested: mode,
        }),
        None => {
            let fingerprint = match mode {
                LibmMode::Pinned => platform::pin()?,
                LibmMode::Host => platform::fingerprint()?,
            };
            let fixed = LibmStatus {
                mode,
                crate_version: CRATE_VERSION,
                fingerprint: LibmFingerprint::from_bytes(fingerprint),
            };
            *status = Some(fixed);
            Ok(fixed)
        }
    }
}

/// The mode of this process, if it has been fixed.
pub fn status() -> Option<LibmStatus> {
    *STATUS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refuses to go on unless this process computes with the pinned functions.
///
/// # Errors
/// [`Error::LibmNotPinned`].
pub fn require_pinned() -> Result<LibmStatus, Error> {
    status()
        .filter(|status| status.mode == LibmMode::Pinned)
        .ok_or(Error::LibmNotPinned)
}

#[cfg(all(test, target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::process::Command;

    use mujoco_rs::wrappers::mj_data::MjData;
    use mujoco_rs::wrappers::mj_model::MjModel;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// Names the mode that a child process is to run in.
    const CHILD: &str = "KINITRO_TEST_LIBM_CHILD";

    /// Makes glibc choose the code it has for processors without these instructions.
    const MASK: &str = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4";

    /// Of the crate `libm` 0.2.16, on every machine and in every build.
    const FINGERPRINT: &str = "3087ef0d2c4507b1c635e8e4fff992e21f035f1d0c0a8ae7f136b6e326479904";

    /// A chain that falls on a plane: chaotic, so that one differing bit soon changes all of them.
    const CHAIN: &str = r#"<mujoco><worldbody><geom type="plane" size="5 5 1"/>
        <body pos="0 0 1"><joint type="hinge" axis="0 1 .3"/><geom type="capsule" size=".05" fromto="0 0 0 .5 0 0"/>
        <body pos=".5 0 0"><joint type="ball"/><geom type="capsule" size=".05" fromto="0 0 0 .4 .1 0"/>
        <body pos=".4 .1 0"><joint type="hinge" axis="1 1 0"/><geom type="box" size=".1 .2 .05"/>
        </body></body></body></worldbody></mujoco>"#;

    #[test]
    fn pinned_states_do_not_depend_on_the_processor_and_host_states_do() {
        let run = |mode: &str, mask: bool| {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", "physics::libm::tests::child", "--nocapture"]);
            child.env(CHILD, mode);
            if mask {
                child.env("GLIBC_TUNABLES", MASK);
            }
            let output = child.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            let result = text.lines().find_map(|line| line.strip_prefix("result "));
            let result = result
                .unwrap_or_else(|| panic!("{text}"))
                .split_once(" of ");
            let (states, fingerprint) = result.unwrap();
            (states.to_owned(), fingerprint.to_owned())
        };
        let pinned = run("pinned", false);
        assert_eq!(pinned, run("pinned", true));
        let host = run("host", false);
        assert_ne!(pinned.1, host.1);
        if is_x86_feature_detected!("fma") {
            let masked = run("host", true);
            assert_ne!(host.0, masked.0, "states");
            assert_ne!(host.1, masked.1, "fingerprints");
        } else {
            println!("skipped: without FMA there is nothing to mask on this processor");
        }
    }

    /// Not a test of its own: what the children of the test above run.
    #[test]
    fn child() {
        let Ok(wanted) = std::env::var(CHILD) else {
            return;
        };
        let (mode, other) = match wanted.as_str() {
            "pinned" => (LibmMode::Pinned, LibmMode::Host),
            _ => (LibmMode::Host, LibmMode::Pinned),
        };
        assert!(status().is_none() && require_pinned().is_err());
        let fixed = init(mode).unwrap();
        assert_eq!(init(mode).unwrap(), fixed);
        assert!(matches!(init(other), Err(Error::LibmModeFixed { .. })));
        assert_eq!(require_pinned().is_ok(), mode == LibmMode::Pinned);
        let is_known = fixed.fingerprint.to_string() == FINGERPRINT;
        assert_eq!(is_known, mode == LibmMode::Pinned);

        let model = MjModel::from_xml_string(CHAIN).unwrap();
        let mut data = MjData::new(Box::new(model));
        let mut digest = Sha256::new();
        for _ in 0..3000 {
            data.step();
            for value in data.qpos() {
                digest.update(value.to_le_bytes());
            }
        }
        println!(
            "\nresult {:x?} of {:x?}",
            digest.finalize(),
            fixed.fingerprint
        );
    }
}
