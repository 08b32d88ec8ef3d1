//! What policies did: a strip of pictures and a player for the first episode in each environment.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kinitro_core::ids::{EnvId, PolicyName};
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::results::{EpisodeEntry, Results};

use super::markup::{Text, count};
use crate::evaluate::output::Reel;
use crate::scoreboard::short_name;

pub(super) struct Section<'a> {
    pub(super) results: &'a Results,
    pub(super) reels: &'a BTreeMap<(PolicyName, EnvId), Reel>,
}

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { results, reels } = self;
        write!(
            f,
            "<section id=\"episodes\" aria-labelledby=\"episodes-title\">\n<h2 id=\"episodes-title\">Episodes</h2>\n"
        )?;
        if !shows_pictures(results) {
            writeln!(
                f,
                "<p>The policies were given no images, so there are no pictures.</p>"
            )?;
        } else if reels.is_empty() {
            writeln!(
                f,
                "<p>There are too many policies and environments for pictures here; they are in <code>pictures/</code>.</p>"
            )?;
        } else {
            writeln!(
                f,
                "<p>Episode 0 of each policy, on the same scene, as the policies saw it.</p>"
            )?;
        }
        for (position, env) in results.settings.envs.iter().enumerate() {
            write!(
                f,
                "<section class=\"env\" id=\"episodes-{position}\" aria-labelledby=\"env-{position}\">\n\
                 <h3 id=\"env-{position}\">{}</h3>\n\
                 <button type=\"button\" class=\"all\" hidden>Play all</button>\n<div class=\"cards\">\n",
                Text(short_name(env.as_str()))
            )?;
            for entry in &results.episodes {
                if entry.episode.0 == 0 && entry.env == *env {
                    self.card(entry, f)?;
                }
            }
            write!(f, "</div>\n</section>\n")?;
        }
        writeln!(f, "</section>")
    }
}

impl Section<'_> {
    fn card(&self, entry: &EpisodeEntry, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (policy, env) = (&entry.policy, &entry.env);
        write!(
            f,
            "<figure data-episode=\"0\" data-policy=\"{}\" data-env=\"{}\" data-outcome=\"{}\" data-steps=\"{}\">\n\
             <figcaption><b>{}</b> <span class=\"outcome {}\">{}</span> {}</figcaption>\n",
            Text(policy.as_str()),
            Text(env.as_str()),
            entry.outcome,
            entry.steps,
            Text(policy.as_str()),
            if entry.success { "solved" } else { "unsolved" },
            Text(&entry.outcome.as_str().replace('_', " ")),
            count(entry.steps, "step", "steps"),
        )?;
        let reel = self.reels.get(&(policy.clone(), env.clone()));
        let mut policies = self.results.policies.iter();
        let seen = policies.find(|result| result.name == *policy);
        if let (Some(reel), Some(result)) = (reel, seen) {
            draw(entry, &result.cameras, reel, f)?;
        }
        if let Some(failure) = &entry.failure {
            writeln!(f, "<p class=\"failure\">{}</p>", Text(failure))?;
        }
        write!(f, "<p class=\"files\">")?;
        if let Some(transcript) = &entry.transcript {
            // With `./` the path cannot be read as a scheme.
            write!(f, "<a href=\"./{}\">transcript</a>", Text(transcript))?;
        }
        // Baselines run without images: they have no picture sheet.
        if entry.image_hash.is_some() {
            let (env, policy) = (Text(env.name()), Text(policy.as_str()));
            write!(f, " <a href=\"./pictures/{env}/{policy}.png\">pictures</a>")?;
        }
        writeln!(f, "</p>\n</figure>")
    }
}

/// Whether anybody saw anything.
pub(super) fn shows_pictures(results: &Results) -> bool {
    let mut policies = results.policies.iter();
    policies.any(|policy| !policy.cameras.is_empty())
}

/// The strip and the player of an episode that was seen through these cameras.
fn draw(
    entry: &EpisodeEntry,
    cameras: &[CameraName],
    reel: &Reel,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let frames = reel.steps.len();
    let steps: Vec<String> = reel.steps.iter().map(ToString::to_string).collect();
    writeln!(
        f,
        "<div class=\"reel\" data-frames=\"{}\" style=\"--frames:{};--wide:{};--high:{};\
         --sheet:url(data:image/jpeg;base64,{})\">",
        steps.join(","),
        frames * cameras.len(),
        reel.size.width(),
        reel.size.height(),
        STANDARD.encode(&reel.jpeg),
    )?;
    write!(f, "<div class=\"screen\" hidden>")?;
    for (position, camera) in cameras.iter().enumerate() {
        cell(position * frames, *camera, "now", f)?;
    }
    write!(
        f,
        "</div>\n<div class=\"controls\" role=\"group\" aria-label=\"Player of {} in {}\" hidden>\
         <button type=\"button\" class=\"back\" aria-label=\"Frame back\">‹</button>\
         <button type=\"button\" class=\"play\">Play</button>\
         <button type=\"button\" class=\"on\" aria-label=\"Frame on\">›</button>\
         <input type=\"range\" min=\"0\" max=\"{}\" value=\"0\" aria-label=\"Frame\">\
         <output>step 0</output></div>\n<div class=\"strip\">",
        Text(entry.policy.as_str()),
        Text(short_name(entry.env.as_str())),
        frames - 1,
    )?;
    let shown = [("start", 0), ("middle", reel.middle), ("end", frames - 1)];
    for (moment, frame) in shown {
        write!(f, "<div>")?;
        for (position, camera) in cameras.iter().enumerate() {
            cell(position * frames + frame, *camera, moment, f)?;
        }
        write!(f, "<small>{moment}: {}</small></div>", reel.steps[frame])?;
    }
    writeln!(f, "</div>\n</div>")
}

/// One frame of a reel's sheet.
fn cell(frame: usize, camera: CameraName, moment: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "<span class=\"cell\" role=\"img\" aria-label=\"{camera}, {moment}\" style=\"--frame:{frame}\"></span>"
    )
}
