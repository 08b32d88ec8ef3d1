//! The mathematical functions that libmujoco 3.17.0 takes from its host, and what stands in for them.

use sha2::{Digest as _, Sha256};

/// A function of the C mathematics library, by its type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pointer {
    Unary(extern "C" fn(f64) -> f64),
    Binary(extern "C" fn(f64, f64) -> f64),
    Unary32(extern "C" fn(f32) -> f32),
    Binary32(extern "C" fn(f32, f32) -> f32),
}

/// One function: its name in C, our stand-in, the ranges of its arguments in the fingerprint, and one known result.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) pinned: Pointer,
    ranges: [(f64, f64); 2],
    /// Arguments and the bits of the result. But for `cbrt`, which gave no such case in 60 000, glibc 2.36 on a processor
    /// with FMA answers with other bits; for `sin cos acos atan2 exp pow` it also answers differently without FMA.
    pub(super) known: (f64, f64, u64),
}

impl Pointer {
    pub(super) fn address(self) -> usize {
        match self {
            Self::Unary(function) => function as usize,
            Self::Binary(function) => function as usize,
            Self::Unary32(function) => function as usize,
            Self::Binary32(function) => function as usize,
        }
    }

    /// The function of the same type at another address.
    ///
    /// # Safety
    /// There is a function of this type at `address`.
    pub(super) unsafe fn at(self, address: usize) -> Self {
        let address: *const () = std::ptr::with_exposed_provenance(address);
        // SAFETY: as this function demands.
        unsafe {
            match self {
                Self::Unary(_) => Self::Unary(std::mem::transmute::<
                    *const (),
                    extern "C" fn(f64) -> f64,
                >(address)),
                Self::Binary(_) => Self::Binary(std::mem::transmute::<
                    *const (),
                    extern "C" fn(f64, f64) -> f64,
                >(address)),
                Self::Unary32(_) => Self::Unary32(std::mem::transmute::<
                    *const (),
                    extern "C" fn(f32) -> f32,
                >(address)),
                Self::Binary32(_) => Self::Binary32(std::mem::transmute::<
                    *const (),
                    extern "C" fn(f32, f32) -> f32,
                >(address)),
            }
        }
    }

    /// Bits of the result; f32 functions get the arguments rounded, and their 32 bits stand in the low half.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "arguments of f32 functions are f32"
    )]
    pub(super) fn bits(self, x: f64, y: f64) -> u64 {
        match self {
            Self::Unary(function) => function(x).to_bits(),
            Self::Binary(function) => function(x, y).to_bits(),
            Self::Unary32(function) => function(x as f32).to_bits().into(),
            Self::Binary32(function) => function(x as f32, y as f32).to_bits().into(),
        }
    }

    fn is_f32(self) -> bool {
        matches!(self, Self::Unary32(_) | Self::Binary32(_))
    }
}

/// Number of arguments per function in the fingerprint.
const TABLE: u64 = 64;

/// SHA-256 over the results of all functions, in the order of [`FUNCTIONS`], each on 64 arguments: f64 results as 8
/// bytes, f32 results as 4, little-endian.
///
/// The first arguments are those of [`Function::known`], which few others would replace: only one in a thousand shows
/// whether glibc computes with FMA. Argument number i > 0 of a function with range `[a, b]` is `a + (b - a) · u(i)`, where `u(i)` is the fractional part of
/// i · 0x9e3779b97f4a7c15 / 2⁶⁴ (multiples of the golden ratio) cut to 53 bits; the second argument uses i + 64.
pub(super) fn fingerprint(pointer_of: impl Fn(&Function) -> Pointer) -> [u8; 32] {
    let mut digest = Sha256::new();
    for function in &FUNCTIONS {
        let pointer = pointer_of(function);
        for i in 0..TABLE {
            let (x, y) = function.arguments(i);
            let bytes = pointer.bits(x, y).to_le_bytes();
            digest.update(if pointer.is_f32() {
                &bytes[..4]
            } else {
                &bytes
            });
        }
    }
    digest.finalize().into()
}

impl Function {
    /// Row `i` of the function's table of arguments.
    fn arguments(&self, i: u64) -> (f64, f64) {
        let (x, y, _) = self.known;
        if i == 0 {
            return (x, y);
        }
        let spread = |(low, high): (f64, f64), index: u64| {
            let fraction = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
            low + (high - low) * (fraction as f64 / (1_u64 << 53) as f64)
        };
        (spread(self.ranges[0], i), spread(self.ranges[1], i + TABLE))
    }
}

macro_rules! stand_in {
    ($name:ident, $kind:ident($($argument:ident: $number:ty),*), $ranges:expr, $known:expr) => {{
        extern "C" fn $name($($argument: $number),*) -> stand_in!(@result $($number),*) {
            ::libm::$name($($argument),*)
        }
        Function { name: stringify!($name), pinned: Pointer::$kind($name), ranges: $ranges, known: $known }
    }};
    (@result $number:ty $(, $more:ty)?) => { $number };
}

const NONE: (f64, f64) = (0.0, 0.0);

/// Every function of libm that the engine imports, but for those that every host computes exactly and one that only
/// draws plots.
pub(super) static FUNCTIONS: [Function; 14] = [
    stand_in!(sin, Unary(x: f64), [(-100.0, 100.0), NONE], (31.668_188, 0.0, 0x3fcf_f2b6_4c0b_4958)),
    stand_in!(cos, Unary(x: f64), [(-100.0, 100.0), NONE], (-98.024_615, 0.0, 0xbfe9_c1f7_b4aa_a0ed)),
    stand_in!(tan, Unary(x: f64), [(-100.0, 100.0), NONE], (69.194_269, 0.0, 0x3fb4_5359_bca4_dd6d)),
    stand_in!(asin, Unary(x: f64), [(-1.0, 1.0), NONE], (-0.862_233, 0.0, 0xbff0_a274_7705_fdf0)),
    stand_in!(acos, Unary(x: f64), [(-1.0, 1.0), NONE], (-0.267_124, 0.0, 0x3ffd_7591_fab9_7994)),
    stand_in!(atan2, Binary(y: f64, x: f64), [(-10.0, 10.0), (-10.0, 10.0)], (3.676_242, 4.462_741, 0x3fe6_0ccf_54bc_1e54)),
    stand_in!(atan2f, Binary32(y: f32, x: f32), [(-10.0, 10.0), (-10.0, 10.0)], (-0.158_742, 0.627_757, 0xbe7d_9fbb)),
    stand_in!(exp, Unary(x: f64), [(-20.0, 20.0), NONE], (12.242_056, 0.0, 0x4109_4efd_beda_3a30)),
    stand_in!(log, Unary(x: f64), [(1e-3, 100.0), NONE], (23.607_562, 0.0, 0x4009_4ae3_aefe_16fc)),
    stand_in!(pow, Binary(x: f64, y: f64), [(0.0, 100.0), (-4.0, 4.0)], (29.563_482, -1.320_321, 0x3f87_69c6_64a5_71a6)),
    stand_in!(powf, Binary32(x: f32, y: f32), [(0.0, 100.0), (-4.0, 4.0)], (65.247_584, 1.534_407, 0x4418_21c6)),
    stand_in!(cbrt, Unary(x: f64), [(-100.0, 100.0), NONE], (27.0, 0.0, 0x4008_0000_0000_0000)),
    stand_in!(sinf, Unary32(x: f32), [(-100.0, 100.0), NONE], (19.349_55, 0.0, 0x3ef5_769d)),
    stand_in!(cosf, Unary32(x: f32), [(-100.0, 100.0), NONE], (80.339_887, 0.0, 0x3e68_ba59)),
];
