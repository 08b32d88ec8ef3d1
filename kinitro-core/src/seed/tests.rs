//! The published vectors, an independent ChaCha20, and properties of the draws.

use proptest::prelude::*;

use super::*;

const PICK_PLACE: &str = "metaworld/pick-place-v3";
const REACH: &str = "metaworld/reach-v3";
const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

fn secret() -> OperatorSecret {
    "a5".repeat(32).parse().unwrap()
}

fn vector_cycle() -> CycleSeed {
    let hash = std::array::from_fn(|i| u8::try_from(i).unwrap());
    CycleSeed::from_block(BlockNumber(4_200_000), &hash, &secret())
}

fn key(env: &str, episode: u64) -> EpisodeKey {
    EpisodeKey::derive(
        &vector_cycle(),
        &env.parse().unwrap(),
        EpisodeIndex(episode),
    )
}

#[test]
fn cycle_seeds() {
    assert_eq!(
        encode_hex(vector_cycle().as_bytes()),
        "81028e6bb5397bb33b89e68590c1c0219617c6427e4391341fce7751a20ad6a0"
    );
    for (seed, expected) in [
        (
            0,
            "5668a4a9ea1348cf7971af20457107d12ac7a06dfc35b4d77684a6afa674bacc",
        ),
        (
            7,
            "707f376e372dbc7ad9f366fbcb4eecf953ebfc03e8164dd429ae7d3b8399007b",
        ),
    ] {
        assert_eq!(
            encode_hex(CycleSeed::from_local_seed(seed).as_bytes()),
            expected
        );
    }
}

#[test]
fn episode_keys() {
    for (env, episode, expected) in [
        (
            PICK_PLACE,
            0,
            "2a540fc3d1ce9010c92f2eb7e23a924650d9e607cad895a43a8af5aca98d2242",
        ),
        (
            PICK_PLACE,
            1,
            "ecd3e9919b3c865349b8813c4c73df11113377e066469f8464a1a1beb56746bb",
        ),
        (
            REACH,
            0,
            "10abefba1734778ebbf040e9718831374a31561777696f9bb08cfc2ec41d4c84",
        ),
        (
            "dm_control/walker-walk",
            49,
            "8f0a5dee1431b8e715be8e68d402bb96c7bef17e9d2825ac504cdb33179ae210",
        ),
    ] {
        assert_eq!(key(env, episode).to_hex(), expected, "{env} {episode}");
    }
}

#[test]
fn episode_streams() {
    for (env, episode, stream, first, second, unit) in [
        (
            PICK_PLACE,
            0,
            EpisodeStream::Scene,
            8_956_133_120_159_296_733,
            6_054_962_905_300_638_600,
            0.485_512_949_297_304_4,
        ),
        (
            PICK_PLACE,
            0,
            EpisodeStream::Physics,
            8_602_047_656_027_463_914,
            17_502_878_493_710_785_227,
            0.466_317_937_824_440_86,
        ),
        (
            PICK_PLACE,
            1,
            EpisodeStream::Scene,
            14_483_517_763_336_810_622,
            5_804_308_613_622_063_573,
            0.785_153_071_212_108_2,
        ),
        (
            REACH,
            0,
            EpisodeStream::Physics,
            9_865_413_584_281_682_245,
            13_358_245_702_590_142_985,
            0.534_805_142_027_310_3,
        ),
    ] {
        let mut draws = key(env, episode).draws(stream);
        assert_eq!(
            (draws.next_u64(), draws.next_u64()),
            (first, second),
            "{env} {episode} {stream:?}"
        );
        assert_eq!(
            key(env, episode).draws(stream).unit(),
            unit,
            "{env} {episode} {stream:?}"
        );
    }
}

#[test]
fn miner_keys() {
    for (env, episode, hotkey, expected, visuals, policy, policy_seed) in [
        (
            PICK_PLACE,
            0,
            None,
            "bb724b82c31d946c89a68ae3fd30e038c1c81220dad6b98ef3cf16c64ae14d06",
            17_295_659_305_911_909_160,
            7_626_944_464_027_574_656,
            738_124_160,
        ),
        (
            PICK_PLACE,
            0,
            Some(ALICE),
            "e3cc75092cc5f958aa9542973d93bcfdf2e3efd0988ff3c9b17a3d63c988edc5",
            13_094_802_456_871_491_472,
            8_996_178_698_987_349_287,
            1_762_895_143,
        ),
        (
            PICK_PLACE,
            1,
            None,
            "f1c20d2a81c96190f80fb84af7649c545eca264375fca43c7b1345ef22afbed6",
            12_172_304_937_038_723_968,
            2_849_843_989_721_575_299,
            1_889_726_339,
        ),
        (
            REACH,
            0,
            Some(ALICE),
            "6e1db26608e0b8c4ae9544ef63930d7604aafed95196e940a87e3713d0865a8c",
            15_885_852_114_724_606_996,
            193_271_288_524_990_029,
            30_434_893,
        ),
    ] {
        let hotkey: Option<Hotkey> = hotkey.map(|text| text.parse().unwrap());
        let miner = MinerKey::derive(&key(env, episode), hotkey.as_ref());
        assert_eq!(encode_hex(&miner.0), expected);
        assert_eq!(miner.draws(MinerStream::Visuals).next_u64(), visuals);
        assert_eq!(miner.draws(MinerStream::Policy).next_u64(), policy);
        assert_eq!(miner.policy_seed().value(), policy_seed);
    }
}

#[test]
fn policy_seeds_from_the_wire_have_31_bits() {
    for number in [0, 738_124_160, 0x7FFF_FFFF] {
        assert_eq!(PolicySeed::from_wire(number).unwrap().value(), number);
    }
    for number in [0x8000_0000, u32::MAX] {
        let message = PolicySeed::from_wire(number).unwrap_err().to_string();
        assert!(message.contains("policy seed"), "{message}");
    }
}

#[test]
fn local_seed_zero() {
    let reach = EpisodeKey::derive(
        &CycleSeed::from_local_seed(0),
        &REACH.parse().unwrap(),
        EpisodeIndex(0),
    );
    assert_eq!(
        reach.to_hex(),
        "e696859f173f2ea8cc4504992d1412760bb8bbec7e558cbd25edea90c5b4cac9"
    );
    assert_eq!(
        reach.draws(EpisodeStream::Scene).next_u64(),
        9_414_043_747_506_405_313
    );
}

#[test]
fn all_zero_inputs() {
    let zero = OperatorSecret::from_bytes([0; 32]);
    let cycle = CycleSeed::from_block(BlockNumber(0), &[0; 32], &zero);
    assert_eq!(
        encode_hex(cycle.as_bytes()),
        "3fcd6a33638c4c34d13bcde56376724f59ef9175670fcd2f29600685d16301f9"
    );
    let key = EpisodeKey::derive_from_text(&cycle, "", EpisodeIndex(0));
    assert_eq!(
        key.to_hex(),
        "5b91147e346a9c4ae6580b4b497ef899eff3a3a2c5faa3d09831eb885fd406f5"
    );
    let mut draws = key.draws(EpisodeStream::Scene);
    let bytes = [
        draws.next_u64().to_le_bytes(),
        draws.next_u64().to_le_bytes(),
    ]
    .concat();
    let expected = 0x2308_08fa_39a6_946b_b843_3611_d05c_b4d4_u128.to_be_bytes();
    assert_eq!(bytes, expected);
}

#[test]
fn commitment_of_the_secret() {
    let commitment =
        secret().commitment(BlockNumber(4_200_000), &ConfigDigest::from_bytes([0; 32]));
    assert_eq!(
        commitment.to_string(),
        "67329398912129d067292ddcdc49664a2412efa5665bfb6fdbd3390af961eb5f"
    );
}

#[test]
fn secrets_and_keys_do_not_print_themselves() {
    let key = key(REACH, 0);
    let miner = MinerKey::derive(&key, None);
    let printed = format!(
        "{:?} {:?} {key:?} {miner:?} {:?}",
        secret(),
        vector_cycle(),
        key.draws(EpisodeStream::Scene)
    );
    assert_eq!(
        printed,
        "OperatorSecret(hidden) CycleSeed(hidden) EpisodeKey(hidden) MinerKey(hidden) Draws(hidden)"
    );
    let refused = "xyz".parse::<OperatorSecret>().unwrap_err().to_string();
    assert!(!refused.contains("xyz"), "{refused}");
}

#[test]
fn an_episode_key_survives_json() {
    let key = key(REACH, 0);
    let json = serde_json::to_string(&key).unwrap();
    assert_eq!(serde_json::from_str::<EpisodeKey>(&json).unwrap(), key);
}

#[test]
fn below_one_is_zero_and_takes_one_number() {
    let mut draws = Draws::from_key([7; 32], 0);
    let mut twin = draws.clone();
    assert_eq!(draws.below(1), 0);
    twin.next_u64();
    assert_eq!(draws.next_u64(), twin.next_u64());
}

#[test]
fn below_rejects_the_biased_part() {
    // With n = 2⁶³ + 1 almost half of all numbers are rejected, so consumption shows that rejection happens.
    let n: u64 = (1 << 63) + 1;
    let mut draws = Draws::from_key([1; 32], 0);
    let mut twin = draws.clone();
    let threshold = n.wrapping_neg() % n;
    for _ in 0..100 {
        let expected = loop {
            let product = u128::from(twin.next_u64()) * u128::from(n);
            if product & u128::from(u64::MAX) >= u128::from(threshold) {
                break u64::try_from(product >> 64).unwrap();
            }
        };
        assert_eq!(draws.below(n), expected);
    }
}

#[test]
fn normal_has_mean_zero_and_variance_one() {
    let mut draws = Draws::from_key([2; 32], 3);
    let n = 20_000;
    let sample: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
    let mean = sample.iter().sum::<f64>() / f64::from(n);
    let variance = sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(n);
    // Five standard errors: 5/√n = 0.035 for the mean, 5·√(2/n) = 0.05 for the variance.
    assert!(mean.abs() < 0.035, "{mean}");
    assert!((variance - 1.0).abs() < 0.05, "{variance}");
}

#[test]
fn normal_takes_two_numbers() {
    let mut draws = Draws::from_key([3; 32], 0);
    let mut twin = draws.clone();
    let (first, second) = (twin.unit(), twin.unit());
    let expected =
        (-2.0 * libm::log(1.0 - first)).sqrt() * libm::cos(std::f64::consts::TAU * second);
    assert_eq!(draws.normal(), expected);
    assert_eq!(draws.next_u64(), twin.next_u64());
}

#[test]
fn shuffle_reaches_every_order_equally() {
    let mut counts = std::collections::BTreeMap::new();
    let mut draws = Draws::from_key([4; 32], 0);
    for _ in 0..6000 {
        let mut items = [0, 1, 2];
        draws.shuffle(&mut items);
        *counts.entry(items).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    // Expected 1000 each, standard deviation 29.
    assert!(
        counts.values().all(|count| (850..1150).contains(count)),
        "{counts:?}"
    );
}

proptest! {
    #[test]
    fn streams_are_plain_chacha20(key: [u8; 32], stream: u64) {
        let mut draws = Draws::from_key(key, stream);
        for block in 0..3 {
            for pair in plain_chacha20_block(&key, block, stream).chunks_exact(2) {
                let expected = u64::from(pair[0]) | u64::from(pair[1]) << 32;
                prop_assert_eq!(draws.next_u64(), expected);
            }
        }
    }

    #[test]
    fn uniform_stays_in_range(key: [u8; 32], a in -1e6_f64..1e6, width in 0.0_f64..1e6) {
        let mut draws = Draws::from_key(key, 0);
        let b = a + width;
        // Rounding of `b − a` may carry the sum past `b` by as much.
        let slack = f64::EPSILON * (b - a + b.abs());
        for _ in 0..20 {
            let x = draws.uniform(a, b);
            prop_assert!(a <= x && x <= b + slack, "{} not in [{}, {}]", x, a, b);
        }
    }

    #[test]
    fn below_stays_below(key: [u8; 32], n in 1_u64..) {
        let mut draws = Draws::from_key(key, 0);
        for _ in 0..20 {
            prop_assert!(draws.below(n) < n);
        }
    }

    #[test]
    fn shuffle_keeps_the_items(key: [u8; 32], items: Vec<u8>) {
        let mut shuffled = items.clone();
        Draws::from_key(key, 0).shuffle(&mut shuffled);
        let sorted = |mut v: Vec<u8>| { v.sort_unstable(); v };
        prop_assert_eq!(sorted(shuffled), sorted(items));
    }

    #[test]
    fn operator_secrets_parse_from_hexadecimal_digits_only(text in "[0-9a-fA-F]{60,68}|.{0,70}") {
        let well_formed = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        prop_assert_eq!(text.parse::<OperatorSecret>().is_ok(), well_formed);
    }
}

/// The block function of ChaCha20 written from its description: 16-byte IV = u64le(block) ‖ u64le(stream).
fn plain_chacha20_block(key: &[u8; 32], block: u64, stream: u64) -> [u32; 16] {
    let mut bytes = b"expand 32-byte k".to_vec();
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&block.to_le_bytes());
    bytes.extend_from_slice(&stream.to_le_bytes());
    let start: [u32; 16] =
        std::array::from_fn(|i| u32::from_le_bytes(bytes[4 * i..4 * i + 4].try_into().unwrap()));
    let mut s = start;
    for _ in 0..10 {
        for i in 0..4 {
            quarter_round(&mut s, [i, i + 4, i + 8, i + 12]);
        }
        for i in 0..4 {
            quarter_round(
                &mut s,
                [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4],
            );
        }
    }
    std::array::from_fn(|i| s[i].wrapping_add(start[i]))
}

fn quarter_round(s: &mut [u32; 16], at: [usize; 4]) {
    let mut words = at.map(|i| s[i]);
    for (shift_d, shift_b) in [(16, 12), (8, 7)] {
        words[0] = words[0].wrapping_add(words[1]);
        words[3] = (words[3] ^ words[0]).rotate_left(shift_d);
        words[2] = words[2].wrapping_add(words[3]);
        words[1] = (words[1] ^ words[2]).rotate_left(shift_b);
    }
    for (i, word) in at.into_iter().zip(words) {
        s[i] = word;
    }
}
