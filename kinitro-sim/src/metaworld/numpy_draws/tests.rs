use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use ndarray_npy::NpzReader;

use super::{Mt19937, NumpyUniform, Pcg64};
use crate::metaworld::tasks::TASKS;

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// `[np.random.RandomState(seed).random_sample(1000).view(np.uint64)[i] for i in (0, 1, 2, 999)]`, NumPy 2.4.6.
#[test]
fn legacy_generator_gives_numpys_numbers() {
    let check = |seed, expected: [u64; 4]| {
        let mut draws = Mt19937::new(seed);
        let numbers: Vec<f64> = (0..1000).map(|_| draws.unit()).collect();
        assert_eq!(
            [0, 1, 2, 999].map(|i: usize| numbers[i].to_bits()),
            expected,
            "seed {seed}"
        );
    };
    check(
        0,
        [
            0x3fe1_8fe1_565f_12a8,
            0x3fe6_e2d4_cf60_8733,
            0x3fe3_49d6_6b6e_894b,
            0x3fe5_ab23_e797_81c2,
        ],
    );
    check(
        42,
        [
            0x3fd7_f877_1e5f_51ec,
            0x3fee_6c40_68bb_d654,
            0x3fe7_6c7e_8f1e_6751,
            0x3fdc_8b5b_cc2b_9fae,
        ],
    );
    check(
        u32::MAX,
        [
            0x3fb8_fe69_a392_4820,
            0x3fed_323d_8240_32b1,
            0x3fe9_3fc6_f61a_f3f9,
            0x3fe1_cfe3_21a4_2891,
        ],
    );
}

/// `np.random.PCG64(seed).random_raw(3)` and `np.random.default_rng(seed).random(2).view(np.uint64)`, NumPy 2.4.6.
#[test]
fn default_generator_gives_numpys_numbers() {
    let check = |seed, raw: [u64; 3], unit: [u64; 2]| {
        let mut draws = Pcg64::new(seed);
        assert_eq!([(); 3].map(|()| draws.next_u64()), raw, "seed {seed}");
        let mut draws = Pcg64::new(seed);
        assert_eq!(
            [(); 2].map(|()| draws.unit().to_bits()),
            unit,
            "seed {seed}"
        );
    };
    check(
        0,
        [
            0xa30f_ebcf_d9c2_825f,
            0x4510_bdf8_82d9_d721,
            0x0a7d_3da9_4ecd_e8b8,
        ],
        [0x3fe4_61fd_79fb_3850, 0x3fd1_442f_7e20_b674],
    );
    check(
        42,
        [
            0xc621_fbcd_16d9_2688,
            0x705a_5661_a791_ffc1,
            0xdbcd_12c2_6eda_1624,
        ],
        [0x3fe8_c43f_79a2_db24, 0x3fdc_1695_9869_e47e],
    );
    check(
        (1 << 40) + 7,
        [
            0xd46e_9e20_34de_21aa,
            0x415b_adc9_9c08_7675,
            0x275e_d40f_045a_cb84,
        ],
        [0x3fea_8dd3_c406_9bc4, 0x3fd0_56eb_7267_021c],
    );
}

#[test]
fn equal_bounds_consume_a_number_too() {
    let mut draws = Pcg64::new(3);
    let vector = draws.vector(&[0.0, 5.0, 0.0], &[1.0, 5.0, 1.0]);
    let mut units = Pcg64::new(3);
    let [first, _, third] = [(); 3].map(|()| units.unit());
    assert_eq!(vector, [first, 5.0, third]);
}

#[test]
fn rejected_vectors_are_drawn_again_as_a_whole() {
    let unit_box = (&[0.0, 0.0][..], &[1.0, 1.0][..]);
    let accepted = Mt19937::new(1).accepted_vector(unit_box.0, unit_box.1, |v| v[1] < 0.2);
    let mut all = Mt19937::new(1);
    let expected = std::iter::repeat_with(|| all.vector(unit_box.0, unit_box.1))
        .find(|v| v[1] < 0.2)
        .unwrap();
    assert_eq!(accepted, expected);
}

/// Four placements that each environment draws by its own generator, to the bit.
#[test]
fn vectors_of_the_default_generator_equal_the_recorded_ones() {
    let Some(golden) = golden_dir() else { return };
    for task in TASKS {
        let mut recorded = open(&golden.join(format!("{}.npz", task.name)));
        let seeded: Array2<f64> = recorded.by_name("seeded12345_draws").unwrap();
        let mut draws = Pcg64::new(12345);
        for (index, theirs) in seeded.outer_iter().enumerate() {
            assert_eq!(
                bits(&draws.vector(task.draw.low, task.draw.high)),
                bits(&theirs.to_vec()),
                "{}, draw {index}",
                task.name
            );
        }
    }
}

/// The random actions of the parity recordings: every 8 steps a new base in ±1.25, at each step ±0.25 around it, as f32.
#[test]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the protocol rounds actions to f32"
)]
fn recorded_random_actions_are_the_protocols() {
    let Some(golden) = golden_dir() else { return };
    let reach_index = 43;
    let mut task = open(&golden.join("reach-v3.npz"));
    for seed in 0..3 {
        let actions: Array2<f32> = task.by_name(&format!("s{seed}_rnd_action")).unwrap();
        let mut draws = Pcg64::new(1_000_000 + 1000 * reach_index + seed);
        let mut base = Vec::new();
        for (step, theirs) in actions.outer_iter().enumerate() {
            if step % 8 == 0 {
                base = draws.vector(&[-1.25; 4], &[1.25; 4]);
            }
            let noise = draws.vector(&[-0.25; 4], &[0.25; 4]);
            let ours: Vec<f32> = base
                .iter()
                .zip(&noise)
                .map(|(base, noise)| (base + noise) as f32)
                .collect();
            assert_eq!(ours, theirs.to_vec(), "seed {seed}, step {step}");
        }
    }
}

fn golden_dir() -> Option<PathBuf> {
    let data = std::env::var_os("KINITRO_TEST_DATA");
    if data.is_none() {
        println!("skipped: KINITRO_TEST_DATA is not set, so there are no recorded vectors");
    }
    data.map(|data| Path::new(&data).join("golden/metaworld"))
}

fn open(path: &Path) -> NpzReader<File> {
    NpzReader::new(File::open(path).unwrap()).unwrap()
}
