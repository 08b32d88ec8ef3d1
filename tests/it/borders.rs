//! Every border keeps its promises on the whole fuzz corpus and on mutations of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kinitro_core::seed::Draws;
use kinitro_tests::borders::{BORDERS, Check, Verdict};
use kinitro_tests::{places, seeds};

/// Mutations of each corpus; a second or two in all.
const MUTATIONS: u64 = 2_000;
/// Largest file of the corpus, and the whole, in bytes: it is cloned with every checkout.
const MAX_FILE: usize = 16 * 1024;
const MAX_CORPUS: usize = 300 * 1024;
/// What a mutation inserts: pieces of the grammars that are read.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"0",
    b"-",
    b"e999",
    b"null",
    b"true",
    b"\"action\":",
    b"\"chunk\":",
    b"\"gripper\":",
    b"[0,0,0,0]",
    b"\x1b",
    b"\xff",
    b"\x00",
    b"\x81",
    b"\x94",
    b"\xca\x7f\x80\x00\x00",
    b"\xdb\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xa6action",
];

/// The files of one folder by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap_or_else(|_| panic!("no `{}`", folder.display()));
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (name(&path), fs::read(&path).unwrap())
        })
        .collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Gives a border some bytes; says which, where a promise is broken.
fn replay(border: &str, what: &str, check: Check, bytes: &[u8]) -> Verdict {
    std::panic::catch_unwind(|| check(bytes)).unwrap_or_else(|_| {
        panic!(
            "`{border}` broke a promise on {what}: {}",
            bytes.escape_ascii()
        )
    })
}

#[test]
fn borders_targets_and_corpora_are_the_same() {
    let mut borders: Vec<_> = BORDERS.iter().map(|(border, _)| *border).collect();
    borders.sort_unstable();
    let fuzz = places::workspace().join("tests/fuzz");
    let list = |folder: &str| -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(fuzz.join(folder))
            .unwrap()
            .map(|entry| name(&entry.unwrap().path()))
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(list("corpus"), borders);
    let targets: Vec<_> = borders.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(list("fuzz_targets"), targets);
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), borders.len());
    for border in borders {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{border}.rs\"")));
        let target = fs::read_to_string(fuzz.join(format!("fuzz_targets/{border}.rs"))).unwrap();
        assert!(target.contains(&format!("named(\"{border}\")")));
    }
}

#[test]
fn seeds_are_those_of_the_code_and_get_their_verdicts() {
    let mut seeds: BTreeMap<_, _> = seeds::seeds()
        .into_iter()
        .map(|seed| (seed.path(), seed))
        .collect();
    assert_eq!(seeds.len(), seeds::seeds().len(), "two seeds of one name");
    for (border, check) in BORDERS {
        for (name, bytes) in files(&seeds::corpus().join(border)) {
            let Some(seed) = seeds.remove(&Path::new(border).join(&name)) else {
                let is_seed = name.starts_with("ok-") || name.starts_with("bad-");
                assert!(!is_seed, "no code writes `{border}/{name}`");
                continue;
            };
            assert!(
                seed.bytes == bytes,
                "`{border}/{name}` is another: cargo xtask gen"
            );
            let verdict = replay(border, &name, *check, &bytes);
            assert_eq!(verdict, seed.verdict, "{border}/{name}");
        }
    }
    let missing: Vec<_> = seeds.into_keys().collect();
    assert!(
        missing.is_empty(),
        "run cargo xtask gen; missing: {missing:?}"
    );
}

#[test]
fn promises_hold_on_the_corpus_and_on_mutations_of_it() {
    let mut total = 0;
    for (stream, (border, check)) in (0..).zip(BORDERS) {
        let corpus = files(&seeds::corpus().join(border));
        assert!(!corpus.is_empty(), "`{border}` has no corpus");
        for (name, bytes) in &corpus {
            assert!(bytes.len() <= MAX_FILE, "`{border}/{name}` is too large");
            total += bytes.len();
            replay(border, name, *check, bytes);
        }
        let bodies: Vec<_> = corpus.into_values().collect();
        let mut draws = Draws::from_key([0; 32], stream);
        for number in 0..MUTATIONS {
            let mutation = mutated(&bodies, &mut draws);
            replay(border, &format!("mutation {number}"), *check, &mutation);
        }
    }
    assert!(total <= MAX_CORPUS, "the corpus has {total} bytes");
}

/// One body of the corpus with one to four changes.
fn mutated(bodies: &[Vec<u8>], draws: &mut Draws) -> Vec<u8> {
    let below = |draws: &mut Draws, n: usize| usize::try_from(draws.below(n as u64)).unwrap();
    let mut body = bodies[below(draws, bodies.len())].clone();
    for _ in 0..=below(draws, 4) {
        let at = below(draws, body.len() + 1);
        let end = at + below(draws, body.len() - at + 1).min(8);
        match below(draws, 6) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..end)),
            2 => {
                let piece = PIECES[below(draws, PIECES.len())];
                body.splice(at..at, piece.iter().copied());
            }
            3 => {
                let piece = PIECES[below(draws, PIECES.len())];
                body.splice(at..end, piece.iter().copied());
            }
            4 => {
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << below(draws, 8);
                }
            }
            _ => {
                let other = &bodies[below(draws, bodies.len())];
                let tail = &other[below(draws, other.len() + 1)..];
                body.splice(at.., tail.iter().copied());
            }
        }
    }
    body
}
