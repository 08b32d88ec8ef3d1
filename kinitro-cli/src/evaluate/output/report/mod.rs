//! The report: an evaluation as one HTML file that needs nothing else, for people.
//!
//! [`html`] is a function of the results document and of what was [`Seen`]; it reads no file, clock or setting.
//! Every number in its tables also stands in a `data-…` attribute with all digits, as in `results.json`.
//! A content security policy keeps the file from loading anything, and all text passes through `markup`.
//!
//! | Module | Section |
//! |---|---|
//! | `leaderboard` | who earns what, the burned part included |
//! | `success` | success rates as a heat map |
//! | `reasons` | why each weight is what it is |
//! | `episodes` | picture strips and players |
//! | `answers` | how servers answered |
//! | `setup` | settings, identity, how to repeat and replay, files |
//! | `markup` | text → HTML |

mod answers;
mod episodes;
mod leaderboard;
mod markup;
mod reasons;
mod setup;
mod success;

use std::collections::BTreeMap;
use std::fmt;

use kinitro_core::ids::{EnvId, PolicyName};
use kinitro_core::protocol::results::{PolicyResult, PolicyScore, Results, SeedRecord};
use kinitro_core::record::transcript::{Timing, Transcript};

use super::Reel;
use crate::scoreboard::{ESTIMATED, LOWERED};
use answers::Answers;
use markup::Text;

/// Nothing is loaded; the file's own styles and script work, pictures are part of it.
const SECURITY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                        base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("player.js");

/// What the report shows besides the results document, collected while episodes finish, in any order.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    reels: BTreeMap<(PolicyName, EnvId), Reel>,
    answers: BTreeMap<PolicyName, Answers>,
}

impl Seen {
    /// Keeps the reel of episode 0 of `policy` in `env`.
    pub fn reel(&mut self, policy: &PolicyName, env: &EnvId, reel: Reel) {
        self.reels.insert((policy.clone(), env.clone()), reel);
    }

    /// Counts the policy's answers by the time they took, if they were timed.
    pub fn transcript(&mut self, policy: &PolicyName, transcript: &Transcript) {
        if transcript.header.timing != Timing::default() {
            let answers = self.answers.entry(policy.clone()).or_default();
            for frame in &transcript.frames {
                answers.count(frame.wire_ms);
            }
        }
    }
}

/// The report on `results`, with the pictures and times in `seen`.
pub fn html(results: &Results, seen: &Seen) -> String {
    Page { results, seen }.to_string()
}

struct Page<'a> {
    results: &'a Results,
    seen: &'a Seen,
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { results, seen } = *self;
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{SECURITY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Kinitro evaluation: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            Text(&seed(results))
        )?;
        head(results, f)?;
        writeln!(f, "<main>")?;
        leaderboard::Section(results).fmt(f)?;
        success::Section(results).fmt(f)?;
        reasons::Section(results).fmt(f)?;
        episodes::Section {
            results,
            reels: &seen.reels,
        }
        .fmt(f)?;
        answers::Section {
            results,
            answers: &seen.answers,
        }
        .fmt(f)?;
        setup::Section(results).fmt(f)?;
        write!(
            f,
            "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

fn head(results: &Results, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let settings = &results.settings;
    let scoring = &results.identity.scoring;
    let scored = scored(results).count();
    write!(
        f,
        "<header>\n<h1>Evaluation of {}</h1>\n\
         <p>{} with {} each, level {}, {}; rule <code>{}</code> {}.</p>\n",
        markup::count(scored, "policy", "policies"),
        markup::count(settings.envs.len(), "environment", "environments"),
        markup::count(settings.episodes, "episode", "episodes"),
        settings.level,
        Text(&seed(results)),
        Text(&scoring.rule),
        scoring.version,
    )?;
    if settings.thresholds_lowered {
        writeln!(
            f,
            "<p class=\"banner\" role=\"note\">{}</p>",
            Text(&LOWERED.replace("Nothing above", "Nothing in this report"))
        )?;
    }
    if results.totals.approximate {
        writeln!(f, "<p class=\"note\" role=\"note\">{}</p>", Text(ESTIMATED))?;
    }
    writeln!(
        f,
        "<nav aria-label=\"Sections\"><a href=\"#leaderboard\">Leaderboard</a> <a href=\"#success\">Success</a> \
         <a href=\"#why\">Why</a> <a href=\"#episodes\">Episodes</a> <a href=\"#answers\">Answer times</a> \
         <a href=\"#setup\">Setup and replay</a></nav>\n</header>"
    )
}

/// Where the scenes come from, in words.
fn seed(results: &Results) -> String {
    match &results.settings.seed {
        SeedRecord::Local(seed) => format!("seed {seed}"),
        SeedRecord::Block { number, .. } => format!("block {number}"),
    }
}

/// The policies that compete, with what they earn, in order of precedence.
fn scored(results: &Results) -> impl Iterator<Item = (&PolicyResult, &PolicyScore)> {
    let policies = results.policies.iter();
    policies.filter_map(|policy| policy.score.as_ref().map(|score| (policy, score)))
}
